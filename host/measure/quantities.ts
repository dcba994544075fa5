/** What an experiment's figures may be of: a row a quantity. All are by the packet unless the row says otherwise. */

import type { Figures } from './figures.js';

export interface Quantity {
  about: string;
  of: (figures: Figures) => number;
}

/** Accesses to pcnet's data port: each is of one CSR. */
const dataPort = ({ registers }: Figures): number => Object.entries(registers).reduce((total, [name, n]) => total + (name.startsWith('CSR') ? n : 0), 0);

export const QUANTITIES: Readonly<Record<string, Quantity>> = {
  instructions: { about: 'instructions retired', of: ({ instructions }) => instructions },
  ticks: { about: 'ticks: instructions, and every iteration of a repetition', of: ({ ticks }) => ticks },
  accesses: { about: 'accesses to the card\'s registers', of: ({ accesses }) => accesses },
  interrupts: { about: 'interrupts of the card', of: ({ interrupts }) => interrupts },
  doorbells: { about: 'doorbells', of: ({ doorbells }) => doorbells },
  descriptors: { about: 'descriptors read', of: ({ descriptors }) => descriptors },
  bytes: { about: 'bytes copied', of: ({ bytes }) => bytes },
  sharedAccesses: { about: 'transfers of the card from and to shared memory (B0)', of: ({ classes }) => classes.B0 },
  interruptsPerSecond: { about: 'interrupts of the card a second of the guest', of: ({ interrupts, packets, virtualNs }) => (interrupts * packets * 1e9) / virtualNs },
  packetsPerSecond: { about: 'packets a second of the guest', of: ({ packets, virtualNs }) => (packets * 1e9) / virtualNs },
  packetsPerInterrupt: { about: 'packets an interrupt', of: ({ interrupts }) => 1 / interrupts },
  kicksPerInterrupt: { about: 'doorbells an interrupt', of: ({ doorbells, interrupts }) => doorbells / interrupts },
  accessesPerInterrupt: { about: 'accesses to the card\'s registers an interrupt', of: ({ accesses, interrupts }) => accesses / interrupts },
  dataPortAccesses: { about: 'accesses to pcnet\'s data port', of: dataPort },
  dataPortOthers: { about: 'accesses to pcnet\'s data port that start no transmission', of: (figures) => dataPort(figures) - figures.doorbells },
  worldSwitches: { about: 'round trips to another thread for hosted registers', of: ({ hosted }) => hosted },
  controllerAccesses: { about: 'accesses to the two 8259s', of: ({ controllers }) => controllers },
  dataPortLaw22: { about: 'the share of the next row, times one and four accesses an interrupt: 1 where Linux 2.2\'s driver does nothing else', of: (figures) => (figures.doorbells / dataPort(figures)) * (1 + 4 * figures.interrupts) },
  dataPortLaw: { about: 'that share, times one and seven accesses an interrupt: 1 where Linux 6.1\'s driver does nothing else', of: (figures) => (figures.doorbells / dataPort(figures)) * (1 + 7 * figures.interrupts) },
  dataPortShare: { about: 'share of pcnet\'s data port accesses that start a transmission', of: (figures) => figures.doorbells / dataPort(figures) },
};

const unit = (about: string, name: string): Quantity => ({ about, of: ({ iommu }) => iommu[name] ?? 0 });

/** Of the remapping unit. */
export const IOMMU_QUANTITIES: Readonly<Record<string, Quantity>> = {
  iommuLookups: unit('look-ups of the remapping unit', 'look-ups'),
  iotlbMisses: unit('look-ups that the IOTLB did not have', 'IOTLB misses'),
  walkReads: unit('second-stage entries that walks read', 'walk reads'),
  pageInvalidations: unit('IOTLB invalidations of pages', 'IOTLB invalidations of pages'),
  domainInvalidations: unit('IOTLB invalidations of a domain', 'IOTLB invalidations of a domain'),
  queueWaits: unit('waits on the invalidation queue', 'queue waits'),
  queueTails: unit('writes of the invalidation queue\'s tail', 'IQT writes'),
  flushIntervalMs: { about: 'ms of virtual time between two invalidations of a domain', of: ({ iommu, packets, virtualNs }) => virtualNs / 1e6 / ((iommu['IOTLB invalidations of a domain'] ?? 0) * packets) },
  packetsPerFlush: { about: 'packets between two invalidations of a domain', of: ({ iommu }) => 1 / (iommu['IOTLB invalidations of a domain'] ?? 0) },
  freedPages: { about: 'pages that could still be reached after they were unmapped, by the packet', of: ({ windows, packets }) => (windows?.pages ?? NaN) / packets },
  windowUs: { about: 'us of virtual time that such a page could be reached, on average', of: ({ windows }) => windows?.meanUs ?? NaN },
  longestWindowUs: { about: 'the longest of them, in us', of: ({ windows }) => windows?.longestUs ?? NaN },
  passedThrough: unit('requests that passed through', 'requests passed through'),
  interruptsRemapped: unit('interrupts by a remapping entry', 'interrupts remapped'),
};

/** Of an attack: the share of what isolation promises that held. */
export const ISOLATION = 'isolation';

/** `register TDT w`: accesses to one register. */
const REGISTER = /^register (.+ [rw])$/;

/** Undefined for what is no quantity. */
export function quantityOf(name: string): Quantity | undefined {
  if (Object.hasOwn(QUANTITIES, name)) return QUANTITIES[name];
  if (Object.hasOwn(IOMMU_QUANTITIES, name)) return IOMMU_QUANTITIES[name];
  const register = REGISTER.exec(name)?.[1];
  return register === undefined ? undefined : { about: `accesses to ${register.slice(0, -2)} (${register.endsWith('r') ? 'reads' : 'writes'})`, of: ({ registers }) => registers[register] ?? 0 };
}

/** What a packet cost: the counts of a region by the packets in it. */

import type { Region } from '../machine/types.js';
import { HOSTED } from '../machine/placement.js';
import { cardRow } from './cards.js';
import { MeasureError } from './errors.js';
import type { Variant } from './variant.js';
import type { Windows } from './windows.js';

/** All but `packets`, `virtualNs` and `largest` are by the packet. */
export interface Figures {
  packets: number;
  virtualNs: number;
  /** Retired, kernel and user, the idle loop's too; a repetition counts once. */
  instructions: number;
  /** What the clock counts: every iteration of a repetition, so that copying shows. */
  ticks: number;
  /** Accesses to the card's registers, and each register's: "TDT w". */
  accesses: number;
  registers: Record<string, number>;
  /** The card's, that reached the driver; and all that the processor took. */
  interrupts: number;
  interruptsTaken: number;
  /** Accesses to the two 8259s. */
  controllers: number;
  /** Round trips to another thread for hosted registers. */
  hosted: number;
  doorbells: number;
  descriptors: number;
  /** Payload between guest memory and the line. */
  bytes: number;
  /** What the remapping unit counted, by its counters' names; without one nothing. */
  iommu: Record<string, number>;
  /** How long freed pages could still be reached, where that was asked for; of a run of its own, the same in every phase. */
  windows?: Windows;
  /** Boundary classes (docs/design.md, 7). B0: transfers of the device from and to memory that it shares with the guest; B1: accesses that a device of the module answers. */
  classes: { B0: number; B1: number; B2: number; B3: number; B4: number };
}

const IOMMU = 'iommu0 ';
const CONTROLLERS = ['pic master', 'pic slave'];

const value = (region: Region, name: string): number => Number(region.counters.find((counter) => counter.name === name)?.value ?? 0n);
const sum = (region: Region, names: readonly string[]): number => names.reduce((total, name) => total + value(region, name), 0);

/** Counts of system calls by backends; a lab has none. */
const isB4 = (name: string): boolean => /\.(system\.\w|reads$|writes$)/.test(name);

/** Accesses by register. */
function registersOf(region: Region, { card }: Variant, number: number): Record<string, number> {
  const { prefix, registers } = cardRow(card), start = prefix(number);
  const out: Record<string, number> = {};
  for (const [name, { reads, writes }] of Object.entries(region.devices)) {
    if (!name.startsWith(start)) continue;
    if (reads > 0n) out[`${name.slice(start.length)} r`] = Number(reads);
    if (writes > 0n) out[`${name.slice(start.length)} w`] = Number(writes);
  }
  for (const { counter, name, access } of registers) if (value(region, start + counter) > 0) out[`${name} ${access}`] = value(region, start + counter);
  return out;
}

/** The remapping unit's counters, and the writes of its queue's tail. */
function iommuOf(region: Region): Record<string, number> {
  const own = region.counters.filter(({ name }) => name.startsWith(IOMMU)).map(({ name, value: n }) => [name.slice(IOMMU.length), Number(n)] as const);
  return Object.fromEntries([...own, ...(own.length > 0 ? [['IQT writes', Number(region.devices[`${IOMMU}IQT`]?.writes ?? 0n)] as const] : [])]);
}

/** Frames by the peer's count, which is held against the card's. */
function packetsOf(region: Region, variant: Variant, number: number, port: number): number {
  const { direction, card, name } = variant, start = cardRow(card).prefix(number);
  const [theirs, own] = direction === 'tx' ? [`lab${port} frames taken`, `${start}packets sent`] : [`lab${port} frames given`, `${start}packets received`];
  const packets = value(region, own), peer = value(region, theirs);
  if (packets === 0) throw new MeasureError(name, `no frame went ${direction === 'tx' ? 'out' : 'in'} while it was measured.`);
  // With a line some are still on their way.
  if (variant.speed === undefined && direction === 'tx' && packets !== peer) throw new MeasureError(name, `the card counts ${packets} frames and its peer ${peer}.`);
  return packets;
}

/** What a source gave in a region: not by the packet. */
export interface Offered {
  frames: number;
  /** For which the port had no room. */
  missed: number;
  /** Given, and not yet received by the card. */
  behind: number;
}

export function offeredOf(region: Region, { card }: Variant, number: number, port: number): Offered {
  const given = value(region, `lab${port} frames given`), missed = value(region, `lab${port} frames missed`);
  return { frames: given + missed, missed, behind: given - value(region, `${cardRow(card).prefix(number)}packets received`) };
}

/** `number`: of the card among those of its model; `port`: among all network cards. */
export function figuresOf(region: Region, variant: Variant, number: number, port: number): Figures {
  const row = cardRow(variant.card), start = row.prefix(number), { direction } = variant;
  const packets = packetsOf(region, variant, number, port);
  const each = (total: number): number => total / packets;
  const own = (names: readonly string[]): number => each(sum(region, names.map((name) => start + name)));
  const registers = registersOf(region, variant, number);
  return {
    packets,
    virtualNs: Number(region.virtualNs),
    instructions: each(value(region, 'instructions')),
    ticks: each(value(region, 'ticks')),
    accesses: each(Object.values(registers).reduce((total, n) => total + n, 0)),
    registers: Object.fromEntries(Object.entries(registers).map(([name, n]) => [name, each(n)])),
    interrupts: own(row.interrupts),
    interruptsTaken: each(value(region, 'interrupts taken')),
    controllers: each(CONTROLLERS.reduce((total, name) => total + Number(region.devices[name]?.reads ?? 0n) + Number(region.devices[name]?.writes ?? 0n), 0)),
    hosted: each(value(region, HOSTED)),
    doorbells: own(row.doorbells[direction]),
    descriptors: own(row.descriptors[direction]),
    bytes: own(row.bytes[direction]),
    iommu: Object.fromEntries(Object.entries(iommuOf(region)).map(([name, n]) => [name, each(n)])),
    classes: {
      B0: each(sum(region, ['DMA reads', 'DMA writes'])),
      B1: each(sum(region, ['port reads', 'port writes', 'MMIO reads', 'MMIO writes'])),
      B2: 0,
      B3: each(sum(region, [HOSTED, 'host B3 boundaries', 'host B3 looks at rings', 'host B3 clock jumps'])),
      B4: each(region.counters.filter(({ name }) => isB4(name)).reduce((total, { value: n }) => total + Number(n), 0)),
    },
  };
}

/** A remapping unit as the options ask for it (`-device intel-iommu`), checked: what the module is told, and what the board's ACPI tables say of it. */

import { CardKind, CardOption, IommuCaches, IommuWord } from '../../assembly/surface/cards.js';
import type { AcpiBoard } from '../boot/acpi/board.js';
import { OptionError } from './errors.js';
import { findModel } from './models.js';
import type { DeviceOptions } from './types.js';

export const IOMMU_MODEL = 'intel-iommu';
const WIDTHS: readonly number[] = [39, 48, 57];
/** QEMU's since 9.2. */
const DEFAULT_WIDTH = 48;
/** A first stage has four levels or more. */
const LEAST_FIRST = 48;
/** A geometry of no product; the module has room for no more (assembly/vtd/layout.ts). */
const DEFAULT_CACHES = { entries: 256, ways: 4, tables: 16 } as const;
const MOST = { entries: 1024, ways: 16, tables: 32 } as const;

function powerOfTwo(name: string, value: number, most: number): number {
  if (Number.isInteger(Math.log2(value)) && value >= 1 && value <= most) return value;
  throw new OptionError(`devices.${name}`, `${value} is not a power of two from 1 to ${most}.`);
}

function widthOf({ addressBits = DEFAULT_WIDTH }: DeviceOptions): number {
  if (WIDTHS.includes(addressBits)) return addressBits;
  throw new OptionError('devices.addressBits', `${addressBits} is none of ${WIDTHS.join(', ')}.`);
}

function switchesOf(device: DeviceOptions): number {
  const { intremap = true, eim = intremap, cachingMode = false, snoopControl = false, dmaDrain = true, passThrough = true, scalableMode = false, firstStage = scalableMode && widthOf(device) >= LEAST_FIRST } = device;
  if (firstStage && !scalableMode) throw new OptionError('devices.firstStage', 'a first stage needs scalable mode (scalableMode).');
  if (firstStage && widthOf(device) < LEAST_FIRST) throw new OptionError('devices.firstStage', `a first stage needs at least ${LEAST_FIRST} bits of an address (addressBits).`);
  if (eim && !intremap) throw new OptionError('devices.eim', 'x2APIC destinations need interrupt remapping (intremap).');
  const bit = (on: boolean, which: IommuWord): number => (on ? which : 0);
  return bit(intremap, IommuWord.REMAP) | bit(eim, IommuWord.EIM) | bit(cachingMode, IommuWord.CACHING) | bit(snoopControl, IommuWord.SNOOP) | bit(dmaDrain, IommuWord.DRAIN) | bit(passThrough, IommuWord.PASS)
    | bit(scalableMode, IommuWord.SCALABLE) | bit(firstStage, IommuWord.FIRST);
}

/** The words of the module's list. */
export function iommuOptions(device: DeviceOptions): [CardOption, number | bigint][] {
  if (device.slot !== undefined) throw new OptionError('devices.slot', `${IOMMU_MODEL} is a part of the board and in no slot.`);
  const entries = powerOfTwo('iotlbEntries', device.iotlbEntries ?? DEFAULT_CACHES.entries, MOST.entries);
  const ways = powerOfTwo('iotlbWays', device.iotlbWays ?? Math.min(DEFAULT_CACHES.ways, entries), Math.min(MOST.ways, entries));
  const { tableEntries: tables = DEFAULT_CACHES.tables } = device;
  if (!Number.isInteger(tables) || tables < 0 || tables > MOST.tables) throw new OptionError('devices.tableEntries', `${tables} is not a whole number from 0 to ${MOST.tables}.`);
  const geometry = (BigInt(entries) << BigInt(IommuCaches.ENTRIES_SHIFT)) | (BigInt(ways) << BigInt(IommuCaches.WAYS_SHIFT)) | (BigInt(tables) << BigInt(IommuCaches.TABLES_SHIFT));
  return [[CardOption.IOMMU, switchesOf(device) | (widthOf(device) << IommuWord.BITS_SHIFT)], [CardOption.IOMMU_CACHES, geometry]];
}

const DISKETTES: readonly CardKind[] = [CardKind.FDC, CardKind.FLOPPY];

/** What the ACPI tables have to say beyond a board without these cards. */
export function boardWith(devices: readonly DeviceOptions[] = []): Partial<AcpiBoard> {
  const unit = devices.find(({ model }) => model === IOMMU_MODEL);
  return {
    ...(unit === undefined ? {} : { iommu: { addressBits: widthOf(unit), intremap: unit.intremap ?? true } }),
    ...(devices.some(({ model }) => DISKETTES.includes(findModel(model)?.kind ?? CardKind.NONE)) ? { floppy: true } : {}),
  };
}

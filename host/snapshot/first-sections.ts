/**
 * Sections as builds saved them at first: regions of linear memory whole, with addresses of that build in them, and in `about` where each region lay. They are
 * taken apart into what sections are since then, parts of the machine, and addresses become distances.
 *
 *     clock, interrupt lines, chipset, pci, devices, rings     several parts each
 *     tlb               an entry's addend led to RAM where that build had it
 *     fw_cfg            an item was at an address, now at an offset of the firmware region
 *     disk requests     data was at an address, now at an offset from the disk's table
 *     firmware          the region was rounded up by four pages, right before the ROM; now it is 18 MiB
 *     page attributes   so the pages of RAM came four later
 *
 * What attach makes anew (assembly/base/anew.ts) is as it was saved, and nobody reads it.
 */

import type { Migrations, Saved } from './migration.js';

/** A part of a region: its section, of which this is version 1, where it began, and its bytes. */
export type PartOf = readonly [section: string, at: number, bytes: number];

const KIB = 1024, PAGE = 4096;

/** One behind the other. */
function chain(from: number, ...parts: readonly (readonly [string, number])[]): PartOf[] {
  let at = from;
  return parts.map(([section, bytes]) => {
    at += bytes;
    return [section, at - bytes, bytes] as const;
  });
}

/** Where network cards, other cards, the remapping unit and the screen had their parts of `devices`. */
const NICS = 2440 * KIB, OTHERS = NICS + 448 * KIB, UNIT = OTHERS + 176 * KIB, SCREEN = UNIT + 40 * KIB;
const DISK_TABLES = 5120 * KIB;

/** By region, of the first version of each. */
export const FIRST_PARTS: Readonly<Record<string, readonly PartOf[]>> = {
  clock: chain(0, ['clock', 256], ['timers armed', 16], ['timers', KIB], ['allowance', 64]),
  'interrupt lines': chain(0, ['interrupt lines', 64], ['interrupt sources', 192]),
  chipset: [
    ...chain(0, ['pic', 256], ['pit', 256], ['rtc', 512], ['lapic', 2 * KIB], ['ioapic', KIB], ['hpet', 2 * KIB], ['acpi pm', 512], ['uarts', KIB], ['i8042', KIB], ['debug ports', 256], ['fw_cfg', 2 * KIB]),
    ...chain(11 * KIB - 256, ['crtc', 64], ['regions of interest', 128]),
    ...chain(64 * KIB, ['pc-testdev', 64 * KIB + 64]),
  ],
  pci: chain(0, ['pci functions', 56 * PAGE], ['pci root', PAGE], ['msi-x tables', 26 * KIB]),
  devices: [
    ...chain(0, ['cards', 8 * KIB], ['virtio', 256 * KIB], ['virtio chains', 40 * KIB], ['virtio bytes', 80 * KIB - 64], ['virtio descriptor', 64], ['packed rings', 2048 * KIB]),
    ...chain(NICS, ['network cards', 256 * KIB]),
    ...chain(NICS + 257 * KIB, ['network descriptors', 8 * KIB], ['network receive descriptors', 4 * KIB], ['network frame', 72 * KIB], ['network loop frame', 72 * KIB]),
    ...chain(OTHERS, ['other cards', 176 * KIB]),
    ...chain(UNIT, ['iommu', 256], ['iommu registers', 768], ['iommu contexts', 2 * KIB], ['iommu interrupts', 2 * KIB], ['iommu tables', KIB], ['iotlb', 32 * KIB], ['iommu requesters', 2 * KIB]),
    ...chain(SCREEN, ['screen', 1536]),
  ],
  rings: chain(0, ['ring table', KIB], ['frame ports', KIB], ['streams', KIB], ['labs', KIB], ['serial rings', 508 * KIB], ['stream rings', 512 * KIB], ['frame rings', 4096 * KIB], ['disk requests', 4096 * KIB]),
};

const copied = (content: Uint8Array): { bytes: Uint8Array; view: DataView } => {
  const bytes = content.slice();
  return { bytes, view: new DataView(bytes.buffer) };
};

/** Entries of 16 bytes: a tag of 64 bits, all ones where there is none, and the addend. */
function moveTlb(content: Uint8Array, saved: Saved): Uint8Array {
  const { bytes, view } = copied(content), ram = saved.place('ram');
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const none = view.getUint32(at + 4, true) === 0xffff_ffff && view.getUint32(at, true) >= 0xffff_fffe;
    view.setUint32(at + 8, none ? 0 : view.getUint32(at + 8, true) - ram, true);
  }
  return bytes;
}

/** Items: key, address, size and a word, 16 bytes each, behind the first KiB. */
function moveItems(content: Uint8Array, saved: Saved): Uint8Array {
  const { bytes, view } = copied(content), firmware = saved.place('firmware');
  for (let at = KIB; at + 16 <= bytes.length; at += 16) {
    const address = view.getUint32(at + 4, true);
    if (address !== 0) view.setUint32(at + 4, address - firmware, true);
  }
  return bytes;
}

/** Eight tables, 512 KiB apart, of 64 requests of 64 bytes behind as many of their own, with the address of the data at 20. */
function moveRequests(content: Uint8Array, saved: Saved): Uint8Array {
  const { bytes, view } = copied(content), tables = saved.place('rings') + DISK_TABLES;
  for (let table = 0; table < bytes.length; table += 512 * KIB) {
    for (let at = table + 64; at < table + 65 * 64; at += 64) {
      const address = view.getUint32(at + 20, true);
      if (address !== 0) view.setUint32(at + 20, address - tables - table, true);
    }
  }
  return bytes;
}

const FIRMWARE = 18 * KIB * KIB;
/** Bytes of the ROM, as the machine's own words have them. */
const romBytes = (saved: Saved): number => {
  const machine = saved.content('machine');
  return new DataView(machine.buffer, machine.byteOffset).getUint32(24, true);
};

/** The ROM lies at the end. */
function cutFirmware(content: Uint8Array, saved: Saved): Uint8Array {
  const rom = Math.min(romBytes(saved), FIRMWARE), bytes = new Uint8Array(FIRMWARE);
  bytes.set(content.subarray(0, FIRMWARE - rom));
  bytes.set(content.subarray(content.length - rom), FIRMWARE - rom);
  return bytes;
}

/** One byte a page of the firmware's region and of RAM; items' pages have none. */
function cutAttributes(content: Uint8Array, saved: Saved): Uint8Array {
  const bytes = new Uint8Array(content.length);
  bytes.set(content.subarray((saved.bytes('firmware') - FIRMWARE) / PAGE));
  return bytes;
}

export const FIRST_STEPS: Migrations = {
  tlb: { 1: moveTlb },
  fw_cfg: { 1: moveItems },
  'disk requests': { 1: moveRequests },
  firmware: { 1: cutFirmware },
  'page attributes': { 1: cutAttributes },
};

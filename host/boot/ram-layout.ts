/**
 * Where guest RAM is, and the E820 map that tells the guest.
 *
 *     0            640 K    1 MiB                    3 GiB - 256 MiB           4 GiB
 *     | low RAM    | ISA    | low RAM, goes on        | ECAM, PCI, APICs ...  | what did not fit below
 */

/** RAM below 4 GiB ends here at the latest: the ECAM window starts. */
export const LOW_RAM_LIMIT = 0xb000_0000;
export const HIGH_RAM_BASE = 0x1_0000_0000;
export const ECAM_BASE = 0xb000_0000;
export const ECAM_BYTES = 0x1000_0000;
/** 640 KiB less 1 KiB, which a BIOS keeps for its extended data area. */
export const CONVENTIONAL_END = 0x9fc00;
/** ACPI tables lie from here to 1 MiB. */
export const BIOS_AREA_BASE = 0xe0000;
export const ONE_MIB = 0x100000;

export interface RamLayout {
  lowBytes: number;
  highBytes: number;
}

/** E820 types of ACPI 6.4, table 15.4. */
export const E820_RAM = 1;
export const E820_RESERVED = 2;

export interface E820Entry {
  base: number;
  bytes: number;
  type: number;
}

/** Splits a machine's RAM into what lies from 0 up and what lies from 4 GiB up. */
export function ramLayout(bytes: number): RamLayout {
  const lowBytes = Math.min(bytes, LOW_RAM_LIMIT);
  return { lowBytes, highBytes: bytes - lowBytes };
}

export function e820Map(bytes: number): E820Entry[] {
  const { lowBytes, highBytes } = ramLayout(bytes);
  const map: E820Entry[] = [
    { base: 0, bytes: Math.min(lowBytes, CONVENTIONAL_END), type: E820_RAM },
    { base: CONVENTIONAL_END, bytes: 0xa0000 - CONVENTIONAL_END, type: E820_RESERVED },
    { base: BIOS_AREA_BASE, bytes: ONE_MIB - BIOS_AREA_BASE, type: E820_RESERVED },
  ];
  if (lowBytes > ONE_MIB) map.push({ base: ONE_MIB, bytes: lowBytes - ONE_MIB, type: E820_RAM });
  map.push({ base: ECAM_BASE, bytes: ECAM_BYTES, type: E820_RESERVED });
  if (highBytes > 0) map.push({ base: HIGH_RAM_BASE, bytes: highBytes, type: E820_RAM });
  return map;
}

/**
 * What a PC's firmware has left in memory for whatever it starts, on every entry: the interrupt vectors with the services of guest/bios.ts behind them, the BIOS
 * data area and the extended one, an MP table and SMBIOS.
 *
 *     0 vectors   0x400 BIOS data   0x9fc00 extended BIOS data   0xe0000 ACPI (acpi/)   0xf0000 MP table   0xf2000 SMBIOS   0xfd000 services
 */
import { biosServices, type BiosImage } from '../../guest/bios.js';
import { DEFAULT_BOARD } from './acpi/board.js';
import { little } from './bytes.js';
import { mpTable } from './mp-table.js';
import type { Segment } from './plan.js';
import { CONVENTIONAL_END, e820Map, ONE_MIB, ramLayout } from './ram-layout.js';
import { smbiosAt } from './smbios.js';

/** Where vectors and BIOS data end: nothing is loaded below. */
export const BIOS_DATA_END = 0x500;
const MP_TABLE_AT = 0xf0000;
const SMBIOS_AT = 0xf2000;

/** The services of a machine with so many bytes of RAM. */
export function bios(memory: number): BiosImage {
  return biosServices({
    map: e820Map(memory),
    extendedBytes: Math.max(0, ramLayout(memory).lowBytes - ONE_MIB),
    conventionalBytes: CONVENTIONAL_END,
  });
}

/** Everything, for a machine with so many bytes of RAM. */
export function pcData(memory: number): Segment[] {
  return [
    ...bios(memory).segments,
    // Its first byte is its size in KiB.
    { gpa: CONVENTIONAL_END, bytes: little(1, 1) },
    mpTable(MP_TABLE_AT, DEFAULT_BOARD),
    smbiosAt(SMBIOS_AT, memory, DEFAULT_BOARD.processors),
  ];
}

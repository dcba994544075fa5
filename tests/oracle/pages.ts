/**
 * The pages that every vector runs on, and what they hold before a vector's own bytes are written.
 *
 * All lie below 4 GiB, so one layout serves 64-bit and 32-bit code. Everything outside them is not present. All are user pages;
 * CR0.WP and NX are on, and nothing but the code region may be executed. The native harness maps the same pages: change both.
 */

export interface Region {
  readonly name: string;
  readonly base: number;
  readonly bytes: number;
  readonly writable: boolean;
  readonly executable: boolean;
}

export const CODE: Region = { name: 'code', base: 0x1000_0000, bytes: 0x2000, writable: false, executable: true };
export const DATA: Region = { name: 'data', base: 0x2000_0000, bytes: 0x2000, writable: true, executable: false };
export const READONLY: Region = { name: 'readonly', base: 0x2100_0000, bytes: 0x1000, writable: false, executable: false };
export const STACK: Region = { name: 'stack', base: 0x3000_0000, bytes: 0x1000, writable: true, executable: false };
/** Reached by 16-bit addresses. */
export const LOW: Region = { name: 'low', base: 0x8000, bytes: 0x1000, writable: true, executable: false };

/** In the order in which the harness lays them out. */
export const REGIONS: readonly Region[] = [CODE, DATA, READONLY, STACK, LOW];

/**
 * The selectors the vectors assume. CS 0x33 is 64-bit code and CS 0x23 is 32-bit code, both DPL 3; SS, DS and ES hold flat writable
 * data of DPL 3; FS and GS are null with base 0. Order as in `State.segment`: es cs ss ds fs gs.
 */
export const CODE_SELECTOR_64 = 0x33;
export const CODE_SELECTOR_32 = 0x23;
export const DATA_SELECTOR = 0x2b;

/**
 * The descriptors behind them: accessed, DPL 3, 4 GiB. The vectors of chapter `segments` load these selectors, the null selector, or selectors
 * beyond the table (0xfff0 and up), never another entry; those of the chapters 16-* also the LDT of ldt.ts.
 */
export const DESCRIPTORS: readonly (readonly [selector: number, descriptor: bigint])[] = [
  [CODE_SELECTOR_32, 0x00cf_fb00_0000_ffffn],
  [DATA_SELECTOR, 0x00cf_f300_0000_ffffn],
  [CODE_SELECTOR_64, 0x00af_fb00_0000_ffffn],
];

/** A page byte before any vector: code is INT3, data is a fixed noise. */
export function backgroundByte(address: number): number {
  if (address >= CODE.base && address < CODE.base + CODE.bytes) return 0xcc;
  const mixed = Math.imul((address >>> 2) ^ 0x9e37_79b9, 0x85eb_ca6b);
  const spread = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
  return ((spread ^ (spread >>> 16)) >>> (8 * (address & 3))) & 0xff;
}

const backgrounds = new Map<Region, Uint8Array>();

/** The whole background of a region; not to be written to. */
export function backgroundOf(region: Region): Uint8Array {
  const known = backgrounds.get(region);
  if (known !== undefined) return known;
  const made = Uint8Array.from({ length: region.bytes }, (_, i) => backgroundByte(region.base + i));
  backgrounds.set(region, made);
  return made;
}

/** A copy of the background of an address on, which lies in one region with all its bytes. */
export function backgroundAt(address: number, length: number): Uint8Array {
  const region = regionOf(address)!, start = address - region.base;
  return backgroundOf(region).slice(start, start + length);
}

export function regionOf(address: number): Region | null {
  return REGIONS.find((region) => address >= region.base && address < region.base + region.bytes) ?? null;
}

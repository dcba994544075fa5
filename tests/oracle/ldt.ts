/**
 * The segments of 16-bit code and of 32-bit code that is not flat: the LDT that the harness asks its kernel for, and the arrangements
 * (`settings`) of it that vectors start from. Both are part of the file format: add at the end, never alter.
 *
 * Bases are such that the fixed pages lie at a limit, at the end of 64 KiB, or in the middle of a segment.
 */
import { CODE, CODE_SELECTOR_32, CODE_SELECTOR_64, DATA, DATA_SELECTOR, LOW, READONLY, STACK, type Region } from './pages.js';
import type { State } from './state.js';

export interface Segment {
  readonly base: number;
  /** As the descriptor has it; expand-down segments end there. */
  readonly limit: number;
  readonly pages: boolean;
  readonly kind: 'code' | 'data' | 'down';
  /** The D or B bit. */
  readonly big: boolean;
  /** Code may not be read, data may not be written. */
  readonly restricted: boolean;
  readonly present: boolean;
  /** The pages it is for. */
  readonly home: Region;
}

type Options = Partial<Pick<Segment, 'pages' | 'big' | 'restricted' | 'present'>>;

function segment(kind: Segment['kind'], home: Region, base: number, limit: number, options: Options = {}): Segment {
  return { kind, home, base: base >>> 0, limit, pages: false, big: false, restricted: false, present: true, ...options };
}

/** Entry i has selector 8 * i + 7. */
export const LDT: readonly Segment[] = [
  segment('code', CODE, CODE.base - 0x4000, 0xffff),
  segment('code', CODE, CODE.base + CODE.bytes - 0x1_0000, 0xffff), // ends with the code pages
  segment('code', CODE, CODE.base, 0xfff, { restricted: true }), // ends with the first of them
  segment('code', CODE, CODE.base - 0x12_3000, 0xf_ffff, { pages: true, big: true }),
  segment('code', CODE, CODE.base, 0x17ff, { big: true }),
  segment('data', DATA, DATA.base - 0x1000, 0x2fff), // ends with the data pages
  segment('data', DATA, DATA.base - 0xf000, 0xf_ffff, { pages: true }), // the second page begins at 64 KiB
  segment('down', DATA, DATA.base - 0x1000, 0x1fff), // only the second page
  segment('down', DATA, DATA.base - 0xf000, 0xf7ff, { big: true }),
  segment('down', DATA, DATA.base - 0xf000, 0xefff), // only the first page
  segment('data', DATA, DATA.base, 0xffff, { restricted: true }),
  segment('data', DATA, DATA.base - 0x105, 0x10f7, { big: true }),
  segment('data', LOW, 0xffff_c000, 0xffff), // linear addresses wrap at 4 GiB
  segment('data', READONLY, READONLY.base - 0x234, 0xffff),
  segment('data', STACK, STACK.base - 0x2000, 0xffff),
  segment('data', STACK, STACK.base, 0xfff),
  segment('data', STACK, STACK.base + STACK.bytes - 0x1_0000, 0xffff), // ends with the stack page
  segment('down', STACK, STACK.base + STACK.bytes - 0x1_0000, 0xf7ff),
  segment('down', STACK, STACK.base - 0x1_0000, 0x1_03ff & 0xf_ffff, { big: true }),
  segment('data', STACK, STACK.base - 0x12_3000, 0xf_ffff, { pages: true, big: true }),
  segment('data', DATA, DATA.base, 0xffff, { present: false }),
  segment('code', CODE, CODE.base, 0xffff, { present: false }),
];

const FLAT = { base: 0, limit: 0xf_ffff, pages: true, big: true, restricted: false, present: true, home: LOW } as const;
const GDT: ReadonlyMap<number, Segment> = new Map([
  [CODE_SELECTOR_32, { ...FLAT, kind: 'code' }],
  [CODE_SELECTOR_64, { ...FLAT, kind: 'code' }],
  [DATA_SELECTOR, { ...FLAT, kind: 'data' }],
]);

const selectorAt = (index: number): number => 8 * index + 7;
const selectorsOf = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => selectorAt(first + i));

export const LDT_CODE_SELECTORS = selectorsOf(0, 4);
export const LDT_DATA_SELECTORS = selectorsOf(5, 19);
export const LDT_ABSENT_SELECTORS = selectorsOf(20, 21);

/** The segment behind a selector; null for one that is none. */
export function segmentOf(selector: number): Segment | null {
  return (selector & 4 ? LDT[selector >> 3] : GDT.get(selector | 3)) ?? null;
}

/** The last offset of a segment that grows up, the last that does not belong to one that grows down. */
export function edgeOf({ limit, pages }: Segment): number {
  return pages ? ((limit << 12) | 0xfff) >>> 0 : limit;
}

/** The descriptor as it stands in the table: accessed, DPL 3. */
export function descriptorOf({ base, limit, pages, kind, big, restricted, present }: Segment): bigint {
  const type = 1 | (restricted ? 0 : 2) | (kind === 'down' ? 4 : 0) | (kind === 'code' ? 8 : 0);
  const access = type | 0x70 | (present ? 0x80 : 0);
  const flags = (pages ? 8 : 0) | (big ? 4 : 0);
  const low = BigInt(limit & 0xffff) | (BigInt(base & 0xff_ffff) << 16n);
  return low | (BigInt(access) << 40n) | (BigInt((limit >> 16) & 15) << 48n) | (BigInt(flags) << 52n) | (BigInt(base >>> 24) << 56n);
}

function baseOf(selector: number): number {
  return segmentOf(selector)?.base ?? 0;
}

/** Where the code of a state lies. */
export function codeAddress({ segment: selectors, rip }: Pick<State, 'segment' | 'rip'>): number {
  const base = baseOf(selectors[1]!);
  return base === 0 ? Number(rip) : (base + Number(rip)) >>> 0;
}

/** The linear address of the top of a state's stack. */
export function stackAddress({ segment: selectors, gpr }: Pick<State, 'segment' | 'gpr'>): bigint {
  const stack = segmentOf(selectors[2]!);
  if (!stack || stack === GDT.get(DATA_SELECTOR)) return gpr[4]!;
  return BigInt((stack.base + Number(gpr[4]! & (stack.big ? 0xffff_ffffn : 0xffffn))) >>> 0);
}

// ---- settings ----

export interface Setting {
  readonly mode: 32 | 16;
  /** As in `State.segment`: es cs ss ds fs gs. */
  readonly selectors: readonly number[];
}

/** Settings below this are 16-bit code, the others 32-bit. */
export const SETTINGS_16 = 192;
export const SETTINGS = 256;

const CODE_16 = [7, 7, 7, 15, 23];
const CODE_32 = [31, 31, 39];
const STACKS = [...selectorsOf(14, 19), ...selectorsOf(14, 16), selectorAt(19), DATA_SELECTOR];
const PLAIN_DATA = selectorsOf(5, 6);
const ANY_DATA = [...selectorsOf(5, 12), ...selectorsOf(5, 8), selectorAt(14), selectorAt(19), DATA_SELECTOR];

/** The segments that number `setting` stands for. */
export function settingOf(setting: number): Setting {
  const draw = (from: readonly number[], salt: number): number => {
    const mixed = Math.imul(setting * 8 + salt + 1, 0x9e37_79b1);
    return from[((mixed ^ (mixed >>> 15)) >>> 3) % from.length]!;
  };
  const data = (salt: number): number => draw(draw([0, 1], salt + 0x4000) ? PLAIN_DATA : ANY_DATA, salt);
  const rare = [...ANY_DATA, selectorAt(13), 0, 7, 15, 31];
  const mode = setting < SETTINGS_16 ? 16 : 32;
  return { mode, selectors: [data(0), draw(mode === 16 ? CODE_16 : CODE_32, 1), draw(STACKS, 2), data(3), draw(rare, 4), draw(rare, 5)] };
}

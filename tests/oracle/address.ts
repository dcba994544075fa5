/** Memory operands: where they lie, and a base, index, scale and displacement that lead there. */
import { chance, drawLong, pick, setRegister, type Draft } from './draft.js';
import { edgeOf, segmentOf } from './ldt.js';
import { DATA, LOW, READONLY, type Region } from './pages.js';

/** The bytes from the ModRM byte's mod and rm fields on. */
export interface MemoryForm {
  readonly mod: number;
  readonly rm: number;
  readonly sib: number | null;
  readonly rexX: boolean;
  readonly rexB: boolean;
  readonly displacement: number;
  readonly displacementBytes: number;
  /** The displacement is still the target, and must become relative to the next instruction. */
  readonly relative: boolean;
}

const ALIGNMENTS = [16, 16, 16, 16, 16, 16, 64, 64, 8, 4];

function insideOf(draft: Draft, region: Region, bytes: number, alignment: number): number {
  const slots = Math.floor((region.bytes - Math.max(bytes, 64)) / alignment);
  return region.base + alignment * draft.random.below(slots);
}

/** The address of an operand of `bytes` bytes. Most are plain; the rest lie across page ends, in a read-only page, or nowhere. */
export function drawTarget(draft: Draft, bytes: number): bigint {
  const size = Math.max(bytes, 1);
  const kind = draft.random.below(64);
  const into = 1 + draft.random.below(Math.min(size, 64));
  if (draft.addressBits === 16) return BigInt(draft.lock || kind < 48 ? insideOf(draft, LOW, size, 16) : LOW.base + LOW.bytes - into);
  if (draft.lock) return BigInt(kind < 4 ? READONLY.base + 64 : kind < 8 ? DATA.base + DATA.bytes + 64 : insideOf(draft, DATA, size, 16));
  if (kind < 36) return BigInt(insideOf(draft, DATA, size, pick(draft, ALIGNMENTS)));
  if (kind < 44) return BigInt(insideOf(draft, DATA, size, size >= 16 && kind < 40 ? 16 : 1));
  if (kind < 48) return BigInt(DATA.base + 0x1000 - into); // across two pages
  if (kind < 52) return BigInt(DATA.base + DATA.bytes - size); // the last that fits
  if (kind < 54) return BigInt(DATA.base + DATA.bytes - into); // across the end
  if (kind < 56) return BigInt(DATA.base - into); // across the start
  if (kind < 57) return BigInt(DATA.base + DATA.bytes + 16 * draft.random.below(16));
  if (kind < 60) return BigInt(insideOf(draft, READONLY, size, 16));
  if (kind < 62 || draft.addressBits !== 64) return BigInt(insideOf(draft, LOW, size, 16));
  // Not canonical whether addresses have 48 or 57 bits.
  return pick(draft, [0x4000_0000_0000_0000n, 0x8000_0000_0000_0000n, 0xbfff_ffff_0000_0000n]) + BigInt(draft.random.next());
}

/** A linear address for an operand that `segment` (its number in `State.segment`) reaches: as above, and around the segment's own ends. */
function drawWithin(draft: Draft, segment: number, bytes: number): bigint {
  const found = segmentOf(draft.state.segment[segment]!);
  if (!found) return drawTarget(draft, bytes); // null: faults wherever it is
  const size = Math.max(bytes, 1);
  const kind = draft.random.below(32);
  const into = draft.random.below(2 * size + 1);
  const home = found.base === 0 && draft.addressBits === 32 ? DATA : found.home;
  const plain = (): bigint => BigInt(insideOf(draft, home, size, pick(draft, [1, 4, 8, 16])));
  const edge = found.base + edgeOf(found) + 1;
  if (draft.lock || kind < 18) return plain();
  if (kind < 21) return BigInt(home.base + home.bytes - into);
  if (kind < 25) return BigInt((edge >>> 0) - into);
  if (kind < 28) return BigInt(((found.base + 0x1_0000) >>> 0) - into);
  if (kind === 28) return BigInt(home.base - into);
  return kind === 29 && home.bytes > 0x1000 ? BigInt(home.base + 0x1000 - into) : plain();
}

/** An operand's place: its linear address, and the offset in `segment` that leads there. Without a setting they are one. */
export interface Place {
  readonly linear: bigint;
  readonly offset: bigint;
}

export function drawPlace(draft: Draft, bytes: number, segment: number): Place {
  if (draft.setting === null) {
    const target = drawTarget(draft, bytes);
    return { linear: target, offset: target };
  }
  const base = segmentOf(draft.state.segment[segment]!)?.base ?? 0;
  const linear = drawWithin(draft, segment, bytes);
  const offset = BigInt.asUintN(draft.addressBits, linear - BigInt(base));
  return { linear: BigInt.asUintN(32, BigInt(base) + offset), offset };
}

/** The segment of an operand, as its number in `State.segment`. */
export function operandSegment(draft: Draft, stackBased: boolean): number {
  return draft.override ?? (stackBased ? 2 : 3);
}

/** Chooses the offset of an operand, when it is known whether a stack register is the base. */
export type Aim = (stackBased: boolean) => bigint;

/** Bits of a general register. */
export function registerBits({ mode }: Draft): number {
  return mode === 64 ? 64 : 32;
}

const wrap = (draft: Draft, value: bigint): bigint => BigInt.asUintN(draft.addressBits, value);

/** Gives `register` a value that is `value` within the address size; above it, anything. */
function setAddressRegister(draft: Draft, register: number, value: bigint): void {
  const above = draft.addressBits < registerBits(draft) ? (drawLong(draft) >> BigInt(draft.addressBits)) << BigInt(draft.addressBits) : 0n;
  setRegister(draft, register, wrap(draft, value) | above);
}

function drawRegister(draft: Draft, exclude: readonly number[]): number {
  const count = draft.mode === 64 ? 16 : 8;
  for (;;) {
    const register = draft.random.below(count);
    if (!draft.reserved.has(register) && !exclude.includes(register)) return register;
  }
}

function drawDisplacement(draft: Draft, bytes: number): number {
  if (bytes === 0) return 0;
  const value = draft.random.next();
  if (bytes === 1) return (value << 24) >> 24;
  return chance(draft, 4) ? value | 0 : (value << 16) >> 16;
}

function registerValue(draft: Draft, register: number): bigint {
  return wrap(draft, draft.state.gpr[register]!);
}

/** [base + disp] and, when `scale` is given, [base + index * scale + disp]. */
function baseForm(draft: Draft, aim: Aim, indexed: boolean): MemoryForm {
  const index = indexed ? drawRegister(draft, [4]) : 4;
  const base = drawRegister(draft, indexed ? [index] : []);
  const scale = indexed ? draft.random.below(4) : 0;
  const mustDisplace = (base & 7) === 5;
  const displacementBytes = pick(draft, mustDisplace ? [1, 4] : [0, 1, 4]);
  const displacement = drawDisplacement(draft, displacementBytes);
  const offset = indexed ? registerValue(draft, index) << BigInt(scale) : 0n;
  setAddressRegister(draft, base, aim(base === 4 || base === 5) - offset - BigInt(displacement));
  const needsSib = indexed || (base & 7) === 4;
  return {
    mod: displacementBytes === 4 ? 2 : displacementBytes,
    rm: needsSib ? 4 : base & 7,
    sib: needsSib ? (scale << 6) | ((index & 7) << 3) | (base & 7) : null,
    rexX: indexed && index > 7,
    rexB: base > 7,
    displacement,
    displacementBytes,
    relative: false,
  };
}

/** [index * scale + disp32]. */
function indexForm(draft: Draft, aim: Aim): MemoryForm {
  const index = drawRegister(draft, [4]);
  const scale = draft.random.below(4);
  const value = draft.random.next() & 0x00ff_ffff;
  setAddressRegister(draft, index, BigInt(value));
  const displacement = Number(BigInt.asIntN(32, aim(false) - (BigInt(value) << BigInt(scale))));
  const sib = (scale << 6) | ((index & 7) << 3) | 5;
  return { mod: 0, rm: 4, sib, rexX: index > 7, rexB: chance(draft, 4) && draft.mode === 64, displacement, displacementBytes: 4, relative: false };
}

/** [disp32], with a SIB byte or (32-bit code) without; in 64-bit code the short form is relative to rip. */
function absoluteForm(draft: Draft, aim: Aim, withSib: boolean): MemoryForm {
  const displacement = Number(BigInt.asIntN(32, aim(false)));
  const sib = withSib ? (draft.random.below(4) << 6) | 0x25 : null;
  const relative = !withSib && draft.mode === 64;
  return { mod: 0, rm: withSib ? 4 : 5, sib, rexX: false, rexB: relative && chance(draft, 4), displacement, displacementBytes: 4, relative };
}

const PAIRS_16: readonly (readonly number[])[] = [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7], [5], [3]];

function form16(draft: Draft, aim: Aim): MemoryForm {
  const usable = PAIRS_16.map((_, rm) => rm).filter((rm) => PAIRS_16[rm]!.every((register) => !draft.reserved.has(register)));
  const none = { sib: null, rexX: false, rexB: false, relative: false };
  if (usable.length === 0 || chance(draft, 8)) {
    return { ...none, mod: 0, rm: 6, displacement: Number(BigInt.asIntN(16, aim(false))), displacementBytes: 2 };
  }
  const rm = pick(draft, usable);
  const displacementBytes = pick(draft, rm === 6 ? [1, 2] : [0, 1, 2]);
  const displacement = displacementBytes === 2 ? (draft.random.next() << 16) >> 16 : drawDisplacement(draft, displacementBytes);
  const [base, index] = PAIRS_16[rm] as [number, number?];
  const offset = index === undefined ? 0n : registerValue(draft, index);
  setAddressRegister(draft, base, aim(base === 5) - offset - BigInt(displacement));
  return { ...none, mod: displacementBytes, rm, displacement, displacementBytes };
}

/** A form that leads to where `aim` says, with the registers it needs set. `low`: a signed 32-bit displacement reaches it. */
export function formFor(draft: Draft, aim: Aim, low: boolean): MemoryForm {
  if (draft.addressBits === 16) return form16(draft, aim);
  const kind = draft.random.below(16);
  if (low && kind === 0) return absoluteForm(draft, aim, true);
  if (low && kind <= 2) return absoluteForm(draft, aim, false);
  if (low && kind === 3) return indexForm(draft, aim);
  return baseForm(draft, aim, kind >= 9);
}

/** An instruction being made up: the row, the choices so far, and the state it will start from. */
import { drawInteger, expandMemory, type Mode, type Profile, type Random } from './expand.js';
import type { Row } from './catalogue.js';
import { edgeOf, segmentOf } from './ldt.js';
import { CODE, regionOf, STACK } from './pages.js';
import type { State } from './state.js';
import type { RecordedMemory } from './write-vectors.js';

export interface Draft {
  readonly row: Row;
  readonly mode: Mode;
  /** The segments of ldt.ts, or null when they are flat. */
  readonly setting: number | null;
  /** With a setting: the segment that a prefix names, as its number in `State.segment`. */
  readonly override: number | null;
  readonly seed: number;
  readonly profile: Profile;
  readonly random: Random;
  readonly state: State;
  /** Registers that no address may use, because a hook gave them a value. */
  readonly reserved: Set<number>;
  readonly memory: RecordedMemory[];
  /** Prefix 66 as operand size, REX.W, prefix 67. */
  opsize: boolean;
  wide: boolean;
  addrsize: boolean;
  lock: boolean;
  /** 2, 4 or 8. */
  operandBytes: number;
  /** 16, 32 or 64. */
  addressBits: number;
  /** What the ModRM operand must hold, if a hook cares. */
  source: Uint8Array | null;
  /** A value for the immediate bytes, if a hook cares. */
  immediate: Uint8Array | null;
  /** Fixed ModRM reg field, if a hook cares. */
  reg: number | null;
  /** Where the memory operand is, once chosen. */
  target: bigint | null;
}

export function chance(draft: Draft, oneIn: number): boolean {
  return draft.random.below(oneIn) === 0;
}

export function pick<T>(draft: Draft, from: readonly T[]): T {
  return from[draft.random.below(from.length)]!;
}

/** An integer from the edge pools, as a 64-bit number. */
export function drawLong(draft: Draft): bigint {
  const words = new Uint32Array(2);
  drawInteger(draft.random, words, 0);
  return BigInt(words[0]!) | (BigInt(words[1]!) << 32n);
}

export function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function valueOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Sets a register; 32-bit code keeps the upper half clear. */
export function setRegister(draft: Draft, register: number, value: bigint): void {
  draft.state.gpr[register] = draft.mode === 64 ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value);
}

/** Puts bytes into memory before the instruction: drawn by profile, or the given ones. What lies outside the pages is dropped. */
export function placeMemory(draft: Draft, address: bigint, length: number, explicit: Uint8Array | null = null): void {
  if (address < 0n || address > 0xffff_ffffn || length === 0) return;
  let start = Number(address);
  let skip = 0;
  let region = regionOf(start);
  // With a setting, CS may be the operand's segment, and the code stands there.
  if (draft.setting !== null && region === CODE) return;
  if (!region) {
    region = regionOf(start + length - 1);
    if (!region || (draft.setting !== null && region === CODE)) return;
    skip = region.base - start;
    start = region.base;
  }
  const fits = Math.min(length - skip, region.base + region.bytes - start);
  const bytes = explicit ? explicit.slice(skip, skip + fits) : expandMemory(draft.seed + draft.memory.length, draft.profile, fits);
  draft.memory.push({ address: start, bytes, explicit: explicit !== null });
}

/** Where the stack's segment ends, or where its offsets pass 64 KiB, if that is in the page. */
function stackEdge(draft: Draft): number {
  const stack = segmentOf(draft.state.segment[2]!)!;
  const edge = (stack.base + edgeOf(stack) + 1) >>> 0;
  return regionOf(edge - 1) === STACK ? edge : regionOf((stack.base + 0xffff) >>> 0) === STACK ? stack.base + 0x1_0000 : STACK.base + STACK.bytes;
}

/** Points RSP or RBP at a linear address in the stack's segment. Above a 16-bit pointer lies anything. */
export function setStackRegister(draft: Draft, register: number, linear: bigint): void {
  const stack = segmentOf(draft.state.segment[2]!)!;
  if (draft.setting === null) return setRegister(draft, register, linear);
  const offset = BigInt.asUintN(32, linear - BigInt(stack.base));
  const noise = BigInt((draft.random.next() | 0x1000) & 0xffff) << 16n;
  setRegister(draft, register, stack.big ? offset : (offset & 0xffffn) | noise);
}

/** A stack pointer (its linear address) with `below` bytes to push and `above` to pop: mostly inside the page, sometimes at its ends, sometimes not canonical. */
export function drawStackPointer(draft: Draft, below: number, above: number): bigint {
  const kind = draft.random.below(32);
  const end = STACK.base + STACK.bytes;
  const step = draft.random.below(8);
  if (kind === 0) return BigInt(STACK.base + Math.min(below, step * draft.operandBytes));
  if (kind === 1) return BigInt(STACK.base + step);
  if (kind === 2) return BigInt(end - Math.min(above, step * draft.operandBytes));
  if (kind === 3) return BigInt(end - step);
  if (kind > 3 && kind < 10 && draft.setting !== null) return BigInt(stackEdge(draft) + draft.random.below(16) - 8);
  if (kind === 4 && draft.mode === 64) return 0x4000_0000_0000_0000n + BigInt(draft.random.next());
  if (kind < 8) return BigInt(STACK.base + 0x400 + draft.random.below(0x800));
  return BigInt(STACK.base + 0x400 + 8 * draft.random.below(0x100));
}

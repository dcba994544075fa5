/**
 * What single rows need beyond random operands: a divisor that does not always overflow, a stack pointer in the stack page, and so on.
 * They run when sizes are known and before the operands are chosen.
 */
import { drawPlace, operandSegment, registerBits } from './address.js';
import { bytesOf, chance, drawLong, drawStackPointer, pick, placeMemory, setRegister, setStackRegister, valueOf, type Draft } from './draft.js';
import { expandMemory } from './expand.js';
import { edgeOf, LDT_ABSENT_SELECTORS, LDT_CODE_SELECTORS, LDT_DATA_SELECTORS, segmentOf } from './ldt.js';
import { CODE, CODE_SELECTOR_32, CODE_SELECTOR_64, DATA, DATA_SELECTOR, LOW } from './pages.js';

type Hook = (draft: Draft) => void;

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;
const RDI = 7;

function reserve(draft: Draft, ...registers: number[]): void {
  for (const register of registers) draft.reserved.add(register);
}

/** The size of the row's first operand (`b` or the operand size). */
function mainBytes(draft: Draft): number {
  return draft.row.operands[0]?.size === 'b' || draft.row.name.endsWith('B') ? 1 : draft.operandBytes;
}

function shiftCount(draft: Draft): bigint {
  return BigInt(chance(draft, 4) ? draft.random.next() & 0xff : draft.random.below(40));
}

function divide(draft: Draft): void {
  reserve(draft, RAX, RDX);
  const { gpr } = draft.state;
  const kind = draft.random.below(5);
  const bits = BigInt(8 * mainBytes(draft));
  if (bits === 8n) {
    if (kind === 0) setRegister(draft, RAX, gpr[RAX]! & 0xffn);
    if (kind === 1) setRegister(draft, RAX, BigInt.asUintN(16, BigInt.asIntN(8, gpr[RAX]!)));
    if (kind === 2) setRegister(draft, RAX, BigInt(draft.random.below(0x1000)));
    return;
  }
  if (kind === 0) setRegister(draft, RDX, 0n);
  if (kind === 1) setRegister(draft, RDX, BigInt.asIntN(Number(bits), gpr[RAX]!) >> (bits - 1n));
  if (kind === 2) setRegister(draft, RDX, BigInt(draft.random.below(1 << draft.random.below(16))));
  if (kind === 3) setRegister(draft, RDX, -BigInt(draft.random.below(1 << draft.random.below(16))));
}

function stack(draft: Draft): void {
  reserve(draft, RSP);
  const many = /A$/.test(draft.row.name) ? 8 : 1;
  const bytes = many * draft.operandBytes;
  const pops = /^POP/.test(draft.row.name);
  const top = drawStackPointer(draft, pops ? 0 : bytes, pops ? bytes : 0);
  setStackRegister(draft, RSP, top);
  // A far call into 32-bit code may cut the stack pointer before it stores.
  if (draft.row.name === 'CALLF' && draft.setting === null) setRegister(draft, RSP, BigInt.asUintN(32, draft.state.gpr[RSP]!));
  const pushesFlags = draft.row.name === 'PUSHF';
  // PUSHF would push the TF of the recording: the place is cleared so that the byte always counts as changed, and TF is taken out of it.
  if (pops) placeMemory(draft, top, bytes);
  else if (pushesFlags) placeMemory(draft, top - BigInt(bytes), bytes, new Uint8Array(bytes));
}

/** An offset in a code segment: mostly in the pages or about its limit. */
function offsetInCode(draft: Draft, selector: number): number {
  const segment = segmentOf(selector);
  if (!segment) return draft.random.below(0x1_0000);
  if (chance(draft, 4)) return Math.max(edgeOf(segment) + draft.random.below(5) - 2, 0) >>> 0;
  return (CODE.base + draft.random.below(CODE.bytes) - segment.base) >>> 0;
}

/** A code address that both vendors accept: in the lower half of 48 bits. */
function branchTarget(draft: Draft): bigint {
  if (draft.setting !== null && !chance(draft, 4)) return BigInt(offsetInCode(draft, draft.state.segment[1]!));
  return draft.operandBytes === 8 ? drawLong(draft) & 0x7fff_ffff_ffffn : drawLong(draft);
}

function targetOfBranch(draft: Draft): void {
  draft.source = bytesOf(branchTarget(draft), draft.operandBytes);
}

function returnAddress(draft: Draft): void {
  reserve(draft, RSP);
  const top = drawStackPointer(draft, 0, draft.operandBytes);
  setStackRegister(draft, RSP, top);
  placeMemory(draft, top, draft.operandBytes, bytesOf(branchTarget(draft), draft.operandBytes));
}

function enter(draft: Draft): void {
  reserve(draft, RSP, RBP);
  setStackRegister(draft, RSP, drawStackPointer(draft, draft.operandBytes, 0));
  setStackRegister(draft, RBP, drawStackPointer(draft, draft.operandBytes, 0));
  const level = chance(draft, 2) ? 0 : chance(draft, 2) ? 1 + draft.random.below(3) : draft.random.next() & 0xff;
  const size = chance(draft, 8) ? draft.random.next() & 0xffff : draft.random.below(0x300);
  draft.immediate = Uint8Array.of(size & 0xff, size >> 8, level);
}

function leave(draft: Draft): void {
  reserve(draft, RBP);
  setStackRegister(draft, RBP, drawStackPointer(draft, 0, draft.operandBytes));
}

function smallCounter(draft: Draft): void {
  const kind = draft.random.below(8);
  if (kind < 5) setRegister(draft, RCX, BigInt(kind));
  if (kind === 5) setRegister(draft, RCX, 0x1_0000_0000n);
  if (kind === 6) setRegister(draft, RCX, 0x1_0001n);
}

function setPointer(draft: Draft, register: number, target: bigint, dirty: boolean): void {
  const above = dirty && draft.addressBits < registerBits(draft) ? (drawLong(draft) >> BigInt(draft.addressBits)) << BigInt(draft.addressBits) : 0n;
  setRegister(draft, register, BigInt.asUintN(draft.addressBits, target) | above);
}

function string(draft: Draft): void {
  const { row } = draft;
  const bytes = mainBytes(draft);
  const repeats = row.prefix === 'f3' || row.prefix === 'f2';
  // How far a repeated instruction with 32-bit addresses clears the upper halves in 64-bit code differs between processors.
  const dirty = !(repeats && draft.mode === 64);
  const from = drawPlace(draft, bytes, operandSegment(draft, false));
  const to = chance(draft, 8) && draft.setting === null ? from : drawPlace(draft, bytes, 0);
  const source = from.linear;
  const destination = to.linear;
  setPointer(draft, RSI, from.offset, dirty);
  setPointer(draft, RDI, to.offset, dirty);
  if (repeats) {
    smallCounter(draft);
    if (!dirty && draft.addressBits === 32) setRegister(draft, RCX, draft.state.gpr[RCX]! & 0xffff_ffffn);
  }
  const value = expandMemory(draft.seed ^ 0x5555, draft.profile, bytes);
  const equal = chance(draft, 3);
  if (/^(MOVS|CMPS|LODS)/.test(row.name)) placeMemory(draft, source, bytes, equal ? value : null);
  if (/^(CMPS|SCAS)/.test(row.name)) placeMemory(draft, destination, bytes, equal ? value : null);
  if (/^SCAS/.test(row.name) && equal) {
    const keep = draft.state.gpr[RAX]! & ~((1n << BigInt(8 * bytes)) - 1n);
    setRegister(draft, RAX, keep | valueOf(value));
  }
}

function xlat(draft: Draft): void {
  const { linear, offset } = drawPlace(draft, 1, operandSegment(draft, false));
  setPointer(draft, RBX, offset - (draft.state.gpr[RAX]! & 0xffn), true);
  placeMemory(draft, linear, 1);
}

function bound(draft: Draft): void {
  draft.reg = draft.random.below(8);
  reserve(draft, draft.reg);
  const bits = 8 * draft.operandBytes;
  const index = BigInt.asIntN(bits, draft.state.gpr[draft.reg]!);
  const near = BigInt(draft.random.below(3) - 1);
  const lower = chance(draft, 4) ? drawLong(draft) : index - (chance(draft, 2) ? near : 1000n);
  const upper = chance(draft, 4) ? drawLong(draft) : index + (chance(draft, 2) ? near : 1000n);
  draft.source = Uint8Array.of(...bytesOf(BigInt.asUintN(bits, lower), bits / 8), ...bytesOf(BigInt.asUintN(bits, upper), bits / 8));
}

/**
 * BT and its kin with a register offset reach outside their operand. The offset stays small enough to hit the pages or to miss them nearby:
 * the host's kernel does not tell the true error code of faults in its own half. In 64-bit operands one may also leave the canonical addresses.
 */
function drawBitOffset(draft: Draft): bigint {
  const kind = draft.random.below(8);
  if (kind === 0) return BigInt(draft.random.next() & 0x1_ffff);
  if (kind === 1 && draft.operandBytes === 8) return (1n << 62n) + BigInt(draft.random.next());
  return BigInt(draft.random.below(0x800) - 0x400);
}

function bitOffset(draft: Draft): void {
  draft.reg = draft.random.below(draft.mode === 64 ? 16 : 8);
  reserve(draft, draft.reg);
  const bits = 8 * draft.operandBytes;
  const above = (draft.state.gpr[draft.reg]! >> BigInt(bits)) << BigInt(bits);
  setRegister(draft, draft.reg, above | BigInt.asUintN(bits, drawBitOffset(draft)));
}

function operandValue(draft: Draft, bytes: number): Uint8Array {
  draft.source ??= expandMemory(draft.seed ^ 0x7777, draft.profile, bytes);
  return draft.source;
}

/** CMPXCHG finds its accumulator half the time. */
function compare(draft: Draft): void {
  reserve(draft, RAX);
  if (chance(draft, 2)) return;
  const bytes = mainBytes(draft);
  const keep = (draft.state.gpr[RAX]! >> BigInt(8 * bytes)) << BigInt(8 * bytes);
  setRegister(draft, RAX, keep | valueOf(operandValue(draft, bytes)));
}

function comparePair(draft: Draft): void {
  reserve(draft, RAX, RDX);
  if (chance(draft, 3)) return;
  const half = draft.wide ? 8 : 4;
  const value = operandValue(draft, 2 * half);
  setRegister(draft, RAX, valueOf(value.subarray(0, half)));
  if (chance(draft, 4)) return;
  setRegister(draft, RDX, valueOf(value.subarray(half)));
}

const USER_SELECTORS = [CODE_SELECTOR_32, DATA_SELECTOR, CODE_SELECTOR_64];
/** Beyond any table. */
const NO_SELECTORS = [0xfff8, 0xfffb, 0xfff3];

function drawSelector(draft: Draft): number {
  if (draft.setting !== null && !chance(draft, 4)) return pick(draft, [...LDT_CODE_SELECTORS, ...LDT_DATA_SELECTORS, ...LDT_ABSENT_SELECTORS]);
  return pick(draft, [0, 1, 2, 3, ...USER_SELECTORS, ...USER_SELECTORS, ...NO_SELECTORS]);
}

/** What a data segment register may take without a fault, and now and then what not. */
function drawDataSelector(draft: Draft): number {
  if (draft.setting !== null && !chance(draft, 3)) return pick(draft, LDT_DATA_SELECTORS);
  return chance(draft, 4) ? drawSelector(draft) : pick(draft, [0, 3, DATA_SELECTOR, DATA_SELECTOR]);
}

/** CS with the user's RPL; now and then null, data, of another RPL, or beyond the table. */
function drawCodeSelector(draft: Draft): number {
  if (draft.setting !== null && !chance(draft, 3)) return pick(draft, chance(draft, 8) ? LDT_ABSENT_SELECTORS : LDT_CODE_SELECTORS);
  // What a 16-bit stack becomes on the way into 64-bit code is not said.
  if (draft.setting !== null) return pick(draft, [0, 3, DATA_SELECTOR, ...NO_SELECTORS, CODE_SELECTOR_32, CODE_SELECTOR_32 & ~3]);
  return chance(draft, 4) ? pick(draft, [0, 3, DATA_SELECTOR, ...NO_SELECTORS, CODE_SELECTOR_64 & ~3]) : pick(draft, [CODE_SELECTOR_32, CODE_SELECTOR_64]);
}

/** An offset that both code segments reach. */
function farOffset(draft: Draft): bigint {
  if (draft.setting !== null && !chance(draft, 8)) return BigInt(offsetInCode(draft, pick(draft, LDT_CODE_SELECTORS)));
  return drawLong(draft) & 0x7fff_ffffn;
}

function farPointer(draft: Draft, offset: bigint, selector: number): Uint8Array {
  return Uint8Array.of(...bytesOf(offset, draft.operandBytes), ...bytesOf(BigInt(selector), 2));
}

/**
 * A far pointer before REX.W: m16:32 to one vendor, m16:64 to the other. Both find a selector that every kernel has, and the offset below it
 * lies in the lower half.
 */
function widePointer(draft: Draft, offset: bigint, selectors: readonly number[]): Uint8Array {
  const [near, far] = [pick(draft, selectors), pick(draft, selectors)];
  return Uint8Array.of(...bytesOf(offset & 0x7fff_ffffn, 4), ...bytesOf(BigInt(near), 4), ...bytesOf(BigInt(far), 2));
}

/** Words of the operand size on the stack, the first at RSP. */
function placeOnStack(draft: Draft, words: readonly bigint[]): void {
  reserve(draft, RSP);
  const bytes = words.length * draft.operandBytes;
  const top = drawStackPointer(draft, 0, bytes);
  setStackRegister(draft, RSP, top);
  placeMemory(draft, top, bytes, Uint8Array.from(words.flatMap((word) => [...bytesOf(word, draft.operandBytes)])));
}

/**
 * 64-bit code always returns to a stack; 32-bit code does so only to another ring, and there is none. AC stays clear: when the flags set it,
 * the processor checks the alignment of what it still has to pop. NT stays clear so that the case after it starts clean.
 */
function interruptReturn(draft: Draft): void {
  const flags = drawLong(draft) & ~0x4_4000n;
  const frame = [farOffset(draft), BigInt(drawCodeSelector(draft)), flags];
  const stackSelector = chance(draft, 8) ? drawSelector(draft) : DATA_SELECTOR;
  placeOnStack(draft, draft.mode === 64 ? [...frame, drawLong(draft), BigInt(stackSelector)] : frame);
}

function interrupt(draft: Draft): void {
  let vector = chance(draft, 3) ? 3 + draft.random.below(2) : draft.random.next() & 0xff;
  if (vector === 0x80) vector = 0x81;
  draft.immediate = Uint8Array.of(vector);
}

function limitCount(draft: Draft): void {
  draft.immediate = bytesOf(shiftCount(draft), 1);
}

/** A vector shift's count: mostly within the element. The immediate form takes any byte. */
function vectorCount(draft: Draft): void {
  draft.immediate = Uint8Array.of(chance(draft, 3) ? draft.random.next() & 0xff : draft.random.below(72));
}

/** The count is the low quadword of the source operand. */
function vectorShift(draft: Draft): void {
  if (chance(draft, 4)) return;
  const bytes = draft.row.prefix === '66' ? 16 : 8;
  draft.source = Uint8Array.of(...bytesOf(BigInt(draft.random.below(72)), 8), ...new Uint8Array(bytes - 8));
}

function predicate(draft: Draft): void {
  draft.immediate = Uint8Array.of(draft.random.below(8));
}

/** Whether MASKMOV faults for bytes it does not store is the vendor's; recorded rows keep it inside, as the file format has it. */
function maskMove(draft: Draft): void {
  const region = draft.addressBits === 16 ? LOW : DATA;
  const target = BigInt(region.base + draft.random.below(region.bytes - 16));
  setPointer(draft, RDI, target, true);
  placeMemory(draft, target, draft.row.prefix === '66' ? 16 : 8);
}

function stringLengths(draft: Draft): void {
  draft.immediate = Uint8Array.of(draft.random.next() & 0x7f); // bit 7 is reserved
  reserve(draft, RAX, RDX);
  for (const register of [RAX, RDX]) {
    if (chance(draft, 5)) continue;
    setRegister(draft, register, BigInt(draft.random.below(chance(draft, 3) ? 40 : 18) - (chance(draft, 4) ? 18 : 0)));
  }
}

/** Eighteen valid digits (what others give is undefined) under any sign byte. */
function drawDecimal(draft: Draft): Uint8Array {
  const digits = 1 + draft.random.below(18);
  const digit = (i: number): number => (i < digits ? draft.random.below(10) : 0);
  return Uint8Array.from({ length: 10 }, (_, i) => (i === 9 ? draft.random.next() & 0xff : digit(2 * i) | (digit(2 * i + 1) << 4)));
}

/** MXCSR's upper half is reserved (#GP when set); bit 31 on every processor. */
function mxcsrImage(draft: Draft): Uint8Array {
  const value = draft.random.next();
  return bytesOf(BigInt(chance(draft, 8) ? (value | 0x8000_0000) >>> 0 : value & 0xffff), 4);
}

/** Values for which argument reduction and the functions' domains matter. */
function transcendental(draft: Draft): void {
  const { st } = draft.state;
  if (chance(draft, 3)) return;
  const tops = draft.row.name === 'FPATAN' || draft.row.name.startsWith('FYL') ? 2 : 1;
  const view = new DataView(st.buffer, st.byteOffset, st.byteLength);
  for (let i = 0; i < tops; i++) {
    const high = (draft.random.next() | 0x8000_0000) >>> 0;
    const small = draft.row.name === 'FYL2XP1' && i === 0;
    const exponent = small ? 0x3ffd - draft.random.below(60) : 0x3fff + draft.random.below(12) - (chance(draft, 2) ? 8 : 70 * draft.random.below(2));
    view.setUint32(10 * i, draft.random.next(), true);
    view.setUint32(10 * i + 4, high, true);
    view.setUint16(10 * i + 8, exponent | (chance(draft, 2) && !(draft.row.name === 'FYL2X' && i === 0) ? 0x8000 : 0), true);
  }
  draft.state.ftw = 0xff;
}

const BEFORE: Readonly<Record<string, Hook>> = {
  shift: (draft) => {
    reserve(draft, RCX);
    setRegister(draft, RCX, (draft.state.gpr[RCX]! & ~0xffn) | shiftCount(draft));
  },
  count: limitCount,
  divide,
  aam: (draft) => { draft.immediate = Uint8Array.of(chance(draft, 16) ? 0 : chance(draft, 2) ? 10 : draft.random.next() & 0xff); },
  xlat,
  stack,
  enter,
  leave,
  loop: smallCounter,
  target: targetOfBranch,
  return: returnAddress,
  interrupt,
  bound,
  string,
  bits: bitOffset,
  compare,
  'compare-pair': comparePair,
  selector: (draft) => { draft.source = bytesOf(BigInt(drawSelector(draft)), 2); },
  'data-selector': (draft) => { draft.source = bytesOf(BigInt(drawDataSelector(draft)), 2); },
  'pop-selector': (draft) => placeOnStack(draft, [BigInt(drawDataSelector(draft))]),
  'data-pointer': (draft) => { draft.source = farPointer(draft, drawLong(draft), drawDataSelector(draft)); },
  'code-pointer': (draft) => { draft.source = farPointer(draft, farOffset(draft), drawCodeSelector(draft)); },
  'wide-data-pointer': (draft) => { draft.source = widePointer(draft, drawLong(draft), [0, DATA_SELECTOR, DATA_SELECTOR]); },
  'wide-code-pointer': (draft) => { draft.source = widePointer(draft, farOffset(draft), [0, DATA_SELECTOR, CODE_SELECTOR_64, CODE_SELECTOR_64, CODE_SELECTOR_64]); },
  'far-immediate': (draft) => { draft.immediate = farPointer(draft, farOffset(draft), drawCodeSelector(draft)); },
  'far-return': (draft) => placeOnStack(draft, [farOffset(draft), BigInt(drawCodeSelector(draft))]),
  'interrupt-return': interruptReturn,
  decimal: (draft) => { draft.source = drawDecimal(draft); },
  'vector-count': vectorCount,
  'vector-shift': vectorShift,
  predicate,
  rounding: (draft) => { draft.immediate = Uint8Array.of(draft.random.next() & 0x0f); },
  'mask-move': maskMove,
  text: stringLengths,
  mxcsr: (draft) => { draft.source = mxcsrImage(draft); },
  transcendental,
  control: (draft) => { draft.reg = pick(draft, draft.mode === 64 ? [0, 2, 3, 4, 8] : [0, 2, 3, 4]); },
  debug: (draft) => { draft.reg = pick(draft, [0, 1, 2, 3, 6, 7]); },
};

/** After the memory operand is placed: FXRSTOR's image is noise but for MXCSR. */
export function finishMemory(draft: Draft): void {
  if (!draft.row.hooks.has('fxrstor') || draft.target === null) return;
  placeMemory(draft, draft.target + 24n, 4, mxcsrImage(draft));
}

export function runHooks(draft: Draft): void {
  for (const name of draft.row.hooks) {
    if (name === 'fxrstor') continue;
    const hook = BEFORE[name];
    if (!hook) throw new Error(`catalogue row ${draft.row.key} names hook '${name}', which does not exist`);
    hook(draft);
  }
}

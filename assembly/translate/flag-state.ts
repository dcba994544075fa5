// The status flags of a block while it is built: how they came about (ir/words-flags.ts), not what they are. A state names its kind and
// operands; INC and DEC lie over the state that has CF. What reads flags is made from the operands.

import { Op } from "../ir/ops";
import { Flags } from "../ir/words-flags";
import { immOf, isConst, konst, leaf, make, make3, N } from "./dag";
import { MAX_STATES, STATES, st } from "./places";

/** Kinds beside Flags: the two words themselves (a, b); whatever the block found; nothing lies over. */
export const enum K { WORDS = 32, INCOMING = 33, NONE = 34 }

@unmanaged export class FlagState {
  kind: u8; bits: u8; over: u8; overBits: u8;
  a: u32; b: u32; c: u32;
  /** Operand and result of the INC or DEC on top. */
  overA: u32; overC: u32;
  pad: u32; pad1: u32;
}
// The operands that are kept of a state: what follows from others is not.
export function keptA(s: FlagState): u32 { return s.kind == <u8>Flags.LOGIC ? s.c : s.a; }
export function keptB(s: FlagState): u32 { return s.kind == <u8>Flags.LOGIC || s.kind == <u8>Flags.STATUS || s.kind == <u8>Flags.MUL ? 0 : s.b; }
export function keptC(s: FlagState): u32 {
  return s.kind == <u8>K.WORDS || s.kind == <u8>Flags.ADD || s.kind == <u8>Flags.SUB || s.kind == <u8>Flags.LOGIC || s.kind == <u8>Flags.STATUS ? 0 : s.c;
}
@inline export function flagState(n: u32): FlagState { return changetype<FlagState>(STATES + <usize>n * 32); }

function newState(kind: u32, bits: u32, a: u32, b: u32, c: u32): FlagState {
  if (st.states >= MAX_STATES) { st.full = 1; st.states = 1; }
  st.flags = st.states++;
  const s = flagState(st.flags);
  s.kind = <u8>kind; s.bits = <u8>bits; s.a = a; s.b = b; s.c = c; s.over = <u8>K.NONE; s.overBits = 0; s.overA = 0; s.overC = 0;
  return s;
}

/** Nothing has changed the flags that the block found. */
export function isAsFound(state: u32): bool { return flagState(state).kind == <u8>K.INCOMING && flagState(state).over == <u8>K.NONE; }
export function startFlags(): void { newState(K.INCOMING, 64, 0, 0, 0); }
export function setWords(result: u32, carry: u32): void { newState(K.WORDS, 64, result, carry, 0); }

/** FLAGS of the IR. */
export function setKind(kind: u32, bits: u32, a: u32, b: u32, c: u32): void {
  const old = flagState(st.flags);
  if (kind == Flags.INC || kind == Flags.DEC) {
    const s = newState(old.kind, old.bits, old.a, old.b, old.c);
    s.over = <u8>kind; s.overBits = <u8>bits; s.overA = a; s.overC = c;
  } else if (kind == Flags.CF) {
    const r = resultWord(), w = carryWordNow(), flip = make(Op.XOR, make(Op.SHL, a, konst(63)), make(Op.AND, w, konst(<u64>1 << 63)));
    setWords(r, make(Op.XOR, w, make(Op.OR, flip, make(Op.SHR, flip, konst(1)))));
  } else if (kind == Flags.SHL || kind == Flags.SHR || kind == Flags.SAR) shifted(kind, bits, a, b, c);
  else newState(kind, bits, a, b, c);
}

/** A count that may be 0 keeps what was. */
function shifted(kind: u32, bits: u32, a: u32, count: u32, r: u32): void {
  if (isConst(count) && immOf(count)) { newState(kind, bits, a, count, r); return; }
  const oldResult = resultWord(), oldCarry = carryWordNow(), none = make(Op.EQ, count, konst(0));
  setWords(make3(Op.SELECT, none, oldResult, extended(r, bits), 0), make3(Op.SELECT, none, oldCarry, shiftCarry(kind, bits, a, count, r), 0));
}

// --- the two words ------------------------------------------------------------------------------------------------

@inline function not(a: u32): u32 { return make(Op.XOR, a, konst(~0)); }
export function extended(a: u32, bits: u32): u32 {
  return bits == 64 ? a : make(bits == 32 ? Op.EXTEND32 : bits == 16 ? Op.EXTEND16 : Op.EXTEND8, a);
}
export function cut(a: u32, bits: u32): u32 { return bits == 64 ? a : make(Op.AND, a, konst((<u64>1 << bits) - 1)); }
function bit(a: u32, n: u32): u32 { return make(Op.AND, make(Op.SHR, a, konst(n)), konst(1)); }
function word(cf: u32, ov: u32): u32 { return make(Op.OR, make(Op.SHL, cf, konst(63)), make(Op.SHL, make(Op.XOR, cf, ov), konst(62))); }

function carries(a: u32, b: u32, r: u32): u32 { return make(Op.OR, make(Op.AND, a, b), make(Op.AND, make(Op.OR, a, b), not(r))); }
function borrows(a: u32, b: u32, r: u32): u32 { return make(Op.OR, make(Op.AND, not(a), b), make(Op.AND, make(Op.OR, not(a), b), r)); }
function packed(c: u32, bits: u32): u32 {
  const top = make(Op.AND, bits == 64 ? c : make(Op.SHL, c, konst(64 - bits)), konst(<u64>3 << 62));
  return make(Op.OR, top, make(Op.AND, c, konst(8)));
}
function shiftCarry(kind: u32, bits: u32, a: u32, count: u32, r: u32): u32 {
  const before = make(Op.SUB, count, konst(1));
  if (kind == Flags.SHR) return word(bit0(make(Op.SHR, a, before)), bit(a, bits - 1));
  if (kind == Flags.SAR) return word(bit0(make(Op.SAR, extended(a, bits), before)), konst(0));
  const cf = bit0(bits == 64 ? make(Op.SHR, a, make(Op.SUB, konst(64), count)) : make(Op.SHR, make(Op.SHL, a, count), konst(bits)));
  return word(cf, make(Op.XOR, bit(r, bits - 1), cf));
}
function bit0(a: u32): u32 { return make(Op.AND, a, konst(1)); }

/** ccResult as the state has it. */
export function resultWord(): u32 {
  const s = flagState(st.flags);
  if (s.over != <u8>K.NONE) return extended(s.overC, s.overBits);
  switch (<i32>s.kind) {
    case K.WORDS: return s.a;
    case K.INCOMING: return leaf(N.IN_RESULT, 0);
    case Flags.STATUS: return make(Op.XOR, bit(s.a, 6), konst(1));
    default: return extended(s.c, s.bits);
  }
}
/** ccCarry as the state has it. */
export function carryWordNow(): u32 {
  const s = flagState(st.flags), base = baseCarry(s);
  if (s.over == <u8>K.NONE) return base;
  const one = konst(1), c = s.over == <u8>Flags.INC ? carries(s.overA, one, s.overC) : borrows(s.overA, one, s.overC);
  const fresh = packed(c, s.overBits), flip = make(Op.AND, make(Op.XOR, fresh, base), konst(<u64>1 << 63));
  return make(Op.XOR, fresh, make(Op.OR, flip, make(Op.SHR, flip, one)));
}
function baseCarry(s: FlagState): u32 {
  const bits = <u32>s.bits;
  switch (<i32>s.kind) {
    case K.WORDS: return s.b;
    case K.INCOMING: return leaf(N.IN_CARRY, 0);
    case Flags.ADD: case Flags.ADC: return packed(carries(s.a, s.b, s.c), bits);
    case Flags.SUB: case Flags.SBB: return packed(borrows(s.a, s.b, s.c), bits);
    case Flags.LOGIC: return konst(0);
    case Flags.MUL: return word(s.a, s.a);
    case Flags.STATUS: return statusCarry(s.a);
    default: return shiftCarry(s.kind, bits, s.a, s.b, s.c);
  }
}
/** As setStatusFlags of cpu/flags.ts. */
function statusCarry(f: u32): u32 {
  const low = make(Op.OR, make(Op.OR, make(Op.AND, make(Op.SHR, f, konst(1)), konst(8)), make(Op.SHL, bit(f, 7), konst(1))), make(Op.XOR, bit(f, 2), bit(f, 6)));
  return make(Op.OR, word(bit(f, 0), bit(f, 11)), low);
}

// --- conditions ---------------------------------------------------------------------------------------------------

/** Condition `code` as 0 or 1. SDM vol. 1, appendix B. */
export function condition(code: u32): u32 {
  const c = plainCondition(code >> 1);
  return code & 1 ? make(Op.XOR, c, konst(1)) : c;
}

function plainCondition(what: u32): u32 {
  const s = flagState(st.flags);
  if (s.over == <u8>K.NONE) {
    const c = s.kind == <u8>Flags.SUB ? compared(what, s) : s.kind == <u8>Flags.LOGIC ? ofLogic(what, s) : 0;
    if (c) return c;
    if (what == 1 && s.kind == <u8>Flags.ADD) return make(Op.LT_U, cut(s.c, s.bits), cut(s.a, s.bits));
    if (s.kind == <u8>Flags.STATUS) return ofStatus(what, s.a);
  }
  return fromWords(what);
}
/** After a comparison the operands say it all. */
function compared(what: u32, s: FlagState): u32 {
  const bits = <u32>s.bits;
  switch (what) {
    case 1: return make(Op.LT_U, cut(s.a, bits), cut(s.b, bits));
    case 2: return make(Op.EQ, cut(s.a, bits), cut(s.b, bits));
    case 3: return make(Op.XOR, make(Op.LT_U, cut(s.b, bits), cut(s.a, bits)), konst(1));
    case 4: return make(Op.LT_S, extended(s.c, bits), konst(0));
    case 6: return make(Op.LT_S, extended(s.a, bits), extended(s.b, bits));
    case 7: return make(Op.XOR, make(Op.LT_S, extended(s.b, bits), extended(s.a, bits)), konst(1));
    default: return 0;
  }
}
function ofLogic(what: u32, s: FlagState): u32 {
  const bits = <u32>s.bits;
  switch (what) {
    case 0: case 1: return konst(0);
    case 2: case 3: return make(Op.EQ, cut(s.c, bits), konst(0));
    case 4: case 6: return make(Op.LT_S, extended(s.c, bits), konst(0));
    case 7: return make(Op.LT_S, extended(s.c, bits), konst(1));
    default: return 0;
  }
}
function ofStatus(what: u32, f: u32): u32 {
  const cf = bit(f, 0), zf = bit(f, 6), sf = bit(f, 7), ov = bit(f, 11);
  switch (what) {
    case 0: return ov;
    case 1: return cf;
    case 2: return zf;
    case 3: return make(Op.OR, cf, zf);
    case 4: return sf;
    case 5: return bit(f, 2);
    case 6: return make(Op.XOR, sf, ov);
    default: return make(Op.OR, make(Op.XOR, sf, ov), zf);
  }
}
/** As holds of ir/words.ts. */
function fromWords(what: u32): u32 {
  if (what == 2) return make(Op.EQ, resultWord(), konst(0));
  const c = carryWordNow();
  if (what == 0) return bit(make(Op.XOR, c, make(Op.SHL, c, konst(1))), 63);
  if (what == 1) return make(Op.SHR, c, konst(63));
  const r = resultWord(), zero = make(Op.EQ, r, konst(0));
  if (what == 3) return make(Op.OR, make(Op.SHR, c, konst(63)), zero);
  const sign = make(Op.XOR, r, make(Op.SHL, c, konst(62)));
  if (what == 4) return make(Op.SHR, sign, konst(63));
  if (what == 5) return make(Op.AND, make(Op.XOR, make(Op.XOR, make(Op.POPCNT, make(Op.AND, r, konst(0xff))), c), konst(1)), konst(1));
  const less = make(Op.SHR, make(Op.XOR, sign, make(Op.XOR, c, make(Op.SHL, c, konst(1)))), konst(63));
  return what == 7 ? make(Op.OR, less, zero) : less;
}

// x87 data movement between registers, constants, conditional moves, and the arithmetic half of loads and stores: the memory
// half is in x87-memory.ts. Intel SDM vol. 2 under FLD, FST, FXCH, FCMOVcc, FLD1 and its kin, FILD, FIST, FBLD, FBSTP.

import { env, Raised, Rounding } from "../float/env";
import { BIAS, Condition, INTEGER_BIT, roundingMode, roundsUp, setResult } from "../float/f80";
import { fromI64, takeWidened, toF32, toF64, toInteger, widenF32, widenF64 } from "../float/f80-convert";
import { toDecimal } from "../float/f80-decimal";
import {
  LN2_HI, LN2_LO, LOG10_2_HI, LOG10_2_LO, LOG2_10_HI, LOG2_10_LO, LOG2_E_HI, LOG2_E_LO, PI_HI, PI_LO,
} from "../float/f80-tables";
import {
  Fsw, begin, clearC1, exponentOf, isEmpty, isStoreBlocked, mantissaOf, mergeStatus, overflow, pop, push, settle, underflow,
  writeSt,
} from "./x87-stack";

/** Pushes env's result unless the stack is full. */
function pushResult(): void {
  if (!isEmpty(7)) {
    env.flags = 0;
    overflow();
  }
  if (settle(Condition.C1)) push(env.exponent, env.mantissa);
}

/** A denormal is loaded whether DE is masked or not. */
function pushWidened(): void {
  takeWidened();
  const denormal = env.flags & Raised.DE;
  env.flags &= ~Raised.DE;
  const full = !isEmpty(7);
  pushResult();
  if (!full && denormal != 0) {
    env.flags = denormal;
    mergeStatus(0);
  }
}
export function pushF32(bits: u32): void {
  begin();
  widenF32(bits);
  pushWidened();
}
export function pushF64(bits: u64): void {
  begin();
  widenF64(bits);
  pushWidened();
}
export function pushF80(e: u32, m: u64): void {
  begin();
  setResult(e, m);
  pushResult();
}
export function pushInteger(value: i64): void {
  begin();
  fromI64(value);
  pushResult();
}

/** FLD ST(i): an empty source counts before a full stack. */
export function pushRegister(i: u32): void {
  begin();
  if (isEmpty(i)) underflow();
  else if (!isEmpty(7)) overflow();
  else setResult(exponentOf(i), mantissaOf(i));
  if (settle(Condition.C1)) push(env.exponent, env.mantissa);
}

export function storeRegister(i: u32, pops: bool): void {
  begin();
  if (isEmpty(0)) underflow();
  else setResult(exponentOf(0), mantissaOf(0));
  if (!settle(Condition.C1)) return;
  writeSt(i, env.exponent, env.mantissa);
  if (pops) pop();
}

/** D9 D8+i, an alias of FSTP that does not mind an empty ST(0). */
export function storeSilently(i: u32): void {
  if (!isEmpty(0)) { storeRegister(i, true); return; }
  clearC1();
  pop();
}

export function exchange(i: u32): void {
  begin();
  const zero = isEmpty(0), other = isEmpty(i);
  if (zero || other) underflow();
  const ne = env.exponent, nm = env.mantissa;
  if (!settle(Condition.C1)) return;
  const e = zero ? ne : exponentOf(0), m = zero ? nm : mantissaOf(0);
  writeSt(0, other ? ne : exponentOf(i), other ? nm : mantissaOf(i));
  writeSt(i, e, m);
}

export function moveIf(i: u32, holds: bool): void {
  begin();
  if (isEmpty(0) || isEmpty(i)) {
    underflow();
    holds = true;
  } else setResult(exponentOf(i), mantissaOf(i));
  if (settle((env.flags & Raised.IE) != 0 ? Condition.C1 : 0) && holds) writeSt(0, env.exponent, env.mantissa);
}

/** D9 E8-EE. Constants are rounded by RC and signal nothing. SDM vol. 1, 8.3.4. */
export function pushConstant(which: u32): void {
  begin();
  switch (which) {
    case 0: setResult(<u32>BIAS, INTEGER_BIT); break;
    case 1: setRounded(BIAS + 1, LOG2_10_HI, LOG2_10_LO); break;
    case 2: setRounded(BIAS, LOG2_E_HI, LOG2_E_LO); break;
    case 3: setRounded(BIAS + 1, PI_HI, PI_LO); break;
    case 4: setRounded(BIAS - 2, LOG10_2_HI, LOG10_2_LO); break;
    case 5: setRounded(BIAS - 1, LN2_HI, LN2_LO); break;
    default: setResult(0, 0);
  }
  pushResult();
}
function setRounded(exponent: i32, hi: u64, lo: u64): void {
  setResult(<u32>exponent, hi + <u64>roundsUp(0, (hi & 1) != 0, lo, roundingMode()));
}

// --- Stores: the value first (or nothing to store), then, once it is in memory, the rest. -------------------------

/** Formats of a store. */
export const enum Stored { F32, F64, F80, I16, I32, I64, DECIMAL }

/** Converts ST(0): low bytes in env.wide0, the two above them in env.wide1. False when nothing is to be stored. */
export function prepareStore(format: u32, truncates: bool): bool {
  begin();
  const e = exponentOf(0), m = mantissaOf(0);
  if (isEmpty(0)) { underflow(); indefinite(format); }
  else convert(format, e, m, truncates ? Rounding.ZERO : roundingMode());
  return !isStoreBlocked();
}

function convert(format: u32, e: u32, m: u64, mode: u32): void {
  switch (format) {
    case Stored.F32: env.wide0 = toF32(e, m); break;
    case Stored.F64: env.wide0 = toF64(e, m); break;
    case Stored.F80: env.wide0 = m; env.wide1 = e; break;
    case Stored.I16: env.wide0 = toInteger(e, m, 16, mode); break;
    case Stored.I32: env.wide0 = toInteger(e, m, 32, mode); break;
    case Stored.I64: env.wide0 = toInteger(e, m, 64, mode); break;
    default: toDecimal(e, m);
  }
}

function indefinite(format: u32): void {
  env.wide1 = 0xffff;
  switch (format) {
    case Stored.F32: env.wide0 = 0xffc0_0000; break;
    case Stored.F64: env.wide0 = 0xfff8_0000_0000_0000; break;
    case Stored.I16: env.wide0 = 0x8000; break;
    case Stored.I32: env.wide0 = 0x8000_0000; break;
    case Stored.I64: env.wide0 = INTEGER_BIT; break;
    default: env.wide0 = 0xc000_0000_0000_0000;
  }
}

/** Commits a store's flags; pops when it was stored. */
export function finishStore(stored: bool, pops: bool): void {
  // A result that unmasked overflow or underflow keeps back was not rounded either.
  if (!stored) {
    env.flags &= ~Raised.PE;
    if ((env.flags & Fsw.SF) == 0) env.condition = 0;
  }
  if (settle(Condition.C1) && stored && pops) pop();
}

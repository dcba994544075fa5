// 80-bit arithmetic for translated code, under masked exceptions. The plain case has a short way: normal numbers, rounding to nearest at full precision;
// all others are float/'s own. The result's significand is returned; Live has sign and exponent, and what is merged into the status word.

import { cpu } from "../cpu/state";
import { env, Raised, Rounding } from "../float/env";
import { BIAS, Condition, EXPONENT_MAX, INTEGER_BIT, SIGN, WAS_DENORMAL, roundingMode } from "../float/f80";
import { addF80, divF80, mulF80, sqrtF80, subF80 } from "../float/f80-arithmetic";
import { compareF80 } from "../float/f80-compare";
import { takeWidened, toF32, toF64, toInteger } from "../float/f80-convert";
import { mulHigh } from "../base/wide";
import { widen } from "../isa/x87-parts";
import { Stored } from "../isa/x87-move";
import { begin } from "../isa/x87-stack";
import { live } from "./live";
import { PUSHED } from "./x87";

/** Rounding to nearest, 64 bits of precision. */
@inline function isPlain(): bool { return (<u32>cpu.fcw & 0xf00) == 0x300; }
/** Of a sign and exponent: the magnitude, out of range for an operand that was denormal in memory. */
@inline function magnitude(e: u32): u32 { return e & (WAS_DENORMAL | EXPONENT_MAX); }
/** Of two significands with their magnitudes: both normal. */
@inline function areNormal(am: u64, ax: u32, bm: u64, bx: u32): bool {
  return <i64>(am & bm) < 0 && ax - 1 < EXPONENT_MAX - 1 && bx - 1 < EXPONENT_MAX - 1;
}

/** What env says of the operation that was done the long way. */
function taken(): u64 {
  live.exponent = env.exponent;
  live.status = env.flags | env.condition & Condition.C1;
  return env.mantissa;
}
/** Rounds (hi:lo), hi's top bit set, to nearest; false where that is no normal number, and nothing has been said. */
@inline function round(sign: u32, x: i32, hi: u64, lo: u64): u64 {
  const up = <u64>(lo > INTEGER_BIT) | <u64>(lo == INTEGER_BIT) & hi;
  let m = hi + (up & 1);
  if (m == 0) { m = INTEGER_BIT; x++; }
  if (<u32>(x - 1) >= EXPONENT_MAX - 1) return 0;
  live.exponent = sign | x;
  live.status = u32(lo != 0) << 5 | <u32>(up & 1) << 9;
  return m;
}

export function tXAdd(am: u64, ae: u32, bm: u64, be: u32): u64 {
  const m = isPlain() ? sum(am, ae, bm, be) : 0;
  if (m) return m;
  begin();
  addF80(ae, am, be, bm);
  return taken();
}
export function tXSub(am: u64, ae: u32, bm: u64, be: u32): u64 {
  const m = isPlain() ? sum(am, ae, bm, be ^ SIGN) : 0;
  if (m) return m;
  begin();
  subF80(ae, am, be, bm);
  return taken();
}
/** 0: the long way. */
@inline function sum(am: u64, ae: u32, bm: u64, be: u32): u64 {
  const ax = magnitude(ae), bx = magnitude(be);
  if (!areNormal(am, ax, bm, bx)) return 0;
  const swap = ax < bx || ax == bx && am < bm;
  const large = swap ? bm : am, small = swap ? am : bm, distance = <u64>(swap ? bx - ax : ax - bx);
  if (distance > 63) return 0;
  const x = <i32>(swap ? bx : ax), sign = (swap ? be : ae) & SIGN, hi = small >> distance, lo = small << 1 << (63 - distance);
  if (((ae ^ be) & SIGN) == 0) {
    const total = large + hi;
    return total >= large ? round(sign, x, total, lo) : round(sign, x + 1, total >> 1 | INTEGER_BIT, total << 63 | lo >> 1 | lo & 1);
  }
  const rest = large - hi - <u64>(lo != 0);
  if (rest == 0) return 0;
  const shift = clz(rest), low = 0 - lo;
  return round(sign, x - <i32>shift, rest << shift | low >> 1 >> (63 - shift), low << shift);
}

export function tXMul(am: u64, ae: u32, bm: u64, be: u32): u64 {
  const ax = magnitude(ae), bx = magnitude(be);
  if (isPlain() && areNormal(am, ax, bm, bx)) {
    const hi = mulHigh(am, bm), lo = am * bm, over = ~hi >> 63;
    const m = round((ae ^ be) & SIGN, <i32>(ax + bx) - BIAS + 1 - <i32>over, hi << over | over & lo >> 63, lo << over);
    if (m) return m;
  }
  begin();
  mulF80(ae, am, be, bm);
  return taken();
}
export function tXDiv(am: u64, ae: u32, bm: u64, be: u32): u64 {
  begin();
  divF80(ae, am, be, bm);
  return taken();
}
export function tXRoot(m: u64, e: u32): u64 {
  begin();
  sqrtF80(e, m);
  return taken();
}

/** Condition bits, and exceptions. */
export function tXCompare(am: u64, ae: u32, bm: u64, be: u32, quiet: u32): u32 {
  const ax = magnitude(ae), bx = magnitude(be);
  if (areNormal(am, ax, bm, bx)) {
    if ((ae ^ be) & SIGN) return ae & SIGN ? Condition.C0 : 0;
    if (ax == bx && am == bm) return Condition.C3;
    return (ax < bx || ax == bx && am < bm) == ((ae & SIGN) == 0) ? Condition.C0 : 0;
  }
  begin();
  const order = compareF80(ae, am, be, bm, quiet != 0);
  return order | env.flags;
}

/** A memory operand of format `how & 7` that is no normal number. */
export function tXWiden(v: u64, how: u32): u64 {
  begin();
  widen(how & 7, v);
  if (how & PUSHED) takeWidened();
  return taken();
}

/** What a store of format `how & 7` stores; bit 7: it cuts. */
export function tXOut(m: u64, e: u32, how: u32): u64 {
  const x = <i32>(e & EXPONENT_MAX) - BIAS + 1023;
  if (how == Stored.F64 && isPlain() && <i64>m < 0 && <u32>(x - 1) < 2045) {
    // A carry out of the fraction goes to the exponent, which has room.
    const fraction = m << 53, kept = m >> 11, up = <u64>(fraction > INTEGER_BIT) | <u64>(fraction == INTEGER_BIT) & kept & 1;
    live.status = u32(fraction != 0) << 5 | <u32>up << 9;
    return <u64>(e & SIGN) << 48 | (<u64>(x - 1) << 52) + kept + up;
  }
  begin();
  const v = converted(how & 7, m, e, how >> 7 ? Rounding.ZERO : roundingMode());
  live.status = env.flags | env.condition & Condition.C1;
  return v;
}
function converted(format: u32, m: u64, e: u32, mode: u32): u64 {
  switch (format) {
    case Stored.F32: return toF32(e, m);
    case Stored.F64: return toF64(e, m);
    case Stored.I16: return toInteger(e, m, 16, mode);
    case Stored.I32: return toInteger(e, m, 32, mode);
    default: return toInteger(e, m, 64, mode);
  }
}

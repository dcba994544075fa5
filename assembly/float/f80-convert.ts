// Conversions between double-extended and single, double, signed integers. Intel SDM vol. 1, 4.8, 8.4.1.1, 8.5;
// vol. 2 under FLD, FST, FILD, FIST, FISTTP, FRNDINT.

import { shiftRightJam } from "../base/wide";
import { env, Raised, Rounding } from "./env";
import {
  BIAS, Condition, EXPONENT_MAX, INTEGER_BIT, QUIET_BIT, SIGN, WAS_DENORMAL, isInfinite, isMasked, isNan, isSignaling,
  isUnsupported, magnitude, normalExponent, noteDenormal, raise, roundingMode, roundsUp, setInfinity, setResult, setZero,
  takeSpecial,
} from "./f80";

/**
 * Widens a format with `width` exponent bits and `fractionBits` fraction bits, its sign above them. Exact and silent: a
 * signalling NaN stays one and a denormal is marked, for the operation it is an operand of.
 */
@inline function widen(bits: u64, width: u32, fractionBits: u32): void {
  const top = (<u32>1 << width) - 1;
  const x = <u32>(bits >> fractionBits) & top;
  const sign = (<u32>(bits >> (fractionBits + width)) & 1) << 15;
  const fraction = bits << (64 - fractionBits) >> 1;
  if (x == top) { setResult(sign | EXPONENT_MAX, INTEGER_BIT | fraction); return; }
  const bias = <i32>(top >> 1);
  if (x != 0) { setResult(sign | <u32>(<i32>x - bias + BIAS), INTEGER_BIT | fraction); return; }
  if (fraction == 0) { setZero(sign); return; }
  const shift = clz(fraction);
  setResult(WAS_DENORMAL | sign | <u32>(1 - bias + BIAS - <i32>shift), fraction << shift);
}

export function widenF32(bits: u32): void { widen(<u64>bits, 8, 23); }
export function widenF64(bits: u64): void { widen(bits, 11, 52); }

/** The widened operand as FLD takes it: a signalling NaN is quieted, a denormal signalled. */
export function takeWidened(): void {
  const e = env.exponent, m = env.mantissa;
  noteDenormal(e, m);
  env.exponent = e & ~WAS_DENORMAL;
  if (isSignaling(e, m)) { raise(Raised.IE); env.mantissa = m | QUIET_BIT; }
}

/** Exact for every i64. */
export function fromI64(value: i64): void {
  if (value == 0) { setZero(0); return; }
  const m = <u64>(value < 0 ? 0 - value : value);
  const shift = clz(m);
  setResult((value < 0 ? SIGN : 0) | <u32>(BIAS + 63 - <i32>shift), m << shift);
}

/** Rounds to a narrower format. The result is meaningless when an unmasked exception keeps it from being stored. */
@inline function narrow(e: u32, m: u64, width: u32, fractionBits: u32): u64 {
  const top = (<u64>1 << width) - 1;
  const sign = <u64>((e >> 15) & 1) << (width + fractionBits);
  const drop = 63 - fractionBits;
  if (isUnsupported(e, m)) {
    raise(Raised.IE);
    return (<u64>1 << (width + fractionBits)) | (top << fractionBits) | (<u64>1 << (fractionBits - 1));
  }
  if (isNan(e, m)) {
    if ((m & QUIET_BIT) == 0) raise(Raised.IE);
    return sign | (top << fractionBits) | ((m | QUIET_BIT) << 1 >> (64 - fractionBits));
  }
  if (isInfinite(e, m)) return sign | (top << fractionBits);
  if (m == 0) return sign;
  const x = normalExponent(e, m) - BIAS + <i32>(top >> 1);
  m <<= clz(m);
  return sign | narrowFinite(<u32>(sign != 0), x, m, drop, <i32>top);
}

/** Magnitude bits of a normalized significand with biased exponent x in the narrow format. */
function narrowFinite(sign: u32, x: i32, m: u64, drop: u32, top: i32): u64 {
  const mode = roundingMode();
  const unit = <u64>1 << drop;
  const fractionBits = <u64>(63 - drop);
  const fraction = m << (64 - drop);
  const up = roundsUp(sign, (m & unit) != 0, fraction, mode);
  const carried = up && (m >> drop) + 1 == <u64>1 << (64 - drop);
  const rounded = x + <i32>carried;
  if (rounded <= 0) return narrowDenormal(sign, x, m, drop, mode);
  if (rounded >= top) {
    raise(Raised.OE);
    if (isMasked(Raised.OE)) raise(Raised.PE);
    else if (fraction != 0) raise(Raised.PE);
    const toInfinity = mode == Rounding.NEAREST || (mode == Rounding.UP ? sign == 0 : mode == Rounding.DOWN && sign != 0);
    if (toInfinity) { env.condition |= Condition.C1; return <u64>top << fractionBits; }
    return (<u64>top << fractionBits) - 1;
  }
  if (fraction != 0) raise(Raised.PE);
  if (up) env.condition |= Condition.C1;
  // Adding the significand with its integer bit carries into the exponent where it should.
  return (<u64>(x - 1) << fractionBits) + (m >> drop) + <u64>up;
}

function narrowDenormal(sign: u32, x: i32, m: u64, drop: u32, mode: u32): u64 {
  if (!isMasked(Raised.UE)) raise(Raised.UE);
  const shifted = shiftRightJam(m, <u64>(1 - x));
  // The jammed bit is below every rounding point: drop is at least 11.
  const fraction = shifted << (64 - drop);
  const up = roundsUp(sign, (shifted >> drop & 1) != 0, fraction, mode);
  if (fraction != 0) raise(Raised.UE | Raised.PE);
  if (up) env.condition |= Condition.C1;
  return (shifted >> drop) + <u64>up;
}

export function toF32(e: u32, m: u64): u32 { return <u32>narrow(e, m, 8, 23); }
export function toF64(e: u32, m: u64): u64 { return narrow(e, m, 11, 52); }

/** Rounds to an integer of `bits` bits: the integer indefinite and IE when it does not fit. */
export function toInteger(e: u32, m: u64, bits: u32, mode: u32): u64 {
  const indefinite = ~(<u64>0) << (bits - 1);
  if (isUnsupported(e, m) || magnitude(e) == EXPONENT_MAX) { raise(Raised.IE); return indefinite; }
  const negative = (e & SIGN) != 0;
  const limit = (<u64>1 << (bits - 1)) - <u64>(!negative);
  const distance = BIAS + 63 - <i32>magnitude(e);
  if (distance < 0) { raise(Raised.IE); return indefinite; }
  const value = roundAway(e & SIGN, m, <u64>distance, mode);
  if (value > limit) {
    env.condition &= ~Condition.C1;
    env.flags = (env.flags & ~Raised.PE) | Raised.IE;
    return indefinite;
  }
  return negative ? 0 - value : value;
}

/** m >> distance, rounded: signals PE, sets C1. For distance 0 and a full word nothing can carry out. */
export function roundAway(sign: u32, m: u64, distance: u64, mode: u32): u64 {
  if (distance == 0) return m;
  const kept = distance < 64 ? m >> distance : 0;
  const fraction = distance <= 64 ? m << (64 - distance) : <u64>(m != 0);
  // For a distance of 64 the shift above is by 0, as it must be.
  if (fraction == 0) return kept;
  raise(Raised.PE);
  if (!roundsUp(sign, (kept & 1) != 0, fraction, mode)) return kept;
  env.condition |= Condition.C1;
  return kept + 1;
}

/** FRNDINT. */
export function roundToInteger(e: u32, m: u64): void {
  if (takeSpecial(e, m)) return;
  if (isInfinite(e, m)) { setInfinity(e & SIGN); return; }
  if (m == 0) { setZero(e & SIGN); return; }
  noteDenormal(e, m);
  const distance = BIAS + 63 - <i32>magnitude(e);
  if (distance <= 0) { setResult(e, m); return; }
  const value = roundAway(e & SIGN, m, <u64>distance, roundingMode());
  if (value == 0) { setZero(e & SIGN); return; }
  const shift = clz(value);
  setResult((e & SIGN) | <u32>(BIAS + 63 - <i32>shift), value << shift);
}

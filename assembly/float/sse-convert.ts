// SSE conversions between formats and integers. Intel SDM vol. 1, 4.8.4 and 11.4.1.6 with tables E-1 to E-5; vol. 2.

import { Raised, Rounding } from "./env";
import { V } from "./ops";
import { bitsOf, integral, isInexactSettled, isOrdinary, isPlain, isSafe, valueOf } from "./sse-scalar";
import {
  exponentOf, flushed, infinity, isInfinite, isNan, isZero, operand, propagate, raise, roundingMode, roundPack, signBit,
  significandOf,
} from "./sse-soft";

export function convertOp(kind: V, a: v128, b: v128): v128 {
  switch (kind) {
    case V.CVTPS2PD: return f64x2.replace_lane(f64x2.splat(widen(f32x4.extract_lane(b, 0))), 1, widen(f32x4.extract_lane(b, 1)));
    case V.CVTSS2SD: return f64x2.replace_lane(a, 0, widen(f32x4.extract_lane(b, 0)));
    case V.CVTPD2PS: return pairOfSingles(i64x2(0, 0), narrow(f64x2.extract_lane(b, 0)), narrow(f64x2.extract_lane(b, 1)));
    case V.CVTSD2SS: return f32x4.replace_lane(a, 0, narrow(f64x2.extract_lane(b, 0)));
    case V.CVTDQ2PS: return f32x4(singleOf(i32x4.extract_lane(b, 0)), singleOf(i32x4.extract_lane(b, 1)),
      singleOf(i32x4.extract_lane(b, 2)), singleOf(i32x4.extract_lane(b, 3)));
    case V.CVTDQ2PD: return f64x2.convert_low_i32x4_s(b);
    case V.CVTPI2PS: return pairOfSingles(a, singleOf(i32x4.extract_lane(b, 0)), singleOf(i32x4.extract_lane(b, 1)));
    case V.CVTPS2DQ: return fourSingles(b, roundingMode());
    case V.CVTTPS2DQ: return fourSingles(b, Rounding.ZERO);
    case V.CVTPS2PI: return twoIntegers(single(b), <f64>flushSingle(f32x4.extract_lane(b, 1)), roundingMode());
    case V.CVTTPS2PI: return twoIntegers(single(b), <f64>flushSingle(f32x4.extract_lane(b, 1)), Rounding.ZERO);
    case V.CVTPD2DQ: return twoIntegers(double(b), flushDouble(f64x2.extract_lane(b, 1)), roundingMode());
    case V.CVTTPD2DQ: return twoIntegers(double(b), flushDouble(f64x2.extract_lane(b, 1)), Rounding.ZERO);
    default: return scalarOp(kind, a, b);
  }
}

function scalarOp(kind: V, a: v128, b: v128): v128 {
  switch (kind) {
    case V.CVTSI2SS: return f32x4.replace_lane(a, 0, singleOf(i32x4.extract_lane(b, 0)));
    case V.CVTSQ2SS: return f32x4.replace_lane(a, 0, singleOf(i64x2.extract_lane(b, 0)));
    case V.CVTSI2SD: return f64x2.replace_lane(a, 0, <f64>i32x4.extract_lane(b, 0));
    case V.CVTSQ2SD: return f64x2.replace_lane(a, 0, doubleOf(i64x2.extract_lane(b, 0)));
    case V.CVTSS2SI: return i64x2(<i64>toDword(single(b), roundingMode()), 0);
    case V.CVTSD2SI: return i64x2(<i64>toDword(double(b), roundingMode()), 0);
    case V.CVTTSS2SI: return i64x2(<i64>toDword(single(b), Rounding.ZERO), 0);
    case V.CVTTSD2SI: return i64x2(<i64>toDword(double(b), Rounding.ZERO), 0);
    case V.CVTSS2SQ: return i64x2(toQword(single(b), roundingMode()), 0);
    case V.CVTSD2SQ: return i64x2(toQword(double(b), roundingMode()), 0);
    case V.CVTTSS2SQ: return i64x2(toQword(single(b), Rounding.ZERO), 0);
    default: return i64x2(toQword(double(b), Rounding.ZERO), 0);
  }
}

@inline function pairOfSingles(a: v128, x: f32, y: f32): v128 { return f32x4.replace_lane(f32x4.replace_lane(a, 0, x), 1, y); }

/** The scalar in the low lane, as every conversion to an integer sees it. Widening is exact. */
@inline function single(b: v128): f64 { return <f64>flushSingle(f32x4.extract_lane(b, 0)); }
@inline function double(b: v128): f64 { return flushDouble(f64x2.extract_lane(b, 0)); }
@inline function flushSingle(x: f32): f32 { return valueOf<f32>(flushed<f32>(bitsOf<f32>(x))); }
@inline function flushDouble(x: f64): f64 { return valueOf<f64>(flushed<f64>(bitsOf<f64>(x))); }

/** The integer indefinite, 0x8000_0000, answers NaNs and what does not fit. */
function toDword(x: f64, mode: u32): u32 {
  const r = integral<f64>(x, mode);
  if (!(r >= -2147483648.0 && r < 2147483648.0)) { raise(Raised.IE); return 0x8000_0000; }
  if (r != x) raise(Raised.PE);
  return <u32><i32>r;
}

function toQword(x: f64, mode: u32): i64 {
  const r = integral<f64>(x, mode);
  if (!(r >= -9223372036854775808.0 && r < 9223372036854775808.0)) { raise(Raised.IE); return i64.MIN_VALUE; }
  if (r != x) raise(Raised.PE);
  return <i64>r;
}

function twoIntegers(x: f64, y: f64, mode: u32): v128 {
  const low = toDword(x, mode);
  return i64x2(<u64>low | <u64>toDword(y, mode) << 32, 0);
}

function fourSingles(b: v128, mode: u32): v128 {
  const low = twoIntegers(single(b), <f64>flushSingle(f32x4.extract_lane(b, 1)), mode);
  const high = twoIntegers(<f64>flushSingle(f32x4.extract_lane(b, 2)), <f64>flushSingle(f32x4.extract_lane(b, 3)), mode);
  return i64x2.replace_lane(low, 1, i64x2.extract_lane(high, 0));
}

/** An integer, not zero, rounded to the format. */
function packInteger<T>(x: i64): u64 {
  const size = <u64>(x < 0 ? -x : x), up = <i32>clz(size) - 1;
  return roundPack<T>(x < 0 ? signBit<T>() : 0, 62 - up, up < 0 ? size >> 1 | size & 1 : size << up);
}

function singleOf(x: i64): f32 {
  const r = <f32>x;
  if (isPlain() && (isInexactSettled() || isSameInteger(<f64>r, x))) return r;
  return x ? valueOf<f32>(packInteger<f32>(x)) : 0;
}
function doubleOf(x: i64): f64 {
  const r = <f64>x;
  if (isPlain() && (isInexactSettled() || isSameInteger(r, x))) return r;
  return x ? valueOf<f64>(packInteger<f64>(x)) : 0;
}
@inline function isSameInteger(r: f64, x: i64): bool { return r < 9223372036854775808.0 && <i64>r == x; }

/** Single to double: exact but for NaNs and denormals. */
function widen(x: f32): f64 {
  if (isOrdinary<f32>(x)) return <f64>x;
  return valueOf<f64>(exactWiden(bitsOf<f32>(x)));
}
function exactWiden(x: u64): u64 {
  const sign = (x & signBit<f32>()) << 32;
  if (isNan<f32>(x)) return sign | infinity<f64>() | (propagate<f32>(x, x) & 0x007f_ffff) << 29;
  if (isInfinite<f32>(x)) return sign | infinity<f64>();
  const value = operand<f32>(x);
  return isZero<f32>(value) ? sign : roundPack<f64>(sign, exponentOf<f32>(value), significandOf<f32>(value));
}

/** Double to single. */
function narrow(x: f64): f32 {
  const r = <f32>x;
  if (isPlain() && isOrdinary<f64>(x) && isSafe<f32>(r) && (isInexactSettled() || <f64>r == x)) return r;
  return valueOf<f32>(exactNarrow(bitsOf<f64>(x)));
}
function exactNarrow(x: u64): u64 {
  const sign = (x & signBit<f64>()) >> 32;
  if (isNan<f64>(x)) return sign | infinity<f32>() | (propagate<f64>(x, x) >> 29 & 0x007f_ffff);
  if (isInfinite<f64>(x)) return sign | infinity<f32>();
  const value = operand<f64>(x);
  return isZero<f64>(value) ? sign : roundPack<f32>(sign, exponentOf<f64>(value), significandOf<f64>(value));
}

// One lane of SSE arithmetic. Where rounding is to nearest and nothing is flushed, the Wasm instruction computes the
// result, and it stands if no exception can have happened: operands and result are zero or well inside the normal
// range, and the result is exact, or inexactness is masked and already recorded (MXCSR.PE is sticky). Anything else
// goes the exact way (sse-soft.ts). Intel SDM vol. 1, chapter 11.5; vol. 2 for each instruction.

import { env, Mxcsr, Raised, Rounding } from "./env";
import {
  fractionBits, flushed, infinity, isDenormal, isInfinite, isNan, isSignalling, isZero, operand, propagate, quietBit, raise,
  roundingMode, signBit, softAdd, softDiv, softMul, softOrder, softSqrt,
} from "./sse-soft";

@inline export function bitsOf<T>(x: T): u64 {
  if (sizeof<T>() == 4) return <u64>reinterpret<u32>(<f32>x);
  return reinterpret<u64>(<f64>x);
}
@inline export function valueOf<T>(x: u64): T {
  if (sizeof<T>() == 4) return <T>reinterpret<f32>(<u32>x);
  return <T>reinterpret<f64>(x);
}

@inline export function minNormal<T>(): T { return valueOf<T>(<u64>1 << fractionBits<T>()); }
/** Zero or normal: nothing to report about it as an operand. */
@inline export function isOrdinary<T>(x: T): bool {
  const size = abs<T>(x);
  return (size >= minNormal<T>() && size < valueOf<T>(infinity<T>())) || size == 0;
}
/** A rounded result that neither overflowed nor came near the denormals. */
@inline export function isSafe<T>(r: T): bool {
  const size = abs<T>(r);
  return size > minNormal<T>() && size < valueOf<T>(infinity<T>());
}

/** Round to nearest and nothing flushed. */
@inline export function isPlain(): bool { return (env.mxcsr & (Mxcsr.RC | Mxcsr.FZ | Mxcsr.DAZ)) == 0; }
@inline const PE_AND_MASK: u32 = <u32>Raised.PE | <u32>Raised.PE << Mxcsr.MASK_SHIFT;
/** Another inexact result changes nothing. */
@inline export function isInexactSettled(): bool { return (env.mxcsr & PE_AND_MASK) == PE_AND_MASK; }

/** Two-sum: whether r = a + b lost nothing. */
@inline function isExactSum<T>(a: T, b: T, r: T): bool {
  const t: T = r - a;
  return (a - (r - t)) + (b - t) == 0;
}
@inline function trailingZeroes<T>(x: T): i32 { return <i32>ctz(bitsOf<T>(x) | <u64>1 << fractionBits<T>()); }
/** Sufficient: the product's significant bits fit. */
@inline function isExactProduct<T>(a: T, b: T): bool { return trailingZeroes<T>(a) + trailingZeroes<T>(b) > fractionBits<T>(); }

export function add<T>(a: T, b: T): T {
  const r: T = a + b;
  if (isPlain() && isOrdinary<T>(a) && isOrdinary<T>(b) && (isSafe<T>(r) || r == 0)
    && (isInexactSettled() || isExactSum<T>(a, b, r))) return r;
  return valueOf<T>(exactAdd<T>(bitsOf<T>(a), bitsOf<T>(b), 0));
}

export function sub<T>(a: T, b: T): T {
  const r: T = a - b;
  if (isPlain() && isOrdinary<T>(a) && isOrdinary<T>(b) && (isSafe<T>(r) || r == 0)
    && (isInexactSettled() || isExactSum<T>(a, -b, r))) return r;
  return valueOf<T>(exactAdd<T>(bitsOf<T>(a), bitsOf<T>(b), signBit<T>()));
}

export function mul<T>(a: T, b: T): T {
  const r: T = a * b;
  if (isPlain() && isOrdinary<T>(a) && isOrdinary<T>(b) && (isSafe<T>(r) || a == 0 || b == 0)
    && (isInexactSettled() || isExactProduct<T>(a, b))) return r;
  return valueOf<T>(exactMul<T>(bitsOf<T>(a), bitsOf<T>(b)));
}

export function div<T>(a: T, b: T): T {
  const r: T = a / b;
  if (isPlain() && isOrdinary<T>(a) && isOrdinary<T>(b) && isSafe<T>(r)
    && (isInexactSettled() || (isExactProduct<T>(r, b) && r * b == a))) return r;
  return valueOf<T>(exactDiv<T>(bitsOf<T>(a), bitsOf<T>(b)));
}

export function squareRoot<T>(a: T): T {
  const r: T = sqrt<T>(a);
  if (isPlain() && isSafe<T>(a) && a > 0 && (isInexactSettled() || (isExactProduct<T>(r, r) && r * r == a))) return r;
  return valueOf<T>(exactSqrt<T>(bitsOf<T>(a)));
}

/** `flip` is the sign bit for a subtraction; a NaN keeps its own sign. */
function exactAdd<T>(a: u64, b: u64, flip: u64): u64 {
  if (isNan<T>(a) || isNan<T>(b)) return propagate<T>(a, b);
  const x = operand<T>(a);
  return softAdd<T>(x, operand<T>(b) ^ flip);
}
function exactMul<T>(a: u64, b: u64): u64 {
  if (isNan<T>(a) || isNan<T>(b)) return propagate<T>(a, b);
  const x = operand<T>(a);
  return softMul<T>(x, operand<T>(b));
}
function exactDiv<T>(a: u64, b: u64): u64 {
  if (isNan<T>(a) || isNan<T>(b)) return propagate<T>(a, b);
  // A division by zero outranks its denormal dividend. SDM vol. 1, table 4-7's order of exceptions, as processors have it.
  const y = operand<T>(b);
  return softDiv<T>(isZero<T>(y) ? flushed<T>(a) : operand<T>(a), y);
}
function exactSqrt<T>(a: u64): u64 {
  if (isNan<T>(a)) return propagate<T>(a, a);
  // So does the root of a negative number.
  return softSqrt<T>(a & signBit<T>() ? flushed<T>(a) : operand<T>(a));
}

/** MIN and MAX answer the second operand when either is a NaN or both are zero. */
export function minimum<T>(a: T, b: T): T {
  if (isOrdinary<T>(a) && isOrdinary<T>(b)) return a < b ? a : b;
  return valueOf<T>(exactExtreme<T>(bitsOf<T>(a), bitsOf<T>(b), -1));
}
export function maximum<T>(a: T, b: T): T {
  if (isOrdinary<T>(a) && isOrdinary<T>(b)) return a > b ? a : b;
  return valueOf<T>(exactExtreme<T>(bitsOf<T>(a), bitsOf<T>(b), 1));
}
function exactExtreme<T>(a: u64, b: u64, wanted: i32): u64 {
  if (isNan<T>(a) || isNan<T>(b)) { raise(Raised.IE); return flushed<T>(b); }
  const x = operand<T>(a), y = operand<T>(b);
  return softOrder<T>(x, y) == wanted ? x : y;
}

/** How a compares with b. */
export const enum Order { LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8 }

/** A quiet comparison reports only signalling NaNs. */
export function order<T>(a: T, b: T, quiet: bool): u32 {
  if (isOrdinary<T>(a) && isOrdinary<T>(b)) return a < b ? Order.LESS : a == b ? Order.EQUAL : Order.GREATER;
  return exactOrder<T>(bitsOf<T>(a), bitsOf<T>(b), quiet);
}
function exactOrder<T>(a: u64, b: u64, quiet: bool): u32 {
  if (isNan<T>(a) || isNan<T>(b)) {
    if (!quiet || isSignalling<T>(a) || isSignalling<T>(b)) raise(Raised.IE);
    return Order.UNORDERED;
  }
  const x = operand<T>(a), found = softOrder<T>(x, operand<T>(b));
  return 1 << (found + 1);
}

/** CMPccSS's predicates 0-7. SDM vol. 2, table 3-1. */
export function compare<T>(a: T, b: T, predicate: u32): bool {
  const kind = predicate & 3, found = order<T>(a, b, kind == 0 || kind == 3);
  const wanted: u32 = kind == 0 ? Order.EQUAL : kind == 1 ? Order.LESS : kind == 2 ? Order.LESS | Order.EQUAL : Order.UNORDERED;
  return ((found & wanted) != 0) != ((predicate & 4) != 0);
}

/** x rounded to an integral value. */
@inline export function integral<T>(x: T, mode: u32): T {
  if (mode == Rounding.NEAREST) return nearest<T>(x);
  if (mode == Rounding.DOWN) return floor<T>(x);
  return mode == Rounding.UP ? ceil<T>(x) : trunc<T>(x);
}

/** ROUNDSS and its kin; denormals are not reported. imm: SDM vol. 2, ROUNDPD, figure 4-24. */
export function round<T>(x: T, imm: u32): T {
  const bits = bitsOf<T>(x);
  if (isNan<T>(bits)) return valueOf<T>(propagate<T>(bits, bits));
  const value = valueOf<T>(flushed<T>(bits));
  const r = integral<T>(value, imm & 4 ? roundingMode() : imm & 3);
  if (r != value && (imm & 8) == 0) raise(Raised.PE);
  return r;
}

/**
 * RCPSS: any answer within 1.5 * 2^-12 will do; ours is the nearest. Denormals count as zero, tiny results become zero,
 * nothing is reported.
 */
export function reciprocal(a: f32): f32 {
  const bits = bitsOf<f32>(a);
  if (isNan<f32>(bits)) return valueOf<f32>(bits | quietBit<f32>());
  if (isDenormal<f32>(bits)) return valueOf<f32>(bits & signBit<f32>() | infinity<f32>());
  const r = bitsOf<f32>(1 / a);
  return valueOf<f32>(isDenormal<f32>(r) ? r & signBit<f32>() : r);
}

/** RSQRTSS, likewise. */
export function reciprocalRoot(a: f32): f32 {
  const bits = bitsOf<f32>(a);
  if (isNan<f32>(bits)) return valueOf<f32>(bits | quietBit<f32>());
  if (isZero<f32>(bits) || isDenormal<f32>(bits)) return valueOf<f32>(bits & signBit<f32>() | infinity<f32>());
  if (bits & signBit<f32>()) return reinterpret<f32>(0xffc0_0000);
  return isInfinite<f32>(bits) ? 0 : <f32>(1 / sqrt<f64>(<f64>a));
}

// Binary floating point in integers: the exact path of SSE arithmetic, for both formats. IEEE 754-2008 as Intel SDM
// vol. 1, chapters 4.8-4.9 and 11.5 narrow it (tininess after rounding, x86 NaN rules, DAZ, FZ).
// T is f32 or f64 and stands for the format; a value is its bits in a u64. A finite non-zero value is unpacked to
// sign, exponent e and significand s with bit 62 set, worth s * 2^(e - 62); the lowest bit also holds "something
// smaller was lost" (sticky).

import { env, Raised, Mxcsr, Rounding } from "./env";

@inline export function fractionBits<T>(): i32 { return sizeof<T>() == 4 ? 23 : 52; }
@inline export function bias<T>(): i32 { return sizeof<T>() == 4 ? 127 : 1023; }
@inline export function signBit<T>(): u64 { return sizeof<T>() == 4 ? 0x8000_0000 : 0x8000_0000_0000_0000; }
@inline export function infinity<T>(): u64 { return sizeof<T>() == 4 ? 0x7f80_0000 : 0x7ff0_0000_0000_0000; }
@inline export function quietBit<T>(): u64 { return sizeof<T>() == 4 ? 0x0040_0000 : 0x0008_0000_0000_0000; }
/** The NaN that invalid operations answer with. SDM vol. 1, table 4-8. */
@inline export function indefinite<T>(): u64 { return sizeof<T>() == 4 ? 0xffc0_0000 : 0xfff8_0000_0000_0000; }

@inline export function magnitude<T>(x: u64): u64 { return x & (signBit<T>() - 1); }
@inline export function isNan<T>(x: u64): bool { return magnitude<T>(x) > infinity<T>(); }
@inline export function isSignalling<T>(x: u64): bool { return isNan<T>(x) && (x & quietBit<T>()) == 0; }
@inline export function isInfinite<T>(x: u64): bool { return magnitude<T>(x) == infinity<T>(); }
@inline export function isZero<T>(x: u64): bool { return magnitude<T>(x) == 0; }
@inline export function isDenormal<T>(x: u64): bool { return magnitude<T>(x) - 1 < (<u64>1 << fractionBits<T>()) - 1; }

@inline export function raise(flags: u32): void { env.flags |= flags; }
@inline export function roundingMode(): u32 { return (env.mxcsr & Mxcsr.RC) >> Mxcsr.RC_SHIFT; }

/**
 * Whether the flags raised, all masks considered, make an exception (#XM). Leaves in env.flags what MXCSR gets: when an
 * unmasked exception is found before the computation, those found after it never happen. SDM vol. 1, 11.5.2 and 11.5.3.
 */
export function settle(): bool {
  const open = env.flags & ~(env.mxcsr >> Mxcsr.MASK_SHIFT) & Raised.ALL;
  env.flags = env.kept | (open & Raised.PRE ? env.flags & Raised.PRE : env.flags);
  env.kept = 0;
  return open != 0;
}

/** An operand as arithmetic sees it: a denormal is taken as zero (DAZ) or reported. */
export function operand<T>(x: u64): u64 {
  if (!isDenormal<T>(x)) return x;
  if (env.mxcsr & Mxcsr.DAZ) return x & signBit<T>();
  raise(Raised.DE);
  return x;
}

/** As operand, without the report. */
@inline export function flushed<T>(x: u64): u64 {
  return isDenormal<T>(x) && (env.mxcsr & Mxcsr.DAZ) != 0 ? x & signBit<T>() : x;
}

/** The NaN that two operands, at least one a NaN, give: the first, else the second, made quiet. SDM vol. 1, table 4-7. */
export function propagate<T>(a: u64, b: u64): u64 {
  if (isSignalling<T>(a) || isSignalling<T>(b)) raise(Raised.IE);
  return (isNan<T>(a) ? a : b) | quietBit<T>();
}

export function invalid<T>(): u64 { raise(Raised.IE); return indefinite<T>(); }

/** Exponent of a finite non-zero value. */
export function exponentOf<T>(x: u64): i32 {
  const e = <i32>(magnitude<T>(x) >> fractionBits<T>());
  return e ? e - bias<T>() : 63 - <i32>clz(magnitude<T>(x)) - fractionBits<T>() + 1 - bias<T>();
}

/** Significand of a finite non-zero value, bit 62 set. */
export function significandOf<T>(x: u64): u64 {
  const m = magnitude<T>(x), fraction = m & ((<u64>1 << fractionBits<T>()) - 1);
  return m == fraction ? fraction << (clz(fraction) - 1) : (fraction | <u64>1 << fractionBits<T>()) << (62 - fractionBits<T>());
}

/** Shift right that keeps what it loses as the sticky bit. */
@inline export function shiftSticky(x: u64, n: i32): u64 {
  return n > 62 ? u64(x != 0) : x >> n | u64((x & ((<u64>1 << n) - 1)) != 0);
}

/** x / 2^shift rounded to an integer. 0 < shift < 63. */
export function roundShift(x: u64, shift: i32, negative: bool, mode: u32): u64 {
  const lost = x & ((<u64>1 << shift) - 1), whole = x >> shift, half = <u64>1 << (shift - 1);
  if (mode == Rounding.NEAREST) return whole + u64(lost > half || (lost == half && (whole & 1) != 0));
  if (mode == Rounding.ZERO) return whole;
  return whole + u64(lost != 0 && negative == (mode == Rounding.DOWN));
}

@inline function losesBits(s: u64, shift: i32): bool { return (s & ((<u64>1 << shift) - 1)) != 0; }

/** Rounds a value to the format and reports. `sign` is at its place in the format. */
export function roundPack<T>(sign: u64, e: i32, s: u64): u64 {
  const shift = 62 - fractionBits<T>(), mode = roundingMode();
  if (e < 1 - bias<T>()) return roundTiny<T>(sign, e, s);
  const rounded = roundShift(s, shift, sign != 0, mode);
  // The leading one of `rounded` adds one to the exponent field, and a carry out of it another one.
  const packed = (<u64>(e + bias<T>() - 1) << fractionBits<T>()) + rounded;
  if (e > bias<T>() || packed >= infinity<T>()) return overflow<T>(sign, losesBits(s, shift));
  if (losesBits(s, shift)) raise(Raised.PE);
  return sign | packed;
}

function overflow<T>(sign: u64, inexact: bool): u64 {
  const masked = (env.mxcsr & Raised.OE << Mxcsr.MASK_SHIFT) != 0;
  raise(masked || inexact ? Raised.OE | Raised.PE : Raised.OE);
  const mode = roundingMode();
  const away = mode == Rounding.NEAREST || (mode != Rounding.ZERO && (sign != 0) == (mode == Rounding.DOWN));
  return sign | (away ? infinity<T>() : infinity<T>() - 1);
}

/** roundPack below the normal range. */
function roundTiny<T>(sign: u64, e: i32, s: u64): u64 {
  const shift = 62 - fractionBits<T>(), mode = roundingMode();
  // Tiny is decided after rounding as if the exponent had no end: SDM vol. 1, 4.9.1.5.
  const tiny = e < -bias<T>() || roundShift(s, shift, sign != 0, mode) >> (fractionBits<T>() + 1) == 0;
  if (tiny) {
    if ((env.mxcsr & Raised.UE << Mxcsr.MASK_SHIFT) == 0) {
      raise(losesBits(s, shift) ? Raised.UE | Raised.PE : Raised.UE);
      return sign;
    }
    if (env.mxcsr & Mxcsr.FZ) { raise(Raised.UE | Raised.PE); return sign; }
  }
  const denormal = shiftSticky(s, 1 - bias<T>() - e);
  if (losesBits(denormal, shift)) raise(tiny ? Raised.UE | Raised.PE : Raised.PE);
  return sign | roundShift(denormal, shift, sign != 0, mode);
}

/** The sum of two operands, neither a NaN. */
export function softAdd<T>(a: u64, b: u64): u64 {
  if (isInfinite<T>(a)) return isInfinite<T>(b) && a != b ? invalid<T>() : a;
  if (isInfinite<T>(b)) return b;
  if (isZero<T>(a)) return isZero<T>(b) ? addZeroes<T>(a, b) : repack<T>(b);
  if (isZero<T>(b)) return repack<T>(a);
  return magnitude<T>(a) >= magnitude<T>(b) ? addOrdered<T>(a, b) : addOrdered<T>(b, a);
}

@inline function addZeroes<T>(a: u64, b: u64): u64 { return a == b ? a : exactZero<T>(); }
/** The sign of x - x. SDM vol. 1, 4.8.3.1. */
@inline function exactZero<T>(): u64 { return roundingMode() == Rounding.DOWN ? signBit<T>() : 0; }

/** A finite non-zero value as a result: a denormal may be flushed or reported. */
function repack<T>(x: u64): u64 { return roundPack<T>(x & signBit<T>(), exponentOf<T>(x), significandOf<T>(x)); }

/** |a| >= |b|, both finite and not zero. */
function addOrdered<T>(a: u64, b: u64): u64 {
  const sign = a & signBit<T>(), e = exponentOf<T>(a);
  const sa = significandOf<T>(a), sb = shiftSticky(significandOf<T>(b), e - exponentOf<T>(b));
  if (sign == (b & signBit<T>())) {
    const sum = sa + sb;
    return sum >> 63 ? roundPack<T>(sign, e + 1, sum >> 1 | sum & 1) : roundPack<T>(sign, e, sum);
  }
  const difference = sa - sb;
  if (!difference) return exactZero<T>();
  const up = <i32>clz(difference) - 1;
  return roundPack<T>(sign, e - up, difference << up);
}

/** The product of two operands, neither a NaN. */
export function softMul<T>(a: u64, b: u64): u64 {
  const sign = (a ^ b) & signBit<T>();
  if (isInfinite<T>(a) || isInfinite<T>(b)) return isZero<T>(a) || isZero<T>(b) ? invalid<T>() : sign | infinity<T>();
  if (isZero<T>(a) || isZero<T>(b)) return sign;
  const e = exponentOf<T>(a) + exponentOf<T>(b);
  const p = mulSticky(significandOf<T>(a) << 1, significandOf<T>(b) << 1);
  return p >> 63 ? roundPack<T>(sign, e + 1, p >> 1 | p & 1) : roundPack<T>(sign, e, p);
}

/** The upper half of a 64 by 64 bit product, with the lower half as the sticky bit. */
function mulSticky(x: u64, y: u64): u64 {
  const xl = x & 0xffff_ffff, xh = x >> 32, yl = y & 0xffff_ffff, yh = y >> 32;
  const mid = xh * yl + (xl * yl >> 32), mid2 = xl * yh + (mid & 0xffff_ffff);
  const high = xh * yh + (mid >> 32) + (mid2 >> 32);
  return high | u64(x * y != 0);
}

/** The quotient of two operands, neither a NaN. */
export function softDiv<T>(a: u64, b: u64): u64 {
  const sign = (a ^ b) & signBit<T>();
  if (isInfinite<T>(a)) return isInfinite<T>(b) ? invalid<T>() : sign | infinity<T>();
  if (isInfinite<T>(b)) return sign;
  if (isZero<T>(b)) {
    if (isZero<T>(a)) return invalid<T>();
    raise(Raised.ZE);
    return sign | infinity<T>();
  }
  if (isZero<T>(a)) return sign;
  return divFinite<T>(sign, a, b);
}

function divFinite<T>(sign: u64, a: u64, b: u64): u64 {
  let n = significandOf<T>(a) >> 10, e = exponentOf<T>(a) - exponentOf<T>(b);
  const d = significandOf<T>(b) >> 10;
  if (n < d) { n <<= 1; e--; }
  // 1 + 6 * 10 quotient bits; d has 53 bits, so a remainder has room for 10 more.
  let q = n / d, r = n % d;
  for (let i = 0; i < 6; i++) {
    r <<= 10;
    q = q << 10 | r / d;
    r %= d;
  }
  return roundPack<T>(sign, e, q << 2 | u64(r != 0));
}

/** The square root of an operand that is not a NaN. */
export function softSqrt<T>(a: u64): u64 {
  if (isZero<T>(a)) return a;
  if (a & signBit<T>()) return invalid<T>();
  if (isInfinite<T>(a)) return a;
  const e = exponentOf<T>(a);
  return roundPack<T>(0, e >> 1, sqrtBits(e & 1 ? significandOf<T>(a) << 1 : significandOf<T>(a)));
}

/** Digit by digit: the root of a significand in [1, 4) with its point after bit 62, as a significand. */
function sqrtBits(s: u64): u64 {
  let root: u64 = 0, rest: u64 = 0;
  for (let i = 0; i < 56; i++) {
    rest = rest << 2 | s >> 62;
    s <<= 2;
    const trial = root << 2 | 1;
    root <<= 1;
    if (rest >= trial) { rest -= trial; root |= 1; }
  }
  return root << 7 | u64(rest != 0);
}

/** -1, 0 or 1 as a is below, at or above b; neither a NaN. */
export function softOrder<T>(a: u64, b: u64): i32 {
  if (isZero<T>(a) && isZero<T>(b)) return 0;
  const x = toOrdinal<T>(a), y = toOrdinal<T>(b);
  return i32(x > y) - i32(x < y);
}
@inline function toOrdinal<T>(x: u64): i64 { return x & signBit<T>() ? -<i64>magnitude<T>(x) : <i64>x; }

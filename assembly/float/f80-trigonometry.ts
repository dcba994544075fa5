// FSIN, FCOS, FSINCOS, FPTAN, FPATAN. Intel SDM vol. 1, 8.3.8 and 8.3.10: arguments are reduced with a 66-bit pi,
// beyond 2^63 they are refused with C2. vol. 2 tables under each instruction.
// Theory: the argument becomes q * pi/2 + r, |r| <= pi/4, exactly; sine and cosine of r are Taylor sums in 128-bit fixed point.

import { does, Trait } from "../base/vendor";
import { env, FLOAT_SCRATCH, Raised } from "./env";
import {
  BIAS, Condition, INTEGER_BIT, SIGN, isInfinite, magnitude, normalExponent, noteDenormal, raise, roundTo, setInvalid,
  setResult, setZero, takeSpecial, takeSpecials,
} from "./f80";
import { divTop, mulTop, normalizeWide, packWide, shiftRightWide, sumSeries } from "./f80-series";
import { EVEN_FACTORIAL, ODD_FACTORIAL, ODD_RECIPROCAL, PI_HI, PI_LO } from "./f80-tables";

// pi/2 as the processor has it, in units of 2^-65.
@inline const HALF_PI_HI: u64 = 3;
@inline const HALF_PI_LO: u64 = 0x243f_6a88_85a3_08d3;
/** Below 2^-64 a sine or tangent is its argument, and a cosine 1, but for far less than the last place. */
@inline const TINY: u32 = <u32>BIAS - 64;
@inline const SINE_TERMS: u32 = 14;
@inline const ARCTANGENT_TERMS: u32 = 34;

/** An argument's magnitude as quadrant * pi/2 + r, or - r when mirrored: r = (hi:lo) / 2^127 * 2^exponent, and r squared. */
@unmanaged class Reduced {
  hi: u64; lo: u64; exponent: i32; quadrant: u32; mirrored: u32;
  /** 1 for a negative argument. */
  negative: u32;
  squareHi: u64; squareLo: u64;
}
@inline const reduced = changetype<Reduced>(FLOAT_SCRATCH);

/** Reduces a finite non-zero argument below 2^63 and squares what is left. */
function reduceAngle(e: u32, m: u64): void {
  const x = normalExponent(e, m) - BIAS;
  m <<= clz(m);
  reduced.negative = e >> 15;
  reduced.quadrant = 0;
  reduced.mirrored = 0;
  reduced.hi = m;
  reduced.lo = 0;
  reduced.exponent = x;
  if (x >= -1) reduceByHalfPi(m, x + 2);
  mulTop(reduced.hi, reduced.lo, reduced.hi, reduced.lo);
  shiftRightWide(env.wide0, env.wide1, <u32>min<i32>(-2 * (reduced.exponent + 1), 128));
  reduced.squareHi = env.wide0;
  reduced.squareLo = env.wide1;
}

/** m * 2^n, in units of 2^-65, modulo pi/2; the nearer multiple is taken off. */
function reduceByHalfPi(m: u64, n: i32): void {
  let hi: u64 = 0, lo = m, q: u32 = 0, mirrored: u32 = 0;
  for (; n > 0; n--) {
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    q <<= 1;
    if (hi > HALF_PI_HI || (hi == HALF_PI_HI && lo >= HALF_PI_LO)) {
      hi = hi - HALF_PI_HI - <u64>(lo < HALF_PI_LO);
      lo -= HALF_PI_LO;
      q |= 1;
    }
  }
  const otherLo = HALF_PI_LO - lo;
  const otherHi = HALF_PI_HI - hi - <u64>(HALF_PI_LO < lo);
  if (otherHi < hi || (otherHi == hi && otherLo < lo)) {
    hi = otherHi;
    lo = otherLo;
    q++;
    mirrored = 1;
  }
  const shift = normalizeWide(hi, lo);
  reduced.hi = env.wide0;
  reduced.lo = env.wide1;
  reduced.exponent = 127 - 65 - <i32>shift;
  reduced.quadrant = q & 3;
  reduced.mirrored = mirrored;
}

/** |sin r| as (wide0:wide1) / 2^127 * 2^(reduced.exponent + 1). */
function sineKernel(): void {
  sumSeries(ODD_FACTORIAL, SINE_TERMS, reduced.squareHi, reduced.squareLo, true);
  let hi = env.wide0, lo = env.wide1;
  // sin r is below r, however small r is: a directed rounding must see that.
  if (hi == INTEGER_BIT && lo == 0) { hi--; lo--; }
  mulTop(reduced.hi, reduced.lo, hi, lo);
}

/** cos r as (wide0:wide1) / 2^127; just below 1 at least. */
function cosineKernel(): void {
  sumSeries(EVEN_FACTORIAL, SINE_TERMS, reduced.squareHi, reduced.squareLo, true);
  if (env.wide0 == INTEGER_BIT && env.wide1 == 0) { env.wide0--; env.wide1--; }
}

/** Sine of the reduced angle, moved on by `ahead` quarter turns; mirrored for a negative argument unless ahead is odd. */
function packSine(ahead: u32): void {
  const q = reduced.quadrant + ahead;
  let negative = (q >> 1) & 1;
  if ((q & 1) == 0) negative ^= reduced.mirrored;
  if (ahead == 0) negative ^= reduced.negative;
  const sign = negative << 15;
  if ((q & 1) != 0) {
    cosineKernel();
    packWide(sign, 0, env.wide0, env.wide1);
  } else {
    sineKernel();
    packWide(sign, reduced.exponent + 1, env.wide0, env.wide1);
  }
}

/** True when a trigonometric function has its answer without arithmetic. Zero is left to the caller. */
function takeAngle(e: u32, m: u64): bool {
  if (takeSpecial(e, m)) return true;
  if (isInfinite(e, m)) { setInvalid(); return true; }
  if (magnitude(e) >= <u32>(BIAS + 63)) {
    env.condition |= Condition.C2;
    setResult(e, m);
    return true;
  }
  noteDenormal(e, m);
  return false;
}

function setOne(): void { setResult(<u32>BIAS, INTEGER_BIT); }

/** The argument itself, inexact whatever the rounding mode, as the processors this was compared with have it. */
function packTiny(e: u32, m: u64): void {
  roundTo(e & SIGN, normalExponent(e, m), m << clz(m), 0, 0);
  raise(magnitude(env.exponent) == 0 ? Raised.UE | Raised.PE : Raised.PE);
}

/** The sine of a tiny argument: just below it in magnitude, which a directed rounding sees on one vendor's processors. */
function packTinySine(e: u32, m: u64): void {
  if (!does(Trait.TINY_SINE_BELOW)) { packTiny(e, m); return; }
  const x = normalExponent(e, m), top = m << clz(m);
  // One unit of the 128th place less, normalized.
  if (top == INTEGER_BIT) roundTo(e & SIGN, x - 1, ~0, ~1, 0);
  else roundTo(e & SIGN, x, top - 1, ~0, 0);
}

export function sinF80(e: u32, m: u64): void {
  if (takeAngle(e, m)) return;
  if (m == 0) { setZero(e & SIGN); return; }
  if (magnitude(e) < TINY) { packTinySine(e, m); return; }
  reduceAngle(e, m);
  packSine(0);
}

export function cosF80(e: u32, m: u64): void {
  if (takeAngle(e, m)) return;
  if (m == 0) { setOne(); return; }
  if (magnitude(e) < TINY) { raise(Raised.PE); setOne(); return; }
  reduceAngle(e, m);
  packSine(1);
}

/** Sine as the result, cosine as the second one; with C2 or a special operand both are the same. */
export function sinCosF80(e: u32, m: u64): void {
  if (takeAngle(e, m)) { copySecond(); return; }
  if (m == 0) { setOne(); copySecond(); setZero(e & SIGN); return; }
  if (magnitude(e) < TINY) { setOne(); copySecond(); packTinySine(e, m); return; }
  reduceAngle(e, m);
  packSine(1);
  copySecond();
  packSine(0);
}

@inline function copySecond(): void { env.exponent2 = env.exponent; env.mantissa2 = env.mantissa; }

/** Tangent as the result, 1.0 as the second one. */
export function tanF80(e: u32, m: u64): void {
  if (takeAngle(e, m)) { copySecond(); return; }
  setOne();
  copySecond();
  if (m == 0) { setZero(e & SIGN); return; }
  if (magnitude(e) < TINY) { packTiny(e, m); return; }
  reduceAngle(e, m);
  const odd = (reduced.quadrant & 1) != 0;
  sineKernel();
  const sineShift = normalizeWide(env.wide0, env.wide1);
  const sh = env.wide0, sl = env.wide1;
  cosineKernel();
  const cosineShift = normalizeWide(env.wide0, env.wide1);
  const ch = env.wide0, cl = env.wide1;
  const x = reduced.exponent + 1 - <i32>sineShift + <i32>cosineShift;
  const sign = (reduced.negative ^ reduced.mirrored ^ <u32>odd) << 15;
  if (odd) packRatio(sign, -x, ch, cl, sh, sl);
  else packRatio(sign, x, sh, sl, ch, cl);
}

/** n / d * 2^exponent of two normalized significands. */
function packRatio(sign: u32, exponent: i32, nh: u64, nl: u64, dh: u64, dl: u64): void {
  const x = ratio(nh, nl, dh, dl);
  packWide(sign, exponent + x - 1, env.wide0, env.wide1);
}

/** n / d as (wide0:wide1) / 2^128 * 2^returned. */
function ratio(nh: u64, nl: u64, dh: u64, dl: u64): i32 {
  const less = nh < dh || (nh == dh && nl < dl);
  if (less) divTop(nh, nl, dh, dl);
  else divTop(nh >> 1, (nl >> 1) | (nh << 63), dh, dl);
  return <i32>!less;
}

/** Angle of the point (x, y), y being ST(1). */
export function atanF80(ye: u32, ym: u64, xe: u32, xm: u64): void {
  if (takeSpecials(ye, ym, xe, xm)) return;
  const sign = ye & SIGN;
  const left = (xe & SIGN) != 0;
  noteDenormal(ye, ym);
  noteDenormal(xe, xm);
  const yi = isInfinite(ye, ym), xi = isInfinite(xe, xm);
  if (yi) {
    // pi/2, pi/4 or 3 pi/4.
    if (!xi) packWide(sign, 0, PI_HI, PI_LO);
    else if (!left) packWide(sign, -1, PI_HI, PI_LO);
    else packWide(sign, 1, PI_HI - (PI_HI >> 2), PI_LO - ((PI_LO >> 2) | (PI_HI << 62)));
    return;
  }
  if (xi || ym == 0) {
    if (left) packWide(sign, 1, PI_HI, PI_LO);
    else setZero(sign);
    return;
  }
  if (xm == 0) { packWide(sign, 0, PI_HI, PI_LO); return; }
  const yx = normalExponent(ye, ym), xx = normalExponent(xe, xm);
  ym <<= clz(ym);
  xm <<= clz(xm);
  const steep = yx > xx || (yx == xx && ym > xm);
  if (steep) atanRatio(sign, xm, ym, yx - xx, left, true);
  else atanRatio(sign, ym, xm, xx - yx, left, false);
}

/** Angle from n / d * 2^-down, at most 1, then the octant: C + a or C - a, or a itself. */
function atanRatio(sign: u32, n: u64, d: u64, down: i32, left: bool, steep: bool): void {
  let exponent: i32 = 0;
  // atan(1) / 2 = atan(0.41421): above it, the angle is taken from the diagonal.
  const diagonal = down < 3 && <f64>n * (1.0 / <f64>(1 << down)) > <f64>d * 0.41421356;
  if (diagonal) {
    fromDiagonal(n, d, <u32>down);
  } else {
    exponent = ratio(n, 0, d, 0) - down;
    arctangent(env.wide0, env.wide1, <u32>(-exponent));
    if (!left && !steep) { packWide(sign, exponent, env.wide0, env.wide1); return; }
    // From 127 fraction bits and an exponent to 126 fraction bits.
    shiftRightWide(env.wide0, env.wide1, <u32>(1 - exponent));
  }
  if (!left && !steep) { packWide(sign, 1, env.wide0, env.wide1); return; }
  const ch = steep ? PI_HI >> 1 : PI_HI, cl = steep ? (PI_LO >> 1) | (PI_HI << 63) : PI_LO;
  const ah = env.wide0, al = env.wide1;
  if (left && steep) {
    const lo = cl + al;
    packWide(sign, 1, ch + ah + <u64>(lo < cl), lo);
  } else {
    packWide(sign, 1, ch - ah - <u64>(cl < al), cl - al);
  }
}

/** atan u for u = (hi:lo) / 2^128 * 2^-down: (wide0:wide1) / 2^127 * 2^-down. */
function arctangent(hi: u64, lo: u64, down: u32): void {
  mulTop(hi, lo, hi, lo);
  shiftRightWide(env.wide0, env.wide1, min<u32>(2 * down, 128));
  sumSeries(ODD_RECIPROCAL, ARCTANGENT_TERMS, env.wide0, env.wide1, true);
  if (env.wide0 == INTEGER_BIT && env.wide1 == 0) { env.wide0--; env.wide1--; }
  mulTop(hi, lo, env.wide0, env.wide1);
}

/** pi/4 - atan((d - n') / (d + n')) with n' = n >> down, 126 fraction bits. */
function fromDiagonal(n: u64, d: u64, down: u32): void {
  shiftRightWide(n, 0, 2 + down);
  const nh = env.wide0, nl = env.wide1;
  const dh = d >> 2, dl = d << 62;
  const sumLo = dl + nl;
  const shift = normalizeWide(dh + nh + <u64>(sumLo < dl), sumLo);
  const sh = env.wide0, sl = env.wide1;
  const lessLo = dl - nl, lessHi = dh - nh - <u64>(dl < nl);
  // The difference is below half the sum, so it survives the same shift.
  const hi = shift == 0 ? lessHi : (lessHi << shift) | (lessLo >> (64 - shift));
  divTop(hi, lessLo << shift, sh, sl);
  arctangent(env.wide0, env.wide1, 0);
  const ah = env.wide0 >> 1, al = (env.wide1 >> 1) | (env.wide0 << 63);
  const ch = PI_HI >> 2, cl = (PI_LO >> 2) | (PI_HI << 62);
  env.wide0 = ch - ah - <u64>(cl < al);
  env.wide1 = cl - al;
}

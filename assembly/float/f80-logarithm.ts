// F2XM1, FYL2X, FYL2XP1. Intel SDM vol. 1, 8.3.9 and 8.3.10; vol. 2 tables under each instruction.
// log2 M = 2/ln2 * atanh((M - 1) / (M + 1)) with M in [sqrt(1/2), sqrt(2)]; 2^x - 1 = t * sum(t^k / (k+1)!), t = x ln 2.

import { env, Raised } from "./env";
import {
  BIAS, INTEGER_BIT, SIGN, isInfinite, magnitude, normalExponent, noteDenormal, raise, roundTo, setInfinity, setInvalid,
  setResult, setZero, takeSpecial, takeSpecials,
} from "./f80";
import { divTop, mulTop, normalizeWide, packWide, shiftRightWide, sumSeries } from "./f80-series";
import { FACTORIAL, LN2_HI, LN2_LO, ODD_RECIPROCAL, TWO_LOG2E_HI, TWO_LOG2E_LO } from "./f80-tables";

@inline const EXPONENTIAL_TERMS: u32 = 25;
@inline const LOGARITHM_TERMS: u32 = 26;
@inline const ROOT_TWO: u64 = 0xb504_f333_f9de_6484;

/** 2^x - 1. Outside -1 to 1 the manual leaves the result open; here the operand stays. */
export function exp2m1F80(e: u32, m: u64): void {
  if (takeSpecial(e, m)) return;
  if (isInfinite(e, m)) {
    if ((e & SIGN) != 0) setResult(SIGN | <u32>BIAS, INTEGER_BIT);
    else setInfinity(0);
    return;
  }
  if (m == 0) { setZero(e & SIGN); return; }
  noteDenormal(e, m);
  const x = normalExponent(e, m) - BIAS;
  if (x >= 0) {
    raise(Raised.PE);
    if (x == 0 && m == INTEGER_BIT) setResult((e & SIGN) != 0 ? SIGN | <u32>(BIAS - 1) : <u32>BIAS, m);
    else setResult(e, m);
    return;
  }
  m <<= clz(m);
  mulTop(LN2_HI, LN2_LO, m, 0);
  shiftRightWide(env.wide0, env.wide1, <u32>min<i32>(-1 - x, 128));
  sumSeries(FACTORIAL, EXPONENTIAL_TERMS, env.wide0, env.wide1, (e & SIGN) != 0);
  mulTop(LN2_HI, LN2_LO, env.wide0, env.wide1);
  mulTop(env.wide0, env.wide1, m, 0);
  packWide(e & SIGN, x + 1, env.wide0, env.wide1);
}

/** y * log2 x. */
export function ylog2xF80(ye: u32, ym: u64, xe: u32, xm: u64): void {
  if (takeSpecials(ye, ym, xe, xm)) return;
  if (xm != 0 && (xe & SIGN) != 0) { setInvalid(); return; }
  const yi = isInfinite(ye, ym);
  const one = xe == <u32>BIAS && xm == INTEGER_BIT;
  if (xm == 0) {
    if (ym == 0) { setInvalid(); return; }
    if (!yi) raise(Raised.ZE);
    setInfinity((ye & SIGN) ^ SIGN);
    return;
  }
  if (isInfinite(xe, xm)) {
    if (ym == 0) { setInvalid(); return; }
    noteDenormal(ye, ym);
    setInfinity(ye & SIGN);
    return;
  }
  if (one && yi) { setInvalid(); return; }
  noteDenormal(ye, ym);
  noteDenormal(xe, xm);
  const below = xe < <u32>BIAS;
  const sign = (ye & SIGN) ^ (below ? SIGN : 0);
  if (yi) { setInfinity(sign); return; }
  if (ym == 0 || one) { setZero(one ? ye & SIGN : sign); return; }
  const yx = normalExponent(ye, ym);
  ym <<= clz(ym);
  const xx = normalExponent(xe, xm) - BIAS;
  logarithm(sign, xx, xm << clz(xm), yx, ym);
}

/** y * log2(m * 2^x), m in [1, 2). */
function logarithm(sign: u32, x: i32, m: u64, yx: i32, ym: u64): void {
  if (m == INTEGER_BIT) { exactLogarithm(sign, x, yx, ym); return; }
  const above = m > ROOT_TWO;
  // (M - 1) / (M + 1) or, for M above the root of two, (1 - M/2) / (1 + M/2) with a minus sign.
  const w = above ? m : m - INTEGER_BIT;
  const n = above ? 0 - m : w;
  if (above) x++;
  const scale = atanhRatio(n, INTEGER_BIT | (w >> 1), w << 63);
  if (x == 0) { packProduct(sign, scale, yx, ym); return; }
  shiftRightWide(env.wide0, env.wide1, <u32>(16 - scale));
  const whole = <u64>(x < 0 ? -x : x) << 48;
  const lh = env.wide0, ll = env.wide1;
  // Both are counted in 2^-112. The logarithm has the sign of x unless `above` for positive x, or the reverse.
  const add = (x < 0) == above;
  const hi = add ? whole + lh : whole - lh - <u64>(ll != 0);
  const shift = normalizeWide(hi, add ? ll : 0 - ll);
  packProduct(sign, 16 - <i32>shift, yx, ym);
}

/**
 * y times an integer. PE is signalled though the product may be exact, as the processors this was compared with do; so a tiny product
 * is an underflow too.
 */
function exactLogarithm(sign: u32, x: i32, yx: i32, ym: u64): void {
  const n = <u64>(x < 0 ? -x : x);
  const shift = clz(n);
  raise(Raised.PE);
  mulExact(sign, yx + 64 - <i32>shift, ym, n << shift);
  if ((env.exponent & ~<u32>SIGN) == 0) raise(Raised.UE);
}

function mulExact(sign: u32, exponent: i32, a: u64, b: u64): void {
  mulTop(a, 0, b, 0);
  const shift = normalizeWide(env.wide0, env.wide1);
  roundTo(sign, exponent - <i32>shift, env.wide0, env.wide1, 0);
}

/**
 * 2/ln2 * atanh(s) for s = n * 2^63 / (dh:dl), n not zero, the divisor's top bit set. The magnitude comes back normalized:
 * (wide0:wide1) / 2^128 * 2^returned.
 */
function atanhRatio(n: u64, dh: u64, dl: u64): i32 {
  const shift = clz(n);
  n <<= shift;
  // n / 2^64 against d / 2^128: s = (n << 63 >> shift) / d.
  const less = n < dh;
  divTop(less ? n : n >> 1, less ? 0 : n << 63, dh, dl);
  return atanhSeries(env.wide0, env.wide1, <i32>!less - 1 - <i32>shift);
}

/** 2/ln2 * atanh(s) for s = (hi:lo) / 2^128 * 2^x; see atanhRatio. */
function atanhSeries(hi: u64, lo: u64, x: i32): i32 {
  const up = normalizeWide(hi, lo);
  hi = env.wide0;
  lo = env.wide1;
  x -= <i32>up;
  mulTop(hi, lo, hi, lo);
  shiftRightWide(env.wide0, env.wide1, <u32>min<i32>(-2 * x, 128));
  sumSeries(ODD_RECIPROCAL, LOGARITHM_TERMS, env.wide0, env.wide1, false);
  mulTop(hi, lo, env.wide0, env.wide1);
  mulTop(env.wide0, env.wide1, TWO_LOG2E_HI, TWO_LOG2E_LO);
  // Three fixed points lost 1 bit (the sum) and 2 bits (the factor) before the point.
  const down = normalizeWide(env.wide0, env.wide1);
  return x + 3 - <i32>down;
}

/** y * (wide0:wide1) / 2^128 * 2^scale. */
function packProduct(sign: u32, scale: i32, yx: i32, ym: u64): void {
  mulTop(env.wide0, env.wide1, ym, 0);
  packWide(sign, yx - BIAS + scale, env.wide0, env.wide1);
}

/** y * log2(x + 1). Beyond the range the manual gives, x + 1 is rounded first. */
export function ylog2xp1F80(ye: u32, ym: u64, xe: u32, xm: u64): void {
  if (takeSpecials(ye, ym, xe, xm)) return;
  const negative = (xe & SIGN) != 0;
  const yi = isInfinite(ye, ym);
  const sign = (ye ^ xe) & SIGN;
  if (isInfinite(xe, xm)) {
    if (negative || ym == 0) { setInvalid(); return; }
    noteDenormal(ye, ym);
    setInfinity(ye & SIGN);
    return;
  }
  if (xm == 0 && yi) { setInvalid(); return; }
  noteDenormal(ye, ym);
  noteDenormal(xe, xm);
  if (yi) { setInfinity(sign); return; }
  if (xm == 0 || ym == 0) { setZero(sign); return; }
  const yx = normalExponent(ye, ym);
  ym <<= clz(ym);
  const xx = normalExponent(xe, xm) - BIAS;
  xm <<= clz(xm);
  if (xx >= -1) { outOfRange(ye & SIGN, negative, xx, xm, yx, ym); return; }
  // (2 + x) / 4 with 128 fraction bits, then its top bit moved up.
  shiftRightWide(xm, 0, <u32>min<i32>(1 - xx, 128));
  const th = env.wide0, tl = env.wide1;
  const dh = negative ? INTEGER_BIT - th - <u64>(tl != 0) : INTEGER_BIT + th;
  const up = normalizeWide(dh, negative ? 0 - tl : tl);
  const eh = env.wide0, el = env.wide1;
  const less = xm < eh;
  divTop(less ? xm : xm >> 1, less ? 0 : xm << 63, eh, el);
  // x / (2 + x) = (xm / 2^64 * 2^(xx + 1)) / (4 * d): d is the normalized divisor >> up.
  const scale = atanhSeries(env.wide0, env.wide1, <i32>!less + xx - 1 + <i32>up);
  packProduct(sign, scale, yx, ym);
}

/** log2(1 + x) for x of at least one half in magnitude; the operand where 1 + x is not positive. */
function outOfRange(sign: u32, negative: bool, xx: i32, xm: u64, yx: i32, ym: u64): void {
  if (negative) {
    if (xx >= 0) { raise(Raised.PE); setResult(SIGN | <u32>(xx + BIAS), xm); return; }
    // 1 - x with x in [1/2, 1): exact in 64 fraction bits.
    const rest = 0 - xm;
    const shift = clz(rest);
    logarithm(sign ^ SIGN, -1 - <i32>shift, rest << shift, yx, ym);
    return;
  }
  // 1 + x as a significand and an exponent, what is below the last place cut off.
  let m = xm, x = xx;
  if (xx < 0) { m = (xm >> 1) + INTEGER_BIT; x = 0; }
  else if (xx < 64) {
    m = xm + (INTEGER_BIT >> xx);
    if (m < xm) { m = (m >> 1) | INTEGER_BIT; x++; }
  }
  logarithm(sign, x, m, yx, ym);
}

// Addition, subtraction, multiplication, division and square root of double-extended numbers, exactly rounded.
// Intel SDM vol. 1, 8.3.5 and 8.5; tables in vol. 2 under FADD, FMUL, FDIV, FSQRT.

import { divWide, mulHigh, shiftRightJam } from "../base/wide";
import { Raised, Rounding } from "./env";
import {
  BIAS, INTEGER_BIT, SIGN, isInfinite, isZero, normalExponent, noteDenormal, raise, roundPack, roundingMode, setInfinity,
  setInvalid, setZero, takeSpecial, takeSpecials,
} from "./f80";

export function addF80(ae: u32, am: u64, be: u32, bm: u64): void {
  if (!takeSpecials(ae, am, be, bm)) addFinite(ae, am, be, bm);
}

/** a - b. */
export function subF80(ae: u32, am: u64, be: u32, bm: u64): void {
  if (!takeSpecials(ae, am, be, bm)) addFinite(ae, am, be ^ SIGN, bm);
}

function addFinite(ae: u32, am: u64, be: u32, bm: u64): void {
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  const sign = ae & SIGN;
  const same = ((ae ^ be) & SIGN) == 0;
  if (isInfinite(ae, am)) {
    if (isInfinite(be, bm) && !same) setInvalid();
    else setInfinity(sign);
    return;
  }
  if (isInfinite(be, bm)) { setInfinity(be & SIGN); return; }
  if (am == 0 && bm == 0) { setZero(same ? sign : zeroSign()); return; }
  if (am == 0) { roundPack(be & SIGN, normalExponent(be, bm), bm << clz(bm), 0); return; }
  if (bm == 0) { roundPack(sign, normalExponent(ae, am), am << clz(am), 0); return; }
  const ax = normalExponent(ae, am), bx = normalExponent(be, bm);
  am <<= clz(am);
  bm <<= clz(bm);
  const swap = ax < bx || (ax == bx && am < bm);
  if (swap) addOrdered(be & SIGN, bx, bm, bx - ax, am, same);
  else addOrdered(sign, ax, am, ax - bx, bm, same);
}

/** Sign of an exact zero difference. */
@inline function zeroSign(): u32 { return roundingMode() == Rounding.DOWN ? SIGN : 0; }

/** Adds or subtracts the smaller of two normalized significands, `distance` places down. */
function addOrdered(sign: u32, exponent: i32, large: u64, distance: i32, small: u64, same: bool): void {
  const n = <u64>distance;
  const hi = n < 64 ? small >> n : 0;
  const lo = n == 0 ? 0 : n < 64 ? small << (64 - n) : shiftRightJam(small, n - 64);
  if (same) {
    const sum = large + hi;
    if (sum >= large) roundPack(sign, exponent, sum, lo);
    else roundPack(sign, exponent + 1, (sum >> 1) | INTEGER_BIT, (sum << 63) | (lo >> 1) | (lo & 1));
    return;
  }
  // The smaller one's sticky bit borrows correctly: lo then ends in 1 as well.
  let low = 0 - lo;
  let high = large - hi - <u64>(lo != 0);
  if ((high | low) == 0) { setZero(zeroSign()); return; }
  if (high == 0) { high = low; low = 0; exponent -= 64; }
  const shift = clz(high);
  if (shift != 0) {
    high = (high << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  roundPack(sign, exponent - <i32>shift, high, low);
}

export function mulF80(ae: u32, am: u64, be: u32, bm: u64): void {
  if (takeSpecials(ae, am, be, bm)) return;
  const sign = (ae ^ be) & SIGN;
  const infinite = isInfinite(ae, am) || isInfinite(be, bm);
  if (infinite && (am == 0 || bm == 0)) { setInvalid(); return; }
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  if (infinite) { setInfinity(sign); return; }
  if (am == 0 || bm == 0) { setZero(sign); return; }
  let exponent = normalExponent(ae, am) + normalExponent(be, bm) - BIAS + 1;
  am <<= clz(am);
  bm <<= clz(bm);
  let hi = mulHigh(am, bm), lo = am * bm;
  if (<i64>hi >= 0) {
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    exponent--;
  }
  roundPack(sign, exponent, hi, lo);
}

/** a / b. */
export function divF80(ae: u32, am: u64, be: u32, bm: u64): void {
  if (takeSpecials(ae, am, be, bm)) return;
  const sign = (ae ^ be) & SIGN;
  const ai = isInfinite(ae, am), bi = isInfinite(be, bm);
  if ((ai && bi) || (am | bm) == 0) { setInvalid(); return; }
  if (bm == 0 && !ai) { raise(Raised.ZE); setInfinity(sign); return; }
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  if (ai) { setInfinity(sign); return; }
  if (bi) { setZero(sign); return; }
  if (am == 0) { setZero(sign); return; }
  const exponent = normalExponent(ae, am) - normalExponent(be, bm) + BIAS;
  am <<= clz(am);
  bm <<= clz(bm);
  divNormal(sign, exponent, am, bm);
}

/** Rounds a / b of normalized significands, `exponent` being that of a quotient in [1, 2). */
export function divNormal(sign: u32, exponent: i32, am: u64, bm: u64): void {
  const less = am < bm;
  const high = less ? am : am >> 1, low = less ? 0 : am << 63;
  const q = divWide(high, low, bm);
  // Of the rest only its relation to half of the divisor matters.
  const r = low - q * bm, half = bm - r;
  roundPack(sign, exponent - <i32>less, q, r > half ? INTEGER_BIT | 1 : r == half ? INTEGER_BIT : <u64>(r != 0));
}

export function sqrtF80(e: u32, m: u64): void {
  if (takeSpecial(e, m)) return;
  if (isZero(e, m)) { setZero(e & SIGN); return; }
  if ((e & SIGN) != 0) { setInvalid(); return; }
  if (isInfinite(e, m)) { setInfinity(0); return; }
  noteDenormal(e, m);
  const x = normalExponent(e, m) - BIAS;
  m <<= clz(m);
  // Radicand in [1, 4) as a 128-bit integer with two or one bits before the point.
  const odd = (x & 1) != 0;
  sqrtNormal((x >> 1) + BIAS, odd ? m : m >> 1, odd ? 0 : m << 63);
}

/** An estimate in double precision, Newton's correction of it, and steps of one: at most two. */
function sqrtNormal(exponent: i32, hi: u64, lo: u64): void {
  const near = sqrt<f64>(<f64>hi) * 4294967296.0;
  let root = near < TOP_DOUBLE ? <u64>near : <u64>TOP_DOUBLE;
  let square = root * root, rest = lo - square;
  let over = <i64>(hi - mulHigh(root, root) - <u64>(lo < square));
  root += <u64><i64>((<f64>over * 18446744073709551616.0 + <f64>rest) / (<f64>root * 2));
  square = root * root;
  rest = lo - square;
  // (over:rest) holds what the square leaves: at most 2 * root when the root is right.
  over = <i64>(hi - mulHigh(root, root) - <u64>(lo < square));
  while (over < 0) {
    root--;
    const before = rest;
    rest += root << 1 | 1;
    over += <i64>(root >> 63) + <i64>(rest < before);
  }
  while (over > 1 || over == 1 && rest > root << 1) {
    const before = rest;
    rest -= root << 1 | 1;
    over -= <i64>(root >> 63) + <i64>(rest > before);
    root++;
  }
  // The next bit of the root is one when the remainder exceeds the root; it is never exactly one half.
  const half: u64 = over != 0 || rest > root ? INTEGER_BIT : 0;
  roundPack(0, exponent, root, (<u64>over | rest) == 0 ? 0 : half | 1);
}
/** The largest double below 2^64. */
@inline const TOP_DOUBLE: f64 = 18446744073709549568.0;

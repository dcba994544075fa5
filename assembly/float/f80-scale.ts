// Exponent arithmetic and exact remainders of double-extended numbers. Intel SDM vol. 2 under FSCALE, FXTRACT, FPREM, FPREM1.

import { divWide } from "../base/wide";
import { env, Raised } from "./env";
import {
  BIAS, Condition, EXPONENT_MAX, SIGN, isInfinite, isZero, magnitude, normalExponent, noteDenormal, raise, roundTo, setInfinity,
  setInvalid, setResult, setZero, takeSpecial, takeSpecials,
} from "./f80";
import { fromI64 } from "./f80-convert";

/** a * 2^trunc(b). */
export function scaleF80(ae: u32, am: u64, be: u32, bm: u64): void {
  if (takeSpecials(ae, am, be, bm)) return;
  const sign = ae & SIGN;
  if (isInfinite(be, bm)) {
    const down = (be & SIGN) != 0;
    if (down ? isInfinite(ae, am) : isZero(ae, am)) { setInvalid(); return; }
    noteDenormal(ae, am);
    if (down) setZero(sign);
    else setInfinity(sign);
    return;
  }
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  if (isInfinite(ae, am)) { setInfinity(sign); return; }
  if (am == 0) { setZero(sign); return; }
  const shift = clz(am);
  roundTo(sign, normalExponent(ae, am) + truncated(be, bm), am << shift, 0, 0);
}

/** Integer part of a finite operand, held to a range in which every result overflows or underflows. */
function truncated(e: u32, m: u64): i32 {
  const x = <i32>magnitude(e) - BIAS;
  if (x < 0) return 0;
  const n = x > 16 ? 0x1_0000 : <i32>(m >> <u64>(63 - x));
  return (e & SIGN) != 0 ? 0 - n : n;
}

/** FXTRACT: the exponent as the result, the significand as the second one. */
export function extractF80(e: u32, m: u64): void {
  if (takeSpecial(e, m)) { both(env.exponent, env.mantissa); return; }
  if (isInfinite(e, m)) { both(e, m); env.exponent = EXPONENT_MAX; return; }
  if (m == 0) {
    raise(Raised.ZE);
    both(e, m);
    setInfinity(SIGN);
    return;
  }
  noteDenormal(e, m);
  both((e & SIGN) | <u32>BIAS, m << clz(m));
  fromI64(<i64>(normalExponent(e, m) - BIAS));
}

function both(e: u32, m: u64): void {
  setResult(e, m);
  env.exponent2 = e;
  env.mantissa2 = m;
}

/**
 * FPREM (truncating) and FPREM1 (to nearest): quotient bits in C0, C3, C1; C2 when only a part was done. False when the operands
 * have no quotient.
 */
export function remainderF80(ae: u32, am: u64, be: u32, bm: u64, nearest: bool): bool {
  if (takeSpecials(ae, am, be, bm)) return false;
  if (isInfinite(ae, am) || isZero(be, bm)) { setInvalid(); return false; }
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  if (am == 0) { setZero(ae & SIGN); return true; }
  const ax = normalExponent(ae, am);
  am <<= clz(am);
  if (isInfinite(be, bm)) { roundTo(ae & SIGN, ax, am, 0, 0); return true; }
  const bx = normalExponent(be, bm);
  bm <<= clz(bm);
  const distance = ax - bx;
  if (distance < -1 || (distance < 0 && !nearest)) roundTo(ae & SIGN, ax, am, 0, 0);
  else if (distance < 0) nearestBelow(ae & SIGN, ax, am, bm);
  else if (distance > 63) reducePart(ae & SIGN, ax, am, bm, distance);
  else reduce(ae & SIGN, bx, am, bm, <u64>distance, nearest);
  return true;
}

/** Operand one binade below the divisor: the quotient is 0 or 1. */
function nearestBelow(sign: u32, ax: i32, am: u64, bm: u64): void {
  if (am <= bm) { roundTo(sign, ax, am, 0, 0); return; }
  // In units of the operand, the divisor is 2 * bm; their difference fits a word.
  setQuotient(1);
  packExact(sign ^ SIGN, ax, bm - am + bm);
}

function reduce(sign: u32, bx: i32, am: u64, bm: u64, distance: u64, nearest: bool): void {
  const hi = distance == 0 ? 0 : am >> (64 - distance);
  const lo = am << distance;
  let q = divWide(hi, lo, bm);
  let r = lo - q * bm;
  if (nearest && (r > bm - r || (r == bm - r && (q & 1) != 0))) {
    q++;
    r = bm - r;
    sign ^= SIGN;
  }
  setQuotient(<u32>q);
  if (r == 0) setZero(sign);
  else packExact(sign, bx, r);
}

/** Takes 32 to 63 bits of the quotient off, as the processors this was compared with do. */
function reducePart(sign: u32, ax: i32, am: u64, bm: u64, distance: i32): void {
  const n = <u64>((distance & 31) | 32);
  const lo = am << n;
  const r = lo - divWide(am >> (64 - n), lo, bm) * bm;
  env.condition |= Condition.C2;
  if (r == 0) setZero(sign);
  else packExact(sign, ax - <i32>n, r);
}

@inline function setQuotient(q: u32): void {
  env.condition |= ((q & 4) != 0 ? Condition.C0 : 0) | ((q & 2) != 0 ? Condition.C3 : 0) | ((q & 1) != 0 ? Condition.C1 : 0);
}

function packExact(sign: u32, exponent: i32, m: u64): void {
  const shift = clz(m);
  roundTo(sign, exponent - <i32>shift, m << shift, 0, 0);
}

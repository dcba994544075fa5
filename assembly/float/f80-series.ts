// Fixed-point machinery under the transcendental functions: 128-bit products and quotients, polynomials, packing.
// A wide number is a pair of words; results come back in env.wide0 (high) and env.wide1. Errors are a few units of 2^-127,
// sixty bits below the last place of a result.

import { mulHigh } from "../base/wide";
import { env } from "./env";
import { BIAS, roundTo } from "./f80";

@inline function setWide(hi: u64, lo: u64): void { env.wide0 = hi; env.wide1 = lo; }

/** (a * b) >> 128, a few units low. */
export function mulTop(ah: u64, al: u64, bh: u64, bl: u64): void {
  const low = ah * bh;
  let high = mulHigh(ah, bh);
  const one = low + mulHigh(ah, bl);
  high += <u64>(one < low);
  const two = one + mulHigh(al, bh);
  high += <u64>(two < one);
  setWide(high, two);
}

/** (n << 128) / d for n < d, d's top bit set. Bit by bit: rare enough. */
export function divTop(nh: u64, nl: u64, dh: u64, dl: u64): void {
  let qh: u64 = 0, ql: u64 = 0;
  for (let i = 0; i < 128; i++) {
    const carry = nh >> 63;
    nh = (nh << 1) | (nl >> 63);
    nl <<= 1;
    qh = (qh << 1) | (ql >> 63);
    ql <<= 1;
    if (carry != 0 || nh > dh || (nh == dh && nl >= dl)) {
      nh = nh - dh - <u64>(nl < dl);
      nl -= dl;
      ql |= 1;
    }
  }
  setWide(qh, ql);
}

/** (hi:lo) >> n for any n that is not negative. */
export function shiftRightWide(hi: u64, lo: u64, n: u32): void {
  if (n == 0) setWide(hi, lo);
  else if (n < 64) setWide(hi >> n, (lo >> n) | (hi << (64 - n)));
  else if (n < 128) setWide(0, hi >> (n - 64));
  else setWide(0, 0);
}

/** Moves the top bit of (hi:lo), not zero, to the top; returns by how much. */
export function normalizeWide(hi: u64, lo: u64): u32 {
  let shift: u32 = 0;
  if (hi == 0) { hi = lo; lo = 0; shift = 64; }
  const n = clz(hi);
  if (n != 0) {
    hi = (hi << n) | (lo >> (64 - n));
    lo <<= n;
  }
  setWide(hi, lo);
  return shift + <u32>n;
}

/** Sum of table[k] * z^k (or (-z)^k), k below `terms`; z has 128 fraction bits, the result 127. */
export function sumSeries(table: usize, terms: u32, zh: u64, zl: u64, alternate: bool): void {
  let p = table + (<usize>(terms - 1) << 4);
  let hi = load<u64>(p), lo = load<u64>(p, 8);
  while (p > table) {
    p -= 16;
    mulTop(hi, lo, zh, zl);
    const th = env.wide0, tl = env.wide1;
    const ch = load<u64>(p), cl = load<u64>(p, 8);
    if (alternate) {
      lo = cl - tl;
      hi = ch - th - <u64>(cl < tl);
    } else {
      lo = cl + tl;
      hi = ch + th + <u64>(lo < cl);
    }
  }
  setWide(hi, lo);
}

/** Rounds an irrational (hi:lo) / 2^127 * 2^exponent, not zero, to 64 bits. */
export function packWide(sign: u32, exponent: i32, hi: u64, lo: u64): void {
  const shift = normalizeWide(hi, lo);
  roundTo(sign, BIAS + exponent - <i32>shift, env.wide0, env.wide1 | 1, 0);
}

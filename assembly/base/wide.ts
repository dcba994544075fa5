// 128-bit integer arithmetic over pairs of u64. Knuth, The Art of Computer Programming vol. 2, 4.3.1 (algorithms M and D)
// in base 2^32. Nothing here traps: a quotient that does not fit is the caller's to refuse beforehand
// (divWide asks for hi < d) and gives an unspecified number otherwise.

/** High 64 bits of a * b, unsigned. */
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffff_ffff, ah = a >> 32;
  const bl = b & 0xffff_ffff, bh = b >> 32;
  const mid = ah * bl + ((al * bl) >> 32);
  const low = al * bh + (mid & 0xffff_ffff);
  return ah * bh + (mid >> 32) + (low >> 32);
}

/** High 64 bits of a * b, both signed. */
export function mulHighSigned(a: u64, b: u64): u64 {
  return mulHigh(a, b) - (<u64>(<i64>a >> 63) & b) - (<u64>(<i64>b >> 63) & a);
}

/** One base-2^32 digit of (n1 * 2^32 + n0) / d, where d has its top bit set and n1 < d; n0 is below 2^32. */
function divDigit(n1: u64, n0: u64, d: u64): u64 {
  const dh = d >> 32, dl = d & 0xffff_ffff;
  let q = n1 / dh;
  let r = n1 - q * dh;
  // At most two corrections (theorem B); `r` outgrows 32 bits when none can follow.
  for (let i = 0; i < 2; i++) {
    if ((q >> 32) == 0 && q * dl <= ((r << 32) | n0)) break;
    q--;
    r += dh;
    if ((r >> 32) != 0) break;
  }
  return q;
}

/** Quotient of (hi:lo) / d. Needs hi < d. */
export function divWide(hi: u64, lo: u64, d: u64): u64 {
  if (hi == 0) return d == 0 ? 0 : lo / d;
  if (hi >= d) return ~(<u64>0);
  const shift = clz(d);
  const v = d << shift;
  // A shift by 64 must give zero, so the second half is shifted in two steps.
  const n = (hi << shift) | ((lo >> 1) >> (63 - shift));
  const rest = lo << shift;
  const q1 = divDigit(n, rest >> 32, v);
  const middle = ((n << 32) | (rest >> 32)) - q1 * v;
  const q0 = divDigit(middle, rest & 0xffff_ffff, v);
  return (q1 << 32) + q0;
}

/** Remainder of (hi:lo) / d. Needs hi < d. */
export function remWide(hi: u64, lo: u64, d: u64): u64 {
  return lo - divWide(hi, lo, d) * d;
}

/** value >> n for any n, with every bit lost jammed into the lowest one. */
export function shiftRightJam(value: u64, n: u64): u64 {
  if (n == 0) return value;
  if (n > 63) return <u64>(value != 0);
  return (value >> n) | <u64>((value << (64 - n)) != 0);
}

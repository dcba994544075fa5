// The 80-bit double-extended format: what an operand is, which NaN comes out, and rounding. Intel SDM vol. 1, 4.2.2,
// 4.8.3, 4.8.4, 8.1.5.2 and 8.5.
// An operand is a pair (e, m): e holds sign (bit 15) and biased exponent, m the significand with its explicit integer bit.
// An operation leaves its result in env.exponent and env.mantissa, its exceptions in env.flags (as if every one were
// masked, but for the scaled results that unmasked underflow and overflow ask for), and C1 in env.condition.

import { shiftRightJam } from "../base/wide";
import { env, Raised, Rounding } from "./env";

@inline export const EXPONENT_MAX: u32 = 0x7fff;
@inline export const SIGN: u32 = 0x8000;
@inline export const BIAS: i32 = 0x3fff;
@inline export const INTEGER_BIT: u64 = 0x8000_0000_0000_0000;
@inline export const QUIET_BIT: u64 = 0x4000_0000_0000_0000;
/** What unmasked underflow and overflow add to or take from the exponent. SDM vol. 1, 8.5.4 and 8.5.5. */
@inline export const UNMASKED_SCALE: i32 = 24576;

/** Condition bits of the status word. */
export const enum Condition { C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000, ALL = 0x4700 }

@inline export function raise(bits: u32): void { env.flags |= bits; }
@inline export function setResult(e: u32, m: u64): void { env.exponent = e; env.mantissa = m; }
@inline export function roundingMode(): u32 { return (env.fcw >> 10) & 3; }
@inline export function isMasked(bits: u32): bool { return (env.fcw & bits) == bits; }

/** Low bits of the significand that precision control takes away; the reserved encoding behaves as 64 bits. */
@inline export function droppedBits(): u32 {
  const pc = (env.fcw >> 8) & 3;
  return pc == 0 ? 40 : pc == 2 ? 11 : 0;
}

@inline export function magnitude(e: u32): u32 { return e & EXPONENT_MAX; }
/** Pseudo-NaN, pseudo-infinity, unnormal: formats the 387 and later refuse. SDM vol. 1, 8.2.2. */
@inline export function isUnsupported(e: u32, m: u64): bool { return (e & EXPONENT_MAX) != 0 && <i64>m >= 0; }
@inline export function isNan(e: u32, m: u64): bool { return (e & EXPONENT_MAX) == EXPONENT_MAX && m << 1 != 0; }
@inline export function isSignaling(e: u32, m: u64): bool { return isNan(e, m) && (m & QUIET_BIT) == 0; }
@inline export function isInfinite(e: u32, m: u64): bool { return (e & EXPONENT_MAX) == EXPONENT_MAX && m << 1 == 0; }
@inline export function isZero(e: u32, m: u64): bool { return (e & EXPONENT_MAX) == 0 && m == 0; }
/** Denormal or pseudo-denormal. */
@inline export function isDenormal(e: u32, m: u64): bool { return (e & EXPONENT_MAX) == 0 && m != 0; }
/** Exponent of a non-zero finite operand once its integer bit is at the top; shift m by clz(m) to match. */
@inline export function normalExponent(e: u32, m: u64): i32 {
  const x = <i32>(e & EXPONENT_MAX);
  return x + <i32>(x == 0) - <i32>clz(m);
}

export function setInvalid(): void {
  raise(Raised.IE);
  setResult(SIGN | EXPONENT_MAX, INTEGER_BIT | QUIET_BIT);
}
@inline export function setInfinity(sign: u32): void { setResult(sign | EXPONENT_MAX, INTEGER_BIT); }
@inline export function setZero(sign: u32): void { setResult(sign, 0); }

/** Set in the exponent word of an operand that was denormal in a narrower format and is normal here. */
@inline export const WAS_DENORMAL: u32 = 0x1_0000;
/** Signals a denormal operand. */
@inline export function noteDenormal(e: u32, m: u64): void { if (isDenormal(e, m) || (e & WAS_DENORMAL) != 0) raise(Raised.DE); }

/** Handles an operand that is unsupported or a NaN: true when the result is set. */
export function takeSpecial(e: u32, m: u64): bool {
  if (isUnsupported(e, m)) { setInvalid(); return true; }
  if (!isNan(e, m)) return false;
  if ((m & QUIET_BIT) == 0) raise(Raised.IE);
  setResult(e, m | QUIET_BIT);
  return true;
}

/** The same for two operands. SDM vol. 1, table 4-7: a quiet NaN before a signalling one, else the larger significand. */
export function takeSpecials(ae: u32, am: u64, be: u32, bm: u64): bool {
  if (isUnsupported(ae, am) || isUnsupported(be, bm)) { setInvalid(); return true; }
  const an = isNan(ae, am), bn = isNan(be, bm);
  if (!an && !bn) return false;
  const as = an && (am & QUIET_BIT) == 0, bs = bn && (bm & QUIET_BIT) == 0;
  if (as || bs) raise(Raised.IE);
  let first = an;
  if (an && bn) {
    if (as != bs) first = bs;
    else if (am << 1 != bm << 1) first = am << 1 > bm << 1;
    else first = ae < be;
  }
  if (first) setResult(ae, am | QUIET_BIT);
  else setResult(be, bm | QUIET_BIT);
  return true;
}

/** Whether a discarded fraction (of 2^64) makes the kept significand one larger. */
@inline export function roundsUp(sign: u32, odd: bool, fraction: u64, mode: u32): bool {
  if (mode == Rounding.NEAREST) return fraction > INTEGER_BIT || (fraction == INTEGER_BIT && odd);
  if (fraction == 0 || mode == Rounding.ZERO) return false;
  return (mode == Rounding.UP) == (sign == 0);
}

/** The fraction that rounding off `drop` bits of hi discards, with all below jammed in. */
@inline function discarded(hi: u64, lo: u64, drop: u32): u64 {
  return drop == 0 ? lo : (hi << <u64>(64 - drop)) | <u64>(lo != 0);
}

/** Rounds at the current precision. See roundTo. */
export function roundPack(sign: u32, exponent: i32, hi: u64, lo: u64): void {
  roundTo(sign, exponent, hi, lo, droppedBits());
}

/**
 * Rounds (hi:lo), hi's top bit set and lo's lowest one sticky, to 64 - drop bits and packs it with sign and biased exponent.
 * The exponent may lie outside the format.
 */
export function roundTo(sign: u32, exponent: i32, hi: u64, lo: u64, drop: u32): void {
  const unit = <u64>1 << drop;
  const fraction = discarded(hi, lo, drop);
  let kept = hi & ~(unit - 1);
  const up = roundsUp(sign, (kept & unit) != 0, fraction, roundingMode());
  const before = exponent;
  if (up) {
    kept += unit;
    if (kept == 0) { kept = INTEGER_BIT; exponent++; }
  }
  if (exponent <= 0) {
    // Tiny after rounding (SDM vol. 1, 4.9.1.5).
    if (isMasked(Raised.UE)) { roundDenormal(sign, before, hi, lo, drop); return; }
    raise(Raised.UE);
    exponent += UNMASKED_SCALE;
    if (exponent <= 0) { finish(sign, 0, 0, true, false); return; }
  } else if (exponent >= <i32>EXPONENT_MAX) {
    raise(Raised.OE);
    if (isMasked(Raised.OE)) { overflow(sign, drop); return; }
    exponent -= UNMASKED_SCALE;
    if (exponent >= <i32>EXPONENT_MAX) { finish(sign, EXPONENT_MAX, INTEGER_BIT, true, true); return; }
  }
  finish(sign, exponent, kept, fraction != 0, up);
}

@inline function finish(sign: u32, exponent: u32, m: u64, inexact: bool, up: bool): void {
  if (inexact) raise(Raised.PE);
  if (up) env.condition |= Condition.C1;
  setResult(sign | exponent, m);
}

/** The masked answer to a tiny result: shift into place, round once. Underflow is signalled only with a loss. */
function roundDenormal(sign: u32, exponent: i32, hi: u64, lo: u64, drop: u32): void {
  const n = <u64>(1 - exponent);
  const low = n < 64 ? (hi << (64 - n)) | (lo >> n) | <u64>(lo << (64 - n) != 0)
    : n == 64 ? hi | <u64>(lo != 0) : shiftRightJam(hi, n - 64) | <u64>(lo != 0);
  const high = n < 64 ? hi >> n : 0;
  const unit = <u64>1 << drop;
  const fraction = discarded(high, low, drop);
  let kept = high & ~(unit - 1);
  const up = roundsUp(sign, (kept & unit) != 0, fraction, roundingMode());
  if (up) kept += unit;
  if (fraction != 0) raise(Raised.UE);
  finish(sign, <u32>(kept >> 63), kept, fraction != 0, up);
}

/** The masked answer to overflow. SDM vol. 1, table 4-10. */
function overflow(sign: u32, drop: u32): void {
  const mode = roundingMode();
  const toInfinity = mode == Rounding.NEAREST || (mode == Rounding.UP ? sign == 0 : mode == Rounding.DOWN && sign != 0);
  if (toInfinity) finish(sign, EXPONENT_MAX, INTEGER_BIT, true, true);
  else finish(sign, EXPONENT_MAX - 1, ~((<u64>1 << drop) - 1), true, false);
}

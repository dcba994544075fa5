// The status flags of a result. In Build one operation, FLAGS, names how the result came about (its kind), so that what reads the flags can
// be made from the operands; in Run, and where no kind fits (SET_CC), they are the two words of cpu/flags.ts: ccResult (sign-extended) gives
// ZF SF PF; ccCarry holds CF in bit 63, CF xor OF (the carry into the sign) in bit 62, AF in bit 3.

import { Op } from "./ops";
import { record } from "./block";
import { Run, Val, lit, and, or, xor, shl, shr, running, signExtend, condition, setCc, getCcCarry, choose, getCcResult, eq } from "./words";
import { cpu } from "../cpu/state";
import { setStatusFlags } from "../cpu/flags";

/** How a result came about. Operands of FLAGS; results need not be cut to the operand size. */
export const enum Flags {
  ADD, ADC,  // a + b (+ CF) = c
  SUB, SBB,  // a - b (- CF) = c
  LOGIC,     // c; CF and OF clear; AF is undefined and reads as 0
  INC, DEC,  // a + 1, a - 1 = c: CF stays
  /** a (zero-extended) shifted by b (masked) = c. A count of 0 leaves all flags. OF as for a count of 1, AF 0. */
  SHL, SHR, SAR,
  MUL,       // c; CF and OF are a; the others, undefined, follow c
  CF,        // CF is a, the others stay
  STATUS,    // all six from their places in a
}

/** Sets the flags of a result. `kind` and `bits` are known to the caller. */
@inline export function setFlags<M>(kind: Flags, a: Val, b: Val, r: Val, bits: u32): void {
  if (!running<M>()) { record(Op.FLAGS, a, b, r, <u64>kind | <u64>bits << 8); return; }
  if (kind == Flags.ADD || kind == Flags.ADC) setCc<Run>(signExtend<Run>(r, bits), packCarry(carryOut(a, b, r), bits));
  else if (kind == Flags.SUB || kind == Flags.SBB) setCc<Run>(signExtend<Run>(r, bits), packCarry(borrowOut(a, b, r), bits));
  else if (kind == Flags.LOGIC) setCc<Run>(signExtend<Run>(r, bits), 0);
  else if (kind == Flags.INC) keepCf(r, carryOut(a, 1, r), bits);
  else if (kind == Flags.DEC) keepCf(r, borrowOut(a, 1, r), bits);
  else setRare(kind, a, b, r, bits);
}
/** FLAGS of any kind, for the IR's interpreter and for the exits of translated code. */
export function setFlagsOf(kind: u32, a: u64, b: u64, r: u64, bits: u32): void { setFlags<Run>(kind, a, b, r, bits); }

@inline export function setLogic<M>(r: Val, bits: u32): void { setFlags<M>(Flags.LOGIC, r, r, r, bits); }
/** Only CF changes: BT, CLC, STC, CMC. */
@inline export function setCf<M>(cf: Val): void { setFlags<M>(Flags.CF, cf, cf, cf, 64); }
/** All six from their places in RFLAGS: UCOMISD, PTEST and what else answers so. */
@inline export function setStatus<M>(f: Val): void { setFlags<M>(Flags.STATUS, f, f, f, 64); }

// --- Run ----------------------------------------------------------------------------------------------------------

function setRare(kind: u32, a: u64, b: u64, r: u64, bits: u32): void {
  if (kind == Flags.CF) changeCf(a);
  else if (kind == Flags.STATUS) placeStatus(a);
  else if (kind == Flags.MUL) setCc<Run>(signExtendBy(r, bits), carryWord<Run>(a, a));
  else if (b) setCc<Run>(signExtendBy(r, bits), kind == Flags.SHL ? outLeft(a, b, r, bits) : kind == Flags.SHR ? outRight(a, b, bits) : outSigned(a, b, bits));
}
function signExtendBy(v: u64, bits: u32): u64 { return signExtend<Run>(v, bits); }

/** CF is the last bit out: bit (bits - count) of `a`; 0 when the count passes the width. */
function outLeft(a: u64, count: u64, r: u64, bits: u32): u64 {
  const cf = (bits == 64 ? a >> (64 - count) : a << count >> bits) & 1;
  return carryWord<Run>(cf, (r >> (bits - 1) & 1) ^ cf);
}
function outRight(a: u64, count: u64, bits: u32): u64 { return carryWord<Run>(a >> (count - 1) & 1, a >> (bits - 1) & 1); }
function outSigned(a: u64, count: u64, bits: u32): u64 {
  return carryWord<Run>(<u64>(<i64>signExtendBy(a, bits) >> (<i64>count - 1)) & 1, 0);
}

/** Carry out of each bit of a + b (+ carry in) = r. */
@inline function carryOut(a: u64, b: u64, r: u64): u64 { return a & b | (a | b) & ~r; }
/** Borrow out of each bit of a - b (- borrow in) = r. */
@inline function borrowOut(a: u64, b: u64, r: u64): u64 { return ~a & b | (~a | b) & r; }
@inline function packCarry(carry: u64, bits: u32): u64 {
  return (bits == 64 ? carry : carry << (64 - <u64>bits)) & <u64>3 << 62 | carry & 8;
}
/** INC and DEC. Bit 62 is CF xor OF: where the new CF differs from the kept one, it turns too. */
@inline function keepCf(r: u64, carry: u64, bits: u32): void {
  const fresh = packCarry(carry, bits), flip = (fresh ^ cpu.ccCarry) & <u64>1 << 63;
  setCc<Run>(signExtend<Run>(r, bits), fresh ^ (flip | flip >> 1));
}
function changeCf(cf: u64): void {
  const flip = cf << 63 ^ cpu.ccCarry & <u64>1 << 63;
  cpu.ccCarry ^= flip | flip >> 1;
}
function placeStatus(f: u64): void { setStatusFlags(f); }

// --- where no kind fits -------------------------------------------------------------------------------------------

@inline export function not<M>(a: Val): Val { return xor<M>(a, lit<M>(~0)); }

/** The carry word for CF and OF given as 0 or 1; AF 0. */
export function carryWord<M>(cf: Val, ov: Val): Val {
  return or<M>(shl<M>(cf, lit<M>(63)), shl<M>(xor<M>(cf, ov), lit<M>(62)));
}
/** OF alone (ADOX): CF stays, so only the bit that holds their difference changes. */
export function setOf<M>(overflow: Val): void {
  const flip = xor<M>(overflow, condition<M>(0));
  setCc<M>(getCcResult<M>(), xor<M>(getCcCarry<M>(), shl<M>(flip, lit<M>(62))));
}
/** ZF alone (BSF, CMPXCHG8B...) with SF, PF, CF, OF, AF kept. */
export function setZf<M>(zf: Val): void {
  // ZF is "ccResult is 0". Where it must change, rebuild a result with the same SF and PF through the inverting bits.
  const r = getCcResult<M>(), c = getCcCarry<M>();
  const sf = xor<M>(shr<M>(r, lit<M>(63)), and<M>(shr<M>(c, lit<M>(1)), lit<M>(1)));
  const odd = xor<M>(parity<M>(r), and<M>(c, lit<M>(1)));
  const rest = and<M>(c, lit<M>(~3));
  // With result 0, SF reads as bit 1 and the parity is even; with result 3, SF is bit 1 and the parity is even too.
  setCc<M>(choose<M>(zf, lit<M>(0), lit<M>(3)), or<M>(rest, or<M>(shl<M>(sf, lit<M>(1)), odd)));
}
/** 1 when the low byte has an odd number of ones. */
function parity<M>(r: Val): Val {
  let p = xor<M>(r, shr<M>(r, lit<M>(4)));
  p = xor<M>(p, shr<M>(p, lit<M>(2)));
  return and<M>(xor<M>(p, shr<M>(p, lit<M>(1))), lit<M>(1));
}
@inline export function isZero<M>(a: Val): Val { return eq<M>(a, lit<M>(0)); }

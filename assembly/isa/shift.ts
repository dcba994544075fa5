// Rotates and shifts: ROL ROR RCL RCR SHL SHR SAL SAR by 1, an immediate or CL; SHLD, SHRD. SDM vol. 2B.
// A count of 0 (after masking) changes nothing, flags included: everything is selected on it.
// OF is set as for a count of 1 at every count: the manual leaves it undefined above 1.

import { Insn } from "../decode/record";
import {
  Val, lit, sub, and, or, xor, shl, shr, sar, getReg, setReg, getCf, setCc, getCcCarry, getCcResult, choose, eq,
  signExtend, zeroExtend, faulted, ltU,
} from "../ir/words";
import { carryWord, Flags, setFlags } from "../ir/words-flags";
import { aimTarget, targetOf, readTarget, writeTarget, R } from "./operands";

export const enum Shift { ROL, ROR, RCL, RCR, SHL, SHR, SAL, SAR }

/** The count as the processor takes it: five bits, six for 64-bit operands. */
@inline function maskCount<M>(c: Val, bits: u32): Val { return and<M>(c, lit<M>(bits == 64 ? 63 : 31)); }

/** Sets ZF SF PF from `r`, CF and OF as given, unless `count` is 0. */
@inline function commitShift<M>(r: Val, bits: u32, cf: Val, ov: Val, none: Val): void {
  setCc<M>(choose<M>(none, getCcResult<M>(), signExtend<M>(r, bits)), choose<M>(none, getCcCarry<M>(), carryWord<M>(cf, ov)));
}
@inline function commitRotate<M>(cf: Val, ov: Val, none: Val): void {
  const old = getCcCarry<M>();
  const fresh = or<M>(and<M>(old, lit<M>(~(<u64>3 << 62))), carryWord<M>(cf, ov));
  setCc<M>(getCcResult<M>(), choose<M>(none, old, fresh));
}
@inline function bit<M>(v: Val, n: u32): Val { return and<M>(shr<M>(v, lit<M>(n)), lit<M>(1)); }

/** The result of shifting `a` (zero-extended) by `count` (masked); flags are committed. The caller has no fault left. */
export function shiftValue<M>(op: u32, a: Val, count: Val, bits: u32): Val {
  if (op == Shift.SHL || op == Shift.SAL) return shiftLeft<M>(a, count, bits);
  if (op == Shift.SHR) return shiftRight<M>(a, count, bits);
  if (op == Shift.SAR) return shiftArithmetic<M>(a, count, bits);
  const none = eq<M>(count, lit<M>(0));
  if (op == Shift.ROL || op == Shift.ROR) return rotate<M>(op == Shift.ROL, a, count, bits, none);
  return rotateCarry<M>(op == Shift.RCL, a, count, bits, none);
}

function shiftLeft<M>(a: Val, count: Val, bits: u32): Val {
  const r = zeroExtend<M>(shl<M>(a, count), bits);
  setFlags<M>(Flags.SHL, a, count, r, bits);
  return r;
}
function shiftRight<M>(a: Val, count: Val, bits: u32): Val {
  const r = shr<M>(a, count);
  setFlags<M>(Flags.SHR, a, count, r, bits);
  return r;
}
function shiftArithmetic<M>(a: Val, count: Val, bits: u32): Val {
  const r = zeroExtend<M>(sar<M>(signExtend<M>(a, bits), count), bits);
  setFlags<M>(Flags.SAR, a, count, r, bits);
  return r;
}

/** The flags change when the masked count is not 0, even where the rotation itself is by a multiple of the width. */
function rotate<M>(left: bool, a: Val, count: Val, bits: u32, none: Val): Val {
  const n = and<M>(count, lit<M>(bits - 1)), back = and<M>(sub<M>(lit<M>(bits), n), lit<M>(bits - 1));
  const r = zeroExtend<M>(left ? or<M>(shl<M>(a, n), shr<M>(a, back)) : or<M>(shr<M>(a, n), shl<M>(a, back)), bits);
  const top = bit<M>(r, bits - 1);
  const cf = left ? and<M>(r, lit<M>(1)) : top;
  commitRotate<M>(cf, xor<M>(top, left ? cf : bit<M>(r, bits - 2)), none);
  return r;
}

/** Rotation through CF: of a value one bit wider. The count is taken modulo that width for 8 and 16 bits. */
function rotateCarry<M>(left: bool, a: Val, count: Val, bits: u32, none: Val): Val {
  const width = bits + 1;
  let n = count;
  if (bits < 32) for (let k: u32 = 0; k < 3; k++) n = choose<M>(ltU<M>(n, lit<M>(width)), n, sub<M>(n, lit<M>(width)));
  const still = eq<M>(n, lit<M>(0)), cf = getCf<M>();
  let r: Val, out: Val;
  if (left) {
    // r = a << n | cf << (n - 1) | a >> (width - n); two shifts where the count could reach 64.
    r = or<M>(or<M>(shl<M>(a, n), shl<M>(cf, sub<M>(n, lit<M>(1)))), shr<M>(shr<M>(a, lit<M>(1)), sub<M>(lit<M>(bits), n)));
    out = and<M>(shr<M>(a, sub<M>(lit<M>(bits), n)), lit<M>(1));
  } else {
    r = or<M>(or<M>(shr<M>(a, n), shl<M>(cf, sub<M>(lit<M>(bits), n))), shl<M>(shl<M>(a, lit<M>(1)), sub<M>(lit<M>(bits), n)));
    out = and<M>(shr<M>(a, sub<M>(n, lit<M>(1))), lit<M>(1));
  }
  r = choose<M>(still, a, zeroExtend<M>(r, bits));
  out = choose<M>(still, cf, out);
  const top = bit<M>(r, bits - 1);
  commitRotate<M>(out, xor<M>(top, left ? out : bit<M>(r, bits - 2)), none);
  return r;
}

/** reg by an immediate: the frequent case. */
@inline export function shiftRI<M>(i: Insn, op: u32, bits: u32): void {
  const count: u32 = <u32>i.imm & (bits == 64 ? 63 : 31);
  if (count == 0) { if (bits == 32) setReg<M>(i.dst, getReg<M>(i.dst, 32), 32); return; }
  setReg<M>(i.dst, shiftValue<M>(op, getReg<M>(i.dst, bits), lit<M>(count), bits), bits);
}
/** r/m by an immediate, CL, or 1. */
export function shiftRm<M>(i: Insn, by: Val): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  writeTarget<M>(i, aimed, where, bits, shiftValue<M>(i.kind, a, maskCount<M>(by, bits), bits));
}
export function countInCl<M>(): Val { return getReg<M>(R.CX, 8); }

/** SHLD and SHRD: bits from `src` fill in. Counts above a 16-bit operand's width are undefined: ours rotate the pair. */
export function doubleShift<M>(i: Insn, left: bool, by: Val): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  const b = getReg<M>(i.src, bits), n = maskCount<M>(by, bits);
  const none = eq<M>(n, lit<M>(0));
  const r = left ? joinLeft<M>(a, b, n, bits) : joinRight<M>(a, b, n, bits);
  const one = lit<M>(1);
  const cf = left ? lastOutLeft<M>(a, b, n, bits) : lastOutRight<M>(a, b, n, bits);
  writeTarget<M>(i, aimed, where, bits, choose<M>(none, a, r));
  commitShift<M>(r, bits, and<M>(cf, one), bit<M>(xor<M>(r, a), bits - 1), none);
}
function joinLeft<M>(a: Val, b: Val, n: Val, bits: u32): Val {
  if (bits == 64) return or<M>(shl<M>(a, n), shr<M>(shr<M>(b, lit<M>(1)), sub<M>(lit<M>(63), n)));
  if (bits == 32) return zeroExtend<M>(shr<M>(shl<M>(or<M>(shl<M>(a, lit<M>(32)), b), n), lit<M>(32)), 32);
  return zeroExtend<M>(shr<M>(shl<M>(triple<M>(a, b, a), n), lit<M>(32)), 16);
}
function joinRight<M>(a: Val, b: Val, n: Val, bits: u32): Val {
  if (bits == 64) return or<M>(shr<M>(a, n), shl<M>(shl<M>(b, lit<M>(1)), sub<M>(lit<M>(63), n)));
  if (bits == 32) return zeroExtend<M>(shr<M>(or<M>(shl<M>(b, lit<M>(32)), a), n), 32);
  return zeroExtend<M>(shr<M>(triple<M>(a, b, a), n), 16);
}
/** Three words, the first on top. */
function triple<M>(x: Val, y: Val, z: Val): Val { return or<M>(or<M>(shl<M>(x, lit<M>(32)), shl<M>(y, lit<M>(16))), z); }
function lastOutLeft<M>(a: Val, b: Val, n: Val, bits: u32): Val {
  if (bits != 16) return shr<M>(a, sub<M>(lit<M>(bits), n));
  return shr<M>(triple<M>(a, b, a), and<M>(sub<M>(lit<M>(48), n), lit<M>(63)));
}
function lastOutRight<M>(a: Val, b: Val, n: Val, bits: u32): Val {
  if (bits != 16) return shr<M>(a, sub<M>(n, lit<M>(1)));
  return shr<M>(triple<M>(a, b, a), sub<M>(n, lit<M>(1)));
}

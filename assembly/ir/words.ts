// The vocabulary of meaning. Every word takes a mode: in Run it acts now and a Val is the 64-bit value; in Build it appends
// to the IR and a Val is the id of a value. AssemblyScript has no static dispatch on a type parameter, so the mode is told
// apart by its size, which folds away.
//
// A plain `if` on a guest value is right in Run and wrong in Build: use choose, raiseIf, branch.

import { Op, Wide } from "./ops";
import { record } from "./block";
import { cpu, GPR, SEGMENTS } from "../cpu/state";
import { raiseVector } from "../cpu/exceptions";
import { divWide, mulHigh, mulHighSigned, remWide } from "../base/wide";

export type Run = u8;
export type Build = u16;
export type Val = u64;
@inline export function running<M>(): bool { return sizeof<M>() == sizeof<Run>(); }

@inline export function lit<M>(x: u64): Val { return running<M>() ? x : record(Op.CONST, 0, 0, 0, x); }
@inline export function add<M>(a: Val, b: Val): Val { return running<M>() ? a + b : record(Op.ADD, a, b, 0, 0); }
@inline export function sub<M>(a: Val, b: Val): Val { return running<M>() ? a - b : record(Op.SUB, a, b, 0, 0); }
@inline export function mul<M>(a: Val, b: Val): Val { return running<M>() ? a * b : record(Op.MUL, a, b, 0, 0); }
@inline export function and<M>(a: Val, b: Val): Val { return running<M>() ? a & b : record(Op.AND, a, b, 0, 0); }
@inline export function or<M>(a: Val, b: Val): Val { return running<M>() ? a | b : record(Op.OR, a, b, 0, 0); }
@inline export function xor<M>(a: Val, b: Val): Val { return running<M>() ? a ^ b : record(Op.XOR, a, b, 0, 0); }
/** Shift counts are taken modulo 64, as Wasm does. */
@inline export function shl<M>(a: Val, b: Val): Val { return running<M>() ? a << b : record(Op.SHL, a, b, 0, 0); }
@inline export function shr<M>(a: Val, b: Val): Val { return running<M>() ? a >> b : record(Op.SHR, a, b, 0, 0); }
@inline export function sar<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(<i64>a >> <i64>b) : record(Op.SAR, a, b, 0, 0); }
@inline export function rotr<M>(a: Val, b: Val): Val { return running<M>() ? rotr_(a, b) : record(Op.ROTR, a, b, 0, 0); }
@inline function rotr_(a: u64, b: u64): u64 { return a >> (b & 63) | a << ((64 - b) & 63); }
@inline export function mulHighU<M>(a: Val, b: Val): Val { return running<M>() ? mulHigh(a, b) : record(Op.MUL_HIGH_U, a, b, 0, 0); }
@inline export function mulHighS<M>(a: Val, b: Val): Val { return running<M>() ? mulHighSigned(a, b) : record(Op.MUL_HIGH_S, a, b, 0, 0); }
@inline export function clz64<M>(a: Val): Val { return running<M>() ? clz<u64>(a) : record(Op.CLZ, a, 0, 0, 0); }
@inline export function ctz64<M>(a: Val): Val { return running<M>() ? ctz<u64>(a) : record(Op.CTZ, a, 0, 0, 0); }
@inline export function popcnt64<M>(a: Val): Val { return running<M>() ? popcnt<u64>(a) : record(Op.POPCNT, a, 0, 0, 0); }
/** Comparisons give 0 or 1. */
@inline export function eq<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(a == b) : record(Op.EQ, a, b, 0, 0); }
@inline export function ltU<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(a < b) : record(Op.LT_U, a, b, 0, 0); }
@inline export function ltS<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(<i64>a < <i64>b) : record(Op.LT_S, a, b, 0, 0); }
@inline export function choose<M>(c: Val, yes: Val, no: Val): Val { return running<M>() ? select<u64>(yes, no, c != 0) : record(Op.SELECT, c, yes, no, 0); }


/** Quotients and remainders. A divisor of 0 and a quotient that overflows were raised before: these are not reached. */
@inline export function divU<M>(a: Val, b: Val): Val { return running<M>() ? a / b : record(Op.DIV_U, a, b, 0, 0); }
@inline export function remU<M>(a: Val, b: Val): Val { return running<M>() ? a % b : record(Op.REM_U, a, b, 0, 0); }
@inline export function divS<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(<i64>a / <i64>b) : record(Op.DIV_S, a, b, 0, 0); }
@inline export function remS<M>(a: Val, b: Val): Val { return running<M>() ? <u64>(<i64>a % <i64>b) : record(Op.REM_S, a, b, 0, 0); }
/** high:low divided by b, as `how` (Wide) says. */
@inline export function divideWide<M>(how: u32, low: Val, high: Val, b: Val): Val {
  return running<M>() ? wideBy(how, low, high, b) : record(Op.DIV_WIDE, low, b, high, how);
}
/** 1 when the quotient fits 64 bits; b is not 0. */
@inline export function fitsWide<M>(how: u32, low: Val, high: Val, b: Val): Val {
  return running<M>() ? <u64>wideFits(how, low, high, b) : record(Op.WIDE_FITS, low, b, high, how);
}
export function wideBy(how: u32, low: u64, high: u64, b: u64): u64 {
  const signed = (how & Wide.SIGNED) != 0, negative = signed && <i64>high < 0, other = signed && <i64>b < 0;
  if (negative) { low = 0 - low; high = ~high + (low == 0 ? 1 : 0); }
  const d = other ? 0 - b : b;
  if (how & Wide.REMAINDER) { const r = remWide(high, low, d); return negative ? 0 - r : r; }
  const q = divWide(high, low, d);
  return negative != other ? 0 - q : q;
}
export function wideFits(how: u32, low: u64, high: u64, b: u64): bool {
  if (!(how & Wide.SIGNED)) return high < b;
  const negative = <i64>high < 0, other = <i64>b < 0, d = other ? 0 - b : b;
  if (negative) { low = 0 - low; high = ~high + (low == 0 ? 1 : 0); }
  if (high >= d) return false;
  const q = divWide(high, low, d);
  return negative != other ? q <= <u64>1 << 63 : q >> 63 == 0;
}

/** Sign-extends the low `bits` (8, 16, 32, 64), which the mode's caller knows. */
@inline export function signExtend<M>(a: Val, bits: u32): Val {
  if (bits == 64) return a;
  if (running<M>()) return bits == 8 ? <u64><i64><i8>a : bits == 16 ? <u64><i64><i16>a : <u64><i64><i32>a;
  return record(bits == 8 ? Op.EXTEND8 : bits == 16 ? Op.EXTEND16 : Op.EXTEND32, a, 0, 0, 0);
}
@inline export function maskOf(bits: u32): u64 { return bits == 64 ? ~0 : (<u64>1 << bits) - 1; }
@inline export function zeroExtend<M>(a: Val, bits: u32): Val { return bits == 64 ? a : and<M>(a, lit<M>(maskOf(bits))); }

// --- registers ---------------------------------------------------------------------------------------------------

/** Reads the register at byte offset `r` of the register file (record.ts), zero-extended. */
@inline export function getReg<M>(r: u32, bits: u32): Val {
  if (!running<M>()) return record(Op.GET_REG, 0, 0, 0, <u64>r | <u64>bits << 16);
  const p = GPR + <usize>r;
  return bits == 64 ? load<u64>(p) : bits == 32 ? load<u32>(p) : bits == 16 ? load<u16>(p) : load<u8>(p);
}
/** SDM vol. 1, 3.4.1.1: a 32-bit result zero-extends, 8 and 16 bits merge. */
@inline export function setReg<M>(r: u32, v: Val, bits: u32): void {
  if (!running<M>()) { record(Op.SET_REG, v, 0, 0, <u64>r | <u64>bits << 16); return; }
  const p = GPR + <usize>r;
  if (bits == 64) store<u64>(p, v);
  else if (bits == 32) store<u64>(p, <u64><u32>v);
  else if (bits == 16) store<u16>(p, <u16>v);
  else store<u8>(p, <u8>v);
}
@inline export function segmentBase<M>(s: u32): Val {
  return running<M>() ? load<u64>(SEGMENTS + (<usize>s << 5)) : record(Op.SEGMENT_BASE, 0, 0, 0, s);
}

// --- flags: see cpu/flags.ts for the two words ------------------------------------------------------------------

@inline export function getCcResult<M>(): Val { return running<M>() ? cpu.ccResult : record(Op.GET_CC_RESULT, 0, 0, 0, 0); }
@inline export function getCcCarry<M>(): Val { return running<M>() ? cpu.ccCarry : record(Op.GET_CC_CARRY, 0, 0, 0, 0); }
@inline export function setCc<M>(result: Val, carry: Val): void {
  if (running<M>()) { cpu.ccResult = result; cpu.ccCarry = carry; } else record(Op.SET_CC, result, carry, 0, 0);
}
/** CF as 0 or 1. */
@inline export function getCf<M>(): Val { return running<M>() ? cpu.ccCarry >> 63 : record(Op.COND, 0, 0, 0, 2); }

/** Condition `code` (opcode bits 3:0) as 0 or 1. SDM vol. 1 appendix B. */
@inline export function condition<M>(code: u32): Val {
  return running<M>() ? <u64>holds(code) : record(Op.COND, 0, 0, 0, code);
}
@inline export function holds(code: u32): bool {
  const r = cpu.ccResult, c = cpu.ccCarry;
  let is: bool;
  const what = code >> 1;
  if (what == 0) is = <i64>(c ^ c << 1) < 0;
  else if (what == 1) is = <i64>c < 0;
  else if (what == 2) is = r == 0;
  else if (what == 3) is = <i64>c < 0 || r == 0;
  else if (what == 4) is = <i64>(r ^ c << 62) < 0;
  else if (what == 5) is = ((popcnt<u32>(<u32>r & 0xff) ^ <u32>c ^ 1) & 1) != 0;
  else {
    // SF xor OF; SF is inverted by bit 1 of the carry word.
    is = <i64>(r ^ c << 62 ^ c ^ c << 1) < 0;
    if (what == 7) is = is || r == 0;
  }
  return is != <bool>(code & 1);
}
@inline export function getFlag<M>(mask: u64): Val { return running<M>() ? <u64>((cpu.flags & mask) != 0) : record(Op.GET_FLAG, 0, 0, 0, mask); }
@inline export function setFlag<M>(mask: u64, v: Val): void {
  if (running<M>()) cpu.flags = v ? cpu.flags | mask : cpu.flags & ~mask;
  else record(Op.SET_FLAG, v, 0, 0, mask);
}
@inline export function getMxcsr<M>(): Val { return running<M>() ? <u64>cpu.mxcsr : record(Op.GET_MXCSR, 0, 0, 0, 0); }
/** Reserved bits were raised before. */
@inline export function setMxcsr<M>(v: Val): void { if (running<M>()) cpu.mxcsr = <u32>v; else record(Op.SET_MXCSR, v, 0, 0, 0); }

// --- control ------------------------------------------------------------------------------------------------------

/** An access of this instruction has raised: return, committing nothing. In Build the operation carries its own exit. */
@inline export function faulted<M>(): bool { return running<M>() ? cpu.raised != 0 : false; }
/** Code 0 goes with the vectors that have one. */
@inline export function raiseIf<M>(c: Val, vector: u32): void {
  if (running<M>()) { if (c) raiseVector(vector); } else record(Op.RAISE_IF, c, 0, 0, vector);
}
/** Goes to `target` if `c`, else to `next`, which is where the block falls through to anyway. */
@inline export function branch<M>(c: Val, target: Val, next: Val): void {
  if (running<M>()) { if (c) cpu.rip = target; } else record(Op.BRANCH, c, target, next, 0);
}
/** What follows names how control moves: a target that the instruction holds, one that it computes, a call, a return. */
@inline export function jump<M>(target: Val): void { if (running<M>()) cpu.rip = target; else record(Op.JUMP, target, 0, 0, 0); }
@inline export function jumpIndirect<M>(target: Val): void { if (running<M>()) cpu.rip = target; else record(Op.JUMP_IND, target, 0, 0, 0); }
@inline export function callKnown<M>(target: Val, back: Val): void { if (running<M>()) cpu.rip = target; else record(Op.CALL, target, back, 0, 0); }
@inline export function callIndirect<M>(target: Val, back: Val): void { if (running<M>()) cpu.rip = target; else record(Op.CALL_IND, target, back, 0, 0); }
@inline export function returnTo<M>(target: Val): void { if (running<M>()) cpu.rip = target; else record(Op.RET, target, 0, 0, 0); }

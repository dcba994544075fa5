// MUL, IMUL, DIV, IDIV. SDM vol. 2. Division is one operation: it can raise #DE and needs 128 bits.

import { Insn } from "../decode/record";
import { Val, Run, lit, mul, xor, shr, sub, getReg, setReg, faulted, signExtend, zeroExtend, mulHighU, mulHighS, eq, running, recordRun } from "../ir/words";
import { divWide, remWide } from "../base/wide";
import { raiseNoCode } from "../cpu/exceptions";
import { Vector } from "../cpu/state";
import { readRm, R } from "./operands";
import { setResult } from "./status";

/** CF and OF say that the upper half matters; the other flags are undefined and follow the low half. */
function commitProduct<M>(low: Val, wide: Val, bits: u32): void {
  const over = xor<M>(eq<M>(wide, lit<M>(0)), lit<M>(1));
  setResult<M>(low, bits, over, over);
}

/** rDX:rAX = rAX x r/m; AX for bytes. */
export function multiply<M>(i: Insn, signed: bool): void {
  const bits = <u32>i.bits;
  let b = readRm<M>(i, bits);
  if (faulted<M>()) return;
  let a = getReg<M>(R.AX, bits);
  if (signed) { a = signExtend<M>(a, bits); b = signExtend<M>(b, bits); }
  const low = mul<M>(a, b);
  let high: Val, extended: Val;
  if (bits == 64) {
    high = signed ? mulHighS<M>(a, b) : mulHighU<M>(a, b);
    extended = signed ? xor<M>(high, sub<M>(lit<M>(0), shr<M>(low, lit<M>(63)))) : high;
  } else {
    high = shr<M>(low, lit<M>(bits));
    extended = xor<M>(low, signed ? signExtend<M>(low, bits) : zeroExtend<M>(low, bits));
  }
  if (bits == 8) setReg<M>(R.AX, low, 16);
  else { setReg<M>(R.AX, low, bits); setReg<M>(R.DX, high, bits); }
  commitProduct<M>(low, extended, bits);
}

/** Two- and three-operand IMUL: the product is cut to the operand size. */
export function multiplyInto<M>(i: Insn, immediate: bool): void {
  const bits = <u32>i.bits;
  const v = readRm<M>(i, bits);
  if (faulted<M>()) return;
  const a = signExtend<M>(v, bits), b = immediate ? lit<M>(<u64>i.imm) : signExtend<M>(getReg<M>(i.dst, bits), bits);
  const low = mul<M>(a, b);
  const extended = bits == 64 ? xor<M>(mulHighS<M>(a, b), sub<M>(lit<M>(0), shr<M>(low, lit<M>(63)))) : xor<M>(low, signExtend<M>(low, bits));
  setReg<M>(i.dst, low, bits);
  commitProduct<M>(low, extended, bits);
}

/** Flags are undefined and left alone. */
export function divide<M>(i: Insn, signed: bool): void {
  if (!running<M>()) return recordRun();
  const bits = <u32>i.bits, b = readRm<Run>(i, bits);
  if (faulted<Run>()) return;
  const done = b != 0 && (bits == 64 ? divide128(b, signed) : signed ? divideSigned(b, bits) : divideUnsigned(b, bits));
  if (!done) raiseNoCode(Vector.DE);
}
/** The dividend: AX, or rDX:rAX. */
function dividend(bits: u32): u64 { return bits == 8 ? getReg<Run>(R.AX, 16) : getReg<Run>(R.DX, bits) << <u64>bits | getReg<Run>(R.AX, bits); }
function putQuotient(q: u64, r: u64, bits: u32): void {
  if (bits == 8) { setReg<Run>(R.AX, q, 8); setReg<Run>(R.AH, r, 8); return; }
  setReg<Run>(R.AX, q, bits);
  setReg<Run>(R.DX, r, bits);
}
function divideUnsigned(b: u64, bits: u32): bool {
  const a = dividend(bits), q = a / b;
  if (q >> <u64>bits) return false;
  putQuotient(q, a % b, bits);
  return true;
}
function divideSigned(b: u64, bits: u32): bool {
  const a = <i64>signExtend<Run>(dividend(bits), bits * 2), d = <i64>signExtend<Run>(b, bits);
  if (d == -1) {
    const q = 0 - a;
    if (a == i64.MIN_VALUE || <i64>signExtend<Run>(q, bits) != q) return false;
    putQuotient(q, 0, bits);
    return true;
  }
  const q = a / d;
  if (<i64>signExtend<Run>(q, bits) != q) return false;
  putQuotient(q, a % d, bits);
  return true;
}
function divide128(b: u64, signed: bool): bool {
  let high = getReg<Run>(R.DX, 64), low = getReg<Run>(R.AX, 64), d = b;
  const negative = signed && <i64>high < 0, flip = signed && (<i64>high < 0) != (<i64>b < 0);
  if (negative) { low = 0 - low; high = ~high + (low == 0 ? 1 : 0); }
  if (signed && <i64>b < 0) d = 0 - b;
  if (high >= d) return false;
  const q = divWide(high, low, d), r = remWide(high, low, d);
  if (signed && (flip ? q > <u64>1 << 63 : q >> 63 != 0)) return false;
  putQuotient(flip ? 0 - q : q, negative ? 0 - r : r, 64);
  return true;
}

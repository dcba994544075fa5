// MUL, IMUL, DIV, IDIV. SDM vol. 2. #DE is raised before anything is divided, so a division itself never fails.

import { Insn } from "../decode/record";
import {
  Val, lit, mul, or, xor, shl, shr, sub, getReg, setReg, faulted, signExtend, zeroExtend, mulHighU, mulHighS, eq, choose, raiseIf, divU, remU, divS,
  remS, divideWide, fitsWide,
} from "../ir/words";
import { Wide } from "../ir/ops";
import { Flags, isZero, setFlags } from "../ir/words-flags";
import { Vector } from "../cpu/state";
import { readRm, R } from "./operands";

/** CF and OF say that the upper half matters; the other flags are undefined and follow the low half. */
function commitProduct<M>(low: Val, wide: Val, bits: u32): void {
  const over = xor<M>(isZero<M>(wide), lit<M>(1));
  setFlags<M>(Flags.MUL, over, over, low, bits);
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
  const bits = <u32>i.bits, b = readRm<M>(i, bits);
  if (faulted<M>()) return;
  raiseIf<M>(isZero<M>(b), Vector.DE);
  if (faulted<M>()) return;
  if (bits == 64) divideLong<M>(b, signed ? Wide.SIGNED : 0);
  else if (signed) divideSigned<M>(signExtend<M>(b, bits), bits);
  else divideUnsigned<M>(b, bits);
}
/** The dividend: AX, or rDX:rAX. */
function dividend<M>(bits: u32): Val {
  return bits == 8 ? getReg<M>(R.AX, 16) : or<M>(shl<M>(getReg<M>(R.DX, bits), lit<M>(bits)), getReg<M>(R.AX, bits));
}
function putQuotient<M>(q: Val, r: Val, bits: u32): void {
  setReg<M>(R.AX, q, bits);
  setReg<M>(bits == 8 ? R.AH : R.DX, r, bits);
}
function divideUnsigned<M>(b: Val, bits: u32): void {
  const a = dividend<M>(bits), q = divU<M>(a, b);
  raiseIf<M>(xor<M>(isZero<M>(shr<M>(q, lit<M>(bits))), lit<M>(1)), Vector.DE);
  if (faulted<M>()) return;
  putQuotient<M>(q, remU<M>(a, b), bits);
}
/** By -1 it is a negation: the lowest dividend has no quotient even of 64 bits. */
function divideSigned<M>(b: Val, bits: u32): void {
  const a = signExtend<M>(dividend<M>(bits), bits * 2), negates = eq<M>(b, lit<M>(~0)), d = choose<M>(negates, lit<M>(1), b);
  const q = choose<M>(negates, sub<M>(lit<M>(0), a), divS<M>(a, d));
  raiseIf<M>(xor<M>(eq<M>(signExtend<M>(q, bits), q), lit<M>(1)), Vector.DE);
  if (faulted<M>()) return;
  putQuotient<M>(q, remS<M>(a, d), bits);
}
function divideLong<M>(b: Val, how: u32): void {
  const low = getReg<M>(R.AX, 64), high = getReg<M>(R.DX, 64);
  raiseIf<M>(xor<M>(fitsWide<M>(how, low, high, b), lit<M>(1)), Vector.DE);
  if (faulted<M>()) return;
  const q = divideWide<M>(how, low, high, b), r = divideWide<M>(how | Wide.REMAINDER, low, high, b);
  putQuotient<M>(q, r, 64);
}

// ADD OR ADC SBB AND SUB XOR CMP, TEST, INC, DEC, NEG, NOT. SDM vol. 2.

import { Insn } from "../decode/record";
import { Val, lit, add, sub, and, or, xor, getReg, setReg, getCf, faulted, signExtend } from "../ir/words";
import { loadFast, storeFast, probeMem } from "../ir/words-memory";
import { address, targetOf, readTarget, writeTarget } from "./operands";
import { carryOut, borrowOut, setFlags, setFlagsKeepCf, setLogic, not } from "./status";

/** The operation of opcode bits 5:3. */
export const enum Alu { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP }

/** Result of `op`; flags are set by `flagsOf` once nothing can fault. */
@inline function resultOf<M>(op: u32, a: Val, b: Val): Val {
  if (op == Alu.ADD) return add<M>(a, b);
  if (op == Alu.OR) return or<M>(a, b);
  if (op == Alu.ADC) return add<M>(add<M>(a, b), getCf<M>());
  if (op == Alu.SBB) return sub<M>(sub<M>(a, b), getCf<M>());
  if (op == Alu.AND) return and<M>(a, b);
  if (op == Alu.XOR) return xor<M>(a, b);
  return sub<M>(a, b);
}
@inline function flagsOf<M>(op: u32, a: Val, b: Val, r: Val, bits: u32): void {
  if (op == Alu.ADD || op == Alu.ADC) setFlags<M>(r, carryOut<M>(a, b, r), bits);
  else if (op == Alu.SUB || op == Alu.SBB || op == Alu.CMP) setFlags<M>(r, borrowOut<M>(a, b, r), bits);
  else setLogic<M>(r, bits);
}

/** reg op= reg. */
@inline export function aluRR<M>(i: Insn, op: u32, bits: u32): void {
  const a = getReg<M>(i.dst, bits), b = getReg<M>(i.src, bits), r = resultOf<M>(op, a, b);
  flagsOf<M>(op, a, b, r, bits);
  if (op != Alu.CMP) setReg<M>(i.dst, r, bits);
}
/** reg op= memory. */
@inline export function aluRM<M>(i: Insn, op: u32, bits: u32): void {
  const b = loadFast<M>(address<M>(i, bits >> 3, false), bits >> 3);
  if (faulted<M>()) return;
  const a = getReg<M>(i.dst, bits), r = resultOf<M>(op, a, b);
  flagsOf<M>(op, a, b, r, bits);
  if (op != Alu.CMP) setReg<M>(i.dst, r, bits);
}
/** reg op= immediate. */
@inline export function aluRI<M>(i: Insn, op: u32, bits: u32): void {
  const a = getReg<M>(i.dst, bits), b = lit<M>(<u64>i.imm), r = resultOf<M>(op, a, b);
  flagsOf<M>(op, a, b, r, bits);
  if (op != Alu.CMP) setReg<M>(i.dst, r, bits);
}
/** memory op= reg, or op= immediate. */
@inline export function aluM<M>(i: Insn, op: u32, bits: u32, immediate: bool): void {
  const bytes = bits >> 3, where = address<M>(i, bytes, op != Alu.CMP);
  if (op != Alu.CMP) { probeMem<M>(where, bytes); if (faulted<M>()) return; }
  const a = loadFast<M>(where, bytes);
  if (faulted<M>()) return;
  const b = immediate ? lit<M>(<u64>i.imm) : getReg<M>(i.src, bits), r = resultOf<M>(op, a, b);
  if (op != Alu.CMP) storeFast<M>(where, bytes, r);
  flagsOf<M>(op, a, b, r, bits);
}

@inline export function testRR<M>(i: Insn, bits: u32): void { setLogic<M>(and<M>(getReg<M>(i.dst, bits), getReg<M>(i.src, bits)), bits); }
@inline export function testRI<M>(i: Insn, bits: u32): void { setLogic<M>(and<M>(getReg<M>(i.dst, bits), lit<M>(<u64>i.imm)), bits); }
@inline export function testM<M>(i: Insn, bits: u32, immediate: bool): void {
  const a = loadFast<M>(address<M>(i, bits >> 3, false), bits >> 3);
  if (faulted<M>()) return;
  setLogic<M>(and<M>(a, immediate ? lit<M>(<u64>i.imm) : getReg<M>(i.src, bits)), bits);
}

@inline export function incR<M>(i: Insn, bits: u32): void {
  const a = getReg<M>(i.dst, bits), r = add<M>(a, lit<M>(1));
  setFlagsKeepCf<M>(r, carryOut<M>(a, lit<M>(1), r), bits);
  setReg<M>(i.dst, r, bits);
}
@inline export function decR<M>(i: Insn, bits: u32): void {
  const a = getReg<M>(i.dst, bits), r = sub<M>(a, lit<M>(1));
  setFlagsKeepCf<M>(r, borrowOut<M>(a, lit<M>(1), r), bits);
  setReg<M>(i.dst, r, bits);
}
/** INC and DEC of memory. */
export function stepM<M>(i: Insn, up: bool): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits);
  if (faulted<M>()) return;
  const a = readTarget<M>(i, where, bits), one = lit<M>(1);
  const r = up ? add<M>(a, one) : sub<M>(a, one);
  writeTarget<M>(i, where, bits, r);
  setFlagsKeepCf<M>(r, up ? carryOut<M>(a, one, r) : borrowOut<M>(a, one, r), bits);
}
export function negate<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits);
  if (faulted<M>()) return;
  const a = readTarget<M>(i, where, bits), zero = lit<M>(0), r = sub<M>(zero, a);
  writeTarget<M>(i, where, bits, r);
  setFlags<M>(r, borrowOut<M>(zero, a, r), bits);
}
export function complement<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits);
  if (faulted<M>()) return;
  writeTarget<M>(i, where, bits, not<M>(readTarget<M>(i, where, bits)));
}

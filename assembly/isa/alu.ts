// ADD OR ADC SBB AND SUB XOR CMP, TEST, INC, DEC, NEG, NOT. SDM vol. 2.

import { Insn, Is } from "../decode/record";
import { Val, lit, add, sub, and, or, xor, shr, getReg, setReg, getCf, condition, faulted } from "../ir/words";
import { Flags, not, setCf, setFlags, setLogic, setOf } from "../ir/words-flags";
import { aim, loadAimed, loadFast, storeAimed } from "../ir/words-memory";
import { Flag } from "../cpu/state";
import { address, aimTarget, readRm, targetOf, readTarget, writeTarget } from "./operands";

/** The condition code of OF. */
@inline const OVERFLOW: u32 = 0;

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
  if (op == Alu.ADD) setFlags<M>(Flags.ADD, a, b, r, bits);
  else if (op == Alu.ADC) setFlags<M>(Flags.ADC, a, b, r, bits);
  else if (op == Alu.SUB || op == Alu.CMP) setFlags<M>(Flags.SUB, a, b, r, bits);
  else if (op == Alu.SBB) setFlags<M>(Flags.SBB, a, b, r, bits);
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
/** memory op= reg, or op= immediate; CMP only reads. */
@inline export function aluM<M>(i: Insn, op: u32, bits: u32, immediate: bool): void {
  const bytes = bits >> 3, where = address<M>(i, bytes, op != Alu.CMP);
  const aimed = op != Alu.CMP ? aim<M>(where, bytes, (i.flags & Is.LOCK) != 0) : 0;
  const a = op != Alu.CMP ? loadAimed<M>(aimed, where, bytes) : loadFast<M>(where, bytes);
  if (faulted<M>()) return;
  const b = immediate ? lit<M>(<u64>i.imm) : getReg<M>(i.src, bits), r = resultOf<M>(op, a, b);
  if (op != Alu.CMP) storeAimed<M>(aimed, where, bytes, r);
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
  setFlags<M>(Flags.INC, a, a, r, bits);
  setReg<M>(i.dst, r, bits);
}
@inline export function decR<M>(i: Insn, bits: u32): void {
  const a = getReg<M>(i.dst, bits), r = sub<M>(a, lit<M>(1));
  setFlags<M>(Flags.DEC, a, a, r, bits);
  setReg<M>(i.dst, r, bits);
}
/** ADCX and ADOX: r/m and `flag` (CF or OF) into a register, the carry into the flag, which is the only one that changes. */
export function addWith<M>(i: Insn, flag: u32): void {
  const bits = <u32>i.bits, b = readRm<M>(i, bits);
  if (faulted<M>()) return;
  const a = getReg<M>(i.dst, bits), held = flag == Flag.CF ? getCf<M>() : condition<M>(OVERFLOW), r = add<M>(add<M>(a, b), held);
  const out = and<M>(shr<M>(or<M>(and<M>(a, b), and<M>(or<M>(a, b), not<M>(r))), lit<M>(bits - 1)), lit<M>(1));
  if (flag == Flag.CF) setCf<M>(out); else setOf<M>(out);
  setReg<M>(i.dst, r, bits);
}

/** INC and DEC of memory. */
export function stepM<M>(i: Insn, up: bool): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  const r = up ? add<M>(a, lit<M>(1)) : sub<M>(a, lit<M>(1));
  writeTarget<M>(i, aimed, where, bits, r);
  if (up) setFlags<M>(Flags.INC, a, a, r, bits); else setFlags<M>(Flags.DEC, a, a, r, bits);
}
export function negate<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  const zero = lit<M>(0), r = sub<M>(zero, a);
  writeTarget<M>(i, aimed, where, bits, r);
  setFlags<M>(Flags.SUB, zero, a, r, bits);
}
export function complement<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  writeTarget<M>(i, aimed, where, bits, not<M>(a));
}

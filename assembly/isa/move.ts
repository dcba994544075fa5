// MOV, MOVZX, MOVSX, LEA, XCHG, XADD, CMPXCHG, CMOVcc, SETcc, CBW, CWD, BSWAP, MOVBE, XLAT, LAHF, SAHF. SDM vol. 2.

import { Insn, Is } from "../decode/record";
import {
  Val, lit, add, sub, and, or, shl, shr, getReg, setReg, faulted, condition, choose, eq, signExtend, zeroExtend,
  running,
} from "../ir/words";
import { Flags, setFlags } from "../ir/words-flags";
import { loadFast, storeFast, loadMem, storeMem } from "../ir/words-memory";
import { readFlags, setStatusFlags } from "../cpu/flags";
import { Flag } from "../cpu/state";
import { recordRun } from "./effects";
import { address, aimTarget, effective, inSegment, writeRm, targetOf, readTarget, writeTarget, R } from "./operands";

@inline export function movRR<M>(i: Insn, bits: u32): void { setReg<M>(i.dst, getReg<M>(i.src, bits), bits); }
@inline export function movRI<M>(i: Insn, bits: u32): void { setReg<M>(i.dst, lit<M>(<u64>i.imm), bits); }
@inline export function movRM<M>(i: Insn, bits: u32): void {
  const v = loadFast<M>(address<M>(i, bits >> 3, false), bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(i.dst, v, bits);
}
@inline export function movMR<M>(i: Insn, bits: u32): void { storeFast<M>(address<M>(i, bits >> 3, true), bits >> 3, getReg<M>(i.src, bits)); }
@inline export function movMI<M>(i: Insn, bits: u32): void { storeFast<M>(address<M>(i, bits >> 3, true), bits >> 3, lit<M>(<u64>i.imm)); }

/** MOVZX and MOVSX: `from` bits to `bits`. */
@inline export function extendR<M>(i: Insn, from: u32, bits: u32, signed: bool): void {
  const v = getReg<M>(i.src, from);
  setReg<M>(i.dst, signed ? signExtend<M>(v, from) : v, bits);
}
@inline export function extendM<M>(i: Insn, from: u32, bits: u32, signed: bool): void {
  const v = loadFast<M>(address<M>(i, from >> 3, false), from >> 3);
  if (faulted<M>()) return;
  setReg<M>(i.dst, signed ? signExtend<M>(v, from) : v, bits);
}
@inline export function lea<M>(i: Insn, bits: u32): void { setReg<M>(i.dst, effective<M>(i), bits); }

@inline export function cmovR<M>(i: Insn, bits: u32): void {
  setReg<M>(i.dst, choose<M>(condition<M>(i.kind), getReg<M>(i.src, bits), getReg<M>(i.dst, bits)), bits);
}
/** The load happens, and may fault, whatever the condition; a 32-bit destination is cleared above either way. */
@inline export function cmovM<M>(i: Insn, bits: u32): void {
  const v = loadFast<M>(address<M>(i, bits >> 3, false), bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(i.dst, choose<M>(condition<M>(i.kind), v, getReg<M>(i.dst, bits)), bits);
}
@inline export function setccR<M>(i: Insn): void { setReg<M>(i.dst, condition<M>(i.kind), 8); }
export function setccM<M>(i: Insn): void { writeRm<M>(i, 8, condition<M>(i.kind)); }

export function exchange<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  writeTarget<M>(i, aimed, where, bits, getReg<M>(i.src, bits));
  setReg<M>(i.src, a, bits);
}
/** 90+r. With rAX itself it is NOP, which leaves even the upper half alone. */
export function exchangeAcc<M>(i: Insn): void {
  if (i.dst == 0) return;
  const bits = <u32>i.bits, a = getReg<M>(R.AX, bits), b = getReg<M>(i.dst, bits);
  setReg<M>(R.AX, b, bits);
  setReg<M>(i.dst, a, bits);
}
export function exchangeAdd<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  const b = getReg<M>(i.src, bits), r = add<M>(a, b);
  setReg<M>(i.src, a, bits);
  writeTarget<M>(i, aimed, where, bits, r);
  setFlags<M>(Flags.ADD, a, b, r, bits);
}
/** The destination is written in any case: with its old value when the comparison fails. */
export function compareExchange<M>(i: Insn): void {
  const bits = <u32>i.bits, where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), old = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  const acc = getReg<M>(R.AX, bits), r = sub<M>(acc, old), same = eq<M>(acc, old);
  const fresh = getReg<M>(i.src, bits);
  // A 32-bit accumulator is written, and so cleared above, only when the comparison fails.
  if (i.flags & Is.MEMORY) writeTarget<M>(i, aimed, where, bits, choose<M>(same, fresh, old));
  else keepUnless<M>(i, same, fresh, bits);
  if (bits == 32) setReg<M>(R.AX, choose<M>(same, getReg<M>(R.AX, 64), old), 64);
  else if (!sameRegister(i)) setReg<M>(R.AX, choose<M>(same, acc, old), bits);
  setFlags<M>(Flags.SUB, acc, old, r, bits);
}
/** CMPXCHG of the accumulator with itself always succeeds. */
function sameRegister(i: Insn): bool { return !(i.flags & Is.MEMORY) && i.dst == R.AX; }
function keepUnless<M>(i: Insn, same: Val, fresh: Val, bits: u32): void {
  // A 32-bit register is not even cleared above when the comparison fails.
  const whole: u32 = bits == 32 ? 64 : bits;
  setReg<M>(i.dst, choose<M>(same, fresh, getReg<M>(i.dst, whole)), whole);
}

/** CBW, CWDE, CDQE. */
export function widenAcc<M>(i: Insn): void {
  const half = <u32>i.bits >> 1;
  setReg<M>(R.AX, signExtend<M>(getReg<M>(R.AX, half), half), i.bits);
}
/** CWD, CDQ, CQO. */
export function signAcc<M>(i: Insn): void {
  const bits = <u32>i.bits, high = and<M>(shr<M>(getReg<M>(R.AX, bits), lit<M>(bits - 1)), lit<M>(1));
  setReg<M>(R.DX, sub<M>(lit<M>(0), high), bits);
}
export function swapBytes<M>(v: Val, bits: u32): Val {
  let x = v;
  x = or<M>(and<M>(shr<M>(x, lit<M>(8)), lit<M>(0x00ff00ff00ff00ff)), shl<M>(and<M>(x, lit<M>(0x00ff00ff00ff00ff)), lit<M>(8)));
  if (bits == 16) return x;
  x = or<M>(and<M>(shr<M>(x, lit<M>(16)), lit<M>(0x0000ffff0000ffff)), shl<M>(and<M>(x, lit<M>(0x0000ffff0000ffff)), lit<M>(16)));
  if (bits == 32) return x;
  return or<M>(shr<M>(x, lit<M>(32)), shl<M>(x, lit<M>(32)));
}
/** A 16-bit BSWAP is undefined; the processors clear the low half. */
export function bswap<M>(i: Insn): void {
  const bits = <u32>i.bits;
  setReg<M>(i.dst, bits == 16 ? lit<M>(0) : swapBytes<M>(getReg<M>(i.dst, bits), bits), bits);
}
export function movbe<M>(i: Insn, load: bool): void {
  const bits = <u32>i.bits, where = address<M>(i, bits >> 3, !load);
  if (!load) return storeMem<M>(where, bits >> 3, swapBytes<M>(getReg<M>(i.src, bits), bits));
  const v = loadMem<M>(where, bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(i.dst, swapBytes<M>(v, bits), bits);
}
export function moffsLoad<M>(i: Insn): void {
  const v = loadMem<M>(address<M>(i, i.bits >> 3, false), i.bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(R.AX, v, i.bits);
}
export function moffsStore<M>(i: Insn): void { storeMem<M>(address<M>(i, i.bits >> 3, true), i.bits >> 3, getReg<M>(R.AX, i.bits)); }

/** AL = [rBX + AL], in the address size. */
export function xlat<M>(i: Insn): void {
  const wide: u32 = i.flags & Is.ADDR16 ? 16 : i.flags & Is.ADDR32 ? 32 : 64;
  const offset = zeroExtend<M>(add<M>(getReg<M>(R.BX, 64), getReg<M>(R.AX, 8)), wide);
  const v = loadMem<M>(inSegment<M>(i, offset, 1, false), 1);
  if (faulted<M>()) return;
  setReg<M>(R.AX, v, 8);
}
/** Flags as a register: whole-instruction operations. */
export function lahf<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  setReg<M>(R.AH, (readFlags() & 0xd5) | 2, 8);
}
export function sahf<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const keep = readFlags() & Flag.OF;
  setStatusFlags((getReg<M>(R.AH, 8) & 0xd5) | keep);
}
export function moveNonTemporal<M>(i: Insn): void { storeFast<M>(address<M>(i, i.bits >> 3, true), i.bits >> 3, getReg<M>(i.src, i.bits)); }
/** CLFLUSH: there is no cache to flush; it faults as a load of the byte does. */
export function flushLine<M>(i: Insn): void { loadMem<M>(address<M>(i, 1, false), 1); }

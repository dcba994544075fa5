// Between XMM and general registers: MOVD, MOVMSKPS, PEXTRB, PINSRB, CVTSI2SS, CVTSS2SI. Intel SDM vol. 2.
// Where REX.W makes a 64-bit form, its kind follows the 32-bit one at a fixed distance (float/ops.ts).

import { Insn, Is } from "../decode/record";
import { faulted, setReg, Val, getReg } from "../ir/words";
import { loadMem, storeMem } from "../ir/words-memory";
import { lowOf, vget, vlow, vop, vset } from "../ir/words-vector";
import { V } from "../float/ops";
import { address, readRm, writeRm } from "./operands";
import { source } from "./sse-source";

/** MOVD and MOVQ xmm, r/m. */
export function fromGpr<M>(i: Insn): void {
  const v = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  vset<M>(i.dst, vlow<M>(v));
}
export function toGpr<M>(i: Insn): void { writeRm<M>(i, i.bits, lowOf<M>(vget<M>(i.src))); }

/** MOVMSKPS, PMOVMSKB, PEXTRW from a register to a 32-bit register. */
export function mask<M>(i: Insn): void {
  const v = vget<M>(i.src);
  setReg<M>(i.dst, lowOf<M>(vop<M>(<i32>i.kind, v, v, <u32>i.imm & 0xff)), 32);
}

/** Bytes of the element that PEXTR and PINSR move. */
@inline function elementBytes(kind: u32): u32 {
  if (kind == V.PEXTRB || kind == V.PINSRB) return 1;
  if (kind == V.PEXTRW || kind == V.PINSRW) return 2;
  return kind == V.PEXTRD || kind == V.PINSRD ? 4 : 8;
}
/** PEXTRD with REX.W is PEXTRQ, and so for PINSRD; EXTRACTPS is PEXTRD and ignores it: its row fixes 32 bits. */
@inline function widened(i: Insn): u32 {
  const kind = <u32>i.kind;
  return (kind == V.PEXTRD || kind == V.PINSRD) && i.bits == 64 ? kind + 1 : kind;
}

export function extract<M>(i: Insn): void {
  const kind = widened(i), bytes = elementBytes(kind), s = vget<M>(i.src);
  const v = lowOf<M>(vop<M>(kind, s, s, <u32>i.imm & 0xff));
  if (i.flags & Is.MEMORY) storeMem<M>(address<M>(i, bytes, true), bytes, v);
  else setReg<M>(i.dst, v, bytes == 8 ? 64 : 32);
}

export function insert<M>(i: Insn): void {
  const kind = widened(i), bytes = elementBytes(kind);
  let v: Val;
  if (i.flags & Is.MEMORY) v = loadMem<M>(address<M>(i, bytes, false), bytes);
  else v = getReg<M>(i.src, bytes == 8 ? 64 : 32);
  if (faulted<M>()) return;
  vset<M>(i.dst, vop<M>(kind, vget<M>(i.dst), vlow<M>(v), <u32>i.imm & 0xff));
}

/** CVTSI2SS, CVTSI2SD. */
export function fromInteger<M>(i: Insn): void {
  const v = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  const r = vop<M>(<i32>i.kind + (i.bits == 64 ? V.CVTSQ2SS - V.CVTSI2SS : 0), vget<M>(i.dst), vlow<M>(v), 0);
  if (faulted<M>()) return;
  vset<M>(i.dst, r);
}

/** CVTSS2SI, CVTTSD2SI and the others. */
export function toInteger<M>(i: Insn, bytes: u32): void {
  const b = source<M>(i, bytes, false);
  if (faulted<M>()) return;
  const r = vop<M>(<i32>i.kind + (i.bits == 64 ? V.CVTSS2SQ - V.CVTSS2SI : 0), b, b, 0);
  if (faulted<M>()) return;
  setReg<M>(i.dst, lowOf<M>(r), i.bits);
}

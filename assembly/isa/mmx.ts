// The MMX chapter: 64-bit forms of the lane operations on the x87 registers' significands. Intel SDM vol. 1, chapter 9.
// Each is one IR operation that calls its Run function: new code uses XMM registers. Every instruction but those with a
// memory operand in place of the MMX one sets TOP to 0 and all tags to valid (9.5.1): once its load has not faulted, but before
// its #XM, as processors do; what a store that faults has changed by then is the vendor's.

import { Insn, Is } from "../decode/record";
import { Run, faulted, getReg, running, setReg } from "../ir/words";
import { loadMem, storeMem } from "../ir/words-memory";
import { lowOf, vget, vload, vop, vset } from "../ir/words-vector";
import { fpr } from "../cpu/state";
import { does, Trait } from "../base/vendor";
import { V } from "../float/ops";
import { recordRun } from "./effects";
import { address, readRm, writeRm } from "./operands";
import { H } from "../decode/handlers";
import { maskedStore } from "./sse-string";
import { source } from "./sse-source";
import { takePending } from "./x87";
import { enterMmx, leaveMmx, setTop, writeMmx } from "./x87-stack";

export function executeMmx<M>(i: Insn): void {
  if (running<M>()) run(i); else recordRun(i);
}

function run(i: Insn): void {
  if (<i32>i.handler == H.CVT_FROM_MMX && i.flags & Is.MEMORY) { fromIntegers(i); return; }
  if (takePending(i)) return;
  switch (<i32>i.handler) {
    case H.MMX_OP: operation(i, 8); break;
    case H.MMX_OP_4: operation(i, 4); break;
    case H.MMX_SHIFT_I: give(i.dst & 7, vop<Run>(<i32>i.kind, wide(i.dst), i64x2(i.imm & 0xff, 0), 0)); break;
    case H.MMX_MOVE: move(i); break;
    case H.MMX_STORE: keep(i); break;
    case H.MMX_FROM_GPR: fromGpr(i); break;
    case H.MMX_TO_GPR: toGpr(i); break;
    case H.MMX_MASK: enterMmx(); setReg<Run>(i.dst, lowOf<Run>(vop<Run>(<i32>i.kind, wide(i.src), wide(i.src), <u32>i.imm)), 32); break;
    case H.MMX_INSERT: insert(i); break;
    case H.MMX_MASKMOV: masked(i); break;
    case H.EMMS: enterMmx(); leaveMmx(); break;
    case H.MMX_TO_XMM: enterMmx(); vset<Run>(i.dst, wide(i.src)); break;
    case H.XMM_TO_MMX: give(i.dst & 7, vget<Run>(i.src)); break;
    case H.CVT_FROM_MMX: fromIntegers(i); break;
    case H.CVT_TO_MMX_8: toIntegers(i, 8, false); break;
    case H.CVT_TO_MMX_16: toIntegers(i, 16, true); break;
  }
}

/** MMX register `r`, zeroes above. REX bits do not count. */
@inline function wide(r: u32): v128 { return i64x2(load<u64>(fpr(r & 7)), 0); }
/** Makes the state MMX's and writes a register. */
function give(r: u32, v: v128): void {
  enterMmx();
  writeMmx(r & 7, lowOf<Run>(v));
}

function operand(i: Insn, bytes: u32): v128 {
  return i.flags & Is.MEMORY ? vload<Run>(address<Run>(i, bytes, false), bytes) : wide(i.src);
}
function operation(i: Insn, bytes: u32): void {
  const b = operand(i, bytes);
  if (!faulted<Run>()) give(i.dst, vop<Run>(<i32>i.kind, wide(i.dst), b, <u32>i.imm & 0xff));
}

/** MOVQ mm, mm/m64 and back; MOVNTQ. */
function move(i: Insn): void {
  const b = operand(i, 8);
  if (!faulted<Run>()) give(i.dst, b);
}
function keep(i: Insn): void {
  if (!(i.flags & Is.MEMORY)) { give(i.dst, wide(i.src)); return; }
  if (does(Trait.MMX_STORE_MOVES_TOP)) setTop(0);
  storeMem<Run>(address<Run>(i, 8, true), 8, load<u64>(fpr(i.src & 7)));
  if (!faulted<Run>()) enterMmx();
}

/** MOVD and MOVQ between MMX and general registers. */
function fromGpr(i: Insn): void {
  const v = readRm<Run>(i, i.bits);
  if (!faulted<Run>()) give(i.dst, i64x2(v, 0));
}
function toGpr(i: Insn): void {
  if (does(Trait.MMX_STORE_MOVES_TOP)) setTop(0);
  writeRm<Run>(i, i.bits, load<u64>(fpr(i.src & 7)));
  if (!faulted<Run>()) enterMmx();
}

/** PINSRW. */
function insert(i: Insn): void {
  const v = i.flags & Is.MEMORY ? loadMem<Run>(address<Run>(i, 2, false), 2) : getReg<Run>(i.src, 32);
  if (!faulted<Run>()) give(i.dst, vop<Run>(V.PINSRW + V.MMX, wide(i.dst), i64x2(v, 0), <u32>i.imm & 0xff));
}

function masked(i: Insn): void {
  if (does(Trait.MASKMOVQ_TAGS_FIRST)) enterMmx(); else setTop(0);
  maskedStore(i, wide(i.dst), wide(i.src), 8);
  if (!faulted<Run>()) enterMmx();
}

/** CVTPI2PS, CVTPI2PD: from memory they leave the x87 state alone. */
function fromIntegers(i: Insn): void {
  const b = operand(i, 8);
  if (faulted<Run>()) return;
  if (!(i.flags & Is.MEMORY)) enterMmx();
  const r = vop<Run>(<i32>i.kind, vget<Run>(i.dst), b, 0);
  if (!faulted<Run>()) vset<Run>(i.dst, r);
}

/** CVTPS2PI, CVTPD2PI and their truncating forms. */
function toIntegers(i: Insn, bytes: u32, aligned: bool): void {
  const b = source<Run>(i, bytes, aligned);
  if (faulted<Run>()) return;
  enterMmx();
  const r = vop<Run>(<i32>i.kind, b, b, 0);
  if (!faulted<Run>()) give(i.dst, r);
}

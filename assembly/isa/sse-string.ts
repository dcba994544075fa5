// PCMPISTRI and its kin, and the instructions that are one IR operation: explicit lengths, MASKMOVDQU, MXCSR.
// Intel SDM vol. 2, 4.1; vol. 1, 10.2.3 (MXCSR).

import { does, Trait } from "../base/vendor";
import { Insn, Is } from "../decode/record";
import { Run, faulted, getMxcsr, getReg, lit, raiseIf, running, setMxcsr, setReg, shr } from "../ir/words";
import { loadMem, probeMem, storeMem } from "../ir/words-memory";
import { setStatus } from "../ir/words-flags";
import { lowOf, vget, vop, vset } from "../ir/words-vector";
import { Vector, xmm } from "../cpu/state";
import { V } from "../float/ops";
import { clipLength, compareText, indexOf, maskOf, textFlags } from "../float/sse-string";
import { recordRun } from "./effects";
import { address, inSegment, R } from "./operands";
import { H } from "../decode/handlers";
import { source } from "./sse-source";

/** PCMPISTRI. */
export function stringIndex<M>(i: Insn): void {
  const b = source<M>(i, 16, false);
  if (faulted<M>()) return;
  const a = vget<M>(i.dst), imm = <u32>i.imm & 0xff;
  const f = lowOf<M>(vop<M>(V.PCMPISTR_FLAGS, a, b, imm));
  setReg<M>(R.CX, lowOf<M>(vop<M>(V.PCMPISTRI, a, b, imm)), 32);
  setStatus<M>(f);
}

/** PCMPISTRM. */
export function stringMask<M>(i: Insn): void {
  const b = source<M>(i, 16, false);
  if (faulted<M>()) return;
  const a = vget<M>(i.dst), imm = <u32>i.imm & 0xff;
  const f = lowOf<M>(vop<M>(V.PCMPISTR_FLAGS, a, b, imm));
  vset<M>(0, vop<M>(V.PCMPISTRM, a, b, imm));
  setStatus<M>(f);
}

export function executeSseWhole<M>(i: Insn): void {
  if (i.handler == <u16>H.LDMXCSR) { loadMxcsr<M>(i); return; }
  if (i.handler == <u16>H.STMXCSR) { storeMem<M>(address<M>(i, 4, true), 4, getMxcsr<M>()); return; }
  if (!running<M>()) { recordRun(i); return; }
  switch (<i32>i.handler) {
    case H.SSE_STRING_EXPLICIT: explicitString(i); break;
    case H.SSE_MASKMOV: maskedStore(i, v128.load(xmm(i.dst)), v128.load(xmm(i.src)), 16); break;
  }
}

/** PCMPESTRI (kind 1) and PCMPESTRM (kind 0). Lengths are in EAX and EDX, with REX.W in RAX and RDX. */
function explicitString(i: Insn): void {
  const b = source<Run>(i, 16, false);
  if (faulted<Run>()) return;
  const imm = <u32>i.imm & 0xff;
  const la = clipLength(lengthIn(R.AX, i.bits), imm), lb = clipLength(lengthIn(R.DX, i.bits), imm);
  const found = compareText(vget<Run>(i.dst), b, la, lb, imm);
  if (i.kind) setReg<Run>(R.CX, indexOf(found, imm), 32); else vset<Run>(0, maskOf(found, imm));
  setStatus<Run>(textFlags(found, la, lb, imm));
}
@inline function lengthIn(r: u32, bits: u32): i64 { return bits == 64 ? <i64>getReg<Run>(r, 64) : <i64><i32>getReg<Run>(r, 32); }

/** MASKMOVDQU, MASKMOVQ: the bytes of `v` whose mask byte is negative go to rDI. Nothing is stored if one faults. Whether the others may is the vendor's. */
export function maskedStore(i: Insn, v: v128, mask: v128, bytes: u32): void {
  const bits: u32 = i.flags & Is.ADDR16 ? 16 : i.flags & Is.ADDR32 ? 32 : 64;
  const a = inSegment<Run>(i, getReg<Run>(R.DI, bits), bytes, true);
  if (faulted<Run>()) return;
  const chosen = i8x16.bitmask(mask) & ((1 << bytes) - 1), all = does(Trait.MASKED_STORE_PROBES_ALL);
  for (let k: u32 = 0; k < bytes; k++) {
    if (all || chosen >> k & 1) probeMem<Run>(a + k, 1);
    if (faulted<Run>()) return;
  }
  for (let k: u32 = 0; k < bytes; k++) {
    const half = k < 8 ? i64x2.extract_lane(v, 0) : i64x2.extract_lane(v, 1);
    if (chosen >> k & 1) storeMem<Run>(a + k, 1, <u64>half >> (<u64>(k & 7) << 3) & 0xff);
  }
}

/** Bits 16-31 are reserved. */
function loadMxcsr<M>(i: Insn): void {
  const v = loadMem<M>(address<M>(i, 4, false), 4);
  if (faulted<M>()) return;
  raiseIf<M>(shr<M>(v, lit<M>(16)), Vector.GP);
  if (faulted<M>()) return;
  setMxcsr<M>(v);
}

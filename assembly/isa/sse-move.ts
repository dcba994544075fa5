// MOVAPS to MOVHPS: whole registers, scalars, halves. Intel SDM vol. 2.

import { Insn, Is } from "../decode/record";
import { faulted } from "../ir/words";
import { vget, vload, vop, vset, vstore } from "../ir/words-vector";
import { V } from "../float/ops";
import { address, alignedAddress } from "./operands";

/** MOVAPS, MOVUPS, MOVDQA, LDDQU... to a register. */
export function loadWhole<M>(i: Insn, aligned: bool): void {
  if (!(i.flags & Is.MEMORY)) { vset<M>(i.dst, vget<M>(i.src)); return; }
  const a = aligned ? alignedAddress<M>(i, false) : address<M>(i, 16, false);
  if (faulted<M>()) return;
  const v = vload<M>(a, 16);
  if (faulted<M>()) return;
  vset<M>(i.dst, v);
}

/** The same to memory (or, the other way round, to a register). */
export function storeWhole<M>(i: Insn, aligned: bool): void {
  if (!(i.flags & Is.MEMORY)) { vset<M>(i.dst, vget<M>(i.src)); return; }
  const a = aligned ? alignedAddress<M>(i, true) : address<M>(i, 16, true);
  if (faulted<M>()) return;
  vstore<M>(a, 16, vget<M>(i.src));
}

/** MOVSS, MOVSD, MOVQ: memory fills the rest with zeroes; between registers the kind says what becomes of it. */
export function loadScalar<M>(i: Insn, bytes: u32): void {
  if (!(i.flags & Is.MEMORY)) { vset<M>(i.dst, vop<M>(<i32>i.kind, vget<M>(i.dst), vget<M>(i.src), 0)); return; }
  const v = vload<M>(address<M>(i, bytes, false), bytes);
  if (faulted<M>()) return;
  vset<M>(i.dst, v);
}
export function storeScalar<M>(i: Insn, bytes: u32): void {
  if (i.flags & Is.MEMORY) vstore<M>(address<M>(i, bytes, true), bytes, vget<M>(i.src));
  else vset<M>(i.dst, vop<M>(<i32>i.kind, vget<M>(i.dst), vget<M>(i.src), 0));
}

/** MOVLPS from memory, MOVHLPS between registers. */
export function loadHalf<M>(i: Insn): void {
  const memory = (i.flags & Is.MEMORY) != 0;
  const b = memory ? vload<M>(address<M>(i, 8, false), 8) : vget<M>(i.src);
  if (faulted<M>()) return;
  vset<M>(i.dst, vop<M>(memory ? V.MERGE64 : V.MOVHLPS, vget<M>(i.dst), b, 0));
}

/** MOVHPS to memory. */
export function storeHigh<M>(i: Insn): void {
  const v = vget<M>(i.src);
  vstore<M>(address<M>(i, 8, true), 8, vop<M>(V.PUNPCKHQDQ, v, v, 0));
}

// The r/m operand of an SSE instruction.

import { Insn, Is } from "../decode/record";
import { faulted } from "../ir/words";
import { vget, vload } from "../ir/words-vector";
import { address, alignedAddress } from "./operands";

/** The r/m operand: a register, or `bytes` of memory in the low lanes. */
@inline export function source<M>(i: Insn, bytes: u32, aligned: bool): v128 {
  return i.flags & Is.MEMORY ? fromMemory<M>(i, bytes, aligned) : vget<M>(i.src);
}
function fromMemory<M>(i: Insn, bytes: u32, aligned: bool): v128 {
  const a = aligned ? alignedAddress<M>(i, false) : address<M>(i, bytes, false);
  if (aligned && faulted<M>()) return i64x2(0, 0);
  return vload<M>(a, bytes);
}

// The SSE chapter's dispatch, and its commonest shape: a register, a register or memory, a lane operation. Intel SDM vol. 2.
// A row names the lane operation (float/ops.ts); most instructions have nothing else of their own.
// A legacy SSE operand of 16 bytes in memory must be aligned unless the row's handler says otherwise (SDM vol. 1, 11.3.4).

import { Insn, Is } from "../decode/record";
import { faulted, lit } from "../ir/words";
import { setStatus } from "../ir/words-flags";
import { lowOf, vget, vlow, vop, vset } from "../ir/words-vector";
import { V } from "../float/ops";
import { H } from "../decode/handlers";
import { loadHalf, loadScalar, loadWhole, storeHigh, storeScalar, storeWhole } from "./sse-move";
import { extract, fromGpr, fromInteger, insert, mask, toGpr, toInteger } from "./sse-gpr";
import { executeSseWhole, stringIndex, stringMask } from "./sse-string";
import { executeMmx } from "./mmx";
import { source } from "./sse-source";

export function executeSse<M>(i: Insn): void {
  switch (<i32>i.handler) {
    case H.SSE_OP: operation<M>(i, 16, true); break;
    case H.SSE_OP_2: operation<M>(i, 2, false); break;
    case H.SSE_OP_4: operation<M>(i, 4, false); break;
    case H.SSE_OP_8: operation<M>(i, 8, false); break;
    case H.SSE_OP_U: operation<M>(i, 16, false); break;
    case H.SSE_FLAGS_4: flagsOnly<M>(i, 4); break;
    case H.SSE_FLAGS_8: flagsOnly<M>(i, 8); break;
    case H.SSE_FLAGS: flagsOnly<M>(i, 16); break;
    case H.SSE_SHIFT_I: shiftImmediate<M>(i); break;
    case H.SSE_BLENDV: blendVariable<M>(i); break;
    case H.SSE_LOAD_A: loadWhole<M>(i, true); break;
    case H.SSE_LOAD_U: loadWhole<M>(i, false); break;
    case H.SSE_STORE_A: storeWhole<M>(i, true); break;
    case H.SSE_STORE_U: storeWhole<M>(i, false); break;
    case H.SSE_LOAD_4: loadScalar<M>(i, 4); break;
    case H.SSE_LOAD_8: loadScalar<M>(i, 8); break;
    case H.SSE_STORE_4: storeScalar<M>(i, 4); break;
    case H.SSE_STORE_8: storeScalar<M>(i, 8); break;
    case H.SSE_LOAD_LOW: loadHalf<M>(i); break;
    case H.SSE_STORE_HIGH: storeHigh<M>(i); break;
    case H.SSE_FROM_GPR: fromGpr<M>(i); break;
    case H.SSE_TO_GPR: toGpr<M>(i); break;
    case H.SSE_MASK: mask<M>(i); break;
    case H.SSE_EXTRACT: extract<M>(i); break;
    case H.SSE_INSERT: insert<M>(i); break;
    case H.SSE_FROM_INT: fromInteger<M>(i); break;
    case H.SSE_TO_INT_4: toInteger<M>(i, 4); break;
    case H.SSE_TO_INT_8: toInteger<M>(i, 8); break;
    case H.SSE_STRING_INDEX: stringIndex<M>(i); break;
    case H.SSE_STRING_MASK: stringMask<M>(i); break;
    default:
      if (<i32>i.handler < H.MMX) executeSseWhole<M>(i); else executeMmx<M>(i);
  }
}

@inline function operation<M>(i: Insn, bytes: u32, aligned: bool): void {
  const b = source<M>(i, bytes, aligned);
  if (faulted<M>()) return;
  // INSERTPS from memory has one lane to choose from. SDM vol. 2, INSERTPS: COUNT_S is 0.
  const only = i.kind == <u16>V.INSERTPS && (i.flags & Is.MEMORY) != 0;
  const r = vop<M>(<i32>i.kind, vget<M>(i.dst), b, <u32>i.imm & (only ? 0x3f : 0xff));
  if (faulted<M>()) return;
  vset<M>(i.dst, r);
}

/** COMISS, UCOMISS, PTEST. */
function flagsOnly<M>(i: Insn, bytes: u32): void {
  const b = source<M>(i, bytes, bytes == 16);
  if (faulted<M>()) return;
  const f = vop<M>(<i32>i.kind, vget<M>(i.dst), b, 0);
  if (faulted<M>()) return;
  setStatus<M>(lowOf<M>(f));
}

/** PSLLW xmm, imm8 and its kin: a count in the immediate, the operand in r/m. */
function shiftImmediate<M>(i: Insn): void {
  vset<M>(i.dst, vop<M>(<i32>i.kind, vget<M>(i.dst), vlow<M>(lit<M>(<u64>i.imm & 0xff)), <u32>i.imm & 0xff));
}

/** PBLENDVB, BLENDVPS, BLENDVPD: XMM0's signs choose. The kind spreads them over the lanes. */
function blendVariable<M>(i: Insn): void {
  const b = source<M>(i, 16, true);
  if (faulted<M>()) return;
  const by = vget<M>(0), chosen = vop<M>(<i32>i.kind, by, by, 0);
  const kept = vop<M>(V.ANDN, chosen, vget<M>(i.dst), 0);
  vset<M>(i.dst, vop<M>(V.OR, kept, vop<M>(V.AND, chosen, b, 0), 0));
}

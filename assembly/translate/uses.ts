// Which nodes of a block are needed, and how often in the path that is hot. What only an exit needs is computed there, again and again, unless
// that would go deep: then it is computed where it stands.

import { Op } from "../ir/ops";
import { mayRaise } from "../float/vector";
import { isConst, N, Node, node } from "./dag";
import { FlagState, flagState, K, keptA, keptB, keptC } from "./flag-state";
import { insn } from "./forward";

/** Levels of operands that an exit computes by itself. */
@inline const DEPTH: u32 = 6;

@inline function isX87(n: Node): bool { return n.op >= <u16>N.XREADY && n.op <= <u16>N.XEND; }
/** Does something in its place, whether anybody needs its value or not. */
export function isRoot(n: Node): bool {
  if (isX87(n)) return true;
  switch (<i32>n.op) {
    case N.SET: case N.VSET: case N.REAL: case Op.SET_FLAG: case Op.SET_MXCSR: case Op.LOAD: case Op.STORE: case Op.LOAD_RMW: case Op.STORE_RMW: case Op.PROBE: case Op.CHECK_SEGMENT:
    case Op.CHECK_TARGET: case Op.RAISE_IF: case Op.BRANCH: case Op.JUMP: case Op.CALL: case Op.JUMP_IND: case Op.CALL_IND: case Op.RET: case Op.RUN:
    case Op.VLOAD: case Op.VSTORE: return true;
    case Op.VOP: return mayRaise(<u32>n.imm & 0xffff);
    default: return false;
  }
}
/** May leave: in front of its instruction or, after a device or a store to code, behind it. */
export function mayLeave(n: Node): bool {
  if (n.op == <u16>N.REAL || n.op == <u16>N.XREADY) return true;
  if (n.op == <u16>Op.SET_FLAG || n.op == <u16>Op.SET_MXCSR || n.op >= <u16>Op.BRANCH && n.op <= <u16>Op.RET) return false;
  return isRoot(n) && n.op < 128;
}

function use(id: u32): void {
  if (!id) return;
  const n = node(id);
  if (n.uses < 0xffff) n.uses++;
  if (n.uses == 1 && !isRoot(n)) useOperands(n);
}
function useOperands(n: Node): void { use(n.a); use(n.b); use(n.c); }

/** Counts for the nodes from `first` to `end`, and what state `last` needs at the block's end. */
export function countUses(first: u32, end: u32, last: u32): void {
  for (let id = first; id < end; id++) {
    const n = node(id);
    if (isRoot(n)) useOperands(n);
  }
  const s = flagState(last);
  use(keptA(s)); use(keptB(s)); use(keptC(s)); use(s.overA);
  for (let id = first; id < end; id++) {
    const n = node(id);
    if (!mayLeave(n)) continue;
    needAtExit(flagState(insn(n.insn).before));
    needAtExit(flagState(insn(n.insn).after));
  }
}

/** Nothing could want the flags that the block found: they are overwritten before anything leaves, and not read. */
export function isQuiet(first: u32, end: u32, last: u32): bool {
  if (flagState(last).kind == <u8>K.INCOMING) return false;
  for (let id = first; id < end; id++) {
    const n = node(id);
    if (n.uses && (n.op == <u16>N.IN_RESULT || n.op == <u16>N.IN_CARRY)) return false;
    if (mayLeave(n) && flagState(insn(n.insn).before).kind == <u8>K.INCOMING) return false;
  }
  return true;
}

function needAtExit(s: FlagState): void { need(keptA(s), 0); need(keptB(s), 0); need(keptC(s), 0); need(s.overA, 0); }
function need(id: u32, depth: u32): void {
  if (!id || isConst(id)) return;
  const n = node(id);
  if (n.uses || isRoot(n)) { if (!n.uses) n.uses = 1; return; }
  if (depth >= DEPTH || n.op == <u16>N.REG || n.op == <u16>N.VREG || isOrdered(n)) { use(id); return; }
  need(n.a, depth + 1); need(n.b, depth + 1); need(n.c, depth + 1);
}

/** A value that must be taken in its place: memory, state, or a division behind its check. */
export function isOrdered(n: Node): bool {
  switch (<i32>n.op) {
    case Op.LOAD: case Op.LOAD_RMW: case Op.CHECK_SEGMENT: case Op.VLOAD: case Op.GET_FLAG: case Op.GET_MXCSR: case Op.SEGMENT_BASE: case Op.DIV_U: case Op.REM_U: case Op.DIV_S:
    case Op.REM_S: case Op.DIV_WIDE: case Op.WIDE_FITS: case Op.GET_CC_RESULT: case Op.GET_CC_CARRY: case N.REAL: case N.IN_RESULT: case N.IN_CARRY: return true;
    case Op.VOP: return mayRaise(<u32>n.imm & 0xffff);
    default: return false;
  }
}

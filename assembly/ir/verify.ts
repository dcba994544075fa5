// Is the IR in hand sound? Every operand is an earlier value of the type that the row asks for; immediates are in range; nothing of an
// instruction may fault after something of it was committed; control comes last.

import { V } from "../float/ops";
import { at, count, Inst } from "./block";
import { Op } from "./ops";
import { Does, Type, doneBy, givenBy, rowOf, takenBy } from "./rows";
import { Flags } from "./words-flags";
import { LOCKED, STACK } from "./words-memory";

export const enum Fault { NONE, OPERATION, OPERAND, TYPE, IMMEDIATE, ORDER, CONTROL, START }

/** 0, or a Fault | the operation's id << 8. */
export function verify(): u32 {
  const n = count();
  let committed = false, ended = false;
  for (let id: u32 = 0; id < n; id++) {
    const i = at(id), r = rowOf(i.op), does = doneBy(r);
    let f: u32 = Fault.NONE;
    if (i.op == <u16>Op.INSN) committed = false;
    else if (id == 0) f = Fault.START;
    if (i.op >= <u16>Op.COUNT) f = Fault.OPERATION;
    else if (ended) f = Fault.CONTROL;
    else if (does & Does.FAULTS && committed && mayFault(i)) f = Fault.ORDER;
    else if (!isInRange(i)) f = Fault.IMMEDIATE;
    else if (!f) f = checkOperands(i, r, id);
    if (f) return f | id << 8;
    if (does & Does.COMMITS) committed = true;
    if (does & Does.ENDS) ended = true;
  }
  return 0;
}

/** Of lane operations, only floating-point ones report. */
function mayFault(i: Inst): bool {
  if (i.op != <u16>Op.VOP) return true;
  const kind = <i32>i.imm & 0xffff;
  return kind >= V.ADD && kind < V.CONVERT_END;
}

function checkOperands(i: Inst, r: u32, id: u32): u32 {
  for (let n: u32 = 0; n < 3; n++) {
    const wanted = takenBy(r, n), operand = n == 0 ? i.a : n == 1 ? i.b : i.c;
    if (wanted == Type.NONE) continue;
    if (operand >= id) return Fault.OPERAND;
    if (givenBy(rowOf(at(operand).op)) != wanted) return Fault.TYPE;
  }
  return i.op == <u16>Op.STORE_RMW && at(i.c).op != <u16>Op.LOAD_RMW ? Fault.TYPE : Fault.NONE;
}

@inline function isWidth(bits: u64): bool { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }
@inline function isSize(bytes: u64): bool { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }

function isInRange(i: Inst): bool {
  const imm = i.imm;
  switch (<i32>i.op) {
    case Op.GET_REG: case Op.SET_REG: return (imm & 0xffff) < 18 * 8 && isWidth(imm >> 16);
    case Op.FLAGS: return <i32>(imm & 0xff) <= Flags.STATUS && isWidth(imm >> 8);
    case Op.COND: return imm < 16;
    case Op.LOAD: case Op.PROBE: return isSize(imm);
    case Op.STORE: return isSize(imm & ~(<u64>STACK));
    case Op.LOAD_RMW: return isSize(imm & ~(<u64>LOCKED));
    case Op.STORE_RMW: return isSize(imm);
    case Op.SEGMENT_BASE: return imm < 8;
    case Op.CHECK_SEGMENT: return (imm & 0xff) < 8 && imm >> 17 == 0;
    case Op.RAISE_IF: return imm < 32;
    case Op.VGET: case Op.VSET: return imm < 16;
    case Op.VLOAD: return isSize(imm) || imm == 16;
    case Op.VSTORE: return imm == 4 || imm == 8 || imm == 16;
    case Op.VOP: return imm >> 24 == 0;
    default: return true;
  }
}

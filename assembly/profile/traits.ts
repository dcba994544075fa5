// What an instruction accesses, told from its IR: a load or a store is one operation there, whatever its width. What is one whole operation (RUN)
// is told by its handler. What the processor does for itself (descriptors, page tables, frames that interrupts push and IRET and far transfers pop) is
// no access of an instruction and counts nowhere.
//
//   a record's traits, 16 bits:  | loads: 5 | stores: 5 | MOVES_STACK | REPEATS | ALONE |

import { BLOCKS } from "../base/layout";
import { Insn, Is } from "../decode/record";
import { H } from "../decode/handlers";
import { S } from "../decode/system-handlers";
import { at, begin, count } from "../ir/block";
import { Op } from "../ir/ops";
import { buildOne } from "../isa/execute";
import { R } from "../isa/operands";
import { traitsStart } from "./state";

export const enum Trait {
  COUNT = 31, STORES_SHIFT = 5,
  /** RSP gets a value that its old one has no part in. */
  MOVES_STACK = 1024,
  REPEATS = 2048,
  /** It is a step of its own: what RSP was before it must be known. */
  ALONE = 4096,
}

/** Where a record's traits are kept. */
@inline export function traitsAt(record: u32): usize { return traitsStart() + (<usize>(record - <u32>BLOCKS) >> 5 << 1); }

@inline function both(loads: u32, stores: u32): u32 { return min(loads, <u32>Trait.COUNT) | min(stores, <u32>Trait.COUNT) << Trait.STORES_SHIFT; }

export function traitsOf(i: Insn): u32 {
  begin();
  buildOne(i);
  let loads: u32 = 0, stores: u32 = 0, more: u32 = 0;
  const n = count();
  for (let id: u32 = 0; id < n; id++) {
    switch (<i32>at(id).op) {
      case Op.LOAD: case Op.LOAD_RMW: case Op.VLOAD: loads++; break;
      case Op.STORE: case Op.STORE_RMW: case Op.VSTORE: stores++; break;
      case Op.SET_REG: if (i.handler != <u16>H.LEAVE && movesStack(id)) more |= Trait.MOVES_STACK | Trait.ALONE; break;
      case Op.RUN: more |= wholeTraits(i); break;
      default: break;
    }
  }
  begin();
  return more + both(loads, stores);
}

/** RSP becomes something that its old value has no part in. */
function movesStack(id: u32): bool {
  const i = at(id);
  return (<u32>i.imm & 0xffff) == <u32>R.SP && !comesFromStack(i.a, 0);
}
function comesFromStack(id: u32, depth: u32): bool {
  const i = at(id);
  switch (<i32>i.op) {
    case Op.GET_REG: return (<u32>i.imm & 0xffff) == <u32>R.SP;
    case Op.ADD: case Op.SUB: case Op.AND: case Op.OR: case Op.SELECT: case Op.EXTEND16: case Op.EXTEND32:
      return depth < 8 && (comesFromStack(i.a, depth + 1) || i.op != <u16>Op.EXTEND32 && i.op != <u16>Op.EXTEND16 && comesFromStack(i.b, depth + 1));
    default: return false;
  }
}

/** Of instructions that are one operation. */
function wholeTraits(i: Insn): u32 {
  const h = <i32>i.handler, memory: u32 = i.flags & Is.MEMORY ? 1 : 0, repeats: u32 = i.flags & (Is.REP | Is.REPNE) ? Trait.REPEATS | Trait.ALONE : 0;
  switch (h) {
    case H.MOVS: return repeats | both(1, 1);
    case H.CMPS: return repeats | both(2, 0);
    case H.STOS: case S.INS: return repeats | both(0, 1);
    case H.LODS: case H.SCAS: case S.OUTS: return repeats | both(1, 0);
    case H.CMPXCHG8B: return both(1, 1);
    case H.POP_M: return both(1, memory);
    case H.PUSHA: return both(0, 8);
    case H.POPA: return both(8, 0);
    case H.ENTER: return enterTraits(<u32>(i.imm >> 16) & 31);
    case H.BOUND: return both(2, 0);
    case H.PUSH_SEG: case S.PUSHF: return both(0, 1);
    case S.POPF: case S.POP_SEG: return both(1, 0);
    case H.X87_MEMORY: return storesX87(i) ? both(0, 1) : both(1, 0);
    case H.SSE_MASKMOV: case H.MMX_MASKMOV: return both(0, 1);
    case H.FXSAVE: case H.XSAVE: case H.STMXCSR: case H.MMX_STORE:
    case S.SGDT: case S.SIDT: case S.SLDT: case S.STR: case S.SMSW: case S.MOV_FROM_SEG: return both(0, memory);
    case H.CLFLUSH: case S.INVLPG: case S.CACHE: return 0;
    default: return h >= <i32>S.FAR_CALL && h <= <i32>S.SYSEXIT ? <u32>Trait.ALONE : both(memory, 0);
  }
}

@inline function enterTraits(level: u32): u32 { return both(max(level, 1) - 1, level + 1); }

/** FST, FSTP, FIST, FISTP, FISTTP, FBSTP, FNSTENV, FNSTCW, FNSAVE, FNSTSW. SDM vol. 2, A.5.2. */
function storesX87(i: Insn): bool {
  const op = <u32>i.kind >> 8 & 7, digit = <u32>i.kind >> 3 & 7;
  switch (op) {
    case 1: return digit == 2 || digit == 3 || digit >= 6;
    case 3: return digit >= 1 && digit <= 3 || digit == 7;
    case 5: case 7: return digit >= 1 && digit <= 3 || digit >= 6;
    default: return false;
  }
}

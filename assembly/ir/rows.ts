// The operations as data: what each gives and takes, and what it may do. One row an operation.

import { Op } from "./ops";

/** Types of values. */
export const enum Type { NONE, I64, V128 }

/** What an operation may do besides giving a value. */
export const enum Does {
  /** May leave in front of its instruction, with nothing of it committed. */
  FAULTS = 1,
  /** Changes the machine: nothing of the same instruction may fault after it. */
  COMMITS = 2,
  /** Ends the block. */
  ENDS = 4,
  /** Depends on nothing but its operands. */
  PURE = 8,
  /** Of operations that both fault and commit: all or nothing. */
  ATOMIC = 16,
}

/** | gives 0-1 | a 2-3 | b 4-5 | c 6-7 | Does 8... | */
@inline function row(gives: u32, a: u32, b: u32, c: u32, does: u32): u32 { return gives | a << 2 | b << 4 | c << 6 | does << 8; }

@inline export function givenBy(r: u32): u32 { return r & 3; }
/** Type of operand `n`, 0 to 2. */
@inline export function takenBy(r: u32, n: u32): u32 { return r >> (2 + 2 * n) & 3; }
@inline export function doneBy(r: u32): u32 { return r >> 8; }

export function rowOf(op: u32): u32 {
  const none: u32 = Type.NONE, i: u32 = Type.I64, v: u32 = Type.V128;
  switch (<i32>op) {
    case Op.INSN: return row(none, none, none, none, 0);
    case Op.CONST: return row(i, none, none, none, Does.PURE);
    case Op.GET_REG: case Op.GET_CC_RESULT: case Op.GET_CC_CARRY: case Op.COND: case Op.GET_FLAG: case Op.GET_MXCSR: case Op.SEGMENT_BASE:
      return row(i, none, none, none, 0);
    case Op.SET_REG: case Op.SET_FLAG: case Op.SET_MXCSR: return row(none, i, none, none, Does.COMMITS);
    case Op.SET_CC: return row(none, i, i, none, Does.COMMITS);
    case Op.FLAGS: return row(none, i, i, i, Does.COMMITS);
    case Op.SELECT: return row(i, i, i, i, Does.PURE);
    case Op.CLZ: case Op.CTZ: case Op.POPCNT: case Op.EXTEND8: case Op.EXTEND16: case Op.EXTEND32: return row(i, i, none, none, Does.PURE);
    case Op.DIV_WIDE: case Op.WIDE_FITS: return row(i, i, i, i, Does.PURE);
    case Op.LOAD: return row(i, i, none, none, Does.FAULTS);
    case Op.STORE: return row(none, i, i, none, Does.FAULTS | Does.COMMITS | Does.ATOMIC);
    case Op.LOAD_RMW: return row(i, i, none, none, Does.FAULTS);
    case Op.STORE_RMW: return row(none, i, i, i, Does.COMMITS);
    case Op.PROBE: case Op.CHECK_TARGET: case Op.RAISE_IF: return row(none, i, none, none, Does.FAULTS);
    case Op.CHECK_SEGMENT: return row(i, i, none, none, Does.FAULTS);
    case Op.BRANCH: return row(none, i, i, i, Does.COMMITS | Does.ENDS);
    case Op.JUMP: case Op.JUMP_IND: case Op.RET: return row(none, i, none, none, Does.COMMITS | Does.ENDS);
    case Op.CALL: case Op.CALL_IND: return row(none, i, i, none, Does.COMMITS | Does.ENDS);
    case Op.RUN: return row(none, none, none, none, Does.FAULTS | Does.COMMITS | Does.ATOMIC);
    case Op.X87_READY: return row(none, none, none, none, Does.FAULTS);
    case Op.X87_DO: return row(i, i, none, none, Does.COMMITS);
    case Op.X87_OUT: return row(i, none, none, none, 0);
    case Op.X87_END: return row(none, i, none, none, Does.COMMITS);
    case Op.VGET: return row(v, none, none, none, 0);
    case Op.VSET: return row(none, v, none, none, Does.COMMITS);
    case Op.VLOAD: return row(v, i, none, none, Does.FAULTS);
    case Op.VSTORE: return row(none, i, v, none, Does.FAULTS | Does.COMMITS | Does.ATOMIC);
    case Op.VOP: return row(v, v, v, none, Does.FAULTS);
    case Op.VCONST_LOW: return row(v, i, none, none, Does.PURE);
    case Op.VLOW: return row(i, v, none, none, Does.PURE);
    default: return op < <u32>Op.COUNT ? row(i, i, i, none, Does.PURE) : 0; // ADD to LT_S, DIV_U to REM_S
  }
}

/** As print writes it. */
export function nameOf(op: u32): string {
  switch (<i32>op) {
    case Op.INSN: return "insn";
    case Op.CONST: return "const";
    case Op.GET_REG: return "get_reg";
    case Op.SET_REG: return "set_reg";
    case Op.GET_CC_RESULT: return "get_cc_result";
    case Op.GET_CC_CARRY: return "get_cc_carry";
    case Op.SET_CC: return "set_cc";
    case Op.FLAGS: return "flags";
    case Op.COND: return "cond";
    case Op.GET_FLAG: return "get_flag";
    case Op.SET_FLAG: return "set_flag";
    case Op.GET_MXCSR: return "get_mxcsr";
    case Op.SET_MXCSR: return "set_mxcsr";
    case Op.ADD: return "add";
    case Op.SUB: return "sub";
    case Op.MUL: return "mul";
    case Op.AND: return "and";
    case Op.OR: return "or";
    case Op.XOR: return "xor";
    case Op.SHL: return "shl";
    case Op.SHR: return "shr";
    case Op.SAR: return "sar";
    case Op.ROTR: return "rotr";
    case Op.MUL_HIGH_U: return "mul_high_u";
    case Op.MUL_HIGH_S: return "mul_high_s";
    case Op.CLZ: return "clz";
    case Op.CTZ: return "ctz";
    case Op.POPCNT: return "popcnt";
    case Op.EQ: return "eq";
    case Op.LT_U: return "lt_u";
    case Op.LT_S: return "lt_s";
    case Op.SELECT: return "select";
    case Op.EXTEND8: return "extend8";
    case Op.EXTEND16: return "extend16";
    case Op.EXTEND32: return "extend32";
    case Op.DIV_U: return "div_u";
    case Op.REM_U: return "rem_u";
    case Op.DIV_S: return "div_s";
    case Op.REM_S: return "rem_s";
    case Op.DIV_WIDE: return "div_wide";
    case Op.WIDE_FITS: return "wide_fits";
    default: return effectName(op);
  }
}
function effectName(op: u32): string {
  switch (<i32>op) {
    case Op.LOAD: return "load";
    case Op.STORE: return "store";
    case Op.LOAD_RMW: return "load_rmw";
    case Op.STORE_RMW: return "store_rmw";
    case Op.PROBE: return "probe";
    case Op.SEGMENT_BASE: return "segment_base";
    case Op.CHECK_SEGMENT: return "check_segment";
    case Op.CHECK_TARGET: return "check_target";
    case Op.RAISE_IF: return "raise_if";
    case Op.BRANCH: return "branch";
    case Op.JUMP: return "jump";
    case Op.CALL: return "call";
    case Op.JUMP_IND: return "jump_ind";
    case Op.CALL_IND: return "call_ind";
    case Op.RET: return "ret";
    case Op.RUN: return "run";
    case Op.X87_READY: return "x87_ready";
    case Op.X87_DO: return "x87_do";
    case Op.X87_OUT: return "x87_out";
    case Op.X87_END: return "x87_end";
    case Op.VGET: return "vget";
    case Op.VSET: return "vset";
    case Op.VLOAD: return "vload";
    case Op.VSTORE: return "vstore";
    case Op.VOP: return "vop";
    case Op.VCONST_LOW: return "vconst_low";
    case Op.VLOW: return "vlow";
    default: return "?";
  }
}

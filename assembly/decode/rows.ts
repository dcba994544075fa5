// The opcode rows: one a (map, prefix, opcode), 16 bytes each, filled at start by the tables in opcodes-*.ts.
// Intel SDM vol. 2 appendix A. A row says which bytes follow, which operand is where, which handler, where control goes, and what the
// instruction uses where it is one operation; no meaning.
//
// Row index: map and mandatory prefix select a table of 256; a group row points to a table of 8 (by ModRM.reg),
// doubled to 16 when memory and register forms differ. Rows that are absent have handler 0 and raise #UD.

import { OPCODES } from "../base/layout";
import { Flow, Map } from "./forms";

@unmanaged export class Row {
  handler: u16;
  kind: u16;
  /** Form bits. */
  form: u32;
  /** Where control goes: a Flow. */
  flow: u8;
  /** What it reads and writes when it is one operation: a Uses. */
  uses: u8;
  /** The Feature without which it is not there, or 0. */
  feature: u8;
  /** Kept for rows that VEX reaches (planned; none is there): where the third operand stands, and which L and W the prefix may have. */
  third: u8;
  vex: u32;
}
@inline const ROW_BYTES: usize = 16;

@inline export function rowAt(table: u32, opcode: u32): Row { return changetype<Row>(OPCODES + ((<usize>table << 8) + <usize>opcode) * ROW_BYTES); }
/** Row `n` of group `group`: sixteen rows a group. */
@inline export function groupRow(group: u32, n: u32): Row { return changetype<Row>(OPCODES + ((<usize>Map.GROUPS << 8) + (<usize>group << 4) + <usize>n) * ROW_BYTES); }

/** Writes one row, and gives it to who has more to say of it. */
export function row(table: u32, opcode: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0, uses: u32 = 0): Row {
  return write(rowAt(table, opcode), handler, form, kind, flow, uses);
}

/** Writes one row of a group: memory and register forms alike unless the group is by place (then n + 8 is the register form). */
export function member(group: u32, n: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0, uses: u32 = 0): Row {
  return write(groupRow(group, n), handler, form, kind, flow, uses);
}

function write(r: Row, handler: u32, form: u32, kind: u32, flow: u32, uses: u32): Row {
  r.handler = <u16>handler; r.kind = <u16>kind; r.form = form; r.flow = <u8>flow; r.uses = <u8>uses;
  return r;
}

/** A branch, jump, call or return within the code segment. */
@inline export function isNear(flow: u32): bool { return flow >= <u32>Flow.BRANCH && flow <= <u32>Flow.RETURN; }
/** Its target is known only when it runs. */
@inline export function isIndirect(flow: u32): bool { return flow >= <u32>Flow.JUMP_INDIRECT && flow <= <u32>Flow.RETURN; }

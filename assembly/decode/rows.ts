// The opcode rows: one a (map, prefix, opcode), 8 bytes each, filled at start by the tables in opcodes-*.ts.
// Intel SDM vol. 2 appendix A. A row says which bytes follow, which operand is where, and which handler; no meaning.
//
// Row index: map and mandatory prefix select a table of 256; a group row points to a table of 8 (by ModRM.reg),
// doubled to 16 when memory and register forms differ. Rows that are absent have handler 0 and raise #UD.

import { OPCODES } from "../base/layout";
import { Map } from "./forms";

@unmanaged export class Row {
  handler: u16;
  kind: u16;
  /** Form bits. */
  form: u32;
}

@inline export function rowAt(table: u32, opcode: u32): Row { return changetype<Row>(OPCODES + ((<usize>table << 8) + <usize>opcode) * 8); }
/** Row `n` of group `group`: sixteen rows a group. */
@inline export function groupRow(group: u32, n: u32): Row { return changetype<Row>(OPCODES + ((<usize>Map.GROUPS << 8) + (<usize>group << 4) + <usize>n) * 8); }

/** Writes one row. */
export function row(table: u32, opcode: u32, handler: u32, form: u32, kind: u32 = 0): void {
  const r = rowAt(table, opcode);
  r.handler = <u16>handler; r.kind = <u16>kind; r.form = form;
}

/** Writes one row of a group: memory and register forms alike unless the group is by place (then n + 8 is the register form). */
export function member(group: u32, n: u32, handler: u32, form: u32, kind: u32 = 0): void {
  const r = groupRow(group, n);
  r.handler = <u16>handler; r.kind = <u16>kind; r.form = form;
}

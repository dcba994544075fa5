// The IR being built: operations in order, a value's id is its operation's index.
//
//   16 bytes:  | op u16 | a u16 | b u16 | c u16 | imm u64 |
//
// Values (16 bytes each) follow for the interpreter.

import { IR } from "../base/layout";
import { links } from "../base/machine";

@unmanaged export class Inst { op: u16; a: u16; b: u16; c: u16; imm: u64; }

/** Operations a block may have: one instruction takes well under 100. */
@inline export const IR_LIMIT: u32 = 4096;
@inline export const VALUES: usize = IR + 16 * <usize>IR_LIMIT;

@inline export function at(id: u32): Inst { return changetype<Inst>(IR + (<usize>id << 4)); }
@inline export function valueAt(id: u32): usize { return VALUES + (<usize>id << 4); }
@inline export function count(): u32 { return links.irCount; }

export function begin(): void { links.irCount = 0; }

/** Appends an operation; its id. A full block takes no more: its last operation is overwritten, and verify says so. */
export function record(op: u32, a: u64, b: u64, c: u64, imm: u64): u64 {
  const id = min(links.irCount, IR_LIMIT - 1), inst = at(id);
  inst.op = <u16>op; inst.a = <u16>a; inst.b = <u16>b; inst.c = <u16>c; inst.imm = imm;
  links.irCount = id + 1;
  return id;
}

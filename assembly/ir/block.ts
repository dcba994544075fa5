// The IR of the block being built: operations in order, a value's id is its operation's index.
//
//   24 bytes:  | op u16 | spare u16 | a u32 | b u32 | c u32 | imm u64 |
//
// Values (16 bytes each) follow for the interpreter. A block that does not fit is refused: record() takes nothing more and `isFull`
// says so; whoever builds takes the instruction in hand back (`cutTo`) and goes on with what there is.

import { IR } from "../base/layout";
import { links } from "../base/machine";

@unmanaged export class Inst { op: u16; spare: u16; a: u32; b: u32; c: u32; imm: u64; }

/** Operations a block may have: one instruction takes well under 100, and a block has at most 64. */
@inline export const IR_LIMIT: u32 = 8192;
@inline const INST: usize = 24;
@inline export const VALUES: usize = IR + INST * <usize>IR_LIMIT;
/** Past the values: where the interpreter keeps what it hides from RUN (hidden.ts). */
@inline export const HIDDEN: usize = VALUES + 16 * <usize>IR_LIMIT;
/** Then 64 KiB for the text that print writes. */
@inline export const TEXT: usize = HIDDEN + 1024;
@inline export const TEXT_SIZE: usize = 64 * 1024;
/** Then 4 KiB for records that belong to no block. */
@inline export const SCRATCH: usize = TEXT + TEXT_SIZE + 64;

@inline export function at(id: u32): Inst { return changetype<Inst>(IR + <usize>id * INST); }
@inline export function valueAt(id: u32): usize { return VALUES + (<usize>id << 4); }
@inline export function count(): u32 { return min(links.irCount, IR_LIMIT); }
@inline export function isFull(): bool { return links.irCount > IR_LIMIT; }

export function begin(): void { links.irCount = 0; }
/** Takes back everything from operation `n` on. */
export function cutTo(n: u32): void { links.irCount = n; }

/** Appends an operation; its id. Past the limit nothing is taken, and the count says so. */
export function record(op: u32, a: u64, b: u64, c: u64, imm: u64): u64 {
  const id = links.irCount;
  if (id >= IR_LIMIT) { links.irCount = IR_LIMIT + 1; return 0; }
  const inst = at(id);
  inst.op = <u16>op; inst.spare = 0; inst.a = <u32>a; inst.b = <u32>b; inst.c = <u32>c; inst.imm = imm;
  links.irCount = id + 1;
  return id;
}

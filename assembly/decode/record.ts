// A decoded instruction: 32 bytes, all that its meaning needs and nothing of its encoding.
//
//    0         2      4        6      7     8     9      10      11      12    13    14      15
//   +---------+------+--------+------+-----+-----+------+-------+-------+-----+-----+-------+-------+
//   | handler | kind | offset | bits | dst | src | base | index | scale | seg | len | flags | uses  |
//   +---------+------+--------+------+-----+-----+------+-------+-------+-----+-----+-------+-------+
//   16: disp (i64)                        24: imm (i64)

import { RECORD_STACK } from "../base/control";

@unmanaged export class Insn {
  /** What to do: a number of decode/handlers.ts. */
  handler: u16;
  /** Lane operation, condition code, or another choice within a handler. */
  kind: u16;
  /** Offset of its first byte in its page. */
  offset: u16;
  /** Operand size in bits: 8, 16, 32, 64; 128 for XMM. */
  bits: u8;
  /**
   * Register operands. A general register is its byte offset in the register file: 8 x number, plus 1 for AH CH DH BH.
   * An XMM, MMX, x87, segment or control register is its plain number.
   */
  dst: u8;
  src: u8;
  /** Memory operand: general register numbers (16 = none, 17 = page of rip), log2 of the scale, segment, displacement. */
  base: u8;
  index: u8;
  scale: u8;
  /** Segment whose base must be added, or Seg.NONE where it is known to be 0 and unlimited. */
  seg: u8;
  /** Length in bytes. */
  length: u8;
  /** Decoded bits below. */
  flags: u8;
  /** What it uses as one operation, and USES_STACK (uses.ts). */
  uses: u8;
  disp: i64;
  imm: i64;
}

/** The set of decode/uses.ts; beside it, the memory operand is in the stack segment: a bad address is #SS. */
@inline export const USES_SET: u32 = 0x7f;
@inline export const USES_STACK: u32 = RECORD_STACK;

export const enum Is {
  /** The r/m operand is memory. */
  MEMORY = 1,
  /** Effective addresses wrap at 32 or 16 bits. */
  ADDR32 = 2,
  ADDR16 = 4,
  REP = 8,
  REPNE = 16,
  LOCK = 32,
  /** The segment is FS or GS in 64-bit code: a base and no limit. */
  LONG_SEGMENT = 64,
  /** The memory operand needs more than base + index + disp: a segment, or wrapping. */
  FAR = 128,
}

/** Sets decoded bits. */
@inline export function mark(i: Insn, bits: u32): void { i.flags = <u8>(i.flags | bits); }

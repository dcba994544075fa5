// The decoder's working state for one instruction, and the reading of its bytes.

import { DECODE } from "./scratch";

/** What the decoder knows while it reads one instruction. */
@unmanaged export class Decoder {
  /** Next byte, and the end of what may be read. */
  at: u32; end: u32;
  mode: u32;
  /** Operand size in bits after prefixes: 16, 32, 64; and address size. */
  bits: u32; addressBits: u32;
  rex: u32; rexSeen: u32;
  /** 66, F2, F3 seen, LOCK seen; segment override or Seg.NONE. */
  opsize: u32; repeat: u32; lock: u32; seg: u32;
  map: u32; opcode: u32;
  mod: u32; reg: u32; rm: u32;
  hasModRm: u32;
  /** Set when bytes ran out. */
  short: u32;
  /** Where control goes behind it (Flow). */
  flow: u32;
}
@inline export const d = changetype<Decoder>(DECODE);

export function nextByte(): u32 {
  if (d.at >= d.end) { d.short = 1; return 0; }
  return load<u8>(d.at++);
}
export function nextSigned(bytes: u32): i64 {
  let v: u64 = 0;
  for (let k: u32 = 0; k < bytes; k++) v |= <u64>nextByte() << (<u64>k * 8);
  const spare: i64 = 64 - <i64>bytes * 8;
  return <i64>v << spare >> spare;
}

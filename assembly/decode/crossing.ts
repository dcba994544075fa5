// Instructions that cross their page, as they were decoded last. Their second page may be another one, or hold something else, at every
// execution, so they are in no hash and no chain of a page: both pages are looked up each time, in order, and what lies there now is held against the
// bytes that the record was made of. What is saved is the decoding.
//
//   slot, 128 bytes:  | block header, 48 | record, 32 | host u32 | mode u32 | bytes u32 | 0 | what was decoded, 16 | 0 ... |

import { BLOCKS } from "../base/layout";
import { JOINED } from "./scratch";

@inline const SLOTS: u32 = 512;
@inline const SLOT_BYTES: u32 = 128;
/** At the start of the decode cache. The first slot's block, of nothing, stands for no block. */
@inline export const CROSSINGS_SIZE: u32 = SLOTS * SLOT_BYTES;

@unmanaged export class Crossing {
  /** Linear-memory address of its first byte, 0 for none, and the mode it was decoded in. */
  host: u32; mode: u32;
  /** Its length. */
  bytes: u32; pad: u32;
  code0: u64; code1: u64;
}
/** A slot's block is at its start. */
@inline const KEY: u32 = 80;
@inline export function crossingOf(host: u32, mode: u32): Crossing {
  return changetype<Crossing>(BLOCKS + <usize>((host >> 12 ^ host ^ mode * 0x9e5) & (SLOTS - 1)) * SLOT_BYTES + KEY);
}
@inline export function blockOf(c: Crossing): usize { return changetype<usize>(c) - KEY; }

export function forgetCrossings(): void { memory.fill(BLOCKS, 0, CROSSINGS_SIZE); }

/** What is decoded next is remembered here. */
export function remember(c: Crossing, host: u32, mode: u32, bytes: u32): void {
  c.host = host; c.mode = mode; c.bytes = bytes;
  c.code0 = load<u64>(JOINED); c.code1 = load<u64>(JOINED, 8);
}

/** Whether it is of this place, and its first `n` bytes are those in JOINED. */
export function isSame(c: Crossing, host: u32, mode: u32, n: u32): bool {
  if (c.host != host || c.mode != mode) return false;
  const first = c.code0 ^ load<u64>(JOINED), rest = c.code1 ^ load<u64>(JOINED, 8);
  return n < 8 ? first << (64 - 8 * n) == 0 : first == 0 && (n == 8 || rest << (128 - 8 * n) == 0);
}

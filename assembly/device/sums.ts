// The Internet checksum (RFC 1071), and 16-bit numbers in network order.
//
// The checksum adds 16-bit words as they lie in memory: ones' complement addition does not mind the byte order as long as
// sums are stored the way they were loaded.

import { spend } from "./allowance";

/** Bytes added for a unit of the allowance, as a power of two. */
@inline const UNIT_BYTES_LOG2: u32 = 5;

/** Adds a range to a sum of 16-bit words, not folded. */
export function addWords(at: usize, bytes: u32, sum: u64): u64 {
  spend(bytes >> UNIT_BYTES_LOG2);
  let total = sum, i: u32 = 0;
  for (; i + 4 <= bytes; i += 4) total += load<u32>(at + i);
  if (i + 2 <= bytes) { total += load<u16>(at + i); i += 2; }
  if (i < bytes) total += load<u8>(at + i);
  return total;
}

/** Folds a sum to 16 bits. */
export function fold(sum: u64): u32 {
  let s = (sum & 0xffff_ffff) + (sum >> 32);
  s = (s & 0xffff) + (s >> 16);
  s = (s & 0xffff) + (s >> 16);
  return <u32>((s & 0xffff) + (s >> 16));
}

@inline export function get16(at: usize): u32 { return <u32>bswap<u16>(load<u16>(at)); }
@inline export function put16(at: usize, value: u32): void { store<u16>(at, bswap<u16>(<u16>value)); }

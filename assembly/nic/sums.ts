// What cards compute over frames: the Internet checksum (RFC 1071) and Ethernet's frame check sequence (IEEE 802.3, 3.2.9).
//
// The checksum adds 16-bit words as they lie in memory: ones' complement addition does not mind the byte order as long as
// sums are stored the way they were loaded.

import { FCS_TABLE } from "./layout";

/** Adds a range to a sum of 16-bit words, not folded. */
export function addWords(at: usize, bytes: u32, sum: u64): u64 {
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

/** The remainders; at attach. */
export function makeFcsTable(): void {
  for (let n: u32 = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb8_8320 ^ (c >> 1) : c >> 1;
    store<u32>(FCS_TABLE + (<usize>n << 2), c);
  }
}

/** The FCS of a frame, to be stored little-endian behind it. */
export function fcsOf(at: usize, bytes: u32): u32 {
  let c: u32 = 0xffff_ffff;
  for (let i: u32 = 0; i < bytes; i++) c = load<u32>(FCS_TABLE + (<usize>((c ^ <u32>load<u8>(at + i)) & 0xff) << 2)) ^ (c >> 8);
  return ~c;
}

// The frame check sequence and the multicast hash. IEEE 802.3, 3.2.9: CRC-32, reflected, four bytes a step by four tables
// that are made once, at attach.

import { CRC_TABLES } from "./layout";

@inline const POLYNOMIAL: u32 = 0xedb8_8320;
@inline function entry(table: u32, byte: u32): u32 { return load<u32>(CRC_TABLES + (<usize>(table << 8 | byte & 0xff) << 2)); }
@inline function setEntry(table: u32, byte: u32, value: u32): void { store<u32>(CRC_TABLES + (<usize>(table << 8 | byte) << 2), value); }

export function makeCrcTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit: u32 = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
    setEntry(0, byte, c);
  }
  for (let table: u32 = 1; table < 4; table++) {
    for (let byte: u32 = 0; byte < 256; byte++) {
      const c = entry(table - 1, byte);
      setEntry(table, byte, c >> 8 ^ entry(0, c));
    }
  }
}

/** The register after so many bytes, from all ones, not complemented: what the multicast filter takes its index from. */
export function crcOf(data: usize, bytes: u32): u32 {
  let c: u32 = 0xffff_ffff, at = data;
  const end = data + bytes;
  for (; at + 4 <= end; at += 4) {
    c ^= load<u32>(at);
    c = entry(3, c) ^ entry(2, c >> 8) ^ entry(1, c >> 16) ^ entry(0, c >> 24);
  }
  for (; at < end; at++) c = c >> 8 ^ entry(0, c ^ load<u8>(at));
  return c;
}

/** The four bytes that follow a frame, lowest first. */
@inline export function fcsOf(data: usize, bytes: u32): u32 { return ~crcOf(data, bytes); }

// What cards compute over frames: Ethernet's frame check sequence (IEEE 802.3, 3.2.9).

import { spend } from "../device/allowance";
import { FCS_TABLE } from "./layout";

/** Bytes gone over for a unit of the allowance, as a power of two. */
@inline const UNIT_BYTES_LOG2: u32 = 3;

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
  spend(bytes >> UNIT_BYTES_LOG2);
  for (let i: u32 = 0; i < bytes; i++) c = load<u32>(FCS_TABLE + (<usize>((c ^ <u32>load<u8>(at + i)) & 0xff) << 2)) ^ (c >> 8);
  return ~c;
}

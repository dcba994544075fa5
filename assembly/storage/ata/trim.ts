// TRIM: the ranges of DATA SET MANAGEMENT (ATA8-ACS, 7.10: 48 bits of address, 16 of count, 8 bytes each) made the host's (surface/blocks.ts, 16 bytes each), in the
// drive's buffer, where they are.

import { bufferOf, Unit } from "../unit/state";
import { Range } from "../../surface/blocks";

@inline const ENTRY_BYTES: u32 = 8;

/** Bytes of ranges that the buffer then holds; all ones when one lies outside the disk. */
export function collectRanges(u: Unit): u32 {
  const at = bufferOf(u), entries = u.bytes / ENTRY_BYTES;
  // From the last on, for a range is longer than its entry.
  for (let i = entries; i > 0; i--) {
    const entry = load<u64>(at + (i - 1) * ENTRY_BYTES), sector = entry & 0xffff_ffff_ffff, count = entry >> 48, to = at + (i - 1) * Range.BYTES;
    if (count && (sector > u.sectors || count > u.sectors - sector)) return ~<u32>0;
    store<u64>(to, sector, Range.SECTOR); store<u32>(to, <u32>count, Range.COUNT); store<u32>(to, 0, Range.FLAGS);
  }
  let kept: u32 = 0;
  for (let i: u32 = 0; i < entries; i++) {
    if (!load<u32>(at + i * Range.BYTES, Range.COUNT)) continue;
    memory.copy(at + kept, at + i * Range.BYTES, Range.BYTES);
    kept += Range.BYTES;
  }
  return kept;
}

// The interrupt-entry cache (6.2.1): entries of the interrupt-remapping table as they were read, by index, until software invalidates them. Direct-mapped.
// Entries that are not present are kept only with caching mode on.

import { Count, tally } from "./counters";
import { IRTE_CACHE, IRTE_CACHE_SIZE, IRTE_ENTRIES } from "./layout";
import { Entry, Irta, Reason, TABLE_ADDRESS } from "./spec";
import { fetchPair, unit } from "./state";

@unmanaged export class KeptEntry {
  /** The index plus one; 0: nothing here. */
  tag: u32;
  pad0: u32;
  low: u64;
  high: u64;
}
@inline export function keptEntry(index: u32): KeptEntry { return changetype<KeptEntry>(IRTE_CACHE + (<usize>(index & (IRTE_ENTRIES - 1)) << 5)); }

/** The entry at an index into word and word2; a Reason. */
export function readEntry(index: u32): u32 {
  const k = keptEntry(index);
  if (k.tag == index + 1) {
    tally(Count.IRTE_HITS);
    unit.word = k.low; unit.word2 = k.high;
    return Reason.NONE;
  }
  tally(Count.IRTE_MISSES);
  if (index >> (<u32>(unit.interrupts & Irta.SIZE) + 1)) return Reason.INDEX;
  if (!fetchPair((unit.interrupts & TABLE_ADDRESS) + <u64>index * Entry.BYTES)) return Reason.IRTE_ACCESS;
  if (unit.word & Entry.PRESENT || unit.caching) { k.tag = index + 1; k.low = unit.word; k.high = unit.word2; }
  return Reason.NONE;
}

export function dropEntries(): void {
  tally(Count.IRTE_GLOBAL);
  memory.fill(IRTE_CACHE, 0, IRTE_CACHE_SIZE);
}

/** Those of 2^mask indices in a row. */
export function dropEntriesAt(index: u32, mask: u32): void {
  tally(Count.IRTE_INDEX);
  for (let i: u32 = 0; i < IRTE_ENTRIES; i++) {
    const k = keptEntry(i);
    if (k.tag && (k.tag - 1) >> min<u32>(mask, 16) == index >> min<u32>(mask, 16)) k.tag = 0;
  }
}

// State images longer than a word: built in scratch memory and stored at once, or loaded whole before anything is taken from
// them, so that a fault leaves both sides as they were.

import { Run, faulted } from "../ir/words";
import { loadMem, probeMem, storeMem } from "../ir/words-memory";
import { FLOAT_SCRATCH } from "../float/env";

/** Where an image lies while it is worked on; 576 bytes at most. */
@inline export const IMAGE: usize = FLOAT_SCRATCH + 1024;

/** Bytes from `at` on that one access may take: 8, 4, 2 or 1. */
@inline function step(left: u32): u32 { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

/** Fills IMAGE from memory; false after a fault. */
export function loadImage(a: u64, bytes: u32): bool {
  for (let k: u32 = 0; k < bytes;) {
    const n = step(bytes - k);
    const v = loadMem<Run>(a + k, n);
    if (faulted<Run>()) return false;
    // Eight bytes may pass the image's end within the scratch memory.
    store<u64>(IMAGE + k, v);
    k += n;
  }
  return true;
}

/** True when `bytes` (a page at most) at `a` may be written: the first word, then the last byte, is what a fault names. */
export function probeImage(a: u64, bytes: u32, word: u32): bool {
  probeMem<Run>(a, word);
  if (faulted<Run>()) return false;
  probeMem<Run>(a + bytes - 1, 1);
  return !faulted<Run>();
}

/** Stores the part of IMAGE from `from` to `to`. The pages were probed. */
export function storeImage(a: u64, from: u32, to: u32): void {
  for (let k = from; k < to;) {
    const n = step(to - k);
    storeMem<Run>(a + k, n, load<u64>(IMAGE + k));
    if (faulted<Run>()) return;
    k += n;
  }
}

// Where indirect jumps and returns have led: by the block that they end, the addresses seen, as the interpreter and translations that were left
// have met them. From these a region knows which of its blocks a jump may go to. A cache, like all of the translator's.

import { LEARNED, LEARNED_SETS } from "./places";

/** | key u32 | count u32 | rip u64 ... | */
@inline export const MAX_LEARNED: u32 = 31;
@inline const BYTES: usize = 8 + 8 * 31;
@inline function setOf(key: u32): usize { return LEARNED + <usize>((key ^ key >> 9) & (LEARNED_SETS - 1)) * BYTES; }

export function forgetLearned(): void { memory.fill(LEARNED, 0, <usize>LEARNED_SETS * BYTES); }

/** The block whose code lies at `key` went to `rip`. True when that is news. */
export function learn(key: u32, rip: u64): bool {
  const s = setOf(key);
  if (load<u32>(s) != key) { store<u32>(s, key); store<u32>(s, 0, 4); }
  const n = load<u32>(s, 4);
  // Where everybody comes from, looking would cost at every jump.
  if (n == MAX_LEARNED) return false;
  for (let k: u32 = 0; k < n; k++) if (load<u64>(s + <usize>k * 8, 8) == rip) { comeForward(s + <usize>k * 8, k); return false; }
  store<u64>(s + <usize>n * 8, rip, 8);
  store<u32>(s, n + 1, 4);
  return true;
}
/** What is frequent is found first, and counts as likely. */
function comeForward(p: usize, k: u32): void {
  if (!k) return;
  const before = load<u64>(p, 0), here = load<u64>(p, 8);
  store<u64>(p, here, 0); store<u64>(p, before, 8);
}
export function learnedCount(key: u32): u32 { const s = setOf(key); return load<u32>(s) == key ? load<u32>(s, 4) : 0; }
export function learnedRip(key: u32, k: u32): u64 { return load<u64>(setOf(key) + <usize>k * 8, 8); }

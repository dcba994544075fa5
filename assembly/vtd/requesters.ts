// Counts by who asked: a row a requester, in the order in which they came. Those beyond the table's room share its last row, whose requester is none.
// What a requester is called changes with the numbers that bridges have, so these are no counters with names; the host reads the rows (look.ts).

import { MAX_REQUESTERS, REQUESTER_ROWS } from "./layout";

@unmanaged export class Requester {
  /** The requester, plus one; 0: no row yet; OTHERS. */
  tag: u32;
  pad0: u32;
  hits: u64;
  misses: u64;
  walkReads: u64;
  passed: u64;
  refused: u64;
  /** Messages that its interrupts became, and those refused. */
  remapped: u64;
  blocked: u64;
}
@inline export const OTHERS: u32 = 0x1_0001;

@inline export function rowAt(i: u32): Requester { return changetype<Requester>(REQUESTER_ROWS + (<usize>min(i, MAX_REQUESTERS - 1) << 6)); }

/** The row of a requester; at most all of them are looked at. */
export function rowOf(requester: u32): u32 {
  for (let i: u32 = 0; i < MAX_REQUESTERS - 1; i++) {
    const row = rowAt(i);
    if (row.tag == requester + 1) return i;
    if (!row.tag) { row.tag = requester + 1; return i; }
  }
  rowAt(MAX_REQUESTERS - 1).tag = OTHERS;
  return MAX_REQUESTERS - 1;
}

// Histograms: how often a thing came in which number. Sixteen buckets by powers of two each:
//
//      bucket    0   1   2     3     4      ...   14             15
//      numbers   0   1   2-3   4-7   8-15         8192-16383     16384 and up
//
// They lie behind the counters' values and are state; names are made like those of cards' counters.
//
// Rates are the three every queue of a card has: packets (or requests) per doorbell, per interrupt and per poll. A doorbell's
// packets are those handled from it to the next doorbell, whoever found them; an interrupt's those handled since the one before;
// a poll is one look of the card at the queue, for whatever reason, and often finds nothing.

import { HISTOGRAM_IDS, HISTOGRAMS, nameOwnedHistogram, takeHistograms } from "./counters";

@inline const BUCKETS: u32 = 16;

/** Counts one occurrence of `n`. */
@inline export function observe(id: u32, n: u32): void {
  const bucket = min(<u32>32 - <u32>clz(n), BUCKETS - 1), at = HISTOGRAMS + (<usize>min(id, HISTOGRAM_IDS - 1) << 7) + (<usize>bucket << 3);
  store<u64>(at, load<u64>(at) + 1);
}

// --- Rates ---

/** Cleared by the queue's reset. */
@unmanaged export class Rates {
  /** One more than the packets since the last doorbell; 0 before the first. */
  sinceBell: u32;
  sinceInterrupt: u32;
}
const enum Rate { BELL, INTERRUPT, POLL, COUNT }
/** Ids a queue has. */
@inline export const RATES: u32 = Rate.COUNT;

/** Makes the three histograms of a queue; their first id. `packets`: of a network card; else they are requests. */
export function makeRates(card: string, number: u32, queue: u32, packets: bool): u32 {
  const id = takeHistograms(Rate.COUNT), unit = packets ? "packets" : "requests";
  nameOwnedHistogram(id + Rate.BELL, card, number, queue, packets ? "packets per doorbell" : "requests per doorbell", unit);
  nameOwnedHistogram(id + Rate.INTERRUPT, card, number, queue, packets ? "packets per interrupt" : "requests per interrupt", unit);
  nameOwnedHistogram(id + Rate.POLL, card, number, queue, packets ? "packets per poll" : "requests per poll", unit);
  return id;
}

export function noteBell(r: Rates, id: u32): void {
  if (r.sinceBell) observe(id + Rate.BELL, r.sinceBell - 1);
  r.sinceBell = 1;
}
export function noteInterrupt(r: Rates, id: u32): void {
  observe(id + Rate.INTERRUPT, r.sinceInterrupt);
  r.sinceInterrupt = 0;
}
/** Packets have been handled. */
export function notePackets(r: Rates, n: u32): void {
  if (r.sinceBell) r.sinceBell += n;
  r.sinceInterrupt += n;
}
/** A look at the queue is over and has handled so many. */
export function notePoll(id: u32, n: u32): void { observe(id + Rate.POLL, n); }

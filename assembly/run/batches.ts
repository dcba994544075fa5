// The life of translations. A batch is what one Wasm module holds. The last is open: it takes new regions until the host fetches it to be
// compiled; then the next is. Regions' numbers and their records are given out in order and begin again when their ends are reached; whoever is
// in the way is the oldest, and goes with its batch, because an engine keeps a module while one of its functions can be called.
//
//   oldest ... linked, being compiled ... open       by serial number; what is not from `oldest` on is no more, whatever the host still has of it
//
// What the host asks and says of them is in linking.ts. All of it is a cache.

import { RECORD, raiseEvent, Event } from "../base/control";
import { links } from "../base/machine";
import { forgetLearned } from "../translate/learned";
import { forgetFunctions } from "../translate/module";
import { BATCHES, DESK, KEPT, MAX_BATCHES, MAX_RECORDS, MAX_REGIONS, RECORDS, RECORDS_END, st } from "../translate/places";
import { Region, regionOf } from "../translate/regions";

/** Of a block whose region is refused: it stays with the interpreter until the decode cache is emptied. */
@inline export const REFUSED: u32 = ~0;
/** A batch takes no more when it has so many regions, or so many bytes of code. */
@inline const MOST_REGIONS: u32 = 64;
@inline const MOST_CODE: u32 = 128 * 1024;
/** Bytes of records that one region can need. */
@inline const MOST_RECORDS: u32 = MAX_RECORDS * RECORD;

/**
 * A block's tag names a region by its number and, above, by how many were given before: so a block finds out that its region has gone. Bit 30 is
 * MEMBER's, and no tag is REFUSED.
 */
@inline const NUMBER_BITS: u32 = 12;
@inline const GIVEN: u32 = 0x3_ffff;
@inline export function numberIn(tag: u32): u32 { return tag & (MAX_REGIONS - 1); }

@unmanaged export class Desk {
  /** Ticks of a block after which it is translated now (pace.ts); the host is asked for its turn as soon as something waits. */
  threshold: u32; eager: u32;
  /** Serial numbers of the oldest batch and of the open one. */
  oldest: u32; open: u32;
  /** Number of the next region; how many there are. */
  next: u32; regions: u32;
  /** What may still be translated, in ticks, and when it was reckoned (translations.ts). */
  balance: i64; reckoned: u64;
  /** Block whose indirect jump was the last thing that ran, by its code's address; 0 for none. */
  from: u32;
  /** Regions that were given a number, ever. Bits of a heat whose change makes a region's part looked at (translations.ts isDue). */
  given: u32; looks: u32;
  /** The threshold that was asked for; instructions translated since the tick (pace.ts). */
  asked: u32; recent: u32; pad: u32; since: u64;

  // For the host: see Counted in host/machine/translator.ts.
  /** Regions translated, refused, dropped as stale, dropped for room. */
  translated: u32; refused: u32; stale: u32; dropped: u32;
  /** Bytes of their code, guest instructions in them. */
  bytes: u64; insns: u64;
  /** Times that regions were entered, ticks in them, times that the budget did not suffice to enter. */
  calls: u64; ticks: u64; short: u64;
  /** Ways out, by Exit. */
  exits: u64;
}
@inline export const desk = changetype<Desk>(DESK);

@unmanaged export class Batch {
  /** Number of its first region, how many there are, where their records begin. */
  first: u32; count: u32; records: u32; pad: u32;
}
@inline export function batchOf(serial: u32): Batch { return changetype<Batch>(BATCHES + <usize>(serial & (MAX_BATCHES - 1)) * 16); }
@inline export function numberOf(b: Batch, k: u32): u32 { const n = b.first + k; return n < MAX_REGIONS ? n : n - MAX_REGIONS + 1; }

/** The decode cache was emptied (links.translations is 0 then): no block knows a region any more. */
export function startOver(): void {
  links.translations = 1;
  desk.next = 1; desk.regions = 0; desk.from = 0;
  forgetLearned();
  st.recordSpace = <u32>RECORDS;
  desk.open++;
  desk.oldest = desk.open;
  begin();
}
/** Opens the batch that `desk.open` says. */
export function begin(): void {
  const b = batchOf(desk.open);
  b.first = desk.next; b.count = 0; b.records = st.recordSpace;
  forgetFunctions();
}

/** The number of the next region, with room for its records; 0 while the open batch is full and waits for the host. */
export function allot(): u32 {
  const b = batchOf(desk.open);
  if (b.count >= MOST_REGIONS || codeWaiting() >= MOST_CODE) return 0;
  makeRoom();
  while (desk.regions >= MAX_REGIONS - 1 && dropBatch()) {}
  return desk.next;
}
/** Records of one region at least: what lies there and behind, where they begin again at the start, goes. */
function makeRoom(): void {
  if (st.recordSpace + MOST_RECORDS > <u32>RECORDS_END) {
    while (isAhead(~0) && dropBatch()) {}
    st.recordSpace = <u32>RECORDS;
    if (!batchOf(desk.open).count) batchOf(desk.open).records = st.recordSpace;
  }
  while (isAhead(st.recordSpace + MOST_RECORDS) && dropBatch()) {}
}
function isAhead(end: u32): bool {
  const at = batchOf(desk.oldest).records;
  return desk.oldest != desk.open && at >= st.recordSpace && at < end;
}

/** Region `n`, as allotted, is there; its tag. */
export function keep(n: u32): u32 {
  const r = regionOf(n);
  desk.given++;
  r.slot = 0;
  r.tag = (desk.given & GIVEN) << NUMBER_BITS | n;
  batchOf(desk.open).count++;
  desk.regions++; desk.translated++; desk.insns += r.insns;
  desk.next = n + 1 < MAX_REGIONS ? n + 1 : 1;
  if (desk.eager) raiseEvent(Event.YIELD);
  return r.tag;
}

/** The region is no more; its blocks may become hot again. */
@inline export function release(r: Region): void { r.slot = 0; r.tag = 0; }

/** Drops the oldest batch with its regions; 0: there is none but the open one. */
export function dropBatch(): u32 {
  if (desk.oldest == desk.open) return 0;
  const b = batchOf(desk.oldest);
  for (let k: u32 = 0; k < b.count; k++) release(regionOf(numberOf(b, k)));
  desk.regions -= b.count; desk.dropped += b.count;
  desk.oldest++;
  return 1;
}
/** Bytes of code in the open batch. */
export function codeWaiting(): u32 { return links.translations && st.functions ? st.kept - <u32>KEPT : 0; }

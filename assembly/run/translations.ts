// Translations at work: which blocks have become hot, the one module that waits for the host to compile it, and entering what is there. The
// host does nothing but compile and link: between runs it takes the bytes, puts the function in the table and says so (linked, refused).
// With translations off nothing here is reached. All of it is a cache: a machine whose translations are dropped at any time is the same machine.

import { control, raiseEvent, Event, RECORD } from "../base/control";
import { links } from "../base/machine";
import { cpu } from "../cpu/state";
import { Block, dropAllBlocks } from "../decode/cache";
import { H } from "../decode/handlers";
import { Insn } from "../decode/record";
import { forgetLearned, learn } from "../translate/learned";
import { noteRounding, settleFlags } from "../translate/helpers";
import { live } from "../translate/live";
import { DESK, MAX_RECORDS, OUT, RECORDS, RECORDS_END, st } from "../translate/places";
import { claimBlocks, translate } from "../translate/region";
import { isCurrent, isStale, MAX_REGIONS, MEMBER, Region, regionOf } from "../translate/regions";

/** Of a block whose region is refused: it stays with the interpreter until the decode cache is emptied. */
@inline const REFUSED: u32 = ~0;
/** Times that a region is left by jumps to addresses it does not know before it is made anew with what has been learned. */
@inline const MISSES: u32 = 200;
/** A part of a region becomes the entry of one of its own when it is run so often by itself, the ends of slices apart. */
@inline const MEMBER_HEAT: u32 = 8;
@inline const TAIL: u64 = 2000;
/** A region takes in what has run for a 32nd of the threshold. */
@inline const WARM: u32 = 5;
/** Ticks that one call may take at most. */
@inline const MOST: u64 = 0x4000_0000;

@unmanaged class Desk {
  /** Bytes of the module that waits to be compiled, and its region. */
  waiting: u32; region: u32;
  /** Regions handed out since all were dropped. */
  used: u32;
  /** Ticks of a block after which it is translated. */
  threshold: u32;
  /** For the host: regions linked, refused, dropped as stale; bytes written; calls; ticks in translated code. */
  linked: u32; refused: u32; stale: u32; pad: u32;
  bytes: u64; calls: u64; ticks: u64;
  /** Block whose indirect jump was the last thing that ran, by its code's address, and the region that it left; 0 for none. */
  from: u32; missed: u32;
}
@inline const desk = changetype<Desk>(DESK);

/** On with a threshold in ticks, off with 0. What has been translated is dropped. */
export function setTranslation(threshold: u32): void {
  links.translating = threshold != 0 ? 1 : 0;
  desk.threshold = threshold;
  dropAllBlocks();
}

/** Runs the translation at block `b`, where rip is; false if there is none and the interpreter must go on. */
export function runTranslated(b: Block): bool {
  if (links.translations == 0) startOver();
  if (desk.from) learnTarget();
  if (runRegion(b)) return true;
  desk.from = endsInJump(b) && control.limit - control.base >= <u64>b.count ? b.host : 0;
  desk.missed = 0;
  return false;
}
/** rip is where an indirect jump has led to. */
function learnTarget(): void {
  const more = learn(desk.from, cpu.rip);
  if (more && desk.missed) regionOf(desk.missed).grown = 1;
  desk.from = 0; desk.missed = 0;
}
function endsInJump(b: Block): bool {
  const h = <i32>changetype<Insn>(<usize>(b.end - RECORD)).handler;
  return h >= H.RET && h <= H.RET_I;
}

function runRegion(b: Block): bool {
  const n = b.region;
  if (n == REFUSED) return false;
  if (n == 0 || n & MEMBER) { heat(b); return false; }
  const r = regionOf(n);
  if (!r.slot) return false;
  if (isStale(r)) { desk.stale++; b.region = 0; b.heat = 0; return false; }
  // It leaves too often for addresses that are known by now: the next one will have them.
  if (r.grown && r.misses >= MISSES) { b.region = 0; b.heat = desk.threshold; return false; }
  if (!isCurrent(r) || !enter(r)) return false;
  if (live.from) { desk.from = live.from; desk.missed = n; r.misses++; }
  return true;
}

/** The decode cache was emptied (links.translations is 0 then): no block knows a region any more. */
function startOver(): void {
  links.translations = 1;
  desk.used = 0; desk.waiting = 0; desk.from = 0;
  forgetLearned();
  st.recordSpace = <u32>RECORDS;
}

function heat(b: Block): void {
  const member = b.region & MEMBER ? regionOf(b.region & ~MEMBER) : changetype<Region>(0);
  // What is run here because a slice ends is not hot.
  if (changetype<usize>(member) && control.limit - control.base < TAIL) return;
  b.heat += b.count;
  if (b.heat < desk.threshold || desk.waiting) return;
  if (changetype<usize>(member) && b.heat < MEMBER_HEAT * desk.threshold && !isStale(member)) return;
  if (desk.used + 1 >= MAX_REGIONS || st.recordSpace + MAX_RECORDS * RECORD > <u32>RECORDS_END) { dropAllBlocks(); control.end = 0; return; }
  const n = desk.used + 1, r = regionOf(n), space = st.recordSpace, bytes = translate(r, desk.threshold >> WARM);
  if (!bytes) { st.recordSpace = space; b.region = REFUSED; desk.refused++; return; }
  desk.used = n;
  r.slot = 0;
  claimBlocks(n);
  desk.waiting = bytes; desk.region = n; desk.bytes += bytes;
  raiseEvent(Event.YIELD);
}

/** Enters a region that is current. False when the budget does not suffice for the longest way through it: nothing has happened. */
export function enter(r: Region): bool {
  const room = <u32>min<u64>(control.limit - control.base, MOST), before = control.base;
  live.endTick = before + room;
  control.again = 0;
  live.from = 0;
  noteRounding();
  const left = call_indirect<u32>(r.slot, room);
  if (left == room && !cpu.raised) return false;
  settleFlags(live.kind, live.a, live.b, live.c, live.over, live.overA, live.overC);
  control.base = live.endTick - left;
  control.first = control.current;
  control.again = 0;
  desk.calls++; desk.ticks += room - left;
  return true;
}

// --- what the host asks and says ----------------------------------------------------------------------------------

/** Bytes of the module that waits; 0 for none. */
export function waitingModule(): u32 { return desk.waiting; }
export function waitingModuleAt(): u32 { return <u32>OUT; }
/** The region that it is: one function table index is the host's to give to each, and to give again. */
export function waitingRegion(): u32 { return desk.region; }
export function mostRegions(): u32 { return MAX_REGIONS; }
/** It was compiled: its function is in the table at `slot`. */
export function linked(slot: u32): void {
  if (desk.waiting) { regionOf(desk.region).slot = slot; desk.linked++; }
  desk.waiting = 0;
}
/** It was not: its block stays with the interpreter. */
export function refused(): void { desk.waiting = 0; desk.refused++; }
/** Address of what is counted: Desk, from `linked` on. */
export function translationCounts(): u32 { return <u32>DESK + 16; }

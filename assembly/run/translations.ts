// Translations at work: which blocks have become hot, and entering what is there. With translations off nothing here is reached. All of it is
// a cache: a machine whose translations are dropped at any time is the same machine, whoever compiles them and when (batches.ts).

import { control, spend, Work } from "../base/control";
import { links } from "../base/machine";
import { cpu, Mode } from "../cpu/state";
import { Block } from "../decode/cache";
import { Insn } from "../decode/record";
import { isIndirect } from "../decode/rows";
import { learn } from "../translate/learned";
import { forgetFlags, noteRounding, settleFlags } from "../translate/helpers";
import { BY_RECORD, forgetPages, live } from "../translate/live";
import { DESK, ripOf, st } from "../translate/places";
import { claimBlocks, translate } from "../translate/region";
import { isCurrent, isStale, MEMBER, Region, regionOf } from "../translate/regions";
import { allot, Desk, desk, keep, numberIn, REFUSED, release, startOver } from "./batches";

/** A part of a region becomes the entry of one of its own when it is run so often by itself, the ends of slices apart. */
@inline const MEMBER_HEAT: u32 = 8;
@inline const TAIL: u64 = 2000;
/** A region takes in what has run for such a part of the threshold; a large one, what for such a part. */
@inline const WARM: u32 = 4;
@inline const LARGE_WARM: u32 = 16;
/** Ticks of a small region, and what leaving it for code outside counts as, before a large one is made where it is entered; what the heat of a block says then. */
@inline const MUCH: u32 = 64_000_000;
@inline const LEAVING: u32 = 32;
@inline const LARGE: u32 = 0x7fff_ffff;
/** What has run for less than such a part of the threshold is only counted. */
@inline export const COOL: u32 = 4;
/** Ticks that one call may take at most. */
@inline const MOST: u64 = 0x4000_0000;
/** Times that a region is left by jumps to addresses it does not know before it is made anew with what has been learned. */
@inline const MISSES: u32 = 200;
/** Left with so many ticks of its budget or fewer, a region left for want of them. */
@inline const FEW: u32 = 2048;

/**
 * Translating and compiling an instruction costs about as much as so many ticks of the interpreter. A program that is made to be compiled
 * (it changes itself, or walks through much code) cannot have more than its ticks pay for, beside what a boot needs at once.
 */
@inline const PRICE: i64 = 300;
@inline export const AT_ONCE: i64 = 20_000_000;

/** Why a region was left: raised something; an event; a device, a store to code, or another thing that must be looked at; budget; code outside. */
export const enum Exit { RAISED, EVENT, LOOK, BUDGET, OUTSIDE }

/**
 * Whether a warm block is this file's business this time, in its way from block to block: there is a region to enter, it is hot enough for one, or its
 * jump is to be learned from. A region's parts that run by themselves, which are many, are looked at now and then.
 */
@inline export function isDue(b: Block): bool {
  const tag = b.region, heat = b.heat;
  if (desk.from) return true;
  if (tag == REFUSED) return false;
  if (tag ? !(tag & MEMBER) : heat >= desk.threshold || endsInJump(b)) return true;
  if (heat < LARGE / 2) b.heat = heat + b.count;
  return tag != 0 && ((heat ^ b.heat) & desk.looks) != 0;
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
@inline function endsInJump(b: Block): bool { return isIndirect(b.flow); }

function runRegion(b: Block): bool {
  const tag = b.region;
  if (tag == REFUSED) return false;
  if (tag == 0 || tag & MEMBER) { heat(b); return false; }
  const r = regionOf(numberIn(tag));
  if (r.tag != tag) { forget(b, 0); return false; }
  if (!r.slot) return false;
  if (isStale(r)) { desk.stale++; release(r); forget(b, 0); return false; }
  // It leaves too often for addresses that are known by now: the next one will have them.
  if (r.grown && r.misses >= MISSES) { forget(b, r.large ? LARGE : desk.threshold); return false; }
  if (!isCurrent(r) || !enter(r)) return false;
  if (r.spent >= MUCH && !r.large) forget(b, LARGE);
  if (live.from) { desk.from = live.from; desk.missed = numberIn(tag); r.misses++; }
  return true;
}
function forget(b: Block, heat: u32): void { b.region = 0; b.heat = heat; }

/** What is run here because a slice ends is not hot, where the block is a part of a region. */
function heat(b: Block): void {
  const isMember = isPart(b), most = isMember ? MEMBER_HEAT * desk.threshold : desk.threshold;
  if (isMember && control.limit - control.base < TAIL) return;
  if (b.heat < most) b.heat += b.count;
  if (b.heat >= most && canPay()) translateAt(b);
}
/** The block is a part of a region that stands. */
function isPart(b: Block): bool {
  const r = regionOf(numberIn(b.region & ~MEMBER));
  return (b.region & MEMBER) != 0 && r.tag == (b.region & ~MEMBER) && !isStale(r);
}
function translateAt(b: Block): void {
  const n = allot();
  if (!n) return;
  const r = regionOf(n), records = st.recordSpace;
  r.insns = 0;
  r.large = u32(b.heat == LARGE);
  const kept = translate(r, desk.threshold / (r.large ? LARGE_WARM : WARM));
  pay(r.insns);
  if (kept) claimBlocks(keep(n));
  else { st.recordSpace = records; b.region = REFUSED; desk.refused++; }
}

function canPay(): bool {
  desk.balance = min(desk.balance + <i64>(control.base - desk.reckoned), AT_ONCE);
  desk.reckoned = control.base;
  return desk.balance > 0;
}
function pay(insns: u32): void {
  desk.balance -= <i64>insns * PRICE;
  spend(insns * Work.TRANSLATE);
}

/** Enters a region that is current. False when the budget does not suffice for the longest way through it: nothing has happened. */
export function enter(r: Region): bool {
  const room = <u32>min<u64>(control.limit - control.base, MOST), before = control.base;
  live.endTick = before + room;
  control.again = 0;
  control.end = ~0;
  live.from = 0;
  forgetFlags();
  forgetPages();
  noteRounding();
  const given = call_indirect<u32>(r.slot, room);
  if (given == room && !cpu.raised) { desk.short++; return false; }
  settleFlags();
  if (given == BY_RECORD) leaveByRecord(r); else control.base = live.endTick - given;
  const left = <u32>(live.endTick - control.base);
  control.first = control.current;
  control.again = 0;
  desk.calls++; desk.ticks += room - left;
  if (countExit(left) == Exit.OUTSIDE) r.spent += LEAVING;
  r.spent = min(r.spent + min<u32>(room - left, MUCH), MUCH);
  return true;
}

/** The slow path that led out has noted its instruction, and its tick: rip is there, or behind it when nothing was raised. */
function leaveByRecord(r: Region): void {
  const at = r.rip & ~0xffff_ffff | ripOf(control.current);
  if (cpu.raised) { cpu.rip = at; return; }
  const next = at + <u64>changetype<Insn>(<usize>control.current).length;
  cpu.rip = cpu.mode & Mode.LONG ? next : next & 0xffff_ffff;
  control.base++;
}

function countExit(left: u32): Exit {
  const why = cpu.raised ? Exit.RAISED : control.events ? Exit.EVENT : !control.end ? Exit.LOOK : left <= FEW ? Exit.BUDGET : Exit.OUTSIDE;
  const at = DESK + offsetof<Desk>("exits") + <usize>why * 8;
  store<u64>(at, load<u64>(at) + 1);
  return why;
}

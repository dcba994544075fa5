// Translations at work: which blocks have become hot, and entering what is there. With translations off nothing here is reached. All of it is
// a cache: a machine whose translations are dropped at any time is the same machine, whoever compiles them and when (batches.ts).

import { control, spend, Work } from "../base/control";
import { links } from "../base/machine";
import { cpu } from "../cpu/state";
import { Block } from "../decode/cache";
import { isIndirect } from "../decode/rows";
import { learn } from "../translate/learned";
import { live } from "../translate/live";
import { st } from "../translate/places";
import { claimBlocks, translate } from "../translate/region";
import { isCurrent, isStale, MEMBER, Region, regionOf } from "../translate/regions";
import { allot, desk, keep, numberIn, REFUSED, release, startOver } from "./batches";
import { noteTranslated } from "./pace";
import { beginRegions, blockAhead, endRegions, enter, Exit, MUCH } from "./entering";

/** A part of a region becomes the entry of one of its own when it is run so often by itself, the ends of slices apart. */
@inline const MEMBER_HEAT: u32 = 8;
@inline const TAIL: u64 = 2000;
/** A region takes in what has run for such a part of the threshold; a large one, what for such a part. */
@inline const WARM: u32 = 4;
@inline const LARGE_WARM: u32 = 16;
/** More than a block's heat need ever say. */
@inline const MOST_HEAT: u32 = 0x3fff_ffff;
/** Times that a region is left by jumps to addresses it does not know before it is made anew with what has been learned; twice as often each time. */
@inline const MISSES: u32 = 200;
@inline const MOST_DOUBLINGS: u32 = 12;
/**
 * Translating and compiling an instruction costs about as much as so many ticks of the interpreter. A program that is made to be compiled
 * (it changes itself, or walks through much code) cannot have more than its ticks pay for, beside what a boot needs at once.
 */
@inline const PRICE: i64 = 300;
@inline export const AT_ONCE: i64 = 20_000_000;

/**
 * Whether a warm block is this file's business this time, in its way from block to block: there is a region to enter, it is hot enough for one, or its
 * jump is to be learned from. A region's parts that run by themselves, which are many, are looked at now and then.
 */
@inline export function isDue(b: Block): bool {
  const tag = b.region, heat = b.heat;
  if (desk.from) return true;
  if (tag == REFUSED) return false;
  if (tag ? !(tag & MEMBER) : heat >= desk.threshold || endsInJump(b)) return true;
  if (heat < MOST_HEAT) b.heat = heat + b.count;
  return tag != 0 && ((heat ^ b.heat) & desk.looks) != 0;
}

/** Runs the translation at block `b`, where rip is; false if there is none and the interpreter must go on. */
export function runTranslated(b: Block): bool {
  if (links.translations == 0) startOver();
  if (desk.from) { learn(desk.from, cpu.rip); desk.from = 0; }
  if (runRegion(b)) return true;
  desk.from = endsInJump(b) && control.limit - control.base >= <u64>b.count ? b.host : 0;
  return false;
}
@inline function endsInJump(b: Block): bool { return isIndirect(b.flow); }

/** From region to region, as long as one leads straight to the next and nothing is due. */
function runRegion(b: Block): bool {
  const tag = b.region;
  if (tag == 0 || tag != REFUSED && tag & MEMBER) { heat(b); return false; }
  let r = regionAt(b);
  if (!changetype<usize>(r)) return false;
  beginRegions();
  let why = enter(r);
  if (why == Exit.NOT) { desk.short++; return false; }
  while (why != Exit.NOT && goesOn(r, why)) {
    b = blockAhead();
    if (!changetype<usize>(b)) break;
    r = regionAt(b);
    if (!changetype<usize>(r)) break;
    why = enter(r);
  }
  endRegions();
  return true;
}
/** The region has been left: what is to be remembered of that. True if whatever is at rip may run. */
function goesOn(r: Region, why: Exit): bool {
  // By an indirect jump to an address that it does not know.
  if (live.from) { if (learn(live.from, cpu.rip)) r.grown = 1; r.misses++; }
  return why >= Exit.LOOK && control.base < control.limit;
}
/** The region that may be entered at block `b`, where rip is; null. */
function regionAt(b: Block): Region {
  const none = changetype<Region>(0), tag = b.region;
  if (tag == REFUSED || tag == 0 || tag & MEMBER) return none;
  const r = regionOf(numberIn(tag));
  if (r.tag != tag) { forget(b); return none; }
  if (isStale(r)) { desk.stale++; release(r); forget(b); return none; }
  if (!r.slot) return regionBefore(r);
  if (wantsAnother(r)) renew(r);
  return r.tag == tag && !control.events && isCurrent(r) ? r : none;
}
function forget(b: Block): void { b.region = 0; b.heat = 0; }

/** While a region is compiled, and for ever if the engine refuses it, the one runs that it is to replace. */
function regionBefore(r: Region): Region {
  const old = regionOf(numberIn(r.before));
  return r.before && old.tag == r.before && old.slot && !isStale(old) && isCurrent(old) ? old : changetype<Region>(0);
}
/** It has run for long and is small, or leaves too often for addresses that are known by now: the next one will have them. */
function wantsAnother(r: Region): bool { return r.spent >= MUCH && !r.large || r.grown != 0 && r.misses >= MISSES << min(r.renewals, MOST_DOUBLINGS); }
/** What cannot be had stays as it is. */
function renew(old: Region): void {
  if (!canPay()) return;
  const tag = old.tag, large = old.large | u32(old.spent >= MUCH);
  if (translateAt(large, tag) || old.tag != tag) return;
  old.large = 1; old.grown = 0;
}

/** What is run here because a slice ends is not hot, where the block is a part of a region. */
function heat(b: Block): void {
  const isMember = isPart(b), most = isMember ? MEMBER_HEAT * desk.threshold : desk.threshold;
  if (isMember && control.limit - control.base < TAIL) return;
  if (b.heat < most) b.heat += b.count;
  if (b.heat >= most && canPay() && !translateAt(0, 0)) b.region = REFUSED;
}
/** The block is a part of a region that stands. */
function isPart(b: Block): bool {
  const r = regionOf(numberIn(b.region & ~MEMBER));
  return (b.region & MEMBER) != 0 && r.tag == (b.region & ~MEMBER) && !isStale(r);
}
/** False when what is there cannot be translated; true also while there is no room for it. */
function translateAt(large: u32, before: u32): bool {
  const n = allot();
  if (!n) return true;
  const r = regionOf(n), records = st.recordSpace;
  r.insns = 0;
  r.large = large; r.before = before;
  r.renewals = before ? regionOf(numberIn(before)).renewals + 1 : 0;
  const kept = translate(r, desk.threshold / (large ? LARGE_WARM : WARM));
  pay(r.insns);
  if (kept) { claimBlocks(keep(n)); return true; }
  st.recordSpace = records; desk.refused++;
  return false;
}

function canPay(): bool {
  desk.balance = min(desk.balance + <i64>(control.base - desk.reckoned), AT_ONCE);
  desk.reckoned = control.base;
  return desk.balance > 0;
}
function pay(insns: u32): void {
  noteTranslated(insns);
  desk.balance -= <i64>insns * PRICE;
  spend(insns * Work.TRANSLATE);
}

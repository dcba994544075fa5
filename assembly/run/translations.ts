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
import { beginRegions, blockAhead, endRegions, enter, Exit, MUCH } from "./entering";

/** A part of a region becomes the entry of one of its own when it is run so often by itself, the ends of slices apart. */
@inline const MEMBER_HEAT: u32 = 8;
@inline const TAIL: u64 = 2000;
/** A region takes in what has run for such a part of the threshold; a large one, what for such a part. */
@inline const WARM: u32 = 4;
@inline const LARGE_WARM: u32 = 16;
/** What the heat of a block says when a large region is to be made there. */
@inline const LARGE: u32 = 0x7fff_ffff;
/** What has run for less than such a part of the threshold is only counted. */
@inline export const COOL: u32 = 4;
/** Times that a region is left by jumps to addresses it does not know before it is made anew with what has been learned. */
@inline const MISSES: u32 = 200;
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
  if (heat < LARGE / 2) b.heat = heat + b.count;
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
  while (why != Exit.NOT && goesOn(b, r, why)) {
    b = blockAhead();
    if (!changetype<usize>(b)) break;
    r = regionAt(b);
    if (!changetype<usize>(r)) break;
    why = enter(r);
  }
  endRegions();
  return true;
}
/** The region at block `b` has been left: what is to be remembered of that. True if whatever is at rip may run. */
function goesOn(b: Block, r: Region, why: Exit): bool {
  if (r.spent >= MUCH && !r.large) forget(b, LARGE);
  // By an indirect jump to an address that it does not know.
  if (live.from) { if (learn(live.from, cpu.rip)) r.grown = 1; r.misses++; }
  return why >= Exit.LOOK && control.base < control.limit;
}
/** The region that may be entered at block `b`, where rip is; null. */
function regionAt(b: Block): Region {
  const none = changetype<Region>(0), tag = b.region;
  if (tag == REFUSED || tag == 0 || tag & MEMBER) return none;
  const r = regionOf(numberIn(tag));
  if (r.tag != tag) { forget(b, 0); return none; }
  if (!r.slot) return none;
  if (isStale(r)) { desk.stale++; release(r); forget(b, 0); return none; }
  // It leaves too often for addresses that are known by now: the next one will have them.
  if (r.grown && r.misses >= MISSES) { forget(b, r.large ? LARGE : desk.threshold); return none; }
  return isCurrent(r) ? r : none;
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

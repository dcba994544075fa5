// A region's blocks as structured control flow (N. Ramsey, "Beyond Relooper"): by the dominator tree, a loop for each loop header, a block for
// each merge. The budget is checked on the ways into a loop's header and at the entry, against the longest way to the next check; what does not
// suffice for that is left to the interpreter, so that every region ends at the exact tick.
//
// What several ways lead to finds registers and flags in memory: they are committed on the way there, if need be at all; a block with one way
// takes them over in locals as they are, a few registers at most, and with them the ticks that are owed. A branch commits in front of it what both
// ways want.

import { Op } from "../ir/ops";
import { immOf, isConst, node } from "./dag";
import { blockOf, isBack, isIrreducible, ROOT, Shape, TBlock } from "./blocks";
import { countEntered, leaveIfAway, nextEntered, openAway, returnAtJump, writeDispatch } from "./dispatch";
import { canHandOn, commit, commitFlags, fill, handOn, isCommitted, noteMiss, returnAt, RIP, takeOff } from "./exits";
import { flagState } from "./flag-state";
import { IN_MEMORY } from "./found";
import { fixed, startTemporaries } from "./locals";
import { test, value } from "./lower";
import { carriedAt, carriedDirty } from "./loops";
import { noteGroups } from "./groups";
import { forgetNears, noteSteps } from "./near";
import { writeStatements } from "./statements";
import { st } from "./places";
import { access, branchTo, byte, close, constant32, constant64, get, open, openCold, otherwise, set } from "./writer";
import { W } from "./wasm";

/** The label of leaving because an address is not known here. */
@inline const MISS: u32 = 0;
/** Registers that a block with one way to it takes over at most. */
@inline const MOST_HANDED: u32 = 4;
/** In what an edge wants in memory, beside registers. */
@inline const FLAGS: u64 = 1 << 32;
@inline const ALL: u64 = FLAGS | 0xffff_ffff;


/** The dispatcher, and the blocks that it leads to. A region with one entry, to which nothing comes back by its address, needs none. */
export function writeRegion(): void {
  st.dispatchAt = 0;
  st.valid = 0; st.dirty = 0; st.owed = 0; st.found = IN_MEMORY;
  const entry = nextEntered(1);
  forgetNears();
  if (!isDispatching()) {
    leaveIfAway(entry);
    openIfShort(max<u32>(blockOf(entry).reach, 1));
    returnAt(blockOf(entry).rip, 0);
    close();
    fill(carriedAt(entry));
    writeTree(entry);
    return;
  }
  st.dispatchAt = st.depth;
  constant32(0); access(W.I64_LOAD, RIP); set(fixed.rip);
  fill(carriedAt(ROOT));
  open(W.LOOP);
  st.dirty = carriedDirty(ROOT);
  openIfShort(mostReach());
  returnAtJump();
  close();
  writeWithin(ROOT, st.blocks + 1);
  close();
}
function openIfShort(reach: u32): void {
  get(fixed.budget); constant32(reach); byte(W.I32_LT_S);
  openCold();
}
/** Something in the region goes to the dispatcher, or more than one block is entered by it. */
export function isDispatching(): bool {
  if (countEntered() != 1) return true;
  for (let n: u32 = 1; n < st.blocks; n++) {
    const b = blockOf(n);
    if (!b.order) continue;
    if (b.taken && isIrreducible(n, b.taken) || b.next && isIrreducible(n, b.next)) return true;
  }
  return false;
}
/** Instructions at most from the dispatcher to the next check. */
function mostReach(): u32 {
  let most: u32 = 1;
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) most = max(most, blockOf(k).reach);
  return most;
}

/** Block `n` and what it dominates. What several ways lead to finds everything in memory. */
function writeTree(n: u32): void {
  const b = blockOf(n), loops = (b.is & Shape.LOOP) != 0;
  if (b.is & (Shape.LOOP | Shape.MERGE)) { b.valid = carriedAt(n); b.dirty = carriedDirty(n); b.owed = 0; b.found = IN_MEMORY; }
  if (loops) { b.loopAt = st.depth; open(W.LOOP); }
  writeWithin(n, st.blocks + 1);
  if (loops) close();
}

/** The merges that `n` dominates directly, from the last in order to the first, each around the ones before it. */
function writeWithin(n: u32, below: u32): void {
  const y = mergeBelow(n, below);
  if (y == ~0) { if (n == ROOT) writeTargets(); else writeBlock(n); return; }
  const m = blockOf(y);
  m.mergeAt = st.depth;
  open(W.BLOCK);
  writeWithin(n, m.order);
  close();
  writeTree(y);
}
function writeTargets(): void {
  st.valid = carriedAt(ROOT); st.dirty = carriedDirty(ROOT); st.owed = 0; st.found = IN_MEMORY;
  writeDispatch(MISS);
}
function mergeBelow(n: u32, below: u32): u32 {
  let found: u32 = ~0;
  for (let k: u32 = 1; k < st.blocks; k++) {
    const b = blockOf(k);
    if (!b.order || b.order >= below || b.above != n || !(b.is & Shape.MERGE)) continue;
    if (found == ~0 || b.order > blockOf(found).order) found = k;
  }
  return found;
}

function writeBlock(n: u32): void {
  if (st.full) return;
  const b = blockOf(n);
  startTemporaries();
  noteSteps(b);
  noteGroups(b);
  st.reach = b.reach;
  st.loop = b.loop; st.readsLater = b.readsLater;
  st.valid = b.valid; st.dirty = b.dirty; st.owed = b.owed; st.found = b.found;
  st.blockEnd = b.endNode; st.blockVersion = b.version;
  st.blockInsns = b.count; st.blockModified = b.modified; st.blockVectors = b.vectors;
  fill(b.reads);
  writeStatements(b.firstNode, b.endNode);
  writeEdges(n);
}

// --- from block to block ------------------------------------------------------------------------------------------

/** Writes what follows block `n`, whose statements are written. */
function writeEdges(n: u32): void {
  const b = blockOf(n);
  st.owed += b.count;
  st.flags = isCommitted(b.state) ? 0 : b.state;
  if (!b.term) { go(n, b.next, b.after); return; }
  const t = node(b.term);
  switch (<i32>t.op) {
    case Op.BRANCH: writeBranch(n, b); break;
    case Op.RUN: break; // it has left
    default:
      if (isConst(t.a)) go(n, b.taken, immOf(t.a));
      else writeJump(n, b, t.a);
  }
}

function writeBranch(n: u32, b: TBlock): void {
  const t = node(b.term), taken = immOf(t.b), other = immOf(t.c);
  put(wants(n, b.taken) & wants(n, b.next));
  const valid = st.valid, dirty = st.dirty, owed = st.owed, found = st.found, flags = st.flags;
  test(t.a);
  open(W.IF);
  go(n, b.taken, taken);
  otherwise();
  st.valid = valid; st.dirty = dirty; st.owed = owed; st.found = found; st.flags = flags;
  go(n, b.next, other);
  close();
}

/** The likely targets first, then by the address. */
function writeJump(n: u32, b: TBlock, target: u32): void {
  value(target); set(fixed.rip);
  put(st.dispatchAt ? ALL ^ carriedDirty(ROOT) : ALL);
  takeOff(0);
  st.owed = 0;
  goIf(n, b.taken);
  goIf(n, b.next);
  if (st.dispatchAt) { constant32(b.key); set(fixed.from); dispatch(); return; }
  put(ALL);
  constant32(0); constant32(b.key); noteMiss();
  returnAtJump();
}
function goIf(from: u32, to: u32): void {
  if (!to) return;
  const valid = st.valid, dirty = st.dirty, found = st.found, flags = st.flags;
  get(fixed.rip); constant64(blockOf(to).rip); byte(W.I64_EQ);
  open(W.IF);
  go(from, to, blockOf(to).rip);
  close();
  st.valid = valid; st.dirty = dirty; st.owed = 0; st.found = found; st.flags = flags;
}

/** What the way to block `to` wants in memory. */
function wants(from: u32, to: u32): u64 {
  if (!to) return ALL;
  if (isIrreducible(from, to)) return ALL ^ carriedDirty(ROOT);
  const b = blockOf(to), quiet = (b.is & Shape.QUIET) != 0;
  if (isShared(b)) return (quiet ? ALL ^ FLAGS : ALL) ^ carriedDirty(to);
  const registers = popcnt(st.dirty & ~carriedDirty(to)) > MOST_HANDED ? ALL ^ FLAGS : 0;
  return quiet || st.flags == 0 || canHandOn(flagState(st.flags)) ? registers : registers | FLAGS;
}
@inline function isShared(b: TBlock): bool { return (b.is & (Shape.LOOP | Shape.MERGE)) != 0; }

/** Commits what is wanted and not there yet. */
function put(what: u64): void {
  commit(st.dirty & <u32>what);
  st.dirty &= ~(<u32>what);
  if (what & FLAGS && st.flags) { commitFlags(st.flags); st.flags = 0; }
}

/** In a cold branch: leaves with everything in memory, ticks taken off. */
function leaveTo(rip: u64): void {
  const dirty = st.dirty, flags = st.flags;
  put(ALL);
  returnAt(rip, 0);
  st.dirty = dirty; st.flags = flags;
}

/** To block `to`, or out of the region to `rip`. */
function go(from: u32, to: u32, rip: u64): void {
  if (!to) { leaveTo(rip); return; }
  if (isIrreducible(from, to)) { put(wants(from, to)); takeOff(0); constant64(rip); set(fixed.rip); dispatch(); return; }
  const b = blockOf(to);
  if (b.page != blockOf(from).page && openAway(to)) { leaveTo(rip); close(); }
  if (isShared(b)) { goShared(from, to, rip); return; }
  const what = wants(from, to);
  put(what);
  b.valid = st.valid; b.dirty = st.dirty; b.owed = st.owed;
  b.found = b.is & Shape.QUIET || !st.flags ? IN_MEMORY : handOn(st.flags);
  writeTree(to);
}
/** To the dispatcher, which leads on by fixed.rip. */
function dispatch(): void {
  fill(carriedAt(ROOT));
  branchTo(st.dispatchAt);
}
function goShared(from: u32, to: u32, rip: u64): void {
  const b = blockOf(to);
  takeOff(0);
  st.owed = 0;
  if (b.is & Shape.LOOP) {
    get(fixed.budget); constant32(max<u32>(b.reach, 1)); byte(W.I32_LT_S);
    openCold();
    leaveTo(rip);
    close();
  }
  put(wants(from, to));
  fill(carriedAt(to));
  if (isBack(from, to)) branchTo(b.loopAt);
  else if (b.is & Shape.MERGE) branchTo(b.mergeAt);
  else writeTree(to);
}

// A region's blocks as structured control flow (N. Ramsey, "Beyond Relooper"): by the dominator tree, a loop for each loop header, a block for
// each merge. The budget is checked where a loop goes round and at the entry, against the longest way to the next check; what does not
// suffice for that is left to the interpreter, so that every region ends at the exact tick.

import { Op } from "../ir/ops";
import { immOf, isConst, node } from "./dag";
import { blockOf, isBack, isIrreducible, ROOT, Shape, TBlock } from "./blocks";
import { countEntered, leaveIfAway, nextEntered, writeDispatch } from "./dispatch";
import { placeFlags, takeOff } from "./exits";
import { fixed, startTemporaries, temporary } from "./locals";
import { test, value } from "./lower";
import { noteSteps } from "./near";
import { writeStatements } from "./statements";
import { st } from "./places";
import { branchTo, byte, close, constant32, constant64, get, open, openCold, otherwise, set } from "./writer";
import { T, W } from "./wasm";

/** The label of the common exit. */
@inline const EXIT: u32 = 0;

/** The label of leaving because an address is not known here. */
@inline const MISS: u32 = 1;

/** The dispatcher, and the blocks that it leads to. A region with one entry, to which nothing comes back by its address, needs none. */
export function writeRegion(): void {
  st.dispatchAt = 0;
  const entry = nextEntered(1);
  if (countEntered() == 1 && !isDispatched()) { leaveIfAway(entry); writeTree(entry); return; }
  st.dispatchAt = st.depth;
  open(W.LOOP);
  get(fixed.budget); constant32(mostReach()); byte(W.I32_LT_S);
  openCold();
  branchTo(EXIT);
  close();
  writeWithin(ROOT, st.blocks + 1);
  close();
}
/** Something in the region goes to the dispatcher. */
function isDispatched(): bool {
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
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) if (!(blockOf(k).is & Shape.LOOP)) most = max(most, blockOf(k).reach);
  return most;
}

function writeTree(n: u32): void {
  const b = blockOf(n), loops = (b.is & Shape.LOOP) != 0;
  if (loops) { b.loopAt = st.depth; open(W.LOOP); }
  if (loops || b.is & Shape.ENTERED && !st.dispatchAt) writeCheck(b);
  writeWithin(n, st.blocks + 1);
  if (loops) close();
}

/** The merges that `n` dominates directly, from the last in order to the first, each around the ones before it. */
function writeWithin(n: u32, below: u32): void {
  const y = mergeBelow(n, below);
  if (y == ~0) { if (n == ROOT) writeDispatch(MISS); else writeBlock(n); return; }
  const m = blockOf(y);
  m.mergeAt = st.depth;
  open(W.BLOCK);
  writeWithin(n, m.order);
  close();
  writeTree(y);
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

function writeCheck(b: TBlock): void {
  get(fixed.budget); constant32(max<u32>(b.reach, 1)); byte(W.I32_LT_S);
  openCold();
  constant64(b.rip); set(fixed.rip);
  branchTo(EXIT);
  close();
}

function writeBlock(n: u32): void {
  if (st.full) return;
  const b = blockOf(n);
  startTemporaries();
  noteSteps(b);
  st.reach = b.reach;
  st.blockInsns = b.count; st.blockModified = b.modified; st.blockVectors = b.vectors;
  writeStatements(b.firstNode, b.endNode);
  if (!b.term) { finish(b); go(n, b.next, b.after); return; }
  const t = node(b.term);
  switch (<i32>t.op) {
    case Op.BRANCH: writeBranch(n, b, t.a, t.b, t.c); break;
    case Op.RUN: break; // it has left
    default:
      if (isConst(t.a)) { finish(b); go(n, b.taken, immOf(t.a)); break; }
      value(t.a); set(fixed.rip);
      finish(b);
      goIndirect(n, b);
  }
}
/** The likely targets first, then by the address. */
function goIndirect(n: u32, b: TBlock): void {
  goIf(n, b.taken);
  goIf(n, b.next);
  constant32(b.key); set(fixed.from);
  branchTo(st.dispatchAt ? st.dispatchAt : MISS);
}
function goIf(from: u32, to: u32): void {
  if (!to) return;
  get(fixed.rip); constant64(blockOf(to).rip); byte(W.I64_EQ);
  open(W.IF);
  go(from, to, blockOf(to).rip);
  close();
}
/** At a block's end: flags in their locals, its ticks taken off. */
function finish(b: TBlock): void { placeFlags(b.state); takeOff(b.count); }

function writeBranch(n: u32, b: TBlock, condition: u32, target: u32, other: u32): void {
  const taken = temporary(T.I32);
  test(condition); set(taken);
  finish(b);
  get(taken);
  open(W.IF);
  go(n, b.taken, immOf(target));
  otherwise();
  go(n, b.next, immOf(other));
  close();
}

/** To block `to`, or out of the region to `rip`. */
function go(from: u32, to: u32, rip: u64): void {
  if (!to || isIrreducible(from, to)) { constant64(rip); set(fixed.rip); branchTo(to ? st.dispatchAt : EXIT); return; }
  const b = blockOf(to);
  if (b.page != blockOf(from).page) { constant64(rip); set(fixed.rip); leaveIfAway(to); }
  if (isBack(from, to)) branchTo(b.loopAt);
  else if (b.is & Shape.MERGE) branchTo(b.mergeAt);
  else writeTree(to);
}

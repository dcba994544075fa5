// A region's blocks as structured control flow (N. Ramsey, "Beyond Relooper"): by the dominator tree, a loop for each loop header, a block for
// each merge. The budget is checked where a loop goes round and at the entry, against the longest way to the next check; what does not
// suffice for that is left to the interpreter, so that every region ends at the exact tick.

import { Op } from "../ir/ops";
import { immOf, isConst, node } from "./dag";
import { blockOf, isBack, Shape, TBlock } from "./blocks";
import { placeFlags, takeOff } from "./exits";
import { fixed, startTemporaries, temporary } from "./locals";
import { test, value } from "./lower";
import { writeStatements } from "./statements";
import { st } from "./places";
import { branchTo, byte, close, constant32, constant64, get, open, openCold, otherwise, set } from "./writer";
import { T, W } from "./wasm";

/** The label of the common exit. */
@inline const EXIT: u32 = 0;

export function writeRegion(): void { writeTree(0); }

function writeTree(n: u32): void {
  const b = blockOf(n), loops = (b.is & Shape.LOOP) != 0;
  if (loops) { b.loopAt = st.depth; open(W.LOOP); }
  if (loops || n == 0) writeCheck(b);
  writeWithin(n, st.blocks + 1);
  if (loops) close();
}

/** The merges that `n` dominates directly, from the last in order to the first, each around the ones before it. */
function writeWithin(n: u32, below: u32): void {
  const y = mergeBelow(n, below);
  if (y == ~0) { writeBlock(n); return; }
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
  st.blockModified = b.modified; st.blockVectors = b.vectors;
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
      branchTo(EXIT);
  }
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

/** To block `to` - 1, or out of the region to `rip`. */
function go(from: u32, to: u32, rip: u64): void {
  if (!to) { constant64(rip); set(fixed.rip); branchTo(EXIT); return; }
  const b = blockOf(to - 1);
  if (isBack(from, to - 1)) branchTo(b.loopAt);
  else if (b.is & Shape.MERGE) branchTo(b.mergeAt);
  else writeTree(to - 1);
}

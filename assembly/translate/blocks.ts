// The blocks of a region and how control moves between them: order, dominators, loop headers, merges.
// A. Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"; N. Ramsey, "Beyond Relooper", for what structuring needs.

import { BLOCKS_AT, MAX_BLOCKS, st } from "./places";

@unmanaged export class TBlock {
  rip: u64;
  /** Its instructions, nodes, flag state at the end, and the node that moves control (0: falls through). */
  count: u32; firstNode: u32; endNode: u32; state: u32; term: u32;
  /** Blocks it goes to + 1: the branch taken, and the other way or the only one; 0 outside the region. */
  taken: u32; next: u32;
  /** Place in reverse postorder + 1; 0 when it cannot be reached. */
  order: u32;
  /** Immediate dominator. */
  above: u32;
  is: u32;
  /** Instructions at most from here to the next check of the budget. */
  reach: u32;
  /** Depth at which its label was opened: as a loop, and as a merge. */
  loopAt: u32; mergeAt: u32;
  /** rip behind its last instruction. */
  after: u64;
  /** Registers that it writes: general ones, XMM. */
  modified: u32; vectors: u32;
}
export const enum Shape { LOOP = 1, MERGE = 2, SEEN = 4 }

@inline export function blockOf(n: u32): TBlock { return changetype<TBlock>(BLOCKS_AT + <usize>n * 80); }
@inline const ORDER: usize = BLOCKS_AT + <usize>MAX_BLOCKS * 80;
/** The block with place `n` (from 0) in reverse postorder. */
@inline export function inOrder(n: u32): u32 { return load<u32>(ORDER + <usize>n * 4); }

/** Numbers the blocks from block 0 on; how many can be reached. */
export function analyse(): u32 {
  for (let n: u32 = 0; n < st.blocks; n++) { const b = blockOf(n); b.order = 0; b.is = 0; b.above = 0; b.reach = 0; }
  const reached = st.blocks - visit(0, st.blocks);
  // visit filled the list from its end: to the front.
  const skip = st.blocks - reached;
  for (let k: u32 = 0; k < reached; k++) {
    const n = load<u32>(ORDER + <usize>(skip + k) * 4);
    store<u32>(ORDER + <usize>k * 4, n);
    blockOf(n).order = k + 1;
  }
  dominate(reached);
  shape(reached);
  return reached;
}

/** Postorder from the end of the list; the next free place. */
function visit(n: u32, free: u32): u32 {
  const b = blockOf(n);
  b.is |= Shape.SEEN;
  if (b.taken && !(blockOf(b.taken - 1).is & Shape.SEEN)) free = visit(b.taken - 1, free);
  if (b.next && !(blockOf(b.next - 1).is & Shape.SEEN)) free = visit(b.next - 1, free);
  free--;
  store<u32>(ORDER + <usize>free * 4, n);
  return free;
}

function dominate(reached: u32): void {
  for (let k: u32 = 0; k < reached; k++) blockOf(inOrder(k)).above = ~0;
  blockOf(0).above = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (let k: u32 = 1; k < reached; k++) {
      const n = inOrder(k);
      let above: u32 = ~0;
      for (let j: u32 = 0; j < reached; j++) {
        const p = inOrder(j), b = blockOf(p);
        if ((b.taken == n + 1 || b.next == n + 1) && b.above != ~0) above = above == ~0 ? p : meet(p, above);
      }
      if (blockOf(n).above != above) { blockOf(n).above = above; changed = true; }
    }
  }
}
function meet(a: u32, b: u32): u32 {
  while (a != b) {
    while (blockOf(a).order > blockOf(b).order) a = blockOf(a).above;
    while (blockOf(b).order > blockOf(a).order) b = blockOf(b).above;
  }
  return a;
}
function dominates(a: u32, b: u32): bool {
  while (blockOf(b).order > blockOf(a).order) b = blockOf(b).above;
  return a == b;
}

/** An edge back to what does not dominate it cannot be structured: it leaves the region. */
export function isBack(from: u32, to: u32): bool { return blockOf(to).order <= blockOf(from).order; }

function shape(reached: u32): void {
  for (let k: u32 = 0; k < reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    if (b.taken && isBack(n, b.taken - 1)) { if (dominates(b.taken - 1, n)) blockOf(b.taken - 1).is |= Shape.LOOP; else b.taken = 0; }
    if (b.next && isBack(n, b.next - 1)) { if (dominates(b.next - 1, n)) blockOf(b.next - 1).is |= Shape.LOOP; else b.next = 0; }
  }
  for (let k: u32 = 1; k < reached; k++) if (waysInto(inOrder(k), reached) > 1) blockOf(inOrder(k)).is |= Shape.MERGE;
  for (let k = reached; k > 0; k--) {
    const n = inOrder(k - 1), b = blockOf(n);
    b.reach = b.count + max(reachOf(n, b.taken), reachOf(n, b.next));
  }
}
/** Edges into block `n` from before it. */
function waysInto(n: u32, reached: u32): u32 {
  let ways: u32 = 0;
  for (let j: u32 = 0; j < reached; j++) {
    const p = inOrder(j), b = blockOf(p);
    if (isBack(p, n)) break;
    if (b.taken == n + 1) ways++;
    if (b.next == n + 1) ways++;
  }
  return ways;
}
function reachOf(from: u32, to: u32): u32 {
  if (!to || isBack(from, to - 1) || blockOf(to - 1).is & Shape.LOOP) return 0;
  return blockOf(to - 1).reach;
}

// The blocks of a region and how control moves between them: order, dominators, loop headers, merges. Block 0 is the root: the dispatcher, from
// which every block can be reached that is entered by its address (the region's entry, targets of returns and indirect jumps, and what an
// edge leads back to without dominating where it comes from). So every graph can be structured.
// A. Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"; N. Ramsey, "Beyond Relooper", for what structuring needs.

import { BLOCKS_AT, EDGES, ORDER, st } from "./places";

@unmanaged export class TBlock {
  rip: u64;
  /** Its instructions, nodes, flag state at the end, and the node that moves control (0: falls through). */
  count: u32; firstNode: u32; endNode: u32; state: u32; term: u32;
  /** Blocks it goes to: the branch taken, and the other way or the only one; of an indirect jump the likely ones. 0 outside the region. */
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
  /** Linear-memory address of its code: what its indirect jumps are learned under. */
  key: u32;
  /** Its predecessors: the first, and how many. */
  from: u32; ways: u32;
  /** Which of the region's pages it lies in. */
  page: u32;
  /** What the one way into it leaves to it: see State of places.ts. */
  valid: u32; dirty: u32; owed: u32; found: u32;
  /** Registers whose values it reads as it finds them, and as a RUN of its own leaves them; those that it sets itself. */
  reads: u32; readsLater: u32; sets: u32;
  /** The loop that it belongs to, of those that keep registers in locals (loops.ts); of such a loop's header: which, and which are newer than memory. */
  loop: u32; carry: u32; carryDirty: u32;
  /** What st.version was at its start. */
  version: u32;
}
/** ENTERED: the dispatcher goes there. BEHIND: a call of the region comes back there. QUIET: its flags are overwritten before anything could want what it found. */
export const enum Shape { LOOP = 1, MERGE = 2, SEEN = 4, ENTERED = 8, BEHIND = 16, QUIET = 32 }
@inline export const BLOCK_BYTES: usize = 144;
@inline export const ROOT: u32 = 0;

@inline export function blockOf(n: u32): TBlock { return changetype<TBlock>(BLOCKS_AT + <usize>n * BLOCK_BYTES); }
/** The block with place `n` (from 0) in reverse postorder. */
@inline export function inOrder(n: u32): u32 { return load<u32>(ORDER + <usize>n * 4); }
@inline function edgeAt(n: u32): usize { return EDGES + <usize>n * 4; }

/** Orders the blocks from the root on; those that only the dispatcher can reach from some way are marked as entered. */
export function analyse(): void {
  let reached: u32;
  do {
    st.reached = reached = number();
    gather(reached);
    dominate(reached);
  } while (enterIrreducible(reached));
  shape(reached);
}

function number(): u32 {
  for (let n: u32 = 0; n < st.blocks; n++) { const b = blockOf(n); b.order = 0; b.is &= Shape.ENTERED | Shape.BEHIND | Shape.QUIET; b.above = 0; b.reach = 0; b.ways = 0; }
  const reached = st.blocks - visit(ROOT, st.blocks);
  // visit filled the list from its end: to the front.
  const skip = st.blocks - reached;
  for (let k: u32 = 0; k < reached; k++) {
    const n = load<u32>(ORDER + <usize>(skip + k) * 4);
    store<u32>(ORDER + <usize>k * 4, n);
    blockOf(n).order = k + 1;
  }
  return reached;
}

/** Postorder from the end of the list; the next free place. */
function visit(n: u32, free: u32): u32 {
  const b = blockOf(n);
  b.is |= Shape.SEEN;
  if (n == ROOT) {
    for (let k: u32 = 1; k < st.blocks; k++) if ((blockOf(k).is & (Shape.ENTERED | Shape.SEEN)) == Shape.ENTERED) free = visit(k, free);
  } else {
    if (b.taken && !(blockOf(b.taken).is & Shape.SEEN)) free = visit(b.taken, free);
    if (b.next && !(blockOf(b.next).is & Shape.SEEN)) free = visit(b.next, free);
  }
  free--;
  store<u32>(ORDER + <usize>free * 4, n);
  return free;
}

/** Predecessors of each block. */
function gather(reached: u32): void {
  for (let k: u32 = 0; k < reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    if (n != ROOT && b.is & Shape.ENTERED) b.ways++;
    if (b.taken) blockOf(b.taken).ways++;
    if (b.next) blockOf(b.next).ways++;
  }
  let at: u32 = 0;
  for (let k: u32 = 0; k < reached; k++) { const b = blockOf(inOrder(k)); b.from = at; at += b.ways; b.ways = 0; }
  for (let k: u32 = 0; k < reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    if (n != ROOT && b.is & Shape.ENTERED) note(b, ROOT);
    if (b.taken) note(blockOf(b.taken), n);
    if (b.next) note(blockOf(b.next), n);
  }
}
function note(b: TBlock, from: u32): void { store<u32>(edgeAt(b.from + b.ways), from); b.ways++; }

function dominate(reached: u32): void {
  for (let k: u32 = 0; k < reached; k++) blockOf(inOrder(k)).above = ~0;
  blockOf(ROOT).above = ROOT;
  for (let changed = true; changed;) {
    changed = false;
    for (let k: u32 = 1; k < reached; k++) {
      const b = blockOf(inOrder(k));
      let above: u32 = ~0;
      for (let j: u32 = 0; j < b.ways; j++) {
        const p = load<u32>(edgeAt(b.from + j));
        if (blockOf(p).above != ~0) above = above == ~0 ? p : meet(p, above);
      }
      if (b.above != above) { b.above = above; changed = true; }
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
/** A way back to loop header `n`. */
export function isLatch(p: u32, n: u32): bool { return isBack(p, n) && dominates(n, p); }
export function predecessor(b: TBlock, j: u32): u32 { return load<u32>(edgeAt(b.from + j)); }
function dominates(a: u32, b: u32): bool {
  while (blockOf(b).order > blockOf(a).order) b = blockOf(b).above;
  return a == b;
}

export function isBack(from: u32, to: u32): bool { return blockOf(to).order <= blockOf(from).order; }
/** A way back to what does not dominate it goes through the dispatcher. */
export function isIrreducible(from: u32, to: u32): bool { return isBack(from, to) && !dominates(to, from); }

/** True when a block was marked: the graph is another one now. */
function enterIrreducible(reached: u32): bool {
  let marked = false;
  for (let k: u32 = 1; k < reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    if (b.taken && enter(n, b.taken)) marked = true;
    if (b.next && enter(n, b.next)) marked = true;
  }
  return marked;
}
function enter(from: u32, to: u32): bool {
  const b = blockOf(to);
  if (b.is & Shape.ENTERED || !isIrreducible(from, to)) return false;
  b.is |= Shape.ENTERED;
  return true;
}

function shape(reached: u32): void {
  for (let k: u32 = 1; k < reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    let ways: u32 = 0;
    for (let j: u32 = 0; j < b.ways; j++) {
      const p = load<u32>(edgeAt(b.from + j));
      if (!isBack(p, n)) ways++;
      else if (dominates(n, p)) b.is |= Shape.LOOP;
    }
    if (ways > 1 || b.is & Shape.ENTERED) b.is |= Shape.MERGE;
  }
  for (let k = reached; k > 1; k--) {
    const n = inOrder(k - 1), b = blockOf(n);
    b.reach = b.count + max(reachOf(n, b.taken), reachOf(n, b.next));
  }
}
function reachOf(from: u32, to: u32): u32 {
  if (!to || isBack(from, to) || blockOf(to).is & Shape.LOOP) return 0;
  return blockOf(to).reach;
}

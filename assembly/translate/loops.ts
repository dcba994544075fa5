// Which loops keep registers in locals from one round to the next. Elsewhere a block that several ways lead to finds them in memory, so that a
// local lives for a few blocks only: what is live across the many cold calls of a region is what a compiler of the engine takes its time over.

import { blockOf, inOrder, isLatch, predecessor, ROOT, Shape } from "./blocks";
import { st } from "./places";

/** No loop; otherwise a loop is known by the number of its header, the root for all that the dispatcher leads to. */
@inline export const NONE: u32 = ~0;

/** Chooses the outermost ones of at most `most` instructions; the whole region, if it `dispatches` and is no larger. */
export function chooseLoops(most: u32, dispatches: bool): void {
  for (let n: u32 = 0; n < st.blocks; n++) { const b = blockOf(n); b.loop = NONE; b.carry = 0; b.carryDirty = 0; }
  if (dispatches && st.insns <= most) {
    for (let n: u32 = 0; n < st.blocks; n++) blockOf(n).loop = ROOT;
    carry(ROOT);
    return;
  }
  for (let k: u32 = 1; k < st.reached; k++) {
    const n = inOrder(k), b = blockOf(n);
    if (!(b.is & Shape.LOOP) || b.loop != NONE) continue;
    if (gather(n) <= most) carry(n); else letGo(n);
  }
}

/** Marks the loop of header `n`: what leads back to it. The instructions in it. */
function gather(n: u32): u32 {
  const h = blockOf(n);
  let insns = h.count;
  h.loop = n;
  for (let j: u32 = 0; j < h.ways; j++) { const p = predecessor(h, j); if (isLatch(p, n)) insns += take(p, n); }
  for (let grown = true; grown;) {
    grown = false;
    for (let k: u32 = 1; k < st.reached; k++) {
      const m = inOrder(k), b = blockOf(m);
      if (b.loop != n || m == n) continue;
      for (let j: u32 = 0; j < b.ways; j++) { const more = take(predecessor(b, j), n); insns += more; if (more) grown = true; }
    }
  }
  return insns;
}
function take(p: u32, n: u32): u32 {
  const b = blockOf(p);
  if (p == ROOT || b.loop == n) return 0;
  b.loop = n;
  return b.count;
}
function letGo(n: u32): void { for (let k: u32 = 1; k < st.blocks; k++) if (blockOf(k).loop == n) blockOf(k).loop = NONE; }

function carry(n: u32): void {
  const h = blockOf(n);
  for (let k: u32 = 1; k < st.blocks; k++) {
    const b = blockOf(k);
    if (b.loop != n) continue;
    h.carryDirty |= b.sets;
    h.carry |= b.reads | b.readsLater | b.sets;
  }
}

/** Registers that are in locals where several ways lead to block `n`, and those of them that are newer than memory. */
export function carriedAt(n: u32): u32 { const loop = blockOf(n).loop; return loop == NONE ? 0 : blockOf(loop).carry; }
export function carriedDirty(n: u32): u32 { const loop = blockOf(n).loop; return loop == NONE ? 0 : blockOf(loop).carryDirty; }

// The tree of calls: a node for each function by its caller, privilege and address space. The root is no function. When the table is full a
// function is told under the root, and then with nothing but itself: what is counted is never lost, only who called.

import { HASH_SLOTS, MAX_DEPTH, MAX_NODES, Node, nodeAt, nodeSlot, profile } from "./state";

/** Nodes that are kept back for functions under the root when there is no room for callers. */
@inline const RESERVE: u32 = 8192;
@inline export const ROOT: u32 = 0;

export function clearTree(): void {
  const p = profile();
  memory.fill(nodeSlot(0), 0, <usize>HASH_SLOTS * 4);
  p.nodes = 0;
  make(ROOT, 0, 0, 0, 0);
}

function make(parent: u32, address: u64, space: u64, cpl: u32, hash: u32): u32 {
  const p = profile(), n = p.nodes++, node = nodeAt(n);
  memory.fill(changetype<usize>(node), 0, offsetof<Node>());
  node.parent = parent; node.address = address; node.space = space; node.cpl = cpl;
  node.depth = n == ROOT ? 0 : nodeAt(parent).depth + 1;
  if (n == ROOT) return n;
  const slot = nodeSlot(hash);
  node.nextInHash = load<u32>(slot);
  store<u32>(slot, n);
  return n;
}

function hashOf(parent: u32, address: u64, space: u64, cpl: u32): u32 {
  const x = (address ^ space << 7 ^ <u64>parent << 40 ^ <u64>cpl << 61) * 0x9e37_79b9_7f4a_7c15;
  return <u32>(x >> 40);
}

/** The node of a function called from `parent`. */
export function child(parent: u32, address: u64, space: u64, cpl: u32): u32 {
  const from = nodeAt(parent).depth >= MAX_DEPTH ? nodeAt(parent).parent : parent, hash = hashOf(from, address, space, cpl);
  for (let n = load<u32>(nodeSlot(hash)); n; n = nodeAt(n).nextInHash) {
    const node = nodeAt(n);
    if (node.parent == from && node.address == address && node.space == space && node.cpl == cpl) return n;
  }
  const p = profile();
  if (p.nodes < MAX_NODES - RESERVE || from == ROOT && p.nodes < MAX_NODES) return make(from, address, space, cpl, hash);
  p.lost++;
  return from == ROOT ? ROOT : child(ROOT, address, space, cpl);
}

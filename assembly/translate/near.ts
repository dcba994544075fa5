// Pages that accesses keep hitting: the stack's, a known address's, an array's that is walked in small steps. Such sites keep their page and where
// that lies (live.ts), and look in the TLB only when the page is another one. All are forgotten wherever an entry may have been replaced (a
// slow path, a whole instruction), so nothing hits here that would not hit there.

import { Op } from "../ir/ops";
import { blockOf, Shape, TBlock } from "./blocks";
import { immOf, isConst, N, Node, node } from "./dag";
import { NONE } from "./loops";
import { keptPage, NO_PAGE } from "./live";
import { MAX_PAGES_KEPT, NEAR, STEPS, st } from "./places";
import { access, byte, constant32, constant64, get } from "./writer";
import { W } from "./wasm";

@unmanaged export class Near {
  /** What its sites have in common; 0: none. */
  key: u64;
  sites: u32;
  /** Address of what is kept of its page; 0: nothing is. */
  at: u32;
  pad: u32; pad1: u32;
}
@inline const CANDIDATES: u32 = 32;
/** Bytes that an address may move by each time. */
@inline const STEP: i64 = 512;
/** Of a register that becomes anything. */
@inline const FAR: u32 = 0xffff;

@inline function nearAt(n: u32): Near { return changetype<Near>(NEAR + <usize>n * 24); }
@inline function stepOf(r: u32): u32 { return load<u16>(STEPS + <usize>r * 2); }

/** How the block's registers move: by how much at most, 0 for not at all. */
export function noteSteps(b: TBlock): void {
  memory.fill(STEPS, 0, 32);
  for (let id = b.firstNode; id < b.endNode; id++) {
    const n = node(id);
    if (n.op != <u16>N.SET) continue;
    const at = STEPS + <usize>(<u32>n.imm & 15) * 2, v = node(n.a);
    store<u16>(at, <u16>max<u32>(load<u16>(at), stepIn(v, <u32>n.imm & 15)));
  }
}
function stepIn(v: Node, r: u32): u32 {
  if (v.op == <u16>N.REG && (<u32>v.imm & 31) == r) return 0;
  if (v.op != <u16>Op.ADD || !isConst(v.b) || !isRegister(v.a) || registerOf(v.a) != r) return FAR;
  const by = abs(<i64>immOf(v.b));
  return by <= STEP ? <u32>by : FAR;
}
@inline function isRegister(id: u32): bool { return node(id).op == <u16>N.REG; }
@inline function registerOf(id: u32): u32 { return <u32>node(id).imm & 15; }

/** What the address `id` has in common with others on its page; 0 when it may be anywhere. */
function keyOf(id: u32, writes: bool): u64 {
  const bit: u64 = writes ? 1 : 0, n = node(id);
  if (isConst(id)) return (immOf(id) & ~0xfff) | 2 | bit;
  let base = id;
  if (n.op == <u16>Op.ADD && isConst(n.b)) base = n.a;
  if (isRegister(base)) return stepOf(registerOf(base)) == FAR ? 0 : <u64>registerOf(base) << 8 | 4 | bit;
  const sum = node(base);
  if (sum.op != <u16>Op.ADD) return 0;
  const x = indexStep(sum.a), y = indexStep(sum.b);
  if (x > STEP || y > STEP) return 0;
  return <u64>sum.a << 32 | <u64>sum.b << 8 | 8 | bit;
}
/** By how much a term of an address moves. */
function indexStep(id: u32): i64 {
  if (isConst(id)) return 0;
  if (isRegister(id)) return <i64>stepOf(registerOf(id));
  const n = node(id);
  if (n.op == <u16>Op.SHL && isConst(n.b) && isRegister(n.a)) return <i64>stepOf(registerOf(n.a)) << <i64>immOf(n.b);
  return <i64>FAR;
}

function isAccess(op: u32): bool { return op == Op.LOAD || op == Op.STORE || op == Op.LOAD_RMW || op == Op.VLOAD || op == Op.VSTORE; }
function doesWrite(op: u32): bool { return op != Op.LOAD && op != Op.VLOAD; }

/** Chooses the region's: those with the most sites. */
export function chooseNears(): void {
  memory.fill(NEAR, 0, <usize>CANDIDATES * 24);
  for (let k: u32 = 1; k < st.blocks; k++) {
    const b = blockOf(k);
    if (!b.order || b.loop == NONE) continue;
    noteSteps(b);
    // A block that goes back to itself or is a loop's first weighs more.
    const weight: u32 = b.is & Shape.LOOP ? 8 : 1;
    for (let id = b.firstNode; id < b.endNode; id++) {
      const op = <u32>node(id).op;
      if (isAccess(op)) addSite(keyOf(node(id).a, doesWrite(op)), weight);
    }
  }
  for (let n: u32 = 0; n < MAX_PAGES_KEPT; n++) if (!givePage(n)) return;
}
function addSite(key: u64, weight: u32): void {
  if (!key) return;
  for (let n: u32 = 0; n < CANDIDATES; n++) {
    const c = nearAt(n);
    if (c.key && c.key != key) continue;
    c.key = key; c.sites += weight;
    return;
  }
}
function givePage(k: u32): bool {
  let best: u32 = CANDIDATES;
  for (let n: u32 = 0; n < CANDIDATES; n++) {
    const c = nearAt(n);
    if (c.sites > 1 && !c.at && (best == CANDIDATES || c.sites > nearAt(best).sites)) best = n;
  }
  if (best == CANDIDATES) return false;
  nearAt(best).at = <u32>keptPage(k);
  return true;
}

/** That of an access at `address` in the block whose steps were noted last; null. */
export function nearOf(address: u32, writes: bool): Near {
  const key = st.loop == NONE ? 0 : keyOf(address, writes);
  if (key) {
    for (let n: u32 = 0; n < CANDIDATES; n++) { const c = nearAt(n); if (c.key == key && c.at) return c; }
  }
  return changetype<Near>(0);
}

/** Where the region is entered: what another kept there, or it did before, holds no more. */
export function forgetNears(): void {
  for (let n: u32 = 0; n < CANDIDATES; n++) if (nearAt(n).at) { constant32(0); constant64(NO_PAGE); access(W.I64_STORE, nearAt(n).at); }
}
/** Pushes whether the address in local `a` is not on the page: aligned accesses alone are, for others could leave it. */
export function pushStrange(c: Near, a: u32, bytes: u32): void {
  get(a); constant64(<u64>~0xfff | (bytes - 1)); byte(W.I64_AND);
  constant32(0); access(W.I64_LOAD, c.at); byte(W.I64_NE);
}
/** Keeps the page of the address in local `a`, whose TLB entry is at local `entry`. */
export function keepPage(c: Near, a: u32, entry: u32): void {
  constant32(0); get(a); constant64(~0xfff); byte(W.I64_AND); access(W.I64_STORE, c.at);
  constant32(0); get(entry); access(W.I32_LOAD, 8); access(W.I32_STORE, c.at + 8);
}
export function pushAddend(c: Near): void { constant32(0); access(W.I32_LOAD, c.at + 8); }

// Accesses of a block by one base: the fields of a structure, what is pushed and popped, the steps of an unrolled copy. In front of the first, all
// their addresses are looked at together: on one page, which the TLB has, they are one place in memory plus their displacements. Whatever may
// replace a TLB entry ends that, so nothing hits here that would not hit there; then each access looks for itself.

import { Op } from "../ir/ops";
import { TBlock } from "./blocks";
import { immOf, isConst, Node, node } from "./dag";
import { fixed, temporary } from "./locals";
import { value } from "./lower";
import { Near, nearOf } from "./near";
import { GROUPS, st } from "./places";
import { pushEntry } from "./tlb-entry";
import { access, byte, close, constant32, constant64, get, openCold, otherwise, set } from "./writer";
import { T, W } from "./wasm";

@unmanaged export class Group {
  /** The node of the base, 0 for known addresses; whether addresses are cut to 32 bits; whether they are written to. */
  base: u32; cut: u32; writes: u32;
  /** Its first access and its last. */
  first: u32; last: u32;
  /** 1: a RUN has been; what comes later is another's. */
  closed: u32;
  /** Displacements: of the lowest byte, past the highest. */
  low: i64; high: i64;
  sites: u32;
  /** Local + 1 of where the lowest byte lies in linear memory: 0 while that is not known. */
  local: u32;
}
@inline const MOST: u32 = 8;
@inline const PAGE: i64 = 4096;
@inline function groupAt(n: u32): Group { return changetype<Group>(GROUPS + <usize>n * 48); }

function isCut(n: Node): bool { return n.op == <u16>Op.AND && isConst(n.b) && immOf(n.b) == 0xffff_ffff; }
/** The address without its cut, without its displacement. */
function sumOf(id: u32): u32 { const n = node(id); return isCut(n) ? n.a : id; }
function baseOf(id: u32): u32 {
  if (isConst(id)) return 0;
  const sum = sumOf(id), n = node(sum);
  return n.op == <u16>Op.ADD && isConst(n.b) ? n.a : sum;
}
function displacementOf(id: u32): i64 {
  if (isConst(id)) return <i64>immOf(id);
  const n = node(sumOf(id));
  return n.op == <u16>Op.ADD && isConst(n.b) ? <i64>immOf(n.b) : 0;
}
function bytesOf(n: Node): u32 {
  switch (<i32>n.op) {
    case Op.LOAD: case Op.LOAD_RMW: case Op.STORE: case Op.VSTORE: return <u32>n.imm & 0xff;
    case Op.VLOAD: return <u32>n.imm < 4 ? 0 : <u32>n.imm;
    default: return 0;
  }
}
function doesWrite(n: Node): bool { return n.op != <u16>Op.LOAD && n.op != <u16>Op.VLOAD; }

/** Finds the block's groups. */
export function noteGroups(b: TBlock): void {
  memory.fill(GROUPS, 0, <usize>MOST * 48);
  for (let id = b.firstNode; id < b.endNode; id++) {
    const n = node(id);
    if (n.op == <u16>Op.RUN) closeAll();
    const bytes = bytesOf(n);
    if (bytes) addTo(id, n, bytes);
  }
}
function closeAll(): void { for (let n: u32 = 0; n < MOST; n++) groupAt(n).closed = 1; }
function addTo(id: u32, n: Node, bytes: u32): void {
  const base = baseOf(n.a), cut = u32(isCut(node(n.a))), writes = u32(doesWrite(n)), low = displacementOf(n.a), high = low + <i64>bytes;
  for (let k: u32 = 0; k < MOST; k++) {
    const g = groupAt(k);
    if (!g.sites) {
      g.base = base; g.cut = cut; g.writes = writes; g.first = id; g.last = id; g.low = low; g.high = high; g.sites = 1; g.closed = 0;
      return;
    }
    if (g.closed || g.base != base || g.cut != cut || g.writes != writes) continue;
    const least = min(g.low, low), most = max(g.high, high);
    if (most - least > PAGE || !base && least >> 12 != most - 1 >> 12) continue;
    g.low = least; g.high = most; g.last = id; g.sites++;
    return;
  }
}

/** Whether one look for all of them is less than each its own: a kept page takes little already. */
function pays(g: Group, near: Near): bool { return g.sites > 2 || g.sites == 2 && !changetype<usize>(near); }

/** The group of access `id`, looked at if it is its first; null if it has none. */
export function groupOf(id: u32): Group {
  const none = changetype<Group>(0), n = node(id);
  if (st.leaving) return none;
  for (let k: u32 = 0; k < MOST; k++) {
    const g = groupAt(k);
    if (!g.sites || id < g.first || id > g.last || g.base != baseOf(n.a) || g.cut != u32(isCut(node(n.a))) || g.writes != u32(doesWrite(n))) continue;
    if (displacementOf(n.a) < g.low || displacementOf(n.a) + <i64>bytesOf(n) > g.high) continue;
    if (id == g.first) { const near = nearOf(n.a, g.writes != 0); if (pays(g, near)) lookAt(g, near); }
    return g.local ? g : none;
  }
  return none;
}

function lookAt(g: Group, near: Near): void {
  const low = temporary(T.I64), at = temporary(T.I32), isNear = changetype<usize>(near) != 0;
  if (g.base) {
    value(g.base);
    if (g.low) { constant64(g.low); byte(W.I64_ADD); }
    if (g.cut) { constant64(0xffff_ffff); byte(W.I64_AND); }
  } else constant64(g.low);
  set(low);
  if (!isNear) { pushEntry(low, g.writes ? fixed.tlbWrite : fixed.tlbRead); set(fixed.entry); }
  get(low); constant64(~0xfff); byte(W.I64_AND); pushTag(near); byte(W.I64_XOR);
  get(low); constant64(g.high - g.low - 1); byte(W.I64_ADD); constant64(~0xfff); byte(W.I64_AND); pushTag(near); byte(W.I64_XOR);
  byte(W.I64_OR); constant64(0); byte(W.I64_NE);
  openCold();
  constant32(0); set(at);
  otherwise();
  get(low); byte(W.I32_WRAP_I64); pushAddend(near); byte(W.I32_ADD); set(at);
  close();
  g.local = at + 1;
}
function pushTag(near: Near): void {
  if (changetype<usize>(near)) { constant32(0); access(W.I64_LOAD, near.at); } else { get(fixed.entry); access(W.I64_LOAD, 0); }
}
function pushAddend(near: Near): void {
  if (changetype<usize>(near)) { constant32(0); access(W.I32_LOAD, near.at + 8); } else { get(fixed.entry); access(W.I32_LOAD, 8); }
}

/** Opens the branch for the access that must look for itself. */
export function openAlone(g: Group): void { get(g.local - 1); byte(W.I32_EQZ); openCold(); }
export function pushPlaceIn(g: Group): void { get(g.local - 1); }
/** How far behind that the access lies. */
export function offsetIn(g: Group, address: u32): u32 { return <u32>(displacementOf(address) - g.low); }

/** In the slow path of node `id`, which may have replaced a TLB entry: groups that go on behind it look no more. */
export function endGroups(id: u32): void {
  if (st.leaving) return;
  for (let k: u32 = 0; k < MOST; k++) {
    const g = groupAt(k);
    if (g.local && id < g.last) { constant32(0); set(g.local - 1); }
  }
}

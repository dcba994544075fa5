// The dispatcher of a region: where control is known by its address only. It is a loop around everything; a few targets are compared in turn,
// more are found by a perfect hash and one comparison. An address that is none of them leaves the region, and is remembered for the next one.

import { CPU } from "../base/layout";
import { CpuState } from "../cpu/state";
import { blockOf, ROOT, Shape } from "./blocks";
import { commit, fill, noteMiss, pushLeft, returnAt, RIP } from "./exits";
import { fixed } from "./locals";
import { carriedAt, carriedDirty } from "./loops";
import { st } from "./places";
import { hostPage, linearPage, Region } from "./regions";
import { entryAt } from "../cpu/tlb";
import { access, branchIf, branchTo, byte, close, constant32, constant64, get, open, openCold, unsigned } from "./writer";
import { W } from "./wasm";

/** Targets that are compared in turn. */
@inline const FEW: u32 = 4;
@inline const MOST_BITS: u32 = 10;

/** Entered blocks from `from` on: the next one's number; st.blocks behind the last. */
export function nextEntered(from: u32): u32 {
  let n = from;
  while (n < st.blocks && !(blockOf(n).is & Shape.ENTERED && blockOf(n).order)) n++;
  return n;
}
export function countEntered(): u32 {
  let n: u32 = 0;
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) n++;
  return n;
}

@inline const TABLE: u32 = <u32>CPU + <u32>offsetof<CpuState>("tlbExec");
/**
 * In front of a block on another page than what ran before: opens the cold branch in which the region is left for the interpreter to look the
 * page up, as the exec table has it not where it was. False where it must be there: what has one page has looked before it was entered.
 */
export function openAway(n: u32): bool {
  const r = changetype<Region>(<usize>st.region);
  if (r.pages == 1) return false;
  const page = linearPage(r, blockOf(n).page), offset = entryAt(0, page);
  constant32(0); access(W.I32_LOAD, TABLE); access(W.I64_LOAD, offset); constant64(page); byte(W.I64_NE);
  constant32(0); access(W.I32_LOAD, TABLE); access(W.I32_LOAD, offset + 8); constant32(hostPage(r, blockOf(n).page) - <u32>page); byte(W.I32_NE);
  byte(W.I32_OR);
  openCold();
  return true;
}
/** Where the flags are in memory. */
export function leaveIfAway(n: u32): void {
  if (!openAway(n)) return;
  commit(st.dirty);
  returnAt(blockOf(n).rip, 0);
  close();
}
/** Behind a jump to an address that the region does not know; the end of a region that has a dispatcher. */
export function writeMiss(): void {
  if (!st.dispatchAt) { byte(W.UNREACHABLE); return; }
  st.dirty = carriedDirty(ROOT); st.owed = 0;
  constant32(0); get(fixed.from); noteMiss();
  returnAtJump();
}
/** To block `k`, with what its loop keeps in locals. */
function goTo(k: u32): void {
  leaveIfAway(k);
  const valid = st.valid, dirty = st.dirty;
  commit(dirty & ~carriedDirty(k));
  fill(carriedAt(k));
  branchTo(blockOf(k).mergeAt);
  st.valid = valid; st.dirty = dirty;
}
/** Leaves for the address in fixed.rip. */
export function returnAtJump(): void { commit(st.dirty); constant32(0); get(fixed.rip); access(W.I64_STORE, RIP); pushLeft(0); byte(W.RETURN); }

/** Goes to the block at fixed.rip, or to the label opened at `miss`. */
export function writeDispatch(miss: u32): void {
  const n = countEntered();
  if (n <= FEW) compareAll(); else if (!hashAll(n, miss)) compareAll();
  branchTo(miss);
}
function compareAll(): void {
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) {
    get(fixed.rip); constant64(blockOf(k).rip); byte(W.I64_EQ);
    open(W.IF);
    goTo(k);
    close();
  }
}

@inline function slotOf(rip: u64, by: u32, bits: u32): u32 { return (<u32>rip * by) >> (32 - bits); }

/** Tries multipliers until no two targets meet; false when none is found. */
function hashAll(n: u32, miss: u32): bool {
  let bits: u32 = 1;
  while (<u32>1 << bits < n) bits++;
  for (; bits <= MOST_BITS; bits++) {
    let by: u32 = 0x9e3779b1;
    for (let t = 0; t < 24; t++, by = by * 0x2c1b3c6d | 1) if (isPerfect(by, bits)) { writeTable(n, by, bits, miss); return true; }
  }
  return false;
}
function isPerfect(by: u32, bits: u32): bool {
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) {
    const slot = slotOf(blockOf(k).rip, by, bits);
    for (let j = nextEntered(k + 1); j < st.blocks; j = nextEntered(j + 1)) if (slotOf(blockOf(j).rip, by, bits) == slot) return false;
  }
  return true;
}

/** A label for each target, inside one another: behind each the address is compared, and control goes where the block begins. */
function writeTable(n: u32, by: u32, bits: u32, miss: u32): void {
  for (let k: u32 = 0; k < n; k++) open(W.BLOCK);
  get(fixed.rip); byte(W.I32_WRAP_I64); constant32(by); byte(W.I32_MUL); constant32(32 - bits); byte(W.I32_SHR_U);
  byte(W.BR_TABLE);
  unsigned(<u32>1 << bits);
  const none = st.depth - miss - 1;
  for (let slot: u32 = 0; slot < <u32>1 << bits; slot++) unsigned(labelOf(slot, by, bits, none));
  unsigned(none);
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1)) {
    close();
    get(fixed.rip); constant64(blockOf(k).rip); byte(W.I64_NE); branchIf(miss);
    goTo(k);
  }
}
function labelOf(slot: u32, by: u32, bits: u32, none: u32): u32 {
  let label: u32 = 0;
  for (let k = nextEntered(1); k < st.blocks; k = nextEntered(k + 1), label++) if (slotOf(blockOf(k).rip, by, bits) == slot) return label;
  return none;
}

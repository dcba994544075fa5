// Leaving a region, in front of an instruction (a fault: nothing of it has happened) or behind it (a device, a store to code, an event). Guest
// registers are in locals. Memory has them, and the flags, as they were committed last: st.dirty says which locals are newer. Every way out stores
// those in its cold branch and returns by itself: a common exit would merge all locals of all ways, and an engine takes longer over that than over
// everything else. What blocks that are reached by more than one way find is in memory; a block with one way takes over how that was left.

import { CPU, VCPU } from "../base/layout";
import { Control } from "../base/control";
import { CpuState, gpr, xmm } from "../cpu/state";
import { FlagState, flagState, K, keptA, keptB, keptC } from "./flag-state";
import { Flags } from "../ir/words-flags";
import { TInsn, wrapRip } from "./forward";
import { commitFound, commitKind, IN_MEMORY, liveAt } from "./found";
import { fixed, gprLocal, xmmLocal } from "./locals";
import { value } from "./lower";
import { st } from "./places";
import { BY_RECORD, Live } from "./live";
import { access, byte, close, constant32, constant64, get, open, set, simdAccess } from "./writer";
import { W, X } from "./wasm";

@inline const END: u32 = <u32>VCPU + <u32>offsetof<Control>("end");
@inline const RAISED: u32 = <u32>CPU + <u32>offsetof<CpuState>("raised");
@inline export const RIP: u32 = <u32>CPU + <u32>offsetof<CpuState>("rip");
@inline const XMM: u32 = 16;

/** Where execution goes on behind an instruction. */
export function ripAfter(k: TInsn): u64 { return wrapRip(k.rip + <u64>load<u8>(<usize>k.record, 13)); }

// --- flags --------------------------------------------------------------------------------------------------------

/** Memory has the flags of a state. */
export function isCommitted(state: u32): bool {
  const s = flagState(state);
  return s.kind == <u8>K.INCOMING && s.over == <u8>K.NONE && st.found == IN_MEMORY;
}
export function commitFlags(state: u32): void {
  const s = flagState(state), over = <u32>s.over | <u32>s.overBits << 8;
  if (s.kind != <u8>K.INCOMING) {
    commitKind(<u32>s.kind | <u32>s.bits << 8 | over << 16);
    commitOperand(keptA(s), liveAt(offsetof<Live>("a")));
    commitOperand(keptB(s), liveAt(offsetof<Live>("b")));
    commitOperand(keptC(s), liveAt(offsetof<Live>("c")));
  } else {
    commitFound();
    if (s.over != <u8>K.NONE) { constant32(0); constant32(over); access(W.I32_STORE16, liveAt(offsetof<Live>("over"))); }
  }
  if (s.over != <u8>K.NONE) commitOperand(s.overA, liveAt(offsetof<Live>("overA")));
}
function commitOperand(id: u32, at: u32): void {
  if (!id) return;
  constant32(0); value(id); access(W.I64_STORE, at);
}

/** Whether a block with this one way to it can take the flags over in locals, and that. */
export function canHandOn(s: FlagState): bool {
  if (s.over != <u8>K.NONE) return false;
  return s.kind == <u8>K.INCOMING || s.kind == <u8>K.WORDS || s.kind == <u8>Flags.SUB || s.kind == <u8>Flags.ADD || s.kind == <u8>Flags.LOGIC;
}
/** How the next block finds them. */
export function handOn(state: u32): u32 {
  const s = flagState(state);
  if (s.kind == <u8>K.INCOMING) return st.found;
  value(keptA(s));
  if (keptB(s)) { value(keptB(s)); set(fixed.b); }
  set(fixed.a);
  return <u32>s.kind | <u32>s.bits << 8;
}

// --- registers ----------------------------------------------------------------------------------------------------

/** Stores the registers of a mask as st.dirty has them. */
export function commit(mask: u32): void {
  for (let r: u32 = 0; r < 16; r++) {
    if (mask >> r & 1) { constant32(0); get(gprLocal(r)); access(W.I64_STORE, <u32>gpr(r)); }
    if (mask >> (XMM + r) & 1) { constant32(0); get(xmmLocal(r)); simdAccess(X.STORE, <u32>xmm(r)); }
  }
}
export function commitAll(state: u32): void {
  commit(st.dirty);
  if (!isCommitted(state)) commitFlags(state);
}
/** Takes those of a mask that are not in their locals from memory. */
export function fill(mask: u32): void {
  mask &= ~st.valid;
  for (let r: u32 = 0; r < 16; r++) {
    if (mask >> r & 1) { constant32(0); access(W.I64_LOAD, <u32>gpr(r)); set(gprLocal(r)); }
    if (mask >> (XMM + r) & 1) { constant32(0); simdAccess(X.LOAD, <u32>xmm(r)); set(xmmLocal(r)); }
  }
  st.valid |= mask;
}

// --- ways out -----------------------------------------------------------------------------------------------------

/** Ticks left in front of the `place`th instruction of the block in hand. */
export function pushLeft(place: u32): void {
  get(fixed.budget);
  if (place + st.owed) { constant32(place + st.owed); byte(W.I32_SUB); }
}
/** Takes what is owed and `n` more off the budget. */
export function takeOff(n: u32): void { if (n + st.owed) { pushLeft(n); set(fixed.budget); } }

export function putRip(rip: u64): void { constant32(0); constant64(rip); access(W.I64_STORE, RIP); }
/** Everything is in memory, and rip is `rip`. */
export function returnAt(rip: u64, place: u32): void { putRip(rip); pushLeft(place); byte(W.RETURN); }

/** In front of an instruction that has raised something, or behind it: which one is in hand, and at which tick, the slow path has noted (enter). */
function returnByRecord(): void { constant32(BY_RECORD); byte(W.RETURN); }

export function leaveBefore(k: TInsn): void { if (!st.leaving) commitAll(k.before); returnByRecord(); }
/** In front of an instruction that the interpreter is to run. */
export function leaveInFront(k: TInsn): void { commitAll(k.before); returnAt(k.rip, k.place); }
/** Opens the branch that is taken when something wants a look (control.end is 0), and in it the one for the rest of an instruction that has raised nothing. */
export function openLook(k: TInsn): void {
  constant32(0); access(W.I32_LOAD, END); byte(W.I32_EQZ);
  open(W.IF);
  commitAll(k.before);
  constant32(0); access(W.I32_LOAD, RAISED); byte(W.I32_EQZ);
  open(W.IF);
}
/** Closes them behind the rest of the instruction, which has stored what it set. */
export function closeLook(k: TInsn): void {
  if (k.after != k.before) commitFlags(k.after);
  close();
  returnByRecord();
  close();
}
/** In the rest of an instruction: everything is in memory. */
export function leaveIfRaised(): void {
  constant32(0); access(W.I32_LOAD, RAISED);
  open(W.IF);
  returnByRecord();
  close();
}

// --- beside ------------------------------------------------------------------------------------------------

export function loadTables(): void {
  constant32(0); access(W.I32_LOAD, <u32>CPU + <u32>offsetof<CpuState>("tlbRead")); set(fixed.tlbRead);
  constant32(0); access(W.I32_LOAD, <u32>CPU + <u32>offsetof<CpuState>("tlbWrite")); set(fixed.tlbWrite);
}
/** Notes the block whose indirect jump leads to an address that the region does not know: it is on the stack, behind a 0. */
export function noteMiss(): void { access(W.I32_STORE, liveAt(offsetof<Live>("from"))); }

// Leaving a region. In front of an instruction (a fault: nothing of it has happened) or behind it (a device, a store to code, an event): the
// guest's registers are in their locals at every instruction, flags are put in theirs by their state, and the common exit stores them all.

import { CPU, VCPU } from "../base/layout";
import { Control } from "../base/control";
import { CpuState, gpr, xmm } from "../cpu/state";
import { flagState, K } from "./flag-state";
import { insn, TInsn, wrapRip } from "./forward";
import { fixed, gprLocal, xmmLocal } from "./locals";
import { value } from "./lower";
import { LIVE, st } from "./places";
import { Live } from "./live";
import { access, branchTo, byte, close, constant32, constant64, get, open, openCold, set, simdAccess } from "./writer";
import { W, X } from "./wasm";

@inline const END: u32 = <u32>VCPU + <u32>offsetof<Control>("end");
@inline const RAISED: u32 = <u32>CPU + <u32>offsetof<CpuState>("raised");
@inline export const RIP: u32 = <u32>CPU + <u32>offsetof<CpuState>("rip");
/** The label of the common exit. */
@inline const EXIT: u32 = 0;

/** Where execution goes on behind an instruction. */
export function ripAfter(k: TInsn): u64 { return wrapRip(k.rip + <u64>load<u8>(<usize>k.record, 13)); }

/** Puts the flags of a state in their locals: all values first, for they may be made of what the locals hold. */
export function placeFlags(state: u32): void {
  const s = flagState(state);
  if (s.kind != <u8>K.INCOMING) {
    operand(s.a); operand(s.b); operand(s.c);
    const over = s.over != <u8>K.NONE;
    if (over) { operand(s.overA); operand(s.overC); set(fixed.overC); set(fixed.overA); }
    set(fixed.c); set(fixed.b); set(fixed.a);
    constant32(<u32>s.kind | <u32>s.bits << 8); set(fixed.kind);
    constant32(<u32>s.over | <u32>s.overBits << 8); set(fixed.over);
  } else if (s.over != <u8>K.NONE) {
    operand(s.overA); operand(s.overC); set(fixed.overC); set(fixed.overA);
    constant32(<u32>s.over | <u32>s.overBits << 8); set(fixed.over);
  }
}
function operand(id: u32): void { if (id) value(id); else constant64(0); }

/** Ticks left in front of the `place`th instruction of the block in hand. */
export function pushLeft(place: u32): void {
  get(fixed.budget);
  if (place) { constant32(place); byte(W.I32_SUB); }
}
export function takeOff(n: u32): void { if (n) { pushLeft(n); set(fixed.budget); } }

export function leave(state: u32): void { placeFlags(state); branchTo(EXIT); }
export function leaveBefore(k: TInsn): void {
  takeOff(k.place);
  constant64(k.rip); set(fixed.rip);
  leave(k.before);
}
export function leaveAfter(k: TInsn): void {
  takeOff(k.place + 1);
  constant64(ripAfter(k)); set(fixed.rip);
  leave(k.after);
}

/** Opens the branch that is taken when something wants a look (control.end is 0); in it, what was raised has left already. */
export function openLook(k: TInsn): void {
  constant32(END); access(W.I32_LOAD, 0); byte(W.I32_EQZ);
  open(W.IF);
  leaveIfRaised(k);
}
export function leaveIfRaised(k: TInsn): void {
  constant32(RAISED); access(W.I32_LOAD, 0);
  open(W.IF);
  leaveBefore(k);
  close();
}

export function loadRegisters(mask: u32): void {
  for (let r: u32 = 0; r < 16; r++) if (mask >> r & 1) { constant32(<u32>gpr(r)); access(W.I64_LOAD, 0); set(gprLocal(r)); }
}
export function storeRegisters(mask: u32): void {
  for (let r: u32 = 0; r < 16; r++) if (mask >> r & 1) { constant32(<u32>gpr(r)); get(gprLocal(r)); access(W.I64_STORE, 0); }
}
export function loadVectors(mask: u32): void {
  for (let r: u32 = 0; r < 16; r++) if (mask >> r & 1) { constant32(<u32>xmm(r)); simdAccess(X.LOAD, 0); set(xmmLocal(r)); }
}
export function storeVectors(mask: u32): void {
  for (let r: u32 = 0; r < 16; r++) if (mask >> r & 1) { constant32(<u32>xmm(r)); get(xmmLocal(r)); simdAccess(X.STORE, 0); }
}

/** What a region begins with. */
export function writeEntry(): void {
  constant32(RIP); access(W.I64_LOAD, 0); set(fixed.rip);
  loadRegisters(st.used);
  loadVectors(st.vectorsUsed);
  constant32(<u32>CPU + <u32>offsetof<CpuState>("ccResult")); access(W.I64_LOAD, 0); set(fixed.a);
  constant32(<u32>CPU + <u32>offsetof<CpuState>("ccCarry")); access(W.I64_LOAD, 0); set(fixed.b);
  constant32(K.WORDS); set(fixed.kind);
  constant32(K.NONE); set(fixed.over);
  loadTables();
}
export function loadTables(): void {
  constant32(<u32>CPU + <u32>offsetof<CpuState>("tlbRead")); access(W.I32_LOAD, 0); set(fixed.tlbRead);
  constant32(<u32>CPU + <u32>offsetof<CpuState>("tlbWrite")); access(W.I32_LOAD, 0); set(fixed.tlbWrite);
  constant32(<u32>CPU + <u32>offsetof<CpuState>("tlbExec")); access(W.I32_LOAD, 0); set(fixed.tlbExec);
}
/** Behind an indirect jump to an address that the region does not know. */
export function writeMiss(): void { constant32(<u32>LIVE); get(fixed.from); access(W.I32_STORE, <u32>offsetof<Live>("from")); }
/** And ends with: everything back in memory, the ticks that are left as result. */
export function writeExit(): void {
  storeRegisters(st.modified);
  storeVectors(st.vectorsModified);
  keep(fixed.a, <u32>offsetof<Live>("a")); keep(fixed.b, <u32>offsetof<Live>("b")); keep(fixed.c, <u32>offsetof<Live>("c"));
  keep(fixed.overA, <u32>offsetof<Live>("overA")); keep(fixed.overC, <u32>offsetof<Live>("overC"));
  constant32(<u32>LIVE); get(fixed.kind); access(W.I32_STORE, <u32>offsetof<Live>("kind"));
  constant32(<u32>LIVE); get(fixed.over); access(W.I32_STORE, <u32>offsetof<Live>("over"));
  constant32(RIP); get(fixed.rip); access(W.I64_STORE, 0);
  get(fixed.budget);
}
function keep(local: u32, offset: u32): void { constant32(<u32>LIVE); get(local); access(W.I64_STORE, offset); }

// What translated code calls: slow paths, whole instructions, arithmetic that Wasm does not have. Each makes the run loop's words say which
// instruction is in hand before anything may look: `record` is its record, `left` the ticks of the budget that are left in front of it.
// What it raises stays raised and control.end is 0 then; so it is after a device, a store to code or an event: translated code tests that.

import { clearEvent, control, Event, RECORD } from "../base/control";
import { links } from "../base/machine";
import { mulHigh, mulHighSigned } from "../base/wide";
import { raiseVector } from "../cpu/exceptions";
import { loadForUpdate, loadLinear, probeLinear, storeLinear } from "../cpu/memory";
import { Shadow } from "../cpu/shadow";
import { cpu } from "../cpu/state";
import { ASKING, SETTLED, UNSETTLED } from "./ranges";
import { vectorOp } from "../float/vector";
import { Run, wideBy, wideFits } from "../ir/words";
import { Flags, setFlagsOf } from "../ir/words-flags";
import { linearIn, STACK } from "../ir/words-memory";
import { vload, vop, vstore } from "../ir/words-vector";
import { checkTargetIn } from "../ir/target";
import { K } from "./flag-state";
import { forgetPages, live, Rough } from "./live";
import { Region, standsAsFormed } from "./regions";

function place(record: u32, left: u32): void {
  forgetPages();
  note(record, left);
}
/** For what changes no TLB entry. */
function note(record: u32, left: u32): void {
  control.current = record; control.first = record; control.end = record + RECORD;
  control.base = live.endTick - left;
}

export function tLoad(a: u64, bytes: u32, record: u32, left: u32): u64 { place(record, left); return loadLinear(a, bytes); }
export function tStore(a: u64, v: u64, bytes: u32, record: u32, left: u32): void {
  place(record, left);
  cpu.stackAccess = bytes & STACK;
  storeLinear(a, bytes & 0xff, v);
  cpu.stackAccess = 0;
}
export function tUpdate(a: u64, bytes: u32, record: u32, left: u32): u64 { place(record, left); return loadForUpdate(a, bytes & 0xff); }
export function tProbe(a: u64, bytes: u32, record: u32, left: u32): void { place(record, left); probeLinear(a, bytes); }
export function tVload(a: u64, bytes: u32, record: u32, left: u32): v128 { place(record, left); return vload<Run>(a, bytes); }
/** The plain instructions serve while rounding is to nearest, nothing is flushed, and another inexact result changes nothing. */
export function noteRounding(): void {
  const asked = cpu.mxcsr & ASKING;
  live.rough = asked == SETTLED ? 0 : asked == UNSETTLED ? Rough.UNRECORDED : Rough.SPECIAL;
}
export function tVstore(a: u64, v: v128, bytes: u32, record: u32, left: u32): void { place(record, left); vstore<Run>(a, bytes, v); }
export function tReport(a: v128, b: v128, imm: u32, record: u32, left: u32): v128 {
  note(record, left);
  const r = vop<Run>(imm & 0xffff, a, b, imm >> 16);
  noteRounding();
  return r;
}
export function tLanes(a: v128, b: v128, imm: u32): v128 { return vectorOp(imm & 0xffff, a, b, imm >> 16); }
export function tRaise(vector: u32, record: u32, left: u32): void { place(record, left); raiseVector(vector); }
export function tSegment(offset: u64, imm: u32, record: u32, left: u32): u64 {
  place(record, left);
  return linearIn(imm & 0xff, offset, imm >> 8 & 0xff, imm >> 16 != 0);
}
export function tTarget(t: u64, record: u32, left: u32): void { place(record, left); checkTargetIn(t); }

/** The whole instruction; what is left in front of it when iterations of a repetition, which it counted itself, are taken off. */
export function tRun(record: u32, left: u32): u32 {
  place(record, left);
  call_indirect<void>(links.runSlot, record);
  noteRounding();
  return <u32>(live.endTick - control.base);
}

/** After a system instruction: nothing wants a look, and the region's mode, code segment and pages are what they were. */
export function tStands(region: u32): u32 { return u32(control.end != 0 && standsAsFormed(changetype<Region>(<usize>region))); }

/**
 * The same after STI, when its block goes on: the next instruction follows at once, as it does in the shadow, and nothing waits to be held back. So the
 * shadow is over before anybody looks.
 */
export function tShadowed(region: u32): u32 {
  if (control.events == Event.SHADOW && cpu.shadow == Shadow.INTERRUPTS) {
    clearEvent(Event.SHADOW);
    cpu.shadow = Shadow.NONE;
    control.end = ~0;
  }
  return tStands(region);
}

export function tMulHighU(a: u64, b: u64): u64 { return mulHigh(a, b); }
export function tMulHighS(a: u64, b: u64): u64 { return mulHighSigned(a, b); }
export function tWide(low: u64, b: u64, high: u64, how: u32): u64 { return wideBy(how, low, high, b); }
export function tFits(low: u64, b: u64, high: u64, how: u32): u64 { return <u64>wideFits(how, low, high, b); }

/** Puts the flags that translated code has committed in the two words. */
export function settleFlags(): void {
  const kind = <u32>live.kind & 0xff, bits = <u32>live.kind >> 8, over = <u32>live.over & 0xff, a = live.a, b = live.b;
  if (kind == K.WORDS) { cpu.ccResult = a; cpu.ccCarry = b; }
  else if (kind == Flags.ADD) setFlagsOf(kind, a, b, a + b, bits);
  else if (kind == Flags.SUB) setFlagsOf(kind, a, b, a - b, bits);
  else if (kind == Flags.LOGIC) setFlagsOf(kind, a, a, a, bits);
  else if (kind < <u32>K.WORDS) setFlagsOf(kind, a, b, live.c, bits);
  if (over != K.NONE) setFlagsOf(over, live.overA, 0, over == Flags.INC ? live.overA + 1 : live.overA - 1, <u32>live.over >> 8);
  forgetFlags();
}
/** The two words have them. */
export function forgetFlags(): void { live.kind = <u16>K.NONE; live.over = <u16>K.NONE; }
export function tResult(): u64 { settleFlags(); return cpu.ccResult; }
export function tCarry(): u64 { settleFlags(); return cpu.ccCarry; }

// Delivery of exceptions and interrupts through the IDT. Intel SDM vol. 3 chapter 6; AMD APM vol. 2 chapter 8.
//
// A fault during delivery is raised like any other and delivered next, combined into a double fault where table 6-5 says so;
// a fault during the delivery of a double fault stops the machine. Nothing of the processor's state changes before every
// push has succeeded. The loop calls deliverException and deliverInterrupt; INT n and its kin call deliverSoftware.

import { CPU } from "../base/layout";
import { clearEvent, Event } from "../base/control";
import { cpu, gpr, segment, Seg, Desc, Vector, Flag, Cr0, Cr4 } from "./state";
import { readFlags, writeFlags } from "./flags";
import { updateMode, updateTrace, isLma, isCanonical, iopl, isV86, setCpl, setRip } from "./mode";
import { raise, shutDown } from "./exceptions";
import { isArmed } from "./debug-registers";
import {
  fetchDescriptor, fetchStackDescriptor, attrOfDescriptor, limitOfDescriptor, dplOf, isCode, isConforming, isNull, markAccessed,
  systemAddress, writeSegment, writeNull, writeReal, writeV86, writeNullStack,
} from "./segments";
import { useCurrentStack, useStack, useFlatStack, push, commitStack } from "./stack";
import { findInnerStack, inner, longStack, interruptStack, isRedirected, isWideTss } from "./tss";
import { switchTask, Switch } from "./tasks";
import { loadSystem } from "./memory";

/** Where an event comes from: it decides the privilege check, the EXT bit and RF. */
export const enum Kind { FAULT, EXTERNAL, NMI, SOFTWARE, BREAKPOINT, ICEBP }

@inline const NONE: u32 = 0xffff_ffff;

/** The event in hand. */
@unmanaged class Delivery {
  vector: u32;
  kind: u32;
  /** EXT bit for the error codes of faults met on the way. */
  ext: u32;
  hasError: u32;
  errorCode: u32;
  /** Type of the gate (0xe interrupt, 0xf trap, 6 and 7 their 16-bit forms). */
  type: u32;
  /** Instruction to return to, and the flags to push. */
  rip: u64;
  flags: u64;
  offset: u64;
  selector: u32;
  ist: u32;
}
@inline const event = changetype<Delivery>(CPU + 0xe80);

/** Delivers the exception that was raised, and those its delivery raises. */
export function deliverException(): void {
  clearEvent(Event.HALTED); // a single step over HLT goes on
  do {
    const vector = combine(cpu.delivering, cpu.vector);
    if (vector == NONE) {
      forget();
      cpu.delivering = NONE;
      return shutDown();
    }
    const code = vector == cpu.vector ? cpu.errorCode : 0;
    const hasError = vector == cpu.vector ? cpu.hasError : 1;
    if (vector == Vector.PF) cpu.cr2 = cpu.faultAddress;
    if (vector == Vector.DB) { cpu.dr7 &= ~(<u64>1 << 13); updateTrace(); }
    forget();
    cpu.delivering = vector;
    // In real mode no error code is pushed.
    begin(vector, Kind.FAULT, hasError, code, cpu.rip);
  } while (cpu.raised);
  cpu.delivering = NONE;
}

/** Takes an interrupt between instructions: cpu.rip is the next. A fault on the way is left raised. */
export function deliverInterrupt(vector: u32, kind: u32): void {
  if (kind == Kind.NMI) cpu.nmiBlocked = 1;
  begin(vector, kind, 0, 0, cpu.rip);
}

/** INT n, INT3, INTO, INT1: `next` is the address of the instruction after. */
export function deliverSoftware(vector: u32, kind: u32, next: u64): void {
  cpu.switched = 0;
  begin(vector, kind, 0, 0, next);
  settleTask();
}

/** A fault of the task switched to is delivered at once, there: the loop would take it for the old task's. */
export function settleTask(): void { if (cpu.raised && cpu.switched) deliverException(); }

function forget(): void {
  cpu.raised = 0;
  clearEvent(Event.EXCEPTION);
}

/** Contributory exceptions: #DE, #TS, #NP, #SS, #GP. */
function isContributory(vector: u32): bool { return vector < 32 && ((1 << vector) & 0x3c01) != 0; }

/** What a second exception becomes while `first` is delivered: itself, #DF, or NONE for shutdown. SDM vol. 3, table 6-5. */
function combine(first: u32, second: u32): u32 {
  if (first == NONE) return second;
  if (first == Vector.DF) return NONE;
  const both = isContributory(first) && isContributory(second);
  const page = first == Vector.PF && (second == Vector.PF || isContributory(second));
  return both || page ? Vector.DF : second;
}

function isSoftware(kind: u32): bool { return kind >= <u32>Kind.SOFTWARE; }

function begin(vector: u32, kind: u32, hasError: u32, code: u32, rip: u64): bool {
  event.vector = vector;
  event.kind = kind;
  event.ext = kind == Kind.SOFTWARE || kind == Kind.BREAKPOINT ? 0 : 1;
  event.hasError = hasError;
  event.errorCode = code;
  event.rip = rip;
  // RF is stale unless a breakpoint is armed or TF set; a software interrupt has cleared it. A fault's image has it set. SDM vol. 3, 17.3.1.1.
  event.flags = readFlags();
  if (!isArmed() && !(event.flags & Flag.TF) || isSoftware(kind)) event.flags &= ~(<u64>Flag.RF);
  if (kind == Kind.FAULT && vector != Vector.DB) event.flags |= Flag.RF;
  if (!(cpu.cr0 & Cr0.PE)) return deliverReal();
  if (isLma()) return readLongGate() && deliverLong();
  if (isV86() && kind == Kind.SOFTWARE) {
    if (cpu.cr4 & Cr4.VME && isRedirected(vector)) return deliverRedirected();
    if (cpu.raised) return false;
    if (iopl() < 3) return refuse(0);
  }
  if (!readGate()) return false;
  return event.type == 5 ? deliverTask() : deliverProtected();
}

/** #GP with `code`. */
function refuse(code: u32): bool { raise(Vector.GP, code); return false; }
@inline function gateCode(): u32 { return event.vector * 8 + 2 + event.ext; }

// --- gates ---

/** Checks type, privilege and presence by the second word of a gate. */
function checkGate(high: u32, types: u32): bool {
  event.type = (high >> 8) & 31;
  if (!(types >> event.type & 1)) return refuse(gateCode());
  const checked = event.kind == Kind.SOFTWARE || event.kind == Kind.BREAKPOINT;
  if (checked && dplOf(high) < cpu.cpl) return refuse(gateCode());
  if (high & Desc.PRESENT) return true;
  raise(Vector.NP, gateCode());
  return false;
}

function readGate(): bool {
  const at = event.vector * 8;
  if (at + 7 > cpu.idtLimit) return refuse(gateCode());
  const gate = loadSystem(systemAddress(cpu.idtBase, at), 8);
  if (cpu.raised) return false;
  event.selector = <u32>(gate >> 16) & 0xffff;
  event.offset = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000);
  // Task, 16-bit interrupt and trap, 32-bit interrupt and trap.
  if (!checkGate(<u32>(gate >> 32), 1 << 5 | 1 << 6 | 1 << 7 | 1 << 14 | 1 << 15)) return false;
  if (event.type < 8) event.offset &= 0xffff;
  return true;
}

function readLongGate(): bool {
  const at = event.vector * 16;
  if (at + 15 > cpu.idtLimit) return refuse(gateCode());
  const gate = loadSystem(cpu.idtBase + at, 8);
  if (cpu.raised) return false;
  const high = loadSystem(cpu.idtBase + at + 8, 8);
  if (cpu.raised) return false;
  event.selector = <u32>(gate >> 16) & 0xffff;
  event.offset = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000) | high << 32;
  event.ist = <u32>(gate >> 32) & 7;
  return checkGate(<u32>(gate >> 32), 1 << 14 | 1 << 15);
}

/** Fetches and checks the handler's code segment. Test cpu.raised. */
function fetchHandler(long: bool): u64 {
  const selector = event.selector, ext = event.ext;
  if (isNull(selector)) { raise(Vector.GP, ext); return 0; }
  const code = (selector & 0xfffc) | ext;
  const d = fetchDescriptor(selector, Vector.GP, code);
  if (cpu.raised) return 0;
  const attr = attrOfDescriptor(d);
  if (!isCode(attr) || dplOf(attr) > cpu.cpl || long && (attr & (Desc.L | Desc.DB)) != Desc.L) { raise(Vector.GP, code); return 0; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.NP, code); return 0; }
  return d;
}

/** Clears what an event clears; IF only by an interrupt gate. */
function clearFlags(): void {
  const off: u64 = Flag.TF | Flag.NT | Flag.RF | Flag.VM;
  writeFlags(0, event.type & 1 ? off : off | Flag.IF);
}

// --- long mode ---

function deliverLong(): bool {
  const d = fetchHandler(true);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  const cpl = isConforming(attr) ? cpu.cpl : dplOf(attr);
  let rsp = load<u64>(gpr(4));
  if (event.ist) rsp = interruptStack(event.ist, event.ext);
  else if (cpl < cpu.cpl) rsp = longStack(cpl, event.ext);
  if (cpu.raised) return false;
  if (!isCanonical(rsp)) { raise(Vector.SS, event.ext); return false; }
  if (!isCanonical(event.offset)) return refuse(event.ext);
  useFlatStack(rsp & ~15, cpl, event.ext);
  if (!push(segment(Seg.SS).selector, 8) || !push(load<u64>(gpr(4)), 8)) return false;
  if (!pushReturn(8) || !markAccessed(event.selector, d)) return false;
  if (cpl < cpu.cpl) writeNullStack(cpl);
  arrive(d, cpl);
  return true;
}

/** Flags, CS, the return address and the error code. */
function pushReturn(bytes: u32): bool {
  return push(event.flags, bytes) && push(segment(Seg.CS).selector, bytes) && push(event.rip, bytes) &&
    (!event.hasError || push(event.errorCode, bytes));
}

/** All is pushed: changes stack pointer, CS, privilege, flags and rip. */
function arrive(d: u64, cpl: u32): void {
  commitStack();
  writeSegment(Seg.CS, (event.selector & 0xfffc) | cpl, d);
  setCpl(cpl);
  clearFlags();
  updateMode();
  setRip(event.offset);
}

// --- protected mode ---

function deliverProtected(): bool {
  const d = fetchHandler(false);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  const code = (event.selector & 0xfffc) | event.ext;
  const deeper = !isConforming(attr) && dplOf(attr) < cpu.cpl;
  if (isV86() && (!deeper || dplOf(attr) != 0)) return refuse(code);
  if (event.offset > <u64>limitOfDescriptor(d)) return refuse(event.ext);
  return deeper ? deliverInner(d, dplOf(attr)) : deliverSame(d);
}

@inline function gateBytes(): u32 { return event.type & 8 ? 4 : 2; }

function deliverSame(d: u64): bool {
  useCurrentStack(event.ext);
  if (!pushReturn(gateBytes()) || !markAccessed(event.selector, d)) return false;
  arrive(d, cpu.cpl);
  return true;
}

function deliverInner(d: u64, cpl: u32): bool {
  if (!findInnerStack(cpl, event.ext)) return false;
  const selector = inner.selector, bytes = gateBytes();
  const ss = fetchStackDescriptor(selector, cpl, Vector.TS, event.ext);
  if (cpu.raised) return false;
  useStack(ss, inner.pointer, cpl, (selector & 0xfffc) | event.ext);
  if (isV86() && !pushV86Segments(bytes)) return false;
  if (!push(segment(Seg.SS).selector, bytes) || !push(load<u64>(gpr(4)), bytes) || !pushReturn(bytes)) return false;
  if (!markAccessed(selector, ss) || !markAccessed(event.selector, d)) return false;
  if (isV86()) {
    writeNull(Seg.ES, 0); writeNull(Seg.DS, 0); writeNull(Seg.FS, 0); writeNull(Seg.GS, 0);
  }
  writeSegment(Seg.SS, selector, ss);
  arrive(d, cpl);
  return true;
}

function pushV86Segments(bytes: u32): bool {
  return push(segment(Seg.GS).selector, bytes) && push(segment(Seg.FS).selector, bytes) &&
    push(segment(Seg.DS).selector, bytes) && push(segment(Seg.ES).selector, bytes);
}

/** A task gate: the handler is another task. The error code goes on its stack. */
function deliverTask(): bool {
  const selector = event.selector;
  if (selector & 4) return refuse((selector & 0xfffc) | event.ext);
  const hasError = event.hasError, code = event.errorCode;
  if (!switchTask(selector, Switch.INTERRUPT, event.rip, event.flags, event.ext)) return false;
  if (!hasError) return true;
  useCurrentStack(event.ext);
  if (!push(code, isWideTss(segment(Seg.TR).attr) ? 4 : 2)) return false;
  commitStack();
  return true;
}

// --- real mode and virtual-8086 mode ---

function deliverReal(): bool {
  const at = event.vector * 4;
  if (at + 3 > cpu.idtLimit) return refuse(0);
  const entry = <u32>loadSystem((cpu.idtBase + at) & 0xffff_ffff, 4);
  return cpu.raised ? false : deliver8086(entry, event.flags, Flag.IF, false);
}

/** INT n sent back to the 8086 program through its own vectors at linear 0. SDM vol. 3, 20.3.3.4. */
function deliverRedirected(): bool {
  const entry = <u32>loadSystem(<u64>event.vector * 4, 4);
  if (cpu.raised) return false;
  if (iopl() == 3) return deliver8086(entry, event.flags, Flag.IF, true);
  // The program's IF is VIF; it sees IOPL 3.
  const vif = (event.flags & Flag.VIF) != 0;
  const image = (event.flags & ~(<u64>Flag.IF)) | Flag.IOPL | (vif ? Flag.IF : 0);
  return deliver8086(entry, image, Flag.VIF, true);
}

function deliver8086(entry: u32, image: u64, interruptFlag: u64, v86: bool): bool {
  useCurrentStack(0);
  if (!push(image, 2) || !push(segment(Seg.CS).selector, 2) || !push(event.rip, 2)) return false;
  commitStack();
  if (v86) writeV86(Seg.CS, entry >> 16); else writeReal(Seg.CS, entry >> 16);
  writeFlags(0, v86 ? Flag.TF | Flag.RF | interruptFlag : Flag.TF | Flag.RF | Flag.AC | interruptFlag);
  updateMode();
  setRip(entry & 0xffff);
  return true;
}

// Far JMP, CALL and RET: direct, through call gates and TSSs. Intel SDM vol. 2, the pages of JMP, CALL and RET; vol. 3, 5.8.
// Operand sizes are in bytes: 2, 4 or 8. `next` is the address of the instruction after. All return false after raising.

import { CPU } from "../base/layout";
import { does, Trait } from "../base/vendor";
import { cpu, gpr, segment, Seg, Desc, Vector } from "./state";
import { readFlags } from "./flags";
import { isProtected, isV86, isLma, isLong, isCanonical, updateMode, setCpl, setRip } from "./mode";
import { raise } from "./exceptions";
import {
  fetchDescriptor, fetchStackDescriptor, fetchUpperHalf, attrOfDescriptor, limitOfDescriptor, dplOf, typeOf, isCode, isConforming, isNull,
  markAccessed, writeSegment, writeReal, writeV86, writeNullStack, dropInnerSegments,
} from "./segments";
import { useCurrentStack, useStack, useFlatStack, push, pop, skip, commitStack, loadArgument } from "./stack";
import { findInnerStack, inner, longStack } from "./tss";
import { switchTask, Switch } from "./tasks";

/** A call gate in hand. */
@unmanaged class Gate { offset: u64; selector: u32; type: u32; parameters: u32; }
@inline const gate = changetype<Gate>(CPU + 0xee0);

function refuse(vector: u32, code: u32): bool { raise(vector, code); return false; }

/** True if `rip` may be jumped to in code segment `d`; #GP(0) otherwise. */
export function checkTarget(d: u64, rip: u64): bool {
  const attr = attrOfDescriptor(d);
  if (isLma() && attr & Desc.L ? isCanonical(rip) : rip <= <u64>limitOfDescriptor(d)) return true;
  return refuse(Vector.GP, 0);
}

/** CS in real and virtual-8086 mode, then rip. */
export function writeCs8086(selector: u32, rip: u64): void {
  if (isV86()) writeV86(Seg.CS, selector); else writeReal(Seg.CS, selector);
  updateMode();
  setRip(rip);
}

/** L and D together are reserved in long mode. */
@inline function isBadLong(attr: u32): bool { return isLma() && (attr & (Desc.L | Desc.DB)) == (Desc.L | Desc.DB); }

/** Code reached directly keeps the privilege. */
function checkDirect(selector: u32, attr: u32): bool {
  const code = selector & 0xfffc;
  const allowed = isConforming(attr) ? dplOf(attr) <= cpu.cpl : (selector & 3) <= cpu.cpl && dplOf(attr) == cpu.cpl;
  if (!allowed || isBadLong(attr)) return refuse(Vector.GP, code);
  return attr & Desc.PRESENT ? true : refuse(Vector.NP, code);
}

function enterCode(selector: u32, d: u64, rip: u64, cpl: u32): void {
  writeSegment(Seg.CS, (selector & 0xfffc) | cpl, d);
  setCpl(cpl);
  updateMode();
  setRip(rip);
}

// --- JMP ---

export function farJump(selector: u32, offset: u64, bytes: u32, next: u64): bool {
  if (!isProtected()) {
    if (offset > <u64>segment(Seg.CS).limit) return refuse(Vector.GP, 0);
    writeCs8086(selector, offset);
    return true;
  }
  if (isNull(selector)) return refuse(Vector.GP, 0);
  const d = fetchDescriptor(selector, Vector.GP, selector & 0xfffc);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  if (!(attr & Desc.S)) return jumpSystem(selector, d, next);
  if (!isCode(attr)) return refuse(Vector.GP, selector & 0xfffc);
  if (!checkDirect(selector, attr) || !checkTarget(d, offset) || !markAccessed(selector, d)) return false;
  enterCode(selector, d, offset, cpu.cpl);
  return true;
}

function jumpSystem(selector: u32, d: u64, next: u64): bool {
  if (isTask(d)) return switchTo(selector, d, Switch.JUMP, next);
  if (!readGate(selector, d)) return false;
  const target = fetchGateTarget();
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(target);
  if (!isConforming(attr) && dplOf(attr) != cpu.cpl) return refuse(Vector.GP, gate.selector & 0xfffc);
  if (!checkTarget(target, gate.offset) || !markAccessed(gate.selector, target)) return false;
  enterCode(gate.selector, target, gate.offset, cpu.cpl);
  return true;
}

// --- gates and tasks ---

/** Available or busy TSS, or a task gate, outside long mode. */
function isTask(d: u64): bool { return !isLma() && (0x0a2a >> typeOf(attrOfDescriptor(d)) & 1) != 0; }

function switchTo(selector: u32, d: u64, reason: u32, next: u64): bool {
  const attr = attrOfDescriptor(d), code = selector & 0xfffc;
  if (dplOf(attr) < max(cpu.cpl, selector & 3)) return refuse(Vector.GP, code);
  if (typeOf(attr) != 5) return switchTask(selector, reason, next, readFlags(), 0);
  if (!(attr & Desc.PRESENT)) return refuse(Vector.NP, code);
  return switchTask(<u32>(d >> 16) & 0xffff, reason, next, readFlags(), 0);
}

/** Checks a call gate and takes it apart. Types: 4 is 16-bit, 0xc is 32-bit, or 64-bit in long mode. */
function readGate(selector: u32, d: u64): bool {
  const attr = attrOfDescriptor(d), code = selector & 0xfffc, type = typeOf(attr);
  if (type != 0xc && (type != 4 || isLma())) return refuse(Vector.GP, code);
  if (dplOf(attr) < max(cpu.cpl, selector & 3)) return refuse(Vector.GP, code);
  if (!(attr & Desc.PRESENT)) return refuse(Vector.NP, code);
  gate.type = type;
  gate.selector = <u32>(d >> 16) & 0xffff;
  gate.parameters = <u32>(d >> 32) & 31;
  gate.offset = (d & 0xffff) | ((d >> 32) & 0xffff_0000);
  if (type == 4) gate.offset &= 0xffff;
  if (isLma()) gate.offset = (gate.offset & 0xffff_ffff) | fetchUpperHalf(selector, Vector.GP, code) << 32;
  return !cpu.raised;
}

/** Code segment a call gate leads to. Test cpu.raised. */
function fetchGateTarget(): u64 {
  if (isNull(gate.selector)) { raise(Vector.GP, 0); return 0; }
  const code = gate.selector & 0xfffc;
  const d = fetchDescriptor(gate.selector, Vector.GP, code);
  if (cpu.raised) return 0;
  const attr = attrOfDescriptor(d);
  const bad = !isCode(attr) || dplOf(attr) > cpu.cpl || isLma() && (attr & (Desc.L | Desc.DB)) != Desc.L;
  if (bad) { raise(Vector.GP, code); return 0; }
  if (!(attr & Desc.PRESENT)) raise(Vector.NP, code);
  return d;
}

@inline function gateBytes(): u32 { return isLma() ? 8 : gate.type & 8 ? 4 : 2; }

// --- CALL ---

export function farCall(selector: u32, offset: u64, bytes: u32, next: u64): bool {
  if (!isProtected()) return callReal(selector, offset, bytes, next);
  if (isNull(selector)) return refuse(Vector.GP, 0);
  const d = fetchDescriptor(selector, Vector.GP, selector & 0xfffc);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  if (!(attr & Desc.S)) return isTask(d) ? switchTo(selector, d, Switch.CALL, next) : callGate(selector, d, next);
  if (!isCode(attr)) return refuse(Vector.GP, selector & 0xfffc);
  if (!checkDirect(selector, attr) || !checkTarget(d, offset)) return false;
  return callSame(selector, d, offset, bytes, next);
}

function callReal(selector: u32, offset: u64, bytes: u32, next: u64): bool {
  if (offset > <u64>segment(Seg.CS).limit) return refuse(Vector.GP, 0);
  useCurrentStack(0);
  if (!push(segment(Seg.CS).selector, bytes) || !push(next, bytes)) return false;
  commitStack();
  writeCs8086(selector, offset);
  return true;
}

function callSame(selector: u32, d: u64, offset: u64, bytes: u32, next: u64): bool {
  useCurrentStack(0);
  if (!push(segment(Seg.CS).selector, bytes) || !push(next, bytes) || !markAccessed(selector, d)) return false;
  commitStack();
  enterCode(selector, d, offset, cpu.cpl);
  return true;
}

function callGate(selector: u32, d: u64, next: u64): bool {
  if (!readGate(selector, d)) return false;
  const target = fetchGateTarget();
  if (cpu.raised || !checkTarget(target, gate.offset)) return false;
  const attr = attrOfDescriptor(target);
  if (isConforming(attr) || dplOf(attr) == cpu.cpl) return callSame(gate.selector, target, gate.offset, gateBytes(), next);
  return isLma() ? callInnerLong(target, dplOf(attr), next) : callInner(target, dplOf(attr), next);
}

function callInnerLong(target: u64, cpl: u32, next: u64): bool {
  const rsp = longStack(cpl, 0);
  if (cpu.raised) return false;
  useFlatStack(rsp, cpl, 0);
  if (!push(segment(Seg.SS).selector, 8) || !push(load<u64>(gpr(4)), 8)) return false;
  if (!push(segment(Seg.CS).selector, 8) || !push(next, 8) || !markAccessed(gate.selector, target)) return false;
  commitStack();
  writeNullStack(cpl);
  enterCode(gate.selector, target, gate.offset, cpl);
  return true;
}

function callInner(target: u64, cpl: u32, next: u64): bool {
  if (!findInnerStack(cpl, 0)) return false;
  const selector = inner.selector, bytes = gateBytes();
  const ss = fetchStackDescriptor(selector, cpl, Vector.TS, 0);
  if (cpu.raised) return false;
  useStack(ss, inner.pointer, cpl, selector & 0xfffc);
  if (!push(segment(Seg.SS).selector, bytes) || !push(load<u64>(gpr(4)), bytes) || !copyParameters(bytes)) return false;
  if (!push(segment(Seg.CS).selector, bytes) || !push(next, bytes)) return false;
  if (!markAccessed(selector, ss) || !markAccessed(gate.selector, target)) return false;
  writeSegment(Seg.SS, selector, ss);
  commitStack();
  enterCode(gate.selector, target, gate.offset, cpl);
  return true;
}

/** The gate's parameters go from the caller's stack to the new one, in order. */
function copyParameters(bytes: u32): bool {
  for (let k = gate.parameters; k > 0; k--) {
    const v = loadArgument((k - 1) * bytes, bytes);
    if (cpu.raised || !push(v, bytes)) return false;
  }
  return true;
}

// --- RET ---

/** RETF; `extra` bytes of parameters are released, on both stacks when the level changes. */
export function farReturn(bytes: u32, extra: u32): bool {
  useCurrentStack(0);
  const rip = pop(bytes);
  if (cpu.raised) return false;
  const selector = <u32>pop(bytes) & 0xffff;
  if (cpu.raised) return false;
  if (!isProtected()) {
    if (rip > <u64>segment(Seg.CS).limit) return refuse(Vector.GP, 0);
    skip(extra);
    commitStack();
    writeCs8086(selector, rip);
    return true;
  }
  if ((selector & 3) != cpu.cpl) return returnOuter(selector, rip, bytes, extra);
  const d = fetchReturnCode(selector);
  if (cpu.raised || !checkTarget(d, rip) || !markAccessed(selector, d)) return false;
  skip(extra);
  commitStack();
  enterCode(selector, d, rip, cpu.cpl);
  return true;
}

/** Code segment a RETF or IRET goes back to. Test cpu.raised. */
export function fetchReturnCode(selector: u32): u64 {
  if (isNull(selector)) { raise(Vector.GP, 0); return 0; }
  const code = selector & 0xfffc, rpl = selector & 3;
  const d = fetchDescriptor(selector, Vector.GP, code);
  if (cpu.raised) return 0;
  const attr = attrOfDescriptor(d);
  const allowed = isCode(attr) && rpl >= cpu.cpl && (isConforming(attr) ? dplOf(attr) <= rpl : dplOf(attr) == rpl);
  if (!allowed || isBadLong(attr)) { raise(Vector.GP, code); return 0; }
  if (!(attr & Desc.PRESENT)) raise(Vector.NP, code);
  return d;
}

/** Stack segment for a return to the level of `cs`; 0 stands for a null one where that is allowed. Test cpu.raised. */
function fetchReturnStack(selector: u32, cs: u32, code: u64): u64 {
  const cpl = cs & 3;
  if (!isNull(selector)) return fetchStackDescriptor(selector, cpl, Vector.GP, 0);
  const long = isLma() && (attrOfDescriptor(code) & Desc.L) != 0;
  if (!long || cpl == 3 || (selector & 3) != cpl) raise(Vector.GP, 0);
  return 0;
}

function returnOuter(selector: u32, rip: u64, bytes: u32, extra: u32): bool {
  skip(extra);
  if (!checkOuter(selector, rip, bytes)) return false;
  arriveOuter(selector, rip);
  skip(extra);
  commitStack();
  return true;
}

/** The outer level a return goes to. */
@unmanaged class Outer { code: u64; stack: u64; rsp: u64; stackSelector: u32; pad: u32; }
@inline const outer = changetype<Outer>(CPU + 0xf00);

function popOuter(bytes: u32): bool {
  outer.rsp = pop(bytes);
  if (cpu.raised) return false;
  outer.stackSelector = <u32>pop(bytes) & 0xffff;
  return !cpu.raised;
}

/**
 * Pops and checks what a RETF or IRET goes to: CS, the outer stack and the target. The manuals have them in different orders: AMD's pops,
 * then checks CS, target and SS; Intel's checks CS, pops, then checks SS and target.
 */
export function checkOuter(selector: u32, rip: u64, bytes: u32): bool {
  const popsFirst = does(Trait.FAR_RETURN_POPS_FIRST);
  if (popsFirst && !popOuter(bytes)) return false;
  outer.code = fetchReturnCode(selector);
  if (cpu.raised || !popsFirst && !popOuter(bytes)) return false;
  if (popsFirst && !checkTarget(outer.code, rip)) return false;
  outer.stack = fetchReturnStack(outer.stackSelector, selector, outer.code);
  if (cpu.raised || !popsFirst && !checkTarget(outer.code, rip)) return false;
  return markAccessed(selector, outer.code) && (!outer.stack || markAccessed(outer.stackSelector, outer.stack));
}

/** Takes up the outer level: SS, CS, privilege, data segments; the stack in hand becomes the outer one. */
export function arriveOuter(selector: u32, rip: u64): void {
  const cpl = selector & 3, d = outer.code, stackSelector = outer.stackSelector, ss = outer.stack, rsp = outer.rsp;
  if (ss) writeSegment(Seg.SS, stackSelector, ss); else writeNullStack(stackSelector);
  if (cpl > cpu.cpl) dropInnerSegments(cpl);
  enterCode(selector, d, rip, cpl);
  if (isLong()) useFlatStack(rsp, cpl, 0);
  else useStack(ss, rsp, cpl, 0);
}

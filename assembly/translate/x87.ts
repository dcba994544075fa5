// x87 as nodes. The unit's state is in memory at every instruction; what a block has read or made of a register is forwarded to who reads it later in
// the block. Registers are counted from where TOP was at the block's first x87 instruction, which is known only when it runs; by how much it moves
// is known here, and so is which registers are full or empty once that was looked at. Values are pairs (significand, sign and exponent).

import { Op } from "../ir/ops";
import { append, N } from "./dag";
import { X87_NOW, st } from "./places";
import { FormKind, formatIn, fromIn, isQuiet, kindIn, operationIn, popsIn, toIn, truncates } from "../isa/x87-form";
import { Fop } from "../isa/x87-arithmetic";

@unmanaged export class Stack {
  /** 1: the block has looked at the unit, and nothing has touched it behind its back since. */
  ready: u32;
  /** How far TOP has moved, modulo 8. */
  top: u32;
  /** Registers known to be full, and known to be empty. */
  full: u32; empty: u32;
  /** Tags that the instruction in hand sets and clears. */
  set: u32; clear: u32;
}
@inline const stack = changetype<Stack>(X87_NOW);
@inline function slotAt(r: u32): usize { return X87_NOW + 32 + <usize>r * 4; }

/** An operation of XMATH beside Fop's: the root. */
@inline export const ROOT: u32 = Fop.COM;
/** In the imm of XEND: C1 is cleared. */
@inline export const CLEARS_C1: u32 = 1 << 24;
/** In the imm of XWIDE: as a load has it. In that of XCMP: for RFLAGS; quiet. */
@inline export const PUSHED: u32 = 8;
@inline export const FOR_FLAGS: u32 = 2;
@inline export const QUIET: u32 = 1;
/** In the imm of XREADY: the block's first. */
@inline export const FIRST: u32 = 1 << 16;

/** Nothing is known of the unit. */
export function startX87(): void { memory.fill(X87_NOW, 0, 64); }

/** Registers by their numbers at the block's start. */
@inline function place(i: u32): u32 { return (stack.top + i) & 7; }
@inline function bit(i: u32): u32 { return 1 << place(i); }

export function forwardX87(op: u32, f: u32, a: u32): u32 {
  switch (<i32>op) {
    case Op.X87_READY: ready(f); return 0;
    case Op.X87_OUT: return append(N.XOUT, register(0), 0, 0, formatIn(f) | u32(truncates(f)) << 7);
    case Op.X87_END: append(N.XMERGE, a, 0, 0, 0); finish(f, 0); return 0;
    default: return operate(f, a);
  }
}

/** Which registers an instruction wants full, and which empty above bit 8. */
function wanted(f: u32): u32 {
  switch (kindIn(f)) {
    case FormKind.LOAD: case FormKind.CONSTANT: return bit(7) << 8;
    case FormKind.PUSH: return bit(fromIn(f)) | bit(7) << 8;
    case FormKind.ARITHMETIC: return bit(toIn(f)) | bit(fromIn(f));
    case FormKind.COMPARE: case FormKind.COMPARE_FLAGS: case FormKind.EXCHANGE: return bit(0) | bit(fromIn(f));
    default: return bit(0);
  }
}
function ready(f: u32): void {
  const want = wanted(f) & ~(stack.full | stack.empty << 8);
  st.x87 = 1;
  stack.set = 0; stack.clear = 0;
  if (stack.ready && !want) return;
  append(N.XREADY, 0, 0, 0, want | (stack.ready ? 0 : FIRST));
  stack.ready = 1;
  stack.full |= want & 0xff; stack.empty |= want >> 8;
}

function register(i: u32): u32 {
  const at = slotAt(place(i));
  if (!load<u32>(at)) store<u32>(at, append(N.XSLOT, 0, 0, 0, place(i)));
  return load<u32>(at);
}
function setRegister(i: u32, v: u32): void {
  store<u32>(slotAt(place(i)), v);
  append(N.XSET, v, 0, 0, place(i));
}
function push(v: u32): void {
  stack.top = (stack.top + 7) & 7;
  setRegister(0, v);
  stack.set |= bit(0); stack.full |= bit(0); stack.empty &= ~bit(0);
}
function pop(): void {
  stack.clear |= bit(0); stack.set &= ~bit(0); stack.full &= ~bit(0); stack.empty |= bit(0);
  stack.top = (stack.top + 1) & 7;
}
/** The instruction's end: what it pops, and its words. */
function finish(f: u32, clears: u32): void {
  for (let k = popsIn(f); k; k--) pop();
  append(N.XEND, 0, 0, 0, stack.top | stack.set << 8 | stack.clear << 16 | clears);
}

function operate(f: u32, a: u32): u32 {
  const kind = kindIn(f);
  switch (kind) {
    case FormKind.WITH_MEMORY: withMemory(f, append(N.XWIDE, a, 0, 0, formatIn(f))); return 0;
    case FormKind.ARITHMETIC: setRegister(toIn(f), math(operationIn(f), register(toIn(f)), register(fromIn(f)))); finish(f, 0); return 0;
    case FormKind.ROOT: setRegister(0, append(N.XMATH, register(0), 0, 0, ROOT)); finish(f, 0); return 0;
    case FormKind.COMPARE: append(N.XCMP, register(0), register(fromIn(f)), 0, u32(isQuiet(f))); finish(f, 0); return 0;
    case FormKind.COMPARE_FLAGS: return compareFlags(f);
    case FormKind.STATUS: return append(N.XSTATUS, 0, 0, 0, 0);
    default: move(kind, f, a); finish(f, CLEARS_C1); return 0;
  }
}
function withMemory(f: u32, b: u32): void {
  const op = operationIn(f);
  if (op == Fop.COM || op == Fop.COMP) append(N.XCMP, register(0), b, 0, 0);
  else setRegister(0, math(op, register(0), b));
  finish(f, 0);
}
/** `a` is the destination. */
function math(op: u32, a: u32, b: u32): u32 {
  const reversed = op == Fop.SUBR || op == Fop.DIVR;
  return append(N.XMATH, reversed ? b : a, reversed ? a : b, 0, reversed ? op - 1 : op);
}
function compareFlags(f: u32): u32 {
  const c = append(N.XCMP, register(0), register(fromIn(f)), 0, u32(isQuiet(f)) | FOR_FLAGS);
  finish(f, 0);
  return c;
}
/** What only moves values. */
function move(kind: u32, f: u32, a: u32): void {
  if (kind == FormKind.LOAD) push(append(N.XWIDE, a, 0, 0, formatIn(f) | PUSHED));
  else if (kind == FormKind.CONSTANT) push(append(N.XCONST, 0, 0, 0, operationIn(f)));
  else if (kind == FormKind.PUSH) push(register(fromIn(f)));
  else if (kind == FormKind.COPY) copy(toIn(f));
  else if (kind == FormKind.SIGN) setRegister(0, append(N.XSIGN, register(0), 0, 0, operationIn(f)));
  else exchange(fromIn(f));
}
function copy(to: u32): void {
  setRegister(to, register(0));
  stack.set |= bit(to); stack.full |= bit(to); stack.empty &= ~bit(to);
}
function exchange(with_: u32): void {
  const a = register(0), b = register(with_);
  setRegister(0, b);
  setRegister(with_, a);
}

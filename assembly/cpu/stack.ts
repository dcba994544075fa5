// A stack being worked on by a control transfer: pushes and pops that change RSP only when all have gone well.
// It may be the stack in use or one that the transfer switches to. Kept in memory, one at a time.

import { CPU } from "../base/layout";
import { cpu, gpr, segment, Seg, Desc, Vector, Mode } from "./state";
import { isLong, isCanonical } from "./mode";
import { raise } from "./exceptions";
import { isEndless, isInside, isWritable, baseOfDescriptor, limitOfDescriptor, attrOfDescriptor } from "./segments";
import { loadLinear, storeLinear, storeSystem } from "./memory";

@unmanaged class Stack {
  pointer: u64;
  base: u64;
  /** Bits of the pointer that count: 16, 32 or 64. */
  mask: u64;
  limit: u32;
  attr: u32;
  /** Privilege of the accesses. */
  cpl: u32;
  /** Error code of #SS. */
  error: u32;
}
@inline const stack = changetype<Stack>(CPU + 0xe00);
@inline const RSP: u32 = 4;

function maskOf(attr: u32): u64 { return attr & Desc.DB ? 0xffff_ffff : 0xffff; }

/** The stack in use. */
export function useCurrentStack(error: u32): void {
  const ss = segment(Seg.SS);
  stack.mask = isLong() ? ~0 : maskOf(ss.attr);
  stack.pointer = load<u64>(gpr(RSP)) & stack.mask;
  stack.base = ss.base;
  stack.limit = ss.limit;
  stack.attr = ss.attr;
  stack.cpl = cpu.cpl;
  stack.error = error;
}

/** A stack of another privilege level, by its descriptor. */
export function useStack(d: u64, pointer: u64, cpl: u32, error: u32): void {
  stack.attr = attrOfDescriptor(d);
  stack.mask = maskOf(stack.attr);
  stack.pointer = pointer & stack.mask;
  stack.base = baseOfDescriptor(d);
  stack.limit = limitOfDescriptor(d);
  stack.cpl = cpl;
  stack.error = error;
}

/** A 64-bit stack: no segment. */
export function useFlatStack(pointer: u64, cpl: u32, error: u32): void {
  stack.mask = ~0;
  stack.pointer = pointer;
  stack.base = 0;
  stack.cpl = cpl;
  stack.error = error;
}

@inline function isFlat(): bool { return stack.mask == ~0; }

function check(p: u64, bytes: u32): bool {
  if (isFlat()) { if (isCanonical(p) && isCanonical(p + bytes - 1)) return true; }
  else if (isWritable(stack.attr) && (isInside(stack.attr, stack.limit, p, bytes) || isEndless(stack.base, stack.limit, stack.attr))) return true;
  raise(Vector.SS, stack.error);
  return false;
}

@inline function linearOf(p: u64): u64 { return isFlat() ? p : (stack.base + p) & 0xffff_ffff; }

/** Pushes the low `bytes` of `v`; false after raising. */
export function push(v: u64, bytes: u32): bool {
  const p = (stack.pointer - bytes) & stack.mask;
  if (!check(p, bytes)) return false;
  const linear = linearOf(p);
  const done = stack.cpl == cpu.cpl ? storeLinear(linear, bytes, v) : storeSystem(linear, bytes, v);
  if (done) stack.pointer = p;
  return done;
}

/** Pops; test cpu.raised. */
export function pop(bytes: u32): u64 {
  const p = stack.pointer;
  if (!check(p, bytes)) return 0;
  const v = loadLinear(linearOf(p), bytes);
  stack.pointer = (p + bytes) & stack.mask;
  return v;
}

/** Steps over bytes without touching them. */
export function skip(bytes: u32): void { stack.pointer = (stack.pointer + bytes) & stack.mask; }

/** The value `offset` bytes above the pointer of the stack in use, which need not be the one being worked on. */
export function loadArgument(offset: u32, bytes: u32): u64 {
  const ss = segment(Seg.SS), mask = maskOf(ss.attr);
  const p = (load<u64>(gpr(RSP)) + offset) & mask;
  if (!isInside(ss.attr, ss.limit, p, bytes)) { raise(Vector.SS, 0); return 0; }
  return loadLinear((ss.base + p) & 0xffff_ffff, bytes);
}

/** Makes the pointer RSP, ESP or SP. */
export function commitStack(): void { setStackPointer(stack.pointer, stack.mask); }

/** Writes the stack pointer: 16 bits merge, 32 zero-extend. */
export function setStackPointer(pointer: u64, mask: u64): void {
  if (mask == 0xffff) store<u16>(gpr(RSP), <u16>pointer);
  else store<u64>(gpr(RSP), pointer & mask);
}

/** Mask of the stack pointer for a stack segment with these attributes, as seen by code of the mode now in force. */
export function stackMask(): u64 { return cpu.mode & Mode.LONG ? ~0 : maskOf(segment(Seg.SS).attr); }

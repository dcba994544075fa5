// The x87 register stack, its tags and its exceptions. Intel SDM vol. 1, 8.1 and 8.4 to 8.6.
//
// An instruction begins (operands from the stack, env cleared), computes into env, and settles: settle() merges flags and
// condition bits into the status word and says whether the result may be written. With an unmasked invalid, denormal or
// zero-divide exception nothing else changes; the next waiting instruction raises #MF (pending()).

import { cpu, fpr } from "../cpu/state";
import { env, Raised } from "../float/env";
import { Condition, setInvalid } from "../float/f80";

/** Status word bits. Stack fault travels in env.flags beside the exceptions. */
export const enum Fsw { SF = 0x40, ES = 0x80, TOP_SHIFT = 11, TOP = 0x3800, B = 0x8000 }
@inline export const FCW_INIT: u16 = 0x37f;
/** Control word bits that can be written, and the one that reads as 1. */
@inline export const FCW_VALID: u32 = 0x1f3f;
@inline export const FCW_FIXED: u32 = 0x40;

@inline export function topOf(): u32 { return (<u32>cpu.fsw >> 11) & 7; }
@inline export function setTop(top: u32): void { cpu.fsw = <u16>((<u32>cpu.fsw & ~<u32>Fsw.TOP) | ((top & 7) << 11)); }
@inline export function physical(i: u32): u32 { return (topOf() + i) & 7; }
@inline export function st(i: u32): usize { return fpr(physical(i)); }
@inline export function mantissaOf(i: u32): u64 { return load<u64>(st(i)); }
@inline export function exponentOf(i: u32): u32 { return load<u16>(st(i), 8); }
@inline export function isEmpty(i: u32): bool { return ((<u32>cpu.ftw >> physical(i)) & 1) == 0; }

export function writeSt(i: u32, e: u32, m: u64): void {
  const p = physical(i), at = fpr(p);
  store<u64>(at, m);
  store<u16>(at, <u16>e, 8);
  cpu.ftw = <u8>(<u32>cpu.ftw | (1 << p));
}
export function freeSt(i: u32): void { cpu.ftw = <u8>(<u32>cpu.ftw & ~(<u32>1 << physical(i))); }

/** Frees ST(0) and moves the top up. */
export function pop(): void {
  freeSt(0);
  setTop(topOf() + 1);
}
/** Moves the top down and writes the new ST(0). */
export function push(e: u32, m: u64): void {
  setTop(topOf() - 1);
  writeSt(0, e, m);
}

/** Takes the control word and clears what an operation reports. */
@inline export function begin(): void {
  env.flags = 0;
  env.condition = 0;
  env.fcw = <u32>cpu.fcw;
}

/** Stack fault: C1 says overflow. The masked result is the default NaN. */
export function underflow(): void {
  setInvalid();
  env.flags |= Fsw.SF;
}
export function overflow(): void {
  underflow();
  env.condition |= Condition.C1;
}

/** An exception that keeps the result from being computed is unmasked. */
@inline export function isBlocked(): bool { return (env.flags & ~env.fcw & Raised.PRE) != 0; }
/** An exception that keeps a result from being stored to memory is unmasked. */
@inline export function isStoreBlocked(): bool { return (env.flags & ~env.fcw & (Raised.PRE | Raised.OE | Raised.UE)) != 0; }

/**
 * Merges flags, and the condition bits of `mask`, into the status word; false when the result must not be written.
 * C1 is always written: cleared unless the result was rounded up or the stack overflowed.
 */
export function settle(mask: u32): bool {
  const blocked = isBlocked();
  if (blocked) {
    env.flags &= Raised.PRE | Fsw.SF;
    mask &= Condition.C1 | Condition.C2;
    if ((env.flags & Fsw.SF) == 0) env.condition = 0;
  }
  mergeStatus(mask);
  return !blocked;
}

export function mergeStatus(mask: u32): void {
  let fsw = (<u32>cpu.fsw & ~mask) | (env.condition & mask) | env.flags;
  if ((fsw & ~<u32>cpu.fcw & Raised.ALL) != 0) fsw |= Fsw.ES | Fsw.B;
  cpu.fsw = <u16>fsw;
}

/** The error summary follows masks and flags: after the control word or the flags were loaded. */
export function summarize(): void {
  const fsw = <u32>cpu.fsw & ~<u32>(Fsw.ES | Fsw.B);
  cpu.fsw = <u16>((fsw & ~<u32>cpu.fcw & Raised.ALL) != 0 ? fsw | Fsw.ES | Fsw.B : fsw);
}

/** FLDCW. */
export function setControl(value: u32): void {
  cpu.fcw = <u16>((value & FCW_VALID) | FCW_FIXED);
  summarize();
}

/** MMX instructions see the registers by number, all valid. SDM vol. 1, 9.6.2: TOP becomes 0, every tag valid. */
export function enterMmx(): void {
  setTop(0);
  cpu.ftw = 0xff;
}
/** Writes MMX register `r`: the sign and exponent become ones. Call after enterMmx. */
@inline export function writeMmx(r: u32, v: u64): void {
  store<u64>(fpr(r), v);
  store<u16>(fpr(r), 0xffff, 8);
}
/** EMMS. */
export function leaveMmx(): void { cpu.ftw = 0; }

/** An unmasked exception waits to be raised. */
@inline export function isPending(): bool { return (<u32>cpu.fsw & Fsw.ES) != 0; }

@inline export function clearC1(): void { cpu.fsw = <u16>(<u32>cpu.fsw & ~<u32>Condition.C1); }

// Vector words: 128-bit values over the modes of words.ts. In Run a v128 is the value; in Build its low lane is the id of a
// value. Lane operations and their numbers are float/ops.ts.

import { Op } from "./ops";
import { record } from "./block";
import { faulted, lit, and, raiseIf, running, Val } from "./words";
import { spend, Work } from "../base/control";
import { cpu, Cr4, Vector, xmm } from "../cpu/state";
import { loadLinear, probeLinear, storeLinear } from "../cpu/memory";
import { entryAt } from "../cpu/tlb";
import { raiseNoCode } from "../cpu/exceptions";
import { env } from "../float/env";
import { V } from "../float/ops";
import { integerOp } from "../float/sse-integer";
import { settle } from "../float/sse-soft";
import { mayRaise, vectorOp } from "../float/vector";

@inline function named(id: u64): v128 { return i64x2(id, 0); }
@inline function idOf(v: v128): u64 { return i64x2.extract_lane(v, 0); }

@inline export function vget<M>(r: u32): v128 { return running<M>() ? v128.load(xmm(r)) : named(record(Op.VGET, 0, 0, 0, r)); }
@inline export function vset<M>(r: u32, v: v128): void {
  if (running<M>()) v128.store(xmm(r), v); else record(Op.VSET, idOf(v), 0, 0, r);
}

/** Loads `bytes` (1, 2, 4, 8, 16) into the low lanes, zeroes above. */
@inline export function vload<M>(a: Val, bytes: u32): v128 { return running<M>() ? loadVector(a, bytes) : named(record(Op.VLOAD, a, 0, 0, bytes)); }
/** Stores the low `bytes` (4, 8, 16); nothing is stored when any of them faults. */
@inline export function vstore<M>(a: Val, bytes: u32, v: v128): void {
  if (running<M>()) storeVector(a, bytes, v); else record(Op.VSTORE, a, idOf(v), 0, bytes);
}

/** A lane operation; floating-point ones may fault. */
@inline export function vop<M>(kind: V, a: v128, b: v128, imm: u32): v128 {
  return running<M>() ? operate(kind, a, b, imm) : named(record(Op.VOP, idOf(a), idOf(b), 0, <u64>kind | <u64>imm << 16));
}
/** A value in the low lane, zeroes above; and back. */
@inline export function vlow<M>(v: Val): v128 { return running<M>() ? i64x2(v, 0) : named(record(Op.VCONST_LOW, v, 0, 0, 0)); }
@inline export function lowOf<M>(v: v128): Val { return running<M>() ? <u64>i64x2.extract_lane(v, 0) : record(Op.VLOW, idOf(v), 0, 0, 0); }

/** #GP(0) unless `a` is a multiple of 16. SDM vol. 1, 4.1.1; vol. 2, 2.4. */
@inline export function checkAligned<M>(a: Val): void { raiseIf<M>(and<M>(a, lit<M>(15)), Vector.GP); }

// --- Run ----------------------------------------------------------------------------------------------------------

function loadVector(a: u64, bytes: u32): v128 {
  if (bytes != 16) return i64x2(loadLinear(a, bytes), 0);
  const e = entryAt(cpu.tlbRead, a);
  if (load<u64>(e) == ((a + 15) & ~0xfff)) return v128.load(<usize>(<u32>a + load<u32>(e, 8)));
  const low = loadLinear(a, 8);
  if (faulted<u8>()) return i64x2(0, 0);
  return i64x2(low, loadLinear(a + 8, 8));
}

function storeVector(a: u64, bytes: u32, v: v128): void {
  const low = <u64>i64x2.extract_lane(v, 0);
  if (bytes != 16) { storeLinear(a, bytes, low); return; }
  const e = entryAt(cpu.tlbWrite, a);
  if (load<u64>(e) == ((a + 15) & ~0xfff)) { v128.store(<usize>(<u32>a + load<u32>(e, 8)), v); return; }
  if (!probeLinear(a, 8) || !probeLinear(a + 8, 8)) return;
  storeLinear(a, 8, low);
  storeLinear(a + 8, 8, <u64>i64x2.extract_lane(v, 1));
}

function operate(kind: V, a: v128, b: v128, imm: u32): v128 {
  if (kind < V.INTEGER_END) return integerOp(kind, a, b, imm);
  if (!mayRaise(kind)) return vectorOp(kind, a, b, imm);
  spend(Work.RARE);
  env.mxcsr = cpu.mxcsr;
  env.flags = 0;
  const r = vectorOp(kind, a, b, imm);
  if (env.flags | env.kept) report();
  return r;
}

/** Flags are recorded even when an exception follows. SDM vol. 1, 11.5.1; vol. 3, 2.5 (OSXMMEXCPT). */
function report(): void {
  const raised = settle();
  cpu.mxcsr |= env.flags;
  if (raised) raiseNoCode(cpu.cr4 & Cr4.OSXMMEXCPT ? Vector.XM : Vector.UD);
}

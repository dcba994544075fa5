// SSE arithmetic on registers: ADDPS to RSQRTSS, COMISS, DPPS. Intel SDM vol. 2. One lane at a time (sse-scalar.ts):
// the flags of all lanes meet in env.flags.

import { does, Trait } from "../base/vendor";
import { env, FLOAT_SCRATCH } from "./env";
import { F, V } from "./ops";
import {
  add, compare, div, isInexactSettled, isPlain, maximum, minimum, minNormal, mul, order, Order, reciprocal, reciprocalRoot, round, squareRoot,
  sub, valueOf,
} from "./sse-scalar";
import { infinity, settle } from "./sse-soft";

/** Operands and result while lanes are walked. */
@inline const A: usize = FLOAT_SCRATCH;
@inline const B: usize = FLOAT_SCRATCH + 16;
@inline const R: usize = FLOAT_SCRATCH + 32;

export function floatOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  if (kind >= V.ADDSUB) {
    if (kind < V.RCP) return acrossOp(kind, a, b, imm);
    if (kind < V.COMI) return approximateOp(kind, a, b);
    return kind & 1 ? comparisonOp<f64>(kind, f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0))
      : comparisonOp<f32>(kind, f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0));
  }
  switch (kind & 3) {
    case F.SS: return f32x4.replace_lane(a, 0, lane<f32>(kind, f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0), imm));
    case F.SD: return f64x2.replace_lane(a, 0, lane<f64>(kind, f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0), imm));
    case F.PS: return packedOp<f32>(kind, a, b, imm);
    default: return packedOp<f64>(kind, a, b, imm);
  }
}

function lane<T>(kind: V, a: T, b: T, imm: u32): T {
  switch (kind >> 2) {
    case V.ADD >> 2: return add<T>(a, b);
    case V.SUB >> 2: return sub<T>(a, b);
    case V.MUL >> 2: return mul<T>(a, b);
    case V.DIV >> 2: return div<T>(a, b);
    case V.MIN >> 2: return minimum<T>(a, b);
    case V.MAX >> 2: return maximum<T>(a, b);
    case V.SQRT >> 2: return squareRoot<T>(b);
    case V.CMP >> 2: return mask<T>(compare<T>(a, b, imm));
    default: return round<T>(b, imm);
  }
}

@inline function mask<T>(yes: bool): T {
  if (sizeof<T>() == 4) return <T>reinterpret<f32>(-<i32>yes);
  return <T>reinterpret<f64>(-<i64>yes);
}

/** All lanes at once: the Wasm instruction. ADD, SUB, MUL and DIV come first in V. */
@inline function atOnce<T>(kind: V, a: v128, b: v128): v128 {
  if (kind < V.SUB) return v128.add<T>(a, b);
  if (kind < V.MUL) return v128.sub<T>(a, b);
  return kind < V.DIV ? v128.mul<T>(a, b) : v128.div<T>(a, b);
}
/** Every lane of operands and result is well inside the normal range. A NaN fails both comparisons. */
@inline function areAllSafe<T>(a: v128, b: v128, r: v128): bool {
  const x = v128.abs<T>(a), y = v128.abs<T>(b), z = v128.abs<T>(r);
  const low = v128.min<T>(v128.min<T>(x, y), z), high = v128.max<T>(v128.max<T>(x, y), z);
  return v128.all_true<i32>(v128.and(v128.gt<T>(low, v128.splat<T>(minNormal<T>())), v128.lt<T>(high, v128.splat<T>(valueOf<T>(infinity<T>())))));
}

function packedOp<T>(kind: V, a: v128, b: v128, imm: u32): v128 {
  if (kind < V.MIN && isPlain() && isInexactSettled()) {
    const r = atOnce<T>(kind, a, b);
    if (areAllSafe<T>(a, b, r)) return r;
  }
  v128.store(A, a);
  v128.store(B, b);
  for (let i: usize = 0; i < 16; i += sizeof<T>()) store<T>(R + i, lane<T>(kind, load<T>(A + i), load<T>(B + i), imm));
  return v128.load(R);
}

/** Operations in which lanes meet. */
function acrossOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  v128.store(A, a);
  v128.store(B, b);
  switch (kind) {
    case V.ADDSUB + F.PS: alternate<f32>(); break;
    case V.ADDSUB + F.PD: alternate<f64>(); break;
    case V.HADD + F.PS: horizontal<f32>(false); break;
    case V.HADD + F.PD: horizontal<f64>(false); break;
    case V.HSUB + F.PS: horizontal<f32>(true); break;
    case V.HSUB + F.PD: horizontal<f64>(true); break;
    case V.DP + F.PS: dot<f32>(imm); break;
    default: dot<f64>(imm); break;
  }
  return v128.load(R);
}

/** ADDSUBPS: even lanes subtract. */
function alternate<T>(): void {
  for (let i: usize = 0; i < 16; i += 2 * sizeof<T>()) {
    store<T>(R + i, sub<T>(load<T>(A + i), load<T>(B + i)));
    store<T>(R + i + sizeof<T>(), add<T>(load<T>(A + i + sizeof<T>()), load<T>(B + i + sizeof<T>())));
  }
}

/** HADDPS, HSUBPS: neighbours in a, then neighbours in b. A and B are one run of 32 bytes. */
function horizontal<T>(minus: bool): void {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    const x = load<T>(A + 2 * i), y = load<T>(A + 2 * i + sizeof<T>());
    store<T>(R + i, minus ? sub<T>(x, y) : add<T>(x, y));
  }
}

/**
 * DPPS and DPPD: neighbours' products are added, then the pairs' sums. The order of two terms decides which of two NaNs wins, and is the
 * vendor's (vendor-spec.ts). An unmasked exception stops between the steps.
 */
function dot<T>(imm: u32): void {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    store<T>(R + i, imm >> 4 >> <u32>(i / sizeof<T>()) & 1 ? mul<T>(load<T>(A + i), load<T>(B + i)) : 0);
  }
  const inOrder = does(Trait.DOT_IN_ORDER);
  if (sizeof<T>() == 4 && addAcross<T>(4, inOrder, true)) return;
  if (addAcross<T>(8, inOrder, false)) return;
  for (let i: usize = 0; i < 16; i += sizeof<T>()) if (!(imm >> <u32>(i / sizeof<T>()) & 1)) store<T>(R + i, 0);
}

/**
 * Each lane of R becomes the sum of itself and the one `distance` away, the lower one first (`inOrder`), or the other one or itself first
 * (`otherFirst`); true if what came before has raised.
 */
function addAcross<T>(distance: usize, inOrder: bool, otherFirst: bool): bool {
  const raised = settle(), kept = env.flags;
  if (raised) { env.kept = kept; return true; }
  env.flags = 0;
  memory.copy(A, R, 16);
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    const first = inOrder ? i & ~distance : otherFirst ? i ^ distance : i;
    store<T>(R + i, add<T>(load<T>(A + first), load<T>(A + (first ^ distance))));
  }
  env.kept = kept;
  return false;
}

function approximateOp(kind: V, a: v128, b: v128): v128 {
  const root = kind >= V.RSQRT;
  v128.store(R, a);
  v128.store(B, b);
  const count: usize = (kind & 3) == F.SS ? 4 : 16;
  for (let i: usize = 0; i < count; i += 4) {
    const x = load<f32>(B + i);
    store<f32>(R + i, root ? reciprocalRoot(x) : reciprocal(x));
  }
  return v128.load(R);
}

/** COMISS and UCOMISS: ZF, PF, CF at their places in RFLAGS; OF, SF and AF are cleared by the instruction. */
function comparisonOp<T>(kind: V, a: T, b: T): v128 {
  const found = order<T>(a, b, kind >= V.UCOMI);
  const flags: i64 = found == Order.UNORDERED ? 0x45 : found == Order.LESS ? 1 : found == Order.EQUAL ? 0x40 : 0;
  return i64x2(flags, 0);
}

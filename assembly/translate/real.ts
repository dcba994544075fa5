// Floating point as nodes: scalars are doubles and singles of their own, taken out of their register once and put back where somebody wants
// the register; packed operations stay vectors. What each may report, and when the plain Wasm instruction serves, is lower-real.ts.

import { F, V } from "../float/ops";
import { Op } from "../ir/ops";
import { append, lanes, N, node } from "./dag";
import { T } from "./wasm";

/** Kinds that have a plain Wasm instruction. */
export function isReal(kind: u32): bool {
  if (kind < <u32>V.ROUND) return kind >= <u32>V.ADD;
  if (kind >= <u32>V.COMI && kind < <u32>V.FLOAT_END) return true;
  return kind == <u32>V.CVTSS2SD || kind == <u32>V.CVTSD2SS || kind >= <u32>V.CVTSI2SS && kind < <u32>V.CONVERT_END;
}
/** Scalar to integer, and integer to scalar. */
export function isToInteger(kind: u32): bool { return kind >= <u32>V.CVTSS2SI && kind < <u32>V.CONVERT_END; }
export function isFromInteger(kind: u32): bool { return kind >= <u32>V.CVTSI2SS && kind <= <u32>V.CVTSQ2SD; }
export function isComparison(kind: u32): bool { return kind >= <u32>V.COMI && kind < <u32>V.FLOAT_END; }
export function isPacked(kind: u32): bool { return kind < <u32>V.ROUND && (kind & 3) <= <u32>F.PD; }
/** One operand: the source. */
export function isUnary(kind: u32): bool { return kind >= <u32>V.CVTPS2PD || kind >> 2 == <u32>V.SQRT >> 2; }

/** The operands are doubles. */
export function isDouble(kind: u32): bool {
  if (kind < <u32>V.FLOAT_END) return (kind & 1) != 0;
  return kind == <u32>V.CVTSD2SS || isToInteger(kind) && (kind - <u32>V.CVTSS2SI & 1) != 0;
}
/** The Wasm type of what it gives. */
export function typeOfReal(kind: u32): u32 {
  if (isPacked(kind)) return T.V128;
  if (isComparison(kind) || isToInteger(kind)) return T.I64;
  if (kind < <u32>V.FLOAT_END) return kind & 1 ? T.F64 : T.F32;
  return kind == <u32>V.CVTSS2SD || kind == <u32>V.CVTSI2SD || kind == <u32>V.CVTSQ2SD ? T.F64 : T.F32;
}

/** The node of a VOP of such a kind: a vector, as the IR has it. */
export function makeReal(kind: u32, a: u32, b: u32, imm: u64): u32 {
  if (isPacked(kind)) return isUnary(kind) ? append(N.REAL, b, 0, 0, imm) : append(N.REAL, a, b, 0, imm);
  const gives = typeOfReal(kind);
  if (kind == <u32>V.CVTSI2SD) return put(a, lanes(N.FROM_I32, lowOf(b), 0, 0), true);
  const from = isFromInteger(kind) ? lowOf(b) : scalar(b, isDouble(kind));
  const r = isUnary(kind) ? append(N.REAL, from, 0, 0, imm) : append(N.REAL, scalar(a, isDouble(kind)), from, 0, imm);
  if (gives == T.I64) return lanes(Op.VCONST_LOW, r, 0, 0);
  return put(a, r, gives == T.F64);
}

/** The low lane of vector `v`, as a number and as an integer. */
export function scalar(v: u32, double: bool): u32 {
  const n = node(v);
  if (n.op == <u16>(double ? N.WITH64 : N.WITH32)) return n.b;
  return lanes(double ? N.LOW64 : N.LOW32, v, 0, 0);
}
export function lowOf(v: u32): u32 { return node(v).op == <u16>Op.VCONST_LOW ? node(v).a : lanes(Op.VLOW, v, 0, 0); }

/** Vector `v` with a low lane; what was there before does not matter. */
export function put(v: u32, low: u32, double: bool): u32 {
  const n = node(v);
  if (n.op == <u16>N.WITH32 || double && n.op == <u16>N.WITH64) v = n.a;
  return lanes(double ? N.WITH64 : N.WITH32, v, low, 0);
}

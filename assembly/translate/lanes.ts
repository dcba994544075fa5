// Lane operations that cannot report as nodes (float/ops.ts): an operand that does not matter is none of the node's, so that nothing waits for it
// or keeps it; a shift's known count is in the node. How each is written is lower-vector.ts and lower-shuffle.ts, which read nodes made here.

import { V } from "../float/ops";
import { Op } from "../ir/ops";
import { immOf, isConst, lanes, leaf, N, node } from "./dag";
import { lowOf, put, scalar } from "./real";
import { X } from "./wasm";

/** Of a PMULUDQ or PMULDQ: the upper halves of a's, of b's lanes of 64 bits are multiplied. */
export const enum Odd { A = 1, B = 2 }

/** The node of a VOP whose kind cannot report. */
export function makeLanes(kind: u32, a: u32, b: u32, imm: u64): u32 {
  const value = <u32>(imm >> 16);
  switch (<i32>kind) {
    case V.XOR: return a == b ? leaf(N.ZERO, 0) : lanes(Op.VOP, a, b, imm);
    case V.ANDN: return lanes(Op.VOP, b, a, imm);
    case V.MERGE64: return put(a, scalar(b, true), true);
    case V.LOW64: return put(leaf(N.ZERO, 0), scalar(b, true), true);
    case V.MERGE32: return put(a, scalar(b, false), false);
    case V.LOW32: return put(leaf(N.ZERO, 0), scalar(b, false), false);
    case V.COPY: return b;
    case V.PMOVMSKB: return integer(lanes(N.SIGNS, b, 0, X.SIGNS8));
    case V.MOVMSKPS: return integer(lanes(N.SIGNS, b, 0, X.SIGNS32));
    case V.MOVMSKPD: return integer(lanes(N.SIGNS, b, 0, X.SIGNS64));
    case V.PTEST: return integer(lanes(N.TEST, a, b, 0));
    case V.PMULUDQ: case V.PMULDQ: return multiplied(kind, a, b);
    case V.PALIGNR: return value < 16 ? lanes(Op.VOP, b, a, imm) : lanes(Op.VOP, a, 0, <u64>V.PSRLDQ | <u64>(value - 16) << 16);
    case V.PSLLDQ: case V.PSRLDQ: return lanes(Op.VOP, a, 0, imm);
  }
  if (isShift(kind)) return shifted(kind, a, b);
  if (kind >= <u32>V.PINSRB && kind <= <u32>V.PINSRQ) return lanes(N.INSERT, a, lowOf(b), imm);
  if (kind >= <u32>V.PEXTRB && kind <= <u32>V.PEXTRQ) return integer(lanes(N.EXTRACT, b, 0, imm));
  return isOfSecond(kind) ? lanes(Op.VOP, b, 0, imm) : lanes(Op.VOP, a, b, imm);
}
function integer(id: u32): u32 { return lanes(Op.VCONST_LOW, id, 0, 0); }

/** Kinds that make nothing of a. */
function isOfSecond(kind: u32): bool {
  if (kind >= <u32>V.PMOVSXBW && kind <= <u32>V.PMOVZXDQ || kind >= <u32>V.PSHUFW && kind <= <u32>V.PSHUFHW) return true;
  if (kind >= <u32>V.MOVDDUP && kind <= <u32>V.MOVSHDUP || kind >= <u32>V.SIGNB && kind <= <u32>V.SIGNQ) return true;
  return kind >= <u32>V.PABSB && kind <= <u32>V.PABSD;
}

export function isShift(kind: u32): bool { return kind >= <u32>V.PSLLW && kind <= <u32>V.PSRAD; }
/** Bits of a shift's lanes. */
export function shiftBits(kind: u32): u32 {
  switch (<i32>kind) {
    case V.PSLLW: case V.PSRLW: case V.PSRAW: return 16;
    case V.PSLLQ: case V.PSRLQ: return 64;
    default: return 32;
  }
}
/** By a known count, in the place of the immediate, or by the integer b. */
function shifted(kind: u32, a: u32, b: u32): u32 {
  const count = lowOf(b), bits = <u64>shiftBits(kind), isSigned = kind >= <u32>V.PSRAW;
  if (!isConst(count)) return lanes(Op.VOP, a, count, kind);
  if (immOf(count) == 0) return a;
  if (immOf(count) >= bits && !isSigned) return leaf(N.ZERO, 0);
  return lanes(Op.VOP, a, 0, <u64>kind | min(immOf(count), bits - 1) << 16);
}

/** The upper halves, moved down to be multiplied, are multiplied where they are. */
function multiplied(kind: u32, a: u32, b: u32): u32 {
  let odd: u64 = 0;
  if (isMovedDown(a)) { a = node(a).a; odd |= Odd.A; }
  if (isMovedDown(b)) { b = node(b).a; odd |= Odd.B; }
  return lanes(Op.VOP, a, b, <u64>kind | odd << 16);
}
function isMovedDown(id: u32): bool { return node(id).op == <u16>Op.VOP && node(id).imm == (<u64>V.PSRLQ | 32 << 16) && !node(id).b; }

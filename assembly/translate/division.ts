// Divisions whose dividend is only as wide as one register, as compilers write them all: XOR of rDX, or CDQ and CQO, in front. A remainder
// is the dividend less the quotient's multiple, for an engine would divide once more.

import { Op, Wide } from "../ir/ops";
import { append, immOf, isConst, konst, make, node } from "./dag";
import { st } from "./places";

/** DIV_WIDE or WIDE_FITS of high:low by b as 64-bit nodes, where the upper half only extends the lower one; 0 elsewhere. `first`: of the instruction's nodes. */
export function narrowWide(op: u32, low: u32, b: u32, high: u32, how: u32, first: u32): u32 {
  const signed = (how & Wide.SIGNED) != 0;
  if (signed ? !isSignOf(high, low) : !isConst(high) || immOf(high) != 0) return 0;
  if (op == Op.WIDE_FITS) return signed ? make(Op.XOR, make(Op.AND, equals(low, <u64>1 << 63), equals(b, ~0)), konst(1)) : konst(1);
  return how & Wide.REMAINDER ? remainder(signed, low, b, first) : append(signed ? Op.DIV_S : Op.DIV_U, low, b, 0, 0);
}
function equals(a: u32, v: u64): u32 { return make(Op.EQ, a, konst(v)); }
/** 0 - (low >> 63), as CQO makes it. */
function isSignOf(high: u32, low: u32): bool {
  const n = node(high), s = node(n.b);
  return n.op == <u16>Op.SUB && isConst(n.a) && immOf(n.a) == 0 && s.op == <u16>Op.SHR && s.a == low && isConst(s.b) && immOf(s.b) == 63;
}

export function remainder(signed: bool, a: u32, b: u32, first: u32): u32 {
  return make(Op.SUB, a, make(Op.MUL, quotient(signed ? Op.DIV_S : Op.DIV_U, a, b, first), b));
}
/** That of the instruction in hand: what it divides by may be 0 before its check. */
function quotient(op: u32, a: u32, b: u32, first: u32): u32 {
  for (let id = st.nodes - 1; id >= first; id--) {
    const n = node(id);
    if (n.op == <u16>op && n.a == a && n.b == b) return id;
  }
  return append(op, a, b, 0, 0);
}

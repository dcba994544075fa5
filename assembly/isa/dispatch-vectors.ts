// SSE as the interpreter's loop runs it: sums, differences, products and quotients of scalar doubles, which are most of a program's floating point, without
// the way through every kind of lane operation. What needs a second look (an exception, another rounding, a first inexact result) goes that way.

import { Insn } from "../decode/record";
import { H } from "../decode/handlers";
import { cpu } from "../cpu/state";
import { env } from "../float/env";
import { F, V } from "../float/ops";
import { isInexactSettled, isOrdinary, isPlain, isSafe } from "../float/sse-scalar";
import { faulted, Run } from "../ir/words";
import { vget, vop, vset } from "../ir/words-vector";
import { executeSse } from "./dispatch-sse";
import { source } from "./sse-source";

export function executeVector(i: Insn): void {
  if (i.handler == <u16>H.SSE_OP_8 && i.kind >= <u16>V.ADD && i.kind < <u16>V.MIN && (i.kind & 3) == <u16>F.SD) scalarDouble(i, <i32>i.kind);
  else executeSse<Run>(i);
}

/** ADDSD, SUBSD, MULSD, DIVSD: they come first in V. */
@inline function scalarDouble(i: Insn, kind: V): void {
  const b = source<Run>(i, 8, false);
  if (faulted<Run>()) return;
  const a = vget<Run>(i.dst), x = f64x2.extract_lane(a, 0), y = f64x2.extract_lane(b, 0);
  env.mxcsr = cpu.mxcsr;
  const z = kind < V.SUB ? x + y : kind < V.MUL ? x - y : kind < V.DIV ? x * y : x / y;
  if (isPlain() && isInexactSettled() && isOrdinary<f64>(x) && isOrdinary<f64>(y) && isSafe<f64>(z)) return vset<Run>(i.dst, f64x2.replace_lane(a, 0, z));
  const r = vop<Run>(kind, a, b, 0);
  if (!faulted<Run>()) vset<Run>(i.dst, r);
}

// The one definition of every lane operation: the interpreter and the IR interpreter call vectorOp, the translator
// lowers the kinds it knows to Wasm SIMD and calls this for the rest. Pure but for env: floating-point kinds read
// env.mxcsr and add to env.flags.

import { V } from "./ops";
import { convertOp } from "./sse-convert";
import { floatOp } from "./sse-float";
import { integerOp } from "./sse-integer";
import { shuffleOp } from "./sse-shuffle";
import { stringOp } from "./sse-string";

export function vectorOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  if (kind >= V.MMX) return mmxOp(kind - V.MMX, a, b, imm);
  if (kind < V.INTEGER_END) return integerOp(kind, a, b, imm);
  if (kind < V.SHUFFLE_END) return shuffleOp(kind, a, b, imm);
  if (kind < V.FLOAT_END) return floatOp(kind, a, b, imm);
  return kind < V.CONVERT_END ? convertOp(kind, a, b) : stringOp(kind, a, b, imm);
}

/** Whether a kind may report exceptions: its caller must settle them. */
@inline export function mayRaise(kind: V): bool {
  return kind >= V.ADD && kind < V.CONVERT_END && !(kind >= V.RCP && kind < V.COMI);
}

/** The 64-bit form, on the low halves: most kinds work lane by lane and need nothing more. */
function mmxOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  switch (kind) {
    case V.PACKSSWB: case V.PACKUSWB: case V.PACKSSDW:
    case V.PHADDW: case V.PHADDD: case V.PHADDSW: case V.PHSUBW: case V.PHSUBD: case V.PHSUBSW: {
      // Both operands in one register: its result's low half is theirs.
      const both = v128.shuffle<i64>(a, b, 0, 2);
      return lowHalf(vectorOp(kind, both, both, imm));
    }
    case V.PUNPCKHBW: return highHalf(vectorOp(V.PUNPCKLBW, a, b, imm));
    case V.PUNPCKHWD: return highHalf(vectorOp(V.PUNPCKLWD, a, b, imm));
    case V.PUNPCKHDQ: return highHalf(vectorOp(V.PUNPCKLDQ, a, b, imm));
    case V.PSHUFB: return lowHalf(vectorOp(V.PSHUFB, a, v128.and(b, i8x16.splat(<i8>0x87)), imm));
    case V.PALIGNR: return lowHalf(vectorOp(V.PSRLDQ, v128.shuffle<i64>(b, a, 0, 2), b, imm));
    case V.PINSRW: case V.PEXTRW: return lowHalf(vectorOp(kind, a, b, imm & 3));
    default: return lowHalf(vectorOp(kind, a, lowHalf(b), imm));
  }
}
@inline function lowHalf(x: v128): v128 { return i64x2.replace_lane(x, 1, 0); }
@inline function highHalf(x: v128): v128 { return v128.shuffle<i64>(x, i64x2.splat(0), 1, 2); }

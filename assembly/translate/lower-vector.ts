// Lane operations in Wasm SIMD, bit for bit. The operands that a node has (lanes.ts) are on the stack. Most are one instruction; some are put together
// as float/sse-integer.ts does; what is left calls the module's own (float/vector.ts).

import { V } from "../float/ops";
import { Import } from "./imports";
import { isShift, Odd, shiftBits } from "./lanes";
import { temporary } from "./locals";
import { bytes, fourLanes, isShuffle, writeShuffle } from "./lower-shuffle";
import { byte, call, constant32, constant64, constantV, get, set, simd, tee, zeroVector } from "./writer";
import { T, W, X } from "./wasm";

/** The SIMD instruction that does it, or 0: of a b, or of the only operand. */
function simple(kind: u32): u32 {
  switch (<i32>kind) {
    case V.AND: return 78;
    case V.ANDN: return 79;
    case V.OR: return 80;
    case V.XOR: return 81;
    case V.PADDB: return 110;
    case V.PADDSB: return 111;
    case V.PADDUSB: return 112;
    case V.PSUBB: return 113;
    case V.PSUBSB: return 114;
    case V.PSUBUSB: return 115;
    case V.PADDW: return 142;
    case V.PADDSW: return 143;
    case V.PADDUSW: return 144;
    case V.PSUBW: return 145;
    case V.PSUBSW: return 146;
    case V.PSUBUSW: return 147;
    case V.PADDD: return 174;
    case V.PSUBD: return 177;
    case V.PADDQ: return 206;
    case V.PSUBQ: return 209;
    case V.PMULLW: return 149;
    case V.PMULLD: return 181;
    case V.PMADDWD: return 186;
    case V.PAVGB: return 123;
    case V.PAVGW: return 155;
    case V.PMINSB: return 118;
    case V.PMINUB: return 119;
    case V.PMAXSB: return 120;
    case V.PMAXUB: return 121;
    case V.PMINSW: return 150;
    case V.PMINUW: return 151;
    case V.PMAXSW: return 152;
    case V.PMAXUW: return 153;
    case V.PMINSD: return 182;
    case V.PMINUD: return 183;
    case V.PMAXSD: return 184;
    case V.PMAXUD: return 185;
    case V.PCMPEQB: return 35;
    case V.PCMPEQW: return 45;
    case V.PCMPEQD: return 55;
    case V.PCMPEQQ: return 214;
    case V.PCMPGTB: return 39;
    case V.PCMPGTW: return 49;
    case V.PCMPGTD: return 59;
    case V.PCMPGTQ: return 217;
    case V.PACKSSWB: return 101;
    case V.PACKUSWB: return 102;
    case V.PACKSSDW: return 133;
    case V.PACKUSDW: return 134;
    case V.PABSB: return 96;
    case V.PABSW: return 128;
    case V.PABSD: return 160;
    case V.PMOVSXBW: return X.EXTEND_I16_S;
    case V.PMOVZXBW: return X.EXTEND_I16_U;
    case V.PMOVSXWD: return X.EXTEND_I32_S;
    case V.PMOVZXWD: return X.EXTEND_I32_U;
    case V.PMOVSXDQ: return X.EXTEND_I64_S;
    case V.PMOVZXDQ: return X.EXTEND_I64_U;
    default: return 0;
  }
}

/** A lane operation that cannot report, on the operands on the stack; `two`: there are two. */
export function writeLanes(operation: u32, two: bool): void {
  const kind = operation & 0xffff, imm = operation >> 16, op = simple(kind);
  if (op) simd(op);
  else if (isShuffle(kind)) writeShuffle(kind, imm, two);
  else if (isShift(kind)) { if (two) shiftBy(kind); else { constant32(imm); simd(shiftOf(kind)); } }
  else if (!composed(kind, imm)) { constant32(operation); call(Import.LANES); }
}

function shiftOf(kind: u32): u32 {
  switch (<i32>kind) {
    case V.PSLLW: return X.SHL16;
    case V.PSLLD: return X.SHL16 + 32;
    case V.PSLLQ: return X.SHL16 + 64;
    case V.PSRLW: return X.SHL16 + 2;
    case V.PSRLD: return X.SHL16 + 34;
    case V.PSRLQ: return X.SHL16 + 66;
    case V.PSRAW: return X.SHL16 + 1;
    default: return X.SHL16 + 33;
  }
}
/** By the integer on the stack: Wasm takes a count modulo the width, and here it shifts everything out, or leaves the sign. */
function shiftBy(kind: u32): void {
  const n = temporary(T.I64), most = <u64>shiftBits(kind) - 1;
  set(n);
  get(n); constant64(most); get(n); constant64(most); byte(W.I64_LT_U); byte(W.SELECT);
  byte(W.I32_WRAP_I64); simd(shiftOf(kind));
  if (kind >= <u32>V.PSRAW) return;
  zeroVector();
  get(n); constant64(most); byte(W.I64_GT_U); byte(W.I32_EQZ); byte(W.SELECT);
}

/** What takes a few instructions; false when it is not known. */
function composed(kind: u32, imm: u32): bool {
  switch (<i32>kind) {
    case V.PMULUDQ: multiply(X.EXTMUL64_U, imm); return true;
    case V.PMULDQ: multiply(X.EXTMUL64_S, imm); return true;
    case V.PMULHW: multiplyHigh(X.EXTMUL32_S); return true;
    case V.PMULHUW: multiplyHigh(X.EXTMUL32_U); return true;
    case V.SIGNB: constant32(7); simd(X.SHR8_S); return true;
    case V.SIGND: constant32(31); simd(X.SHL16 + 33); return true;
    case V.SIGNQ: constant32(63); simd(X.SHL16 + 65); return true;
    case V.PMOVSXBD: simd(X.EXTEND_I16_S); simd(X.EXTEND_I32_S); return true;
    case V.PMOVSXBQ: simd(X.EXTEND_I16_S); simd(X.EXTEND_I32_S); simd(X.EXTEND_I64_S); return true;
    case V.PMOVSXWQ: simd(X.EXTEND_I32_S); simd(X.EXTEND_I64_S); return true;
    case V.PMOVZXBD: simd(X.EXTEND_I16_U); simd(X.EXTEND_I32_U); return true;
    case V.PMOVZXBQ: simd(X.EXTEND_I16_U); simd(X.EXTEND_I32_U); simd(X.EXTEND_I64_U); return true;
    case V.PMOVZXWQ: simd(X.EXTEND_I32_U); simd(X.EXTEND_I64_U); return true;
    // A swizzle answers 0 for any index of 16 and more; PSHUFB looks at bits 0-3 and 7.
    case V.PSHUFB: constantV(0x8f8f_8f8f_8f8f_8f8f, 0x8f8f_8f8f_8f8f_8f8f); simd(X.AND); simd(X.SWIZZLE); return true;
    case V.PSADBW: sumDifferences(); return true;
    default: return false;
  }
}
/** The even lanes of 32 bits, or the odd ones. */
function pushHalves(x: u32, odd: bool): void { get(x); zeroVector(); if (odd) fourLanes(1, 3, 1, 3); else fourLanes(0, 2, 0, 2); }
function multiply(op: u32, odd: u32): void {
  const a = temporary(T.V128), b = temporary(T.V128);
  set(b); set(a);
  pushHalves(a, (odd & Odd.A) != 0);
  pushHalves(b, (odd & Odd.B) != 0);
  simd(op);
}
/** Bits 16-31 of each product; the instruction for the upper four lanes follows that for the lower. */
function multiplyHigh(op: u32): void {
  const a = temporary(T.V128), b = temporary(T.V128);
  set(b); set(a);
  get(a); get(b); simd(op);
  get(a); get(b); simd(op + 1);
  bytes(0x0706_0302, 0x0f0e_0b0a, 0x1716_1312, 0x1f1e_1b1a);
}
function sumDifferences(): void {
  const a = temporary(T.V128), b = temporary(T.V128);
  set(b); set(a);
  get(a); get(b); simd(X.MAX_U8); get(a); get(b); simd(X.MIN_U8); simd(X.SUB8);
  simd(X.PAIRS16); simd(X.PAIRS32); tee(a);
  get(a); constant32(32); simd(X.SHL16 + 66); simd(X.ADD64);
  constantV(0xffff_ffff, 0xffff_ffff); simd(X.AND);
}

// --- to and from integers -----------------------------------------------------------------------------------------

/** A vector and an integer are on the stack. */
export function writeInsert(operation: u32): void {
  const kind = <i32>(operation & 0xffff), lane = operation >> 16;
  if (kind != V.PINSRQ) byte(W.I32_WRAP_I64);
  switch (kind) {
    case V.PINSRB: simd(23); byte(lane & 15); break;
    case V.PINSRW: simd(26); byte(lane & 7); break;
    case V.PINSRD: simd(28); byte(lane & 3); break;
    default: simd(30); byte(lane & 1);
  }
}
export function writeExtract(operation: u32): void {
  const kind = <i32>(operation & 0xffff), lane = operation >> 16;
  switch (kind) {
    case V.PEXTRB: simd(22); byte(lane & 15); break;
    case V.PEXTRW: simd(25); byte(lane & 7); break;
    case V.PEXTRD: simd(27); byte(lane & 3); break;
    default: simd(29); byte(lane & 1); return;
  }
  byte(W.I64_EXTEND_I32_U);
}
/** ZF and CF of PTEST at their places, of the two vectors on the stack. */
export function writeTest(): void {
  const a = temporary(T.V128), b = temporary(T.V128);
  set(b); set(a);
  get(a); get(b); simd(X.AND); simd(X.ANY_TRUE); byte(W.I32_EQZ); constant32(6); byte(W.I32_SHL);
  get(b); get(a); simd(79); simd(X.ANY_TRUE); byte(W.I32_EQZ); byte(W.I32_OR);
  byte(W.I64_EXTEND_I32_U);
}

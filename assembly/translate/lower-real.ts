// Floating point by plain Wasm instructions, exact to the last flag. They serve while MXCSR asks for nothing special (Live.rough) and nothing but
// "inexact", which is masked and recorded already, can come of the operands. What enters a block is tested where it is first used; a local
// says whether all has been well so far, and each operation goes by it: the plain instruction, or the module's own in a cold branch.

import { V } from "../float/ops";
import { Op } from "../ir/ops";
import { idOf, N, Node, node } from "./dag";
import { Live, Rough } from "./live";
import { localOf, MXCSR, typeOfNode, value } from "./lower";
import { fixed, temporary } from "./locals";
import { LIVE, LOCALS, st } from "./places";
import { ASKING, eitherOf, productOf, quotientOf, rangeOf, rootOf, SETTLED, spanOf, sumOf, tested, testedNarrow, UNSETTLED } from "./ranges";
import { isComparison, isDouble, isFromInteger, isPacked, isToInteger, isUnary } from "./real";
import { access, byte, close, constant32, constant64, constantF32, constantF64, constantV, get, openCold, set, simd, tee, zeroVector } from "./writer";
import { T, Truncate, W, X } from "./wasm";

@inline function kindOf(n: Node): u32 { return <u32>n.imm & 0xffff; }

/** The local that is not 0 when something is in doubt; read anew in each block. */
function rough(): u32 {
  if (!fixed.rough) {
    fixed.rough = temporary(T.I32) + 1;
    constant32(<u32>LIVE); access(W.I32_LOAD, <u32>offsetof<Live>("rough")); set(fixed.rough - 1);
  }
  return fixed.rough - 1;
}

/** Pushes whether the operation must go the exact way, after testing what it takes; notes the range of what it gives. */
export function pushDoubt(n: Node): void {
  const kind = kindOf(n), double = isDouble(kind), doubt = rough();
  if (!isFromInteger(kind) && !isToInteger(kind)) {
    if (kind == <u32>V.CVTSD2SS) testNarrow(n.a); else prove(n, kind, double);
  }
  get(doubt);
  if (kind < <u32>V.ROUND) pushOwnDoubt(n, kind, double);
  else if (isToInteger(kind)) pushTooLarge(n, kind);
  n.local2 = rangeAfter(n, kind, double);
}

/**
 * Behind the exact way. Where operands were in doubt, or the operation itself, a NaN or an infinity may have come of it, whatever range was promised: all
 * that follows in the block is in doubt. Where only "inexact" was to be recorded, it may be by now.
 */
export function settleDoubt(n: Node): void {
  const kind = kindOf(n), op = kind >> 2;
  if (op == <u32>V.DIV >> 2 || op == <u32>V.SQRT >> 2) { constant32(Rough.SPECIAL); set(rough()); return; }
  rereadRough();
}
/** What is in doubt stays so for the rest of the block. */
function rereadRough(): void {
  get(rough()); constant32(Rough.SPECIAL); byte(W.I32_AND);
  constant32(<u32>LIVE); access(W.I32_LOAD, <u32>offsetof<Live>("rough")); byte(W.I32_OR);
  set(rough());
}
/** Behind what may have changed MXCSR. */
export function noteMxcsr(): void { if (fixed.rough) rereadRough(); }

/** SET_MXCSR, and what it says of rounding (noteRounding of helpers.ts). */
export function writeMxcsr(v: u32): void {
  const asked = temporary(T.I32);
  constant32(0); value(v); access(W.I64_STORE32, MXCSR);
  value(v); byte(W.I32_WRAP_I64); constant32(ASKING); byte(W.I32_AND); set(asked);
  constant32(0);
  constant32(0);
  constant32(Rough.UNRECORDED); constant32(Rough.SPECIAL); get(asked); constant32(UNSETTLED); byte(W.I32_EQ); byte(W.SELECT);
  get(asked); constant32(SETTLED); byte(W.I32_EQ); byte(W.SELECT);
  access(W.I32_STORE, <u32>LIVE + <u32>offsetof<Live>("rough"));
  noteMxcsr();
}

function rangeAfter(n: Node, kind: u32, double: bool): u32 {
  if (isFromInteger(kind)) return rangeOf(64, 0);
  if (kind == <u32>V.CVTSS2SD) return node(n.a).local2;
  if (kind == <u32>V.CVTSD2SS) return rangeOf(spanOf(false) + 1, -spanOf(false) - 23);
  if (kind >= <u32>V.CMP) return 0;
  const a = node(n.a), b = n.b ? node(n.b) : a;
  switch (<i32>kind >> 2) {
    case V.ADD >> 2: case V.SUB >> 2: return sumOf(a, b, double);
    case V.MUL >> 2: return productOf(a, b, double);
    case V.DIV >> 2: return quotientOf(a, b, double);
    case V.SQRT >> 2: return rootOf(a, double);
    default: return eitherOf(a, b);
  }
}

// --- tests --------------------------------------------------------------------------------------------------------

/** What is tested together: node ids, scalars or vectors of one width. */
@inline const TESTED: usize = LOCALS + 512;
@inline const MOST_TESTED: u32 = 8;
@inline function testedAt(k: u32): u32 { return load<u32>(TESTED + <usize>k * 4); }

/** Tests the operands whose range is not known, or says too little for the operation; with them what later ones want that the block finds in registers. */
function prove(n: Node, kind: u32, double: bool): void {
  let count = want(n.a, double, 0);
  if (n.b) count = want(n.b, double, count);
  if (count) count = lookAhead(n, kind, double, count);
  writeTests(count, double, isPacked(kind));
  if (isComparison(kind) || kind >> 2 == <u32>V.CMP >> 2 || rangeAfter(n, kind, double)) return;
  store<u32>(TESTED, n.a);
  if (n.b && n.b != n.a) store<u32>(TESTED, n.b, 4);
  writeTests(n.b && n.b != n.a ? 2 : 1, double, isPacked(kind));
}
/** Notes a value for the test; how many there are now. */
function want(id: u32, double: bool, count: u32): u32 {
  const n = node(id);
  if (n.op == <u16>N.ZERO) n.local2 = rangeOf(0, 0);
  if (n.op == <u16>N.FROM_I32) n.local2 = rangeOf(32, 0);
  if (n.local2 || count == MOST_TESTED) return count;
  tested(n, double);
  store<u32>(TESTED + <usize>count * 4, id);
  return count + 1;
}
function lookAhead(n: Node, kind: u32, double: bool, count: u32): u32 {
  for (let id = idOf(n) + 1; id < st.blockEnd; id++) {
    const m = node(id), other = <u32>m.imm & 0xffff;
    if (m.op == <u16>Op.RUN) break;
    if (m.op != <u16>N.REAL || other >= <u32>V.FLOAT_END || isPacked(other) != isPacked(kind) || isDouble(other) != double) continue;
    if (isFound(m.a)) count = want(m.a, double, count);
    if (m.b && isFound(m.b)) count = want(m.b, double, count);
  }
  return count;
}
/** The block finds it in a register. */
function isFound(id: u32): bool {
  const n = node(id), from = n.op == <u16>N.LOW64 || n.op == <u16>N.LOW32 ? node(n.a) : n;
  return from.op == <u16>N.VREG && <u32>from.imm >> 8 == st.blockVersion;
}

/** One look at the exponents of the first `count` values noted: bits that are 0 for all inside the window. In a cold branch each is looked at in full. */
function writeTests(count: u32, double: bool, packed: bool): void {
  if (!count) return;
  for (let k: u32 = 0; k < count; k++) {
    const n = node(testedAt(k));
    if (!n.local) { value(testedAt(k)); set(localOf(n)); }
    tested(n, double);
    if (packed) pushExponents(n.local - 1, double); else pushExponent(n.local - 1, double, spanOf(double));
    if (k) { if (packed) simd(X.OR); else byte(W.I32_OR); }
  }
  if (packed) { splat(outside(double, spanOf(double)), double); simd(X.AND); simd(X.ANY_TRUE); }
  else { constant32(outside(double, spanOf(double))); byte(W.I32_AND); }
  openCold();
  for (let k: u32 = 0; k < count; k++) {
    const x = node(testedAt(k)).local - 1;
    if (packed) pushAllWithin(x, double); else pushWithin(x, double, spanOf(double));
    byte(W.I32_EQZ);
    addDoubt();
  }
  close();
}
/** A double that becomes a single: the window of singles. */
function testNarrow(id: u32): void {
  const n = node(id);
  if (!n.local) { value(id); set(localOf(n)); }
  pushExponent(n.local - 1, true, spanOf(false)); constant32(outside(true, spanOf(false))); byte(W.I32_AND);
  openCold();
  pushWithin(n.local - 1, true, spanOf(false)); byte(W.I32_EQZ);
  addDoubt();
  close();
  testedNarrow(n);
}

@inline function biasOf(double: bool): i32 { return double ? 1023 : 127; }
/** Of an exponent less the window's lowest: the bits that are 0 inside. The sign lies above them. */
function outside(double: bool, span: i32): u32 { return (double ? 0x7ff : 0xff) & ~(2 * span - 1); }
function pushExponent(x: u32, double: bool, span: i32): void {
  get(x);
  if (double) { byte(W.I64_REINTERPRET); constant64(52); byte(W.I64_SHR_U); byte(W.I32_WRAP_I64); }
  else { byte(W.I32_REINTERPRET); constant32(23); byte(W.I32_SHR_U); }
  constant32(biasOf(double) - span); byte(W.I32_SUB);
}
function pushExponents(x: u32, double: bool): void {
  get(x); constant32(double ? 52 : 23); simd(double ? X.SHR_U64 : X.SHR_U32);
  splat(biasOf(double) - spanOf(double), double); simd(double ? X.SUB64 : X.SUB32);
}
function splat(v: u32, double: bool): void { const two = double ? <u64>v : <u64>v | <u64>v << 32; constantV(two, two); }

/** Pushes whether a value is 0 or within [2^-span, 2^span). */
function pushWithin(x: u32, double: bool, span: i32): void {
  pushSize(x, double); pushPower(-span, double); byte(double ? W.F64_GE : W.F32_GE);
  pushSize(x, double); pushPower(span, double); byte(double ? W.F64_LT : W.F32_LT); byte(W.I32_AND);
  get(x);
  if (double) { constantF64(0); byte(W.F64_EQ); } else { constantF32(0); byte(W.F32_EQ); }
  byte(W.I32_OR);
}
function pushSize(x: u32, double: bool): void { get(x); byte(double ? W.F64_ABS : W.F32_ABS); }
@inline function bitsOfPower(n: i32, double: bool): u64 { return double ? <u64>(1023 + n) << 52 : <u64>(127 + n) << 23; }
function pushPower(n: i32, double: bool): void {
  if (double) constantF64(reinterpret<f64>(bitsOfPower(n, true))); else constantF32(reinterpret<f32>(<u32>bitsOfPower(n, false)));
}
/** The same of all lanes. */
function pushAllWithin(x: u32, double: bool): void {
  const size = temporary(T.V128), span = spanOf(double);
  get(x); simd(double ? X.ABS_F64 : X.ABS_F32); tee(size);
  splatPower(-span, double); simd(double ? X.GE_F64 : X.GE_F32);
  get(size); splatPower(span, double); simd(double ? X.LT_F64 : X.LT_F32); simd(X.AND);
  get(size); zeroVector(); simd(double ? X.EQ_F64 : X.EQ_F32); simd(X.OR);
  simd(double ? X.ALL_TRUE64 : X.ALL_TRUE32);
}
function splatPower(n: i32, double: bool): void {
  const bits = bitsOfPower(n, double), two = double ? bits : bits | bits << 32;
  constantV(two, two);
}
function addDoubt(): void { const doubt = rough(); get(doubt); byte(W.I32_OR); set(doubt); }

/** What the operation itself can stumble over: a divisor of 0, the root of a negative number. */
function pushOwnDoubt(n: Node, kind: u32, double: bool): void {
  const root = kind >> 2 == <u32>V.SQRT >> 2;
  if (!root && kind >> 2 != <u32>V.DIV >> 2) return;
  value(root ? n.a : n.b);
  if (isPacked(kind)) {
    zeroVector();
    simd(root ? double ? X.LT_F64 : X.LT_F32 : double ? X.EQ_F64 : X.EQ_F32);
    simd(X.ANY_TRUE);
  } else {
    if (double) constantF64(0); else constantF32(0);
    byte(root ? double ? W.F64_LT : W.F32_LT : double ? W.F64_EQ : W.F32_EQ);
  }
  byte(W.I32_OR);
}
/** An integer that does not fit; a NaN does not either. */
function pushTooLarge(n: Node, kind: u32): void {
  asDouble(n, kind); byte(W.F64_ABS);
  constantF64(isLong(kind) ? 9223372036854775808.0 : 2147483648.0);
  byte(W.F64_LT); byte(W.I32_EQZ); byte(W.I32_OR);
}
@inline function isLong(kind: u32): bool { return (kind - <u32>V.CVTSS2SI & 2) != 0; }
/** The operand of a conversion to an integer, rounded already unless the conversion cuts. */
function asDouble(n: Node, kind: u32): void {
  value(n.a);
  if (!isDouble(kind)) byte(W.F64_PROMOTE);
  if (kind < <u32>V.CVTTSS2SI) byte(W.F64_NEAREST);
}

// --- the exact way, and the plain one -------------------------------------------------------------------------------

/** Pushes the operands and the operation as tReport takes them. */
export function pushOperands(n: Node): void {
  pushVector(n.a);
  pushVector(n.b ? n.b : n.a);
  constant32(<u32>n.imm);
}
function pushVector(id: u32): void {
  value(id);
  const type = typeOfNode(node(id));
  if (type == T.V128) return;
  simd(type == T.F64 ? X.SPLAT_F64 : type == T.F32 ? X.SPLAT_F32 : X.SPLAT64);
}
/** Its result is on the stack: the part that the node stands for. */
export function takeResult(n: Node): void {
  const type = typeOfNode(n);
  if (type == T.V128) return;
  simd(type == T.F64 ? X.EXTRACT_F64 : type == T.F32 ? X.EXTRACT_F32 : X.EXTRACT64);
  byte(0);
}

export function pushPlain(n: Node): void {
  const kind = kindOf(n), double = isDouble(kind);
  if (isComparison(kind)) { pushOrder(n, double); return; }
  if (isToInteger(kind)) {
    asDouble(n, kind);
    byte(W.TRUNCATE); byte(isLong(kind) ? Truncate.I64_F64 : Truncate.I32_F64);
    if (!isLong(kind)) byte(W.I64_EXTEND_I32_U);
    return;
  }
  if (kind >= <u32>V.FLOAT_END) { value(n.a); convert(kind); return; }
  if (isPacked(kind)) pushPacked(n, kind, double); else pushScalar(n, kind, double);
}
function convert(kind: u32): void {
  switch (<i32>kind) {
    case V.CVTSS2SD: byte(W.F64_PROMOTE); break;
    case V.CVTSD2SS: byte(W.F32_DEMOTE); break;
    case V.CVTSI2SS: byte(W.I32_WRAP_I64); byte(W.F32_CONVERT_I32_S); break;
    case V.CVTSQ2SS: byte(W.F32_CONVERT_I64_S); break;
    default: byte(W.F64_CONVERT_I64_S);
  }
}
/** ZF and CF at their places; what has no order went the exact way. */
function pushOrder(n: Node, double: bool): void {
  value(n.a); value(n.b); byte(double ? W.F64_LT : W.F32_LT); byte(W.I64_EXTEND_I32_U);
  value(n.a); value(n.b); byte(double ? W.F64_EQ : W.F32_EQ); byte(W.I64_EXTEND_I32_U);
  constant64(6); byte(W.I64_SHL); byte(W.I64_OR);
}

function pushScalar(n: Node, kind: u32, double: bool): void {
  const op = kind >> 2;
  if (op == <u32>V.CMP >> 2) { pushMask(n, double); return; }
  if (op == <u32>V.SQRT >> 2) { value(n.a); byte(double ? W.F64_SQRT : W.F32_SQRT); return; }
  value(n.a); value(n.b);
  if (op < <u32>V.MIN >> 2) { byte((double ? W.F64_ADD : W.F32_ADD) + (op - (<u32>V.ADD >> 2))); return; }
  // The second operand unless the first is smaller (larger), as MINSD has it.
  if (op == <u32>V.MIN >> 2) { value(n.a); value(n.b); } else { value(n.b); value(n.a); }
  byte(double ? W.F64_LT : W.F32_LT); byte(W.SELECT);
}
/** CMPSD: all ones or zeroes, by a predicate of operands that have an order. */
function pushMask(n: Node, double: bool): void {
  const which = <u32>(n.imm >> 16) & 3, inverted = (<u32>(n.imm >> 16) & 4) != 0;
  constant64(0);
  if (which == 3) constant32(0);
  else if (which == 2) { value(n.b); value(n.a); byte(double ? W.F64_LT : W.F32_LT); byte(W.I32_EQZ); }
  else { value(n.a); value(n.b); byte(which ? double ? W.F64_LT : W.F32_LT : double ? W.F64_EQ : W.F32_EQ); }
  if (inverted) byte(W.I32_EQZ);
  byte(W.I64_EXTEND_I32_U); byte(W.I64_SUB);
  if (double) byte(W.F64_REINTERPRET); else { byte(W.I32_WRAP_I64); byte(W.F32_REINTERPRET); }
}

/** The SIMD instructions of doubles follow those of singles at a fixed distance. */
@inline const FIRST: u32 = 227; // f32x4.sqrt; add, sub, mul, div, min, max, pmin, pmax follow
@inline const DOUBLES: u32 = 12;
function pushPacked(n: Node, kind: u32, double: bool): void {
  const op = kind >> 2, base = FIRST + (double ? DOUBLES : 0);
  if (op == <u32>V.SQRT >> 2) { value(n.a); simd(base); return; }
  if (op == <u32>V.CMP >> 2) { pushMasks(n, double); return; }
  if (op >= <u32>V.MIN >> 2) { value(n.b); value(n.a); simd(base + 7 + (op - (<u32>V.MIN >> 2))); return; }
  value(n.a); value(n.b); simd(base + 1 + (op - (<u32>V.ADD >> 2)));
}
/** Comparisons of singles are 65 to 70: eq, ne, lt, gt, le, ge; of doubles 71 to 76. */
function pushMasks(n: Node, double: bool): void {
  const which = <u32>(n.imm >> 16) & 3, inverted = (<u32>(n.imm >> 16) & 4) != 0, first = double ? <u32>X.EQ_F64 : <u32>X.EQ_F32;
  if (which == 3) { if (inverted) constantV(~0, ~0); else zeroVector(); return; }
  value(n.a); value(n.b);
  const op: u32 = which == 0 ? inverted ? 1 : 0 : which == 1 ? inverted ? 5 : 2 : inverted ? 3 : 4;
  simd(first + op);
}

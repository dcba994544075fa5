// Nodes to Wasm: values on the stack, by their trees; what has a local is taken from it.

import { Op } from "../ir/ops";
import { CpuState, SEGMENTS } from "../cpu/state";
import { CPU } from "../base/layout";
import { isConst, immOf, N, Node, node, upperBits } from "./dag";
import { commitFound } from "./found";
import { gprLocal, temporary, xmmLocal } from "./locals";
import { writeExtract, writeInsert, writeLanes, writeTest } from "./lower-vector";
import { Import } from "./imports";
import { typeOfReal } from "./real";
import { byte, call, constant32, constant64, constantF32, constantF64, get, access, simd, zeroVector } from "./writer";
import { T, W, X } from "./wasm";

@inline export const CC_RESULT: u32 = <u32>CPU + <u32>offsetof<CpuState>("ccResult");
@inline export const CC_CARRY: u32 = <u32>CPU + <u32>offsetof<CpuState>("ccCarry");
@inline export const MXCSR: u32 = <u32>CPU + <u32>offsetof<CpuState>("mxcsr");
@inline export const FLAGS_WORD: u32 = <u32>CPU + <u32>offsetof<CpuState>("flags");

/** Pushes a value: i64, or v128 of a vector. */
export function value(id: u32): void {
  const n = node(id);
  if (n.op == <u16>Op.CONST) constant64(n.imm);
  else if (n.local) get(n.local - 1);
  else inline(n);
}

/** Pushes an i32 that is not 0 when the value is not 0. */
export function test(id: u32): void {
  const n = node(id);
  if (!n.local && n.op != <u16>Op.CONST) {
    if (n.op == <u16>Op.EQ || n.op == <u16>Op.LT_U || n.op == <u16>Op.LT_S) { compare(n); return; }
    if (n.op == <u16>Op.XOR && isConst(n.b) && immOf(n.b) == 1 && isTruth(n.a)) { test(n.a); byte(W.I32_EQZ); return; }
  }
  value(id);
  constant64(0);
  byte(W.I64_NE);
}
function isTruth(id: u32): bool {
  const op = node(id).op;
  return op == <u16>Op.EQ || op == <u16>Op.LT_U || op == <u16>Op.LT_S || op == <u16>Op.WIDE_FITS || op == <u16>Op.GET_FLAG;
}
function compare(n: Node): void {
  value(n.a);
  if (n.op == <u16>Op.EQ && isConst(n.b) && immOf(n.b) == 0) { byte(W.I64_EQZ); return; }
  value(n.b);
  byte(n.op == <u16>Op.EQ ? W.I64_EQ : n.op == <u16>Op.LT_U ? W.I64_LT_U : W.I64_LT_S);
}

/** What needs 32 bits only is divided in less time. */
function divide(n: Node): void {
  if (upperBits(n.a) > 32 || upperBits(n.b) > 32) { binary(n, W.I64_DIV_U); return; }
  value(n.a); byte(W.I32_WRAP_I64); value(n.b); byte(W.I32_WRAP_I64);
  byte(W.I32_DIV_U); byte(W.I64_EXTEND_I32_U);
}
function binary(n: Node, op: u32): void { value(n.a); value(n.b); byte(op); }
function unary(n: Node, op: u32): void { value(n.a); byte(op); }

export function inline(n: Node): void {
  switch (<i32>n.op) {
    case N.REG: get(gprLocal(<u32>n.imm & 15)); break;
    case N.VREG: get(xmmLocal(<u32>n.imm & 15)); break;
    case N.IN_RESULT: incoming(Import.RESULT); break;
    case N.IN_CARRY: incoming(Import.CARRY); break;
    case Op.ADD: binary(n, W.I64_ADD); break;
    case Op.SUB: binary(n, W.I64_SUB); break;
    case Op.MUL: binary(n, W.I64_MUL); break;
    case Op.AND: binary(n, W.I64_AND); break;
    case Op.OR: binary(n, W.I64_OR); break;
    case Op.XOR: binary(n, W.I64_XOR); break;
    case Op.SHL: binary(n, W.I64_SHL); break;
    case Op.SHR: binary(n, W.I64_SHR_U); break;
    case Op.SAR: binary(n, W.I64_SHR_S); break;
    case Op.ROTR: binary(n, W.I64_ROTR); break;
    case Op.DIV_U: divide(n); break;
    case Op.REM_U: binary(n, W.I64_REM_U); break;
    case Op.DIV_S: binary(n, W.I64_DIV_S); break;
    case Op.REM_S: binary(n, W.I64_REM_S); break;
    case Op.CLZ: unary(n, W.I64_CLZ); break;
    case Op.CTZ: unary(n, W.I64_CTZ); break;
    case Op.POPCNT: unary(n, W.I64_POPCNT); break;
    case Op.EXTEND8: unary(n, W.I64_EXTEND8_S); break;
    case Op.EXTEND16: unary(n, W.I64_EXTEND16_S); break;
    case Op.EXTEND32: unary(n, W.I64_EXTEND32_S); break;
    case Op.EQ: case Op.LT_U: case Op.LT_S: compare(n); byte(W.I64_EXTEND_I32_U); break;
    case Op.SELECT: value(n.b); value(n.c); test(n.a); byte(W.SELECT); break;
    default: inlineRare(n);
  }
}
function inlineRare(n: Node): void {
  switch (<i32>n.op) {
    case Op.MUL_HIGH_U: value(n.a); value(n.b); call(Import.MUL_HIGH_U); break;
    case Op.MUL_HIGH_S: value(n.a); value(n.b); call(Import.MUL_HIGH_S); break;
    case Op.DIV_WIDE: value(n.a); value(n.b); value(n.c); constant32(<u32>n.imm); call(Import.WIDE); break;
    case Op.WIDE_FITS: value(n.a); value(n.b); value(n.c); constant32(<u32>n.imm); call(Import.FITS); break;
    case Op.GET_CC_RESULT: constant32(CC_RESULT); access(W.I64_LOAD, 0); break;
    case Op.GET_CC_CARRY: constant32(CC_CARRY); access(W.I64_LOAD, 0); break;
    case Op.SEGMENT_BASE: constant32(<u32>SEGMENTS + (<u32>n.imm << 5)); access(W.I64_LOAD, 0); break;
    case Op.GET_MXCSR: constant32(0); access(W.I64_LOAD32_U, MXCSR); break;
    case Op.GET_FLAG: constant32(FLAGS_WORD); access(W.I64_LOAD, 0); constant64(n.imm); byte(W.I64_AND); constant64(0); byte(W.I64_NE); byte(W.I64_EXTEND_I32_U); break;
    case Op.VLOW: value(n.a); simd(X.EXTRACT64); byte(0); break;
    case Op.VCONST_LOW: zeroVector(); value(n.a); simd(X.REPLACE64); byte(0); break;
    case Op.VOP: writeVector(n); break;
    case N.ZERO: zeroVector(); break;
    case N.LOW64: case N.LOW32: lowLane(n); break;
    case N.WITH64: value(n.a); value(n.b); simd(X.REPLACE_F64); byte(0); break;
    case N.WITH32: value(n.a); value(n.b); simd(X.REPLACE_F32); byte(0); break;
    case N.FROM_I32: value(n.a); byte(W.I32_WRAP_I64); byte(W.F64_CONVERT_I32_S); break;
    case N.ROTL32: value(n.a); byte(W.I32_WRAP_I64); constant32(<u32>n.imm); byte(W.I32_ROTL); byte(W.I64_EXTEND_I32_U); break;
    case N.INSERT: value(n.a); value(n.b); writeInsert(<u32>n.imm); break;
    case N.EXTRACT: value(n.a); writeExtract(<u32>n.imm); break;
    case N.TEST: value(n.a); value(n.b); writeTest(); break;
    case N.SIGNS: value(n.a); simd(<u32>n.imm); byte(W.I64_EXTEND_I32_U); break;
    default: byte(W.UNREACHABLE);
  }
}

function writeVector(n: Node): void {
  value(n.a);
  if (n.b) value(n.b);
  writeLanes(<u32>n.imm, n.b != 0);
}

/** Flags as the block found them, in one of their two words; cpu has both then. */
export function incoming(f: u32): void { commitFound(); call(f); }
/** The Wasm type of a node's value. */
export function typeOfNode(n: Node): u32 {
  switch (<i32>n.op) {
    case N.VREG: case Op.VLOAD: case Op.VOP: case Op.VCONST_LOW: case N.ZERO: case N.WITH64: case N.WITH32: case N.INSERT: return T.V128;
    case N.LOW64: case N.FROM_I32: return T.F64;
    case N.LOW32: return T.F32;
    case N.REAL: return typeOfReal(<u32>n.imm & 0xffff);
    default: return T.I64;
  }
}
/** The node's own local. */
export function localOf(n: Node): u32 {
  if (!n.local) n.local = temporary(typeOfNode(n)) + 1;
  return n.local - 1;
}

/** The low lane of a vector as a scalar: straight from what it was made of, where that is known. */
function lowLane(n: Node): void {
  const from = node(n.a), double = n.op == <u16>N.LOW64;
  if (from.op == <u16>Op.VCONST_LOW && !from.local) {
    value(from.a);
    if (double) byte(W.F64_REINTERPRET); else { byte(W.I32_WRAP_I64); byte(W.F32_REINTERPRET); }
  } else if (from.op == <u16>N.ZERO) { if (double) constantF64(0); else constantF32(0); }
  else { value(n.a); simd(double ? X.EXTRACT_F64 : X.EXTRACT_F32); byte(0); }
}

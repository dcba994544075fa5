// x87 nodes to Wasm. Every instruction leaves the unit's memory as Run does: registers, tags, status word, address. Three locals serve a block: where
// TOP was at its start (times 16), the tags by registers counted from there, and the status word without TOP. A pair's significand is in the node's
// local, its sign and exponent in local2.

import { CPU } from "../base/layout";
import { CpuState, FPR } from "../cpu/state";
import { BIAS, Condition, INTEGER_BIT, SIGN } from "../float/f80";
import { Raised } from "../float/env";
import { Stored } from "../isa/x87-move";
import { Fop } from "../isa/x87-arithmetic";
import { Fsw } from "../isa/x87-stack";
import { N, Node, node } from "./dag";
import { leaveInFront } from "./exits";
import { TInsn } from "./forward";
import { Import } from "./imports";
import { Live } from "./live";
import { fixed, temporary } from "./locals";
import { localOf, value } from "./lower";
import { LIVE } from "./places";
import { access, byte, call, close, constant32, constant64, get, openCold, otherwise, set, tee } from "./writer";
import { T, W } from "./wasm";
import { CLEARS_C1, FIRST, FOR_FLAGS, PUSHED, QUIET, ROOT } from "./x87";

@inline const REGISTERS: u32 = <u32>FPR;
@inline const FCW: u32 = <u32>CPU + <u32>offsetof<CpuState>("fcw");
@inline const FSW: u32 = <u32>CPU + <u32>offsetof<CpuState>("fsw");
@inline const FTW: u32 = <u32>CPU + <u32>offsetof<CpuState>("ftw");
@inline const FIP: u32 = <u32>CPU + <u32>offsetof<CpuState>("fip");

export function writeX87(n: Node, k: TInsn): void {
  switch (<i32>n.op) {
    case N.XREADY: writeReady(<u32>n.imm, k); break;
    case N.XSLOT: pushSlot(<u32>n.imm); access(W.I64_LOAD, REGISTERS); set(localOf(n)); pushSlot(<u32>n.imm); access(W.I32_LOAD16_U, REGISTERS + 8); set(exponentOf(n)); break;
    case N.XSET: writeSet(n); break;
    case N.XWIDE: writeWiden(n); break;
    case N.XMATH: writeMath(n); break;
    case N.XSIGN: writeSign(n); break;
    case N.XCONST: constant64(n.imm ? INTEGER_BIT : 0); set(localOf(n)); constant32(n.imm ? BIAS : 0); set(exponentOf(n)); break;
    case N.XCMP: writeCompare(n); break;
    case N.XOUT: pushPair(n.a); constant32(<u32>n.imm); call(Import.X_OUT); set(localOf(n)); pushReported(); set(exponentOf(n)); break;
    case N.XMERGE: mergeAfter(exponentOf(node(n.a))); break;
    case N.XSTATUS: constant32(FSW); access(W.I64_LOAD16_U, 0); set(localOf(n)); break;
    default: writeEnd(<u32>n.imm, k);
  }
}

/** Of a pair, or of XOUT what it reports. */
function exponentOf(n: Node): u32 {
  if (!n.local2) n.local2 = temporary(T.I32) + 1;
  return n.local2 - 1;
}
function pushPair(id: u32): void { value(id); get(exponentOf(node(id))); }
function pushReported(): void { constant32(<u32>LIVE); access(W.I32_LOAD, <u32>offsetof<Live>("status")); }
function takeExponent(n: Node): void { constant32(<u32>LIVE); access(W.I32_LOAD, <u32>offsetof<Live>("exponent")); set(exponentOf(n)); }

/** Pushes where register `r`, counted from the block's first TOP, lies behind FPR. */
function pushSlot(r: u32): void {
  get(fixed.x87Top);
  if (r) { constant32(r << 4); byte(W.I32_ADD); constant32(0x70); byte(W.I32_AND); }
}
function writeSet(n: Node): void {
  pushSlot(<u32>n.imm); value(n.a); access(W.I64_STORE, REGISTERS);
  pushSlot(<u32>n.imm); get(exponentOf(node(n.a))); access(W.I32_STORE16, REGISTERS + 8);
}

/** Leaves unless nothing is pending, nothing unmasked, and the registers are full or empty as the instruction wants them. */
function writeReady(imm: u32, k: TInsn): void {
  const full = imm & 0xff, any = full | imm >> 8 & 0xff, first = (imm & FIRST) != 0;
  if (first) {
    constant32(FSW); access(W.I32_LOAD16_U, 0); tee(fixed.x87Status); constant32(Fsw.TOP); byte(W.I32_AND); constant32(7); byte(W.I32_SHR_U); set(fixed.x87Top);
    constant32(FTW); access(W.I32_LOAD8_U, 0); constant32(0x101); byte(W.I32_MUL); get(fixed.x87Top); constant32(4); byte(W.I32_SHR_U); byte(W.I32_SHR_U);
    constant32(0xff); byte(W.I32_AND); set(fixed.x87Tags);
    constant32(FCW); access(W.I32_LOAD16_U, 0); constant32(Raised.ALL); byte(W.I32_AND); constant32(Raised.ALL); byte(W.I32_XOR);
    get(fixed.x87Status); constant32(Fsw.ES); byte(W.I32_AND); byte(W.I32_OR);
    get(fixed.x87Status); constant32(~<u32>Fsw.TOP); byte(W.I32_AND); set(fixed.x87Status);
  }
  if (any) { get(fixed.x87Tags); constant32(any); byte(W.I32_AND); constant32(full); byte(W.I32_XOR); if (first) byte(W.I32_OR); }
  openCold();
  leaveInFront(k);
  close();
}

/** The instruction's words: tags, status, its address. */
function writeEnd(imm: u32, k: TInsn): void {
  const filled = imm >> 8 & 0xff, emptied = imm >> 16 & 0xff, top = imm & 7;
  if (imm & CLEARS_C1) { get(fixed.x87Status); constant32(~<u32>Condition.C1); byte(W.I32_AND); set(fixed.x87Status); }
  if (filled | emptied) {
    get(fixed.x87Tags);
    if (filled) { constant32(filled); byte(W.I32_OR); }
    if (emptied) { constant32(~emptied); byte(W.I32_AND); }
    set(fixed.x87Tags);
    constant32(FTW); get(fixed.x87Tags); constant32(0x101); byte(W.I32_MUL); get(fixed.x87Top); constant32(4); byte(W.I32_SHR_U); byte(W.I32_SHL);
    constant32(8); byte(W.I32_SHR_U); access(W.I32_STORE8, 0);
  }
  constant32(FSW); pushSlot(top); constant32(7); byte(W.I32_SHL); get(fixed.x87Status); byte(W.I32_OR); access(W.I32_STORE16, 0);
  constant32(FIP); constant64(k.page + <u64>load<u16>(<usize>k.record, 4)); access(W.I64_STORE, 0);
}

// --- the status word ----------------------------------------------------------------------------------------------

/** What the local holds is reported; C1 is as it says. */
function mergeAfter(reported: u32): void {
  get(fixed.x87Status); constant32(~<u32>Condition.C1); byte(W.I32_AND); get(reported); byte(W.I32_OR); set(fixed.x87Status);
}
function mergeReported(): void {
  get(fixed.x87Status); constant32(~<u32>Condition.C1); byte(W.I32_AND); pushReported(); byte(W.I32_OR); set(fixed.x87Status);
}

// --- operations ---------------------------------------------------------------------------------------------------

function writeMath(n: Node): void {
  const op = <u32>n.imm;
  pushPair(n.a);
  if (op != ROOT) pushPair(n.b);
  call(op == Fop.ADD ? Import.X_ADD : op == Fop.SUB ? Import.X_SUB : op == Fop.MUL ? Import.X_MUL : op == Fop.DIV ? Import.X_DIV : Import.X_ROOT);
  set(localOf(n));
  takeExponent(n);
  mergeReported();
}
function writeSign(n: Node): void {
  pushPair(n.a);
  if (n.imm) { constant32(~<u32>SIGN); byte(W.I32_AND); } else { constant32(SIGN); byte(W.I32_XOR); }
  set(exponentOf(n));
  set(localOf(n));
}

function writeCompare(n: Node): void {
  const order = exponentOf(n), to = localOf(n), ofFlags = (n.imm & FOR_FLAGS) != 0;
  pushPair(n.a); pushPair(n.b); constant32(<u32>n.imm & QUIET); call(Import.X_COMPARE); set(order);
  get(fixed.x87Status);
  if (ofFlags) { get(order); constant32(Raised.ALL); byte(W.I32_AND); }
  else { constant32(~<u32>Condition.ALL); byte(W.I32_AND); get(order); }
  byte(W.I32_OR); set(fixed.x87Status);
  if (!ofFlags) return;
  // C0, C2, C3 to CF, PF, ZF.
  get(order); constant32(8); byte(W.I32_SHR_U); constant32(1); byte(W.I32_AND);
  get(order); constant32(8); byte(W.I32_SHR_U); constant32(0x44); byte(W.I32_AND); byte(W.I32_OR);
  byte(W.I64_EXTEND_I32_U); set(to);
}

// --- memory operands ----------------------------------------------------------------------------------------------

function writeWiden(n: Node): void {
  const format = <u32>n.imm & 7;
  if (format == Stored.F32) widenReal(n, 8, 23);
  else if (format == Stored.F64) widenReal(n, 11, 52);
  else widenInteger(n, format);
}
/** Normal numbers; the others by the helper. */
function widenReal(n: Node, width: u32, fraction: u32): void {
  const m = localOf(n), e = exponentOf(n), top = (<u32>1 << width) - 1;
  value(n.a); constant64(fraction); byte(W.I64_SHR_U); byte(W.I32_WRAP_I64); constant32(top); byte(W.I32_AND); tee(e);
  constant32(1); byte(W.I32_SUB); constant32(top - 1); byte(W.I32_GE_U);
  openCold();
  value(n.a); constant32(<u32>n.imm); call(Import.X_WIDEN); set(m);
  takeExponent(n);
  if (n.imm & PUSHED) mergeReported();
  otherwise();
  value(n.a); constant64(63 - fraction); byte(W.I64_SHL); constant64(INTEGER_BIT); byte(W.I64_OR); set(m);
  get(e); constant32(<u32>BIAS - (top >> 1)); byte(W.I32_ADD);
  value(n.a); constant64(fraction + width - 15); byte(W.I64_SHR_U); byte(W.I32_WRAP_I64); constant32(SIGN); byte(W.I32_AND); byte(W.I32_OR); set(e);
  close();
}
function widenInteger(n: Node, format: u32): void {
  const m = localOf(n), e = exponentOf(n), v = temporary(T.I64);
  value(n.a);
  if (format != Stored.I64) byte(format == Stored.I32 ? W.I64_EXTEND32_S : W.I64_EXTEND16_S);
  tee(v); constant64(63); byte(W.I64_SHR_S); tee(m); get(v); byte(W.I64_XOR); get(m); byte(W.I64_SUB);
  // The sign is in v now, the magnitude in m.
  get(m); set(v); tee(m);
  byte(W.I64_CLZ); byte(W.I32_WRAP_I64); set(e);
  constant32(0);
  constant32(BIAS + 63); get(e); byte(W.I32_SUB); get(v); byte(W.I32_WRAP_I64); constant32(SIGN); byte(W.I32_AND); byte(W.I32_OR);
  get(m); byte(W.I64_EQZ); byte(W.SELECT);
  get(m); get(e); byte(W.I64_EXTEND_I32_U); byte(W.I64_SHL); set(m);
  set(e);
}

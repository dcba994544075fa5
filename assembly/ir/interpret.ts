// Executes the IR by the book: the oracle that translated code is held against. It shares only the words' Run side with
// the interpreter; order, values and exits are the IR's own. It stops at the operation that faults, and before an instruction when the
// one before it has asked the loop to look around (control.end).

import { control } from "../base/control";
import { links } from "../base/machine";
import { cpu } from "../cpu/state";
import { loadForUpdate } from "../cpu/memory";
import { entryAt } from "../cpu/tlb";
import { at, count, valueAt, Inst } from "./block";
import { Op } from "./ops";
import {
  Run, add, sub, mul, and, or, xor, shl, shr, sar, rotr, mulHighU, mulHighS, clz64, ctz64, popcnt64, eq, ltU, ltS, choose,
  signExtend, getReg, setReg, segmentBase, condition, getFlag, setFlag, getMxcsr, setMxcsr, raiseIf, setCc, divU, remU, divS, remS, wideBy, wideFits,
} from "./words";
import { setFlagsOf } from "./words-flags";
import { linearIn, loadMem, probeMem, storeAimed, storeMem, STACK } from "./words-memory";
import { checkTargetIn } from "./target";
import { interpretVector } from "./interpret-vector";
import { runHidden } from "./hidden";

@inline function val(id: u32): u64 { return load<u64>(valueAt(id)); }

export function interpret(): void {
  const n = count();
  for (let id: u32 = 0; id < n; id++) {
    const i = at(id);
    if (i.op == <u16>Op.INSN) {
      if (id != 0 && control.end == 0) return;
      control.current = <u32>i.imm;
    } else if (i.op == <u16>Op.X87_READY) {
      if (!runPart(i, 0)) { call_indirect<void>(links.runSlot, control.current); id = lastOf(id, n); }
    } else if (i.op >= <u16>Op.VGET) interpretVector(i, id);
    else store<u64>(valueAt(id), evaluate(i, id));
    if (cpu.raised) return;
  }
}

/** The instruction's last operation. */
function lastOf(id: u32, n: u32): u32 {
  while (id + 1 < n && at(id + 1).op != <u16>Op.INSN) id++;
  return id;
}
/** A part of an x87 instruction, with its operand. */
function runPart(i: Inst, v: u64): u64 { return call_indirect<u64>(links.x87Slot, <u32>i.op, control.current, v); }

function evaluate(i: Inst, id: u32): u64 {
  const a = val(i.a), b = val(i.b), imm = i.imm;
  switch (<i32>i.op) {
    case Op.CONST: return imm;
    case Op.GET_REG: return getReg<Run>(<u32>imm & 0xffff, <u32>(imm >> 16));
    case Op.SET_REG: setReg<Run>(<u32>imm & 0xffff, a, <u32>(imm >> 16)); return 0;
    case Op.GET_CC_RESULT: return cpu.ccResult;
    case Op.GET_CC_CARRY: return cpu.ccCarry;
    case Op.SET_CC: setCc<Run>(a, b); return 0;
    case Op.FLAGS: setFlagsOf(<u32>imm & 0xff, a, b, val(i.c), <u32>(imm >> 8)); return 0;
    case Op.COND: return condition<Run>(<u32>imm);
    case Op.GET_FLAG: return getFlag<Run>(imm);
    case Op.SET_FLAG: setFlag<Run>(imm, a); return 0;
    case Op.GET_MXCSR: return getMxcsr<Run>();
    case Op.SET_MXCSR: setMxcsr<Run>(a); return 0;
    case Op.LOAD: return loadMem<Run>(a, <u32>imm);
    case Op.STORE: storeValue(a, <u32>imm, b); return 0;
    case Op.LOAD_RMW: return loadAndAim(a, <u32>imm & 0xff, id);
    case Op.STORE_RMW: storeAimed<Run>(load<u64>(valueAt(i.c), 8), a, <u32>imm, b); return 0;
    case Op.PROBE: probeMem<Run>(a, <u32>imm); return 0;
    case Op.SEGMENT_BASE: return segmentBase<Run>(<u32>imm);
    case Op.CHECK_SEGMENT: return linearIn(<u32>imm & 0xff, a, <u32>(imm >> 8) & 0xff, (imm >> 16) != 0);
    case Op.CHECK_TARGET: checkTargetIn(a); return 0;
    case Op.RAISE_IF: raiseIf<Run>(a, <u32>imm); return 0;
    case Op.X87_DO: case Op.X87_OUT: case Op.X87_END: return runPart(i, a);
    case Op.RUN: runHidden(<u32>imm, <u32>(imm >> 32)); return 0;
    default: return i.op >= <u16>Op.BRANCH && i.op <= <u16>Op.RET ? go(i, a) : arithmetic(i, a, b);
  }
}

function storeValue(a: u64, imm: u32, v: u64): void {
  cpu.stackAccess = imm & STACK;
  storeMem<Run>(a, imm & 0xff, v);
  cpu.stackAccess = 0;
}

/** Where it lies waits in the value's upper half for STORE_RMW. */
function loadAndAim(a: u64, bytes: u32, id: u32): u64 {
  const e = entryAt(cpu.tlbWrite, a), hit = load<u64>(e) == ((a + bytes - 1) & ~0xfff), p = hit ? <u32>a + load<u32>(e, 8) : 0;
  store<u64>(valueAt(id), p, 8);
  if (!hit) return loadForUpdate(a, bytes);
  return bytes == 8 ? load<u64>(<usize>p) : bytes == 4 ? load<u32>(<usize>p) : bytes == 2 ? load<u16>(<usize>p) : load<u8>(<usize>p);
}

function go(i: Inst, a: u64): u64 {
  if (i.op == <u16>Op.BRANCH) cpu.rip = a ? val(i.b) : val(i.c);
  else cpu.rip = a;
  return 0;
}

function arithmetic(i: Inst, a: u64, b: u64): u64 {
  switch (<i32>i.op) {
    case Op.ADD: return add<Run>(a, b);
    case Op.SUB: return sub<Run>(a, b);
    case Op.MUL: return mul<Run>(a, b);
    case Op.AND: return and<Run>(a, b);
    case Op.OR: return or<Run>(a, b);
    case Op.XOR: return xor<Run>(a, b);
    case Op.SHL: return shl<Run>(a, b);
    case Op.SHR: return shr<Run>(a, b);
    case Op.SAR: return sar<Run>(a, b);
    case Op.ROTR: return rotr<Run>(a, b);
    case Op.MUL_HIGH_U: return mulHighU<Run>(a, b);
    case Op.MUL_HIGH_S: return mulHighS<Run>(a, b);
    case Op.CLZ: return clz64<Run>(a);
    case Op.CTZ: return ctz64<Run>(a);
    case Op.POPCNT: return popcnt64<Run>(a);
    case Op.EQ: return eq<Run>(a, b);
    case Op.LT_U: return ltU<Run>(a, b);
    case Op.LT_S: return ltS<Run>(a, b);
    case Op.SELECT: return choose<Run>(a, b, val(i.c));
    case Op.EXTEND8: return signExtend<Run>(a, 8);
    case Op.EXTEND16: return signExtend<Run>(a, 16);
    case Op.EXTEND32: return signExtend<Run>(a, 32);
    case Op.DIV_U: return divU<Run>(a, b);
    case Op.REM_U: return remU<Run>(a, b);
    case Op.DIV_S: return divS<Run>(a, b);
    case Op.REM_S: return remS<Run>(a, b);
    case Op.DIV_WIDE: return wideBy(<u32>i.imm, a, val(i.c), b);
    case Op.WIDE_FITS: return <u64>wideFits(<u32>i.imm, a, val(i.c), b);
    default: return 0;
  }
}

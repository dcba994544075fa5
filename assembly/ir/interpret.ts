// Executes the IR by the book: the oracle that translated code is held against. It shares only the words' Run side with
// the interpreter; order, values and exits are the IR's own. Stops at the operation that faults.

import { control } from "../base/control";
import { links } from "../base/machine";
import { cpu } from "../cpu/state";
import { linearIn } from "./words-memory";
import { at, count, valueAt, Inst } from "./block";
import { Op } from "./ops";
import {
  Run, add, sub, mul, and, or, xor, shl, shr, sar, rotr, mulHighU, mulHighS, clz64, ctz64, popcnt64, eq, ltU, ltS, choose,
  signExtend, getReg, setReg, segmentBase, condition, getFlag, setFlag, raiseIf, jump, jumpIf, setCc,
} from "./words";
import { loadMem, storeMem, probeMem, STACK } from "./words-memory";
import { checkTargetIn } from "./target";
import { interpretVector } from "./interpret-vector";

@inline function val(id: u32): u64 { return load<u64>(valueAt(id)); }

export function interpret(): void {
  const n = count();
  for (let id: u32 = 0; id < n; id++) {
    const i = at(id);
    if (i.op >= <u16>Op.VGET) interpretVector(i, id);
    else store<u64>(valueAt(id), evaluate(i));
    if (cpu.raised) return;
  }
}

function evaluate(i: Inst): u64 {
  const a = val(i.a), b = val(i.b), imm = i.imm;
  switch (<i32>i.op) {
    case Op.INSN: return 0;
    case Op.CONST: return imm;
    case Op.GET_REG: return getReg<Run>(<u32>imm & 0xffff, <u32>(imm >> 16));
    case Op.SET_REG: setReg<Run>(<u32>imm & 0xffff, a, <u32>(imm >> 16)); return 0;
    case Op.GET_CC_RESULT: return cpu.ccResult;
    case Op.GET_CC_CARRY: return cpu.ccCarry;
    case Op.SET_CC: setCc<Run>(a, b); return 0;
    case Op.COND: return condition<Run>(<u32>imm);
    case Op.GET_FLAG: return getFlag<Run>(imm);
    case Op.SET_FLAG: setFlag<Run>(imm, a); return 0;
    case Op.LOAD: return loadMem<Run>(a, <u32>imm);
    case Op.STORE: storeValue(a, <u32>imm, b); return 0;
    case Op.PROBE: probeMem<Run>(a, <u32>imm); return 0;
    case Op.SEGMENT_BASE: return segmentBase<Run>(<u32>imm);
    case Op.CHECK_SEGMENT: return linearIn(<u32>imm & 0xff, a, <u32>(imm >> 8) & 0xff, (imm >> 16) != 0);
    case Op.CHECK_TARGET: checkTargetIn(a); return 0;
    case Op.RAISE_IF: raiseIf<Run>(a, <u32>imm); return 0;
    case Op.JUMP: jump<Run>(a); return 0;
    case Op.JUMP_IF: jumpIf<Run>(a, b); return 0;
    case Op.RUN: call_indirect<void>(links.runSlot, control.current); return 0;
    default: return arithmetic(i, a, b);
  }
}

function storeValue(a: u64, imm: u32, v: u64): void {
  cpu.stackAccess = imm & STACK;
  storeMem<Run>(a, imm & 0xff, v);
  cpu.stackAccess = 0;
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
    default: return 0;
  }
}

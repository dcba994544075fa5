// x87 instructions in the IR: READY in front, then what there is of a load, the operation, a store, and the end. READY asks for what goes without
// saying in nearly every program: no exception pending, none unmasked. Then nothing but memory can fault. Where it is not so, the IR's interpreter
// runs the whole instruction instead, and a translation leaves in front of it.

import { Insn } from "../decode/record";
import { Build, Run, setReg } from "../ir/words";
import { loadMem, storeMem } from "../ir/words-memory";
import { record } from "../ir/block";
import { Op } from "../ir/ops";
import { setStatus } from "../ir/words-flags";
import { cpu } from "../cpu/state";
import { env, Raised } from "../float/env";
import { fromI64, widenF32, widenF64 } from "../float/f80-convert";
import { recordRun } from "./effects";
import { address, pageRip, R } from "./operands";
import { binaryMemory, compareToFlags } from "./x87-arithmetic";
import { bytesIn, FormKind, formatIn, formOf, fromIn, isQuiet, kindIn, operationIn, popsIn, truncates } from "./x87-form";
import { finishStore, prepareStore, pushF32, pushF64, pushInteger, Stored } from "./x87-move";
import { executeRegister } from "./x87-register";
import { isPending } from "./x87-stack";

/** Nothing pending, nothing unmasked. */
export function isReady(): bool { return !isPending() && (<u32>cpu.fcw & Raised.ALL) == <u32>Raised.ALL; }

export function buildX87(i: Insn): void {
  const f = formOf(i), kind = kindIn(f);
  if (!kind || !isReady()) { recordRun(i); return; }
  if (kind != FormKind.STATUS) record(Op.X87_READY, 0, 0, 0, f);
  if (kind == FormKind.LOAD || kind == FormKind.WITH_MEMORY) {
    record(Op.X87_DO, loadMem<Build>(address<Build>(i, bytesIn(f), false), bytesIn(f)), 0, 0, f);
  } else if (kind == FormKind.STORE) {
    const v = record(Op.X87_OUT, 0, 0, 0, f);
    storeMem<Build>(address<Build>(i, bytesIn(f), true), bytesIn(f), v);
    record(Op.X87_END, v, 0, 0, f);
  } else {
    const v = record(Op.X87_DO, record(Op.CONST, 0, 0, 0, 0), 0, 0, f);
    if (kind == FormKind.COMPARE_FLAGS) setStatus<Build>(v);
    else if (kind == FormKind.STATUS) setReg<Build>(R.AX, v, 16);
  }
}

/** C0, C2, C3 to CF, PF, ZF. */
@inline export function flagsOf(condition: u32): u64 { return <u64>((condition >> 8 & 1) | (condition >> 10 & 1) << 2 | (condition >> 14 & 1) << 6); }

/** What X87_READY, X87_DO, X87_OUT and X87_END do, by the IR's interpreter (links.x87Slot); `v` is the operand. */
export function runPart(op: u32, record: u32, v: u64): u64 {
  const i = changetype<Insn>(<usize>record), f = formOf(i);
  switch (<i32>op) {
    case Op.X87_READY: return <u64>isReady();
    case Op.X87_OUT: prepareStore(formatIn(f), truncates(f)); return env.wide0;
    case Op.X87_END: finishStore(true, popsIn(f) != 0); break;
    default: v = operate(i, f, v);
  }
  if (kindIn(f) != FormKind.STATUS) cpu.fip = pageRip<Run>() + i.offset;
  return v;
}
function operate(i: Insn, f: u32, v: u64): u64 {
  switch (kindIn(f)) {
    case FormKind.LOAD: push(formatIn(f), v); return 0;
    case FormKind.WITH_MEMORY: widen(formatIn(f), v); binaryMemory(operationIn(f), env.exponent, env.mantissa); return 0;
    case FormKind.COMPARE_FLAGS: return flagsOf(compareToFlags(fromIn(f), isQuiet(f), popsIn(f) != 0));
    case FormKind.STATUS: return <u64>cpu.fsw;
    default: executeRegister(<u32>i.kind >> 8, <u32>i.kind & 0xff, 0); return 0;
  }
}
function push(format: u32, v: u64): void {
  if (format == Stored.F32) pushF32(<u32>v);
  else if (format == Stored.F64) pushF64(v);
  else pushInteger(integerOf(format, v));
}
/** A memory operand as it is widened: env.exponent, env.mantissa. */
export function widen(format: u32, v: u64): void {
  if (format == Stored.F32) widenF32(<u32>v);
  else if (format == Stored.F64) widenF64(v);
  else fromI64(integerOf(format, v));
}
@inline function integerOf(format: u32, v: u64): i64 { return format == Stored.I16 ? <i64><i16>v : format == Stored.I32 ? <i64><i32>v : <i64>v; }

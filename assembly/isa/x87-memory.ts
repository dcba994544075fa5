// D8 to DF with a memory operand. Intel SDM vol. 2, tables. Loads and stores here; arithmetic elsewhere.
// A load happens before anything is looked at; a store before anything is committed.

import { spend, Work } from "../base/control";
import { Insn } from "../decode/record";
import { Run, faulted } from "../ir/words";
import { loadMem, probeMem, storeMem } from "../ir/words-memory";
import { cpu } from "../cpu/state";
import { does, Trait } from "../base/vendor";
import { env } from "../float/env";
import { fromI64, widenF32, widenF64 } from "../float/f80-convert";
import { fromDecimal } from "../float/f80-decimal";
import { address, partAddress } from "./operands";
import { binaryMemory } from "./x87-arithmetic";
import { loadEnvironment, loadState, storeEnvironment, storeState } from "./x87-environment";
import { Stored, finishStore, prepareStore, pushF32, pushF64, pushF80, pushInteger } from "./x87-move";
import { setControl } from "./x87-stack";

/** Runs the form ModRM.reg = `reg` of opcode D8 + `op`. */
export function executeMemory(i: Insn, op: u32, reg: u32): void {
  switch (op) {
    case 0: case 2: case 4: case 6: arithmetic(i, op, reg); break;
    case 1: executeD9(i, reg); break;
    case 3: executeDB(i, reg); break;
    case 5: executeDD(i, reg); break;
    default: executeDF(i, reg);
  }
}

/** Does not wait for pending exceptions: FNSTENV, FNSTCW, FNSAVE, FNSTSW. */
export function isStoreNoWait(op: u32, reg: u32): bool { return (op == 1 || op == 5) && reg >= 6; }
/** Leaves FIP alone: the above, and what loads the environment or the control word. */
export function isControl(op: u32, reg: u32): bool { return (op == 1 && reg >= 4) || (op == 5 && (reg == 4 || reg >= 6)); }

function loadOperand(i: Insn, bytes: u32): u64 { return loadMem<Run>(address<Run>(i, bytes, false), bytes); }

/** D8: m32, DA: m32 integer, DC: m64, DE: m16 integer. */
function arithmetic(i: Insn, op: u32, reg: u32): void {
  const v = loadOperand(i, op == 4 ? 8 : op == 6 ? 2 : 4);
  if (faulted<Run>()) return;
  if (op == 0) widenF32(<u32>v);
  else if (op == 4) widenF64(v);
  else fromI64(op == 2 ? <i64><i32>v : <i64><i16>v);
  binaryMemory(reg, env.exponent, env.mantissa);
}

function executeD9(i: Insn, reg: u32): void {
  switch (reg) {
    case 0: {
      const v = loadOperand(i, 4);
      if (!faulted<Run>()) pushF32(<u32>v);
      break;
    }
    case 2: case 3: storeValue(i, Stored.F32, 4, reg == 3, false); break;
    case 4: loadEnvironment(i); break;
    case 5: {
      const v = loadOperand(i, 2);
      if (!faulted<Run>()) setControl(<u32>v);
      break;
    }
    case 6: storeEnvironment(i); break;
    default: storeMem<Run>(address<Run>(i, 2, true), 2, cpu.fcw);
  }
}

function executeDB(i: Insn, reg: u32): void {
  switch (reg) {
    case 0: {
      const v = loadOperand(i, 4);
      if (!faulted<Run>()) pushInteger(<i64><i32>v);
      break;
    }
    case 1: storeValue(i, Stored.I32, 4, true, true); break;
    case 2: case 3: storeValue(i, Stored.I32, 4, reg == 3, false); break;
    case 5: if (loadTen(i)) pushF80(<u32>env.wide1, env.wide0); break;
    default: storeValue(i, Stored.F80, 10, true, false);
  }
}

function executeDD(i: Insn, reg: u32): void {
  switch (reg) {
    case 0: {
      const v = loadOperand(i, 8);
      if (!faulted<Run>()) pushF64(v);
      break;
    }
    case 1: storeValue(i, Stored.I64, 8, true, true); break;
    case 2: case 3: storeValue(i, Stored.F64, 8, reg == 3, false); break;
    case 4: loadState(i); break;
    case 6: storeState(i); break;
    default: storeMem<Run>(address<Run>(i, 2, true), 2, cpu.fsw);
  }
}

function executeDF(i: Insn, reg: u32): void {
  switch (reg) {
    case 0: case 5: {
      const v = loadOperand(i, reg == 0 ? 2 : 8);
      if (!faulted<Run>()) pushInteger(reg == 0 ? <i64><i16>v : <i64>v);
      break;
    }
    case 1: storeValue(i, Stored.I16, 2, true, true); break;
    case 2: case 3: storeValue(i, Stored.I16, 2, reg == 3, false); break;
    case 4:
      if (!loadTen(i)) break;
      fromDecimal(env.wide0, <u32>env.wide1);
      pushF80(env.exponent, env.mantissa);
      break;
    case 6: spend(Work.FUNCTION); storeValue(i, Stored.DECIMAL, 10, true, false); break;
    default: storeValue(i, Stored.I64, 8, true, false);
  }
}

/** Loads ten bytes to env.wide0 and env.wide1; false after a fault. They are an access of eight and one of two, each checked for itself. */
function loadTen(i: Insn): bool {
  const low = loadMem<Run>(address<Run>(i, 8, false), 8);
  if (faulted<Run>()) return false;
  const b = partAddress(i, 8, 2, false);
  if (faulted<Run>()) return false;
  const high = loadMem<Run>(b, 2);
  if (faulted<Run>()) return false;
  env.wide0 = low;
  env.wide1 = high;
  return true;
}

function storeValue(i: Insn, format: u32, bytes: u32, pops: bool, truncates: bool): void {
  const stored = prepareStore(format, truncates);
  if (stored) {
    if (bytes == 10) storeTen(i);
    else storeMem<Run>(address<Run>(i, bytes, true), bytes, env.wide0);
    if (faulted<Run>()) return;
  } else if (does(Trait.X87_STORE_ALWAYS_PROBES) && !probeOperand(i, bytes)) return;
  finishStore(stored, pops);
}

/** The parts of loadTen; neither is stored unless both may be. */
function storeTen(i: Insn): void {
  if (!probeOperand(i, 10)) return;
  storeMem<Run>(address<Run>(i, 8, true), 8, env.wide0);
  storeMem<Run>(partAddress(i, 8, 2, true), 2, env.wide1);
}

/** Raises what a store of the operand would; true if it may be stored. */
function probeOperand(i: Insn, bytes: u32): bool {
  const first = min<u32>(bytes, 8), a = address<Run>(i, first, true);
  if (faulted<Run>()) return false;
  probeMem<Run>(a, first);
  if (bytes == first || faulted<Run>()) return !faulted<Run>();
  const b = partAddress(i, 8, 2, true);
  if (faulted<Run>()) return false;
  probeMem<Run>(b, 2);
  return !faulted<Run>();
}

// What the x87 tests call in the module: registers by physical number, register forms, and memory forms with their operand
// given, so that no paging is needed.
import { cpu, fpr } from "../../../../assembly/cpu/state";
import { env } from "../../../../assembly/float/env";
import { fromI64, widenF32, widenF64 } from "../../../../assembly/float/f80-convert";
import { fromDecimal } from "../../../../assembly/float/f80-decimal";
import { binaryMemory } from "../../../../assembly/isa/x87-arithmetic";
import { Stored, finishStore, prepareStore, pushF32, pushF64, pushF80, pushInteger } from "../../../../assembly/isa/x87-move";
import { executeRegister } from "../../../../assembly/isa/x87-register";
import { summarize } from "../../../../assembly/isa/x87-stack";

/** Where a store's bytes are left: below the static data. */
export const STORED: u32 = 512;

export function setState(fcw: u32, fsw: u32, ftw: u32): void {
  cpu.fcw = <u16>fcw; cpu.fsw = <u16>fsw; cpu.ftw = <u8>ftw;
  summarize();
}
export function setRegister(physical: u32, mantissa: u64, exponent: u32): void {
  store<u64>(fpr(physical), mantissa); store<u16>(fpr(physical), <u16>exponent, 8);
}
export function registerAddress(physical: u32): u32 { return <u32>fpr(physical); }
export function control(): u32 { return cpu.fcw; }
export function status(): u32 { return cpu.fsw; }
export function tags(): u32 { return cpu.ftw; }
/** The Outcome, condition bits above it. */
export function runRegister(op: u32, modrm: u32, flags: u32): u32 { return executeRegister(op, modrm, flags); }

/** Runs a memory form on an operand; returns how many bytes it stored. */
export function runMemory(op: u32, reg: u32, low: u64, high: u32): u32 {
  switch (op) {
    case 0: widenF32(<u32>low); binaryMemory(reg, env.exponent, env.mantissa); return 0;
    case 2: fromI64(<i64><i32>low); binaryMemory(reg, env.exponent, env.mantissa); return 0;
    case 4: widenF64(low); binaryMemory(reg, env.exponent, env.mantissa); return 0;
    case 6: fromI64(<i64><i16>low); binaryMemory(reg, env.exponent, env.mantissa); return 0;
    case 1: if (reg) return keep(Stored.F32, reg == 3, false, 4); pushF32(<u32>low); return 0;
    case 3:
      if (reg == 0) { pushInteger(<i64><i32>low); return 0; }
      if (reg == 5) { pushF80(high, low); return 0; }
      return reg == 7 ? keep(Stored.F80, true, false, 10) : keep(Stored.I32, reg != 2, reg == 1, 4);
    case 5:
      if (reg == 0) { pushF64(low); return 0; }
      return reg == 1 ? keep(Stored.I64, true, true, 8) : keep(Stored.F64, reg == 3, false, 8);
  }
  if (reg == 0 || reg == 5) { pushInteger(reg == 0 ? <i64><i16>low : <i64>low); return 0; }
  if (reg == 4) { fromDecimal(low, high); pushF80(env.exponent, env.mantissa); return 0; }
  if (reg == 6) return keep(Stored.DECIMAL, true, false, 10);
  return reg == 7 ? keep(Stored.I64, true, false, 8) : keep(Stored.I16, reg != 2, reg == 1, 2);
}
function keep(format: u32, pops: bool, truncates: bool, bytes: u32): u32 {
  const stored = prepareStore(format, truncates);
  store<u64>(STORED, env.wide0);
  store<u64>(STORED, env.wide1, 8);
  finishStore(stored, pops);
  return stored ? bytes : 0;
}

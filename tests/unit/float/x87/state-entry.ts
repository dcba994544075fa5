// The x87 chapter behind the decoder, in flat protected mode without paging: what its rows, exceptions and images do.
import { control, NO_YIELD } from "../../../../assembly/base/control";
import { machine } from "../../../../assembly/base/machine";
import { Counter, counterAddress } from "../../../../assembly/base/counters";
import { IR, RAM } from "../../../../assembly/base/layout";
import { resetCpu } from "../../../../assembly/cpu/reset";
import { enterProtected } from "../../cpu/mode-entry";
import { cpu, fpr, gpr, xmm } from "../../../../assembly/cpu/state";
import { updateMode } from "../../../../assembly/cpu/mode";
import { attachTlb, flushAll } from "../../../../assembly/cpu/tlb";
import { decode } from "../../../../assembly/decode/decode";
import { defineOpcodes } from "../../../../assembly/decode/opcodes";
import { Insn } from "../../../../assembly/decode/record";
import { resetLines } from "../../../../assembly/device/interrupt";
import { Run } from "../../../../assembly/ir/words";
import { raiseNoCode } from "../../../../assembly/cpu/exceptions";
import { H } from "../../../../assembly/decode/handlers";
import { executeX87 } from "../../../../assembly/isa/x87";

/** Where an instruction's bytes go; the record lies where the IR would. */
export const CODE: u32 = 0x1000;
@inline const INSN: usize = IR;

export function reset(): void {
  machine.ramSize = 1 << 20;
  control.events = 0; control.yieldAt = NO_YIELD;
  attachTlb(true);
  control.current = <u32>INSN;
  memory.fill(RAM, 0, 1 << 20);
  defineOpcodes();
  resetLines();
  flushAll();
  resetCpu();
  enterProtected(CODE);
}
export function ramAddress(): u32 { return <u32>RAM; }
export function setControlRegisters(cr0: u32, cr4: u32, xcr0: u32): void { cpu.cr0 = cr0; cpu.cr4 = cr4; cpu.xcr0 = xcr0; updateMode(); }
export function setGpr(r: u32, v: u32): void { store<u64>(gpr(r), v); }
export function getGpr(r: u32): u32 { return load<u32>(gpr(r)); }
export function xmmAddress(r: u32): u32 { return <u32>xmm(r); }
export function fprAddress(r: u32): u32 { return <u32>fpr(r); }
export function getFsw(): u32 { return cpu.fsw; }
export function setFsw(v: u32): void { cpu.fsw = <u16>v; }
export function getFcw(): u32 { return cpu.fcw; }
export function getFtw(): u32 { return cpu.ftw; }
export function getMxcsr(): u32 { return cpu.mxcsr; }
export function setMxcsr(v: u32): void { cpu.mxcsr = v; }
/** How often a line went up. */
export function linesAsserted(): u32 { return load<u32>(counterAddress(Counter.LINES_ASSERTED)); }

/** Decodes and runs the instruction at CODE; its vector, or -1. */
export function step(): i32 {
  cpu.raised = 0;
  const i = changetype<Insn>(INSN);
  if (!decode(i, RAM + CODE, RAM + CODE + 15, CODE & 0xfff, cpu.mode)) return -2;
  if (i.handler == H.RAISE) raiseNoCode(i.kind);
  else executeX87<Run>(i);
  return cpu.raised ? <i32>cpu.vector : -1;
}

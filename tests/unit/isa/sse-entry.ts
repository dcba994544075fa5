// The SSE chapter behind the decoder, in flat protected mode without paging: what its rows and control bits raise.
import { control, NO_YIELD } from "../../../assembly/base/control";
import { links, machine } from "../../../assembly/base/machine";
import { IR, IR_SIZE, RAM } from "../../../assembly/base/layout";
import { raiseNoCode } from "../../../assembly/cpu/exceptions";
import { updateMode } from "../../../assembly/cpu/mode";
import { resetCpu } from "../../../assembly/cpu/reset";
import { enterProtected } from "../cpu/mode-entry";
import { cpu, fpr, gpr, xmm } from "../../../assembly/cpu/state";
import { attachTlb, flushAll } from "../../../assembly/cpu/tlb";
import { decode } from "../../../assembly/decode/decode";
import { defineOpcodes } from "../../../assembly/decode/opcodes";
import { Insn } from "../../../assembly/decode/record";
import { begin } from "../../../assembly/ir/block";
import { interpret } from "../../../assembly/ir/interpret";
import { Build, Run } from "../../../assembly/ir/words";
import { H } from "../../../assembly/decode/handlers";
import { executeSse } from "../../../assembly/isa/dispatch-sse";

export const CODE: u32 = 0x1000;
/** The record lies behind the IR. */
@inline const INSN: usize = IR + IR_SIZE - 64;

export function reset(): void {
  machine.ramSize = 1 << 20;
  control.events = 0; control.yieldAt = NO_YIELD;
  attachTlb(true);
  control.current = <u32>INSN;
  links.runSlot = <u32>runNow.index;
  memory.fill(RAM, 0, 1 << 20);
  defineOpcodes();
  flushAll();
  resetCpu();
  enterProtected(CODE);
}
function runNow(i: Insn): void { executeSse<Run>(i); }

export function ramAddress(): u32 { return <u32>RAM; }
export function xmmAddress(r: u32): u32 { return <u32>xmm(r); }
export function mmxAddress(r: u32): u32 { return <u32>fpr(r); }
export function gprAddress(r: u32): u32 { return <u32>gpr(r); }
export function setControlRegisters(cr0: u32, cr4: u32): void { cpu.cr0 = cr0; cpu.cr4 = cr4; updateMode(); }
export function setFsw(v: u32): void { cpu.fsw = <u16>v; }
export function getMxcsr(): u32 { return cpu.mxcsr; }
export function setMxcsr(v: u32): void { cpu.mxcsr = v; }

/** Decodes the instruction at CODE and runs it, directly or through the IR; its vector, or -1. */
export function step(throughIr: u32): i32 {
  cpu.raised = 0;
  const i = changetype<Insn>(INSN);
  if (!decode(i, RAM + CODE, RAM + CODE + 15, CODE & 0xfff, cpu.mode)) return -2;
  if (i.handler == H.RAISE) raiseNoCode(i.kind);
  else if (throughIr) {
    begin();
    executeSse<Build>(i);
    interpret();
  } else executeSse<Run>(i);
  return cpu.raised ? <i32>cpu.vector : -1;
}

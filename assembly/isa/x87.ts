// The x87 chapter: one record handler for register forms, one for memory forms, WAIT, and the state images. In the IR what most programs
// use of it has parts (x87-parts.ts); each of the others is one operation that calls its Run function.
// Intel SDM vol. 1 chapter 8; vol. 3, 2.5 (CR0.NE, MP, TS) and chapter 6 (#NM, #MF).

import { Insn } from "../decode/record";
import { Run, faulted, running, setReg } from "../ir/words";
import { control, raiseEvent, spend, Event, Work } from "../base/control";
import { countUnretired } from "../base/counters";
import { lines, setLine } from "../device/interrupt";
import { cpu, Cr0, Vector } from "../cpu/state";
import { raiseNoCode } from "../cpu/exceptions";
import { setStatusFlags, statusFlags } from "../cpu/flags";
import { effective, ownRip, pageRip } from "./operands";
import { H } from "../decode/handlers";
import { fxrstor, fxsave, xrstor, xsave } from "./x87-image";
import { executeMemory, isControl, isStoreNoWait } from "./x87-memory";
import { buildX87, flagsOf } from "./x87-parts";
import { Outcome, executeRegister, isNoWait } from "./x87-register";
import { isPending } from "./x87-stack";

/** The line that FERR# drives on a PC; a write to port f0h lets it go. */
@inline const FERR_LINE: u32 = 13;

/** Runs or records any instruction of the chapter. */
export function executeX87<M>(i: Insn): void {
  if (running<M>()) runX87(i);
  else buildX87(i);
}

function runX87(i: Insn): void {
  spend(Work.RARE);
  switch (<i32>i.handler) {
    case H.X87_REGISTER: runRegister(i); break;
    case H.X87_MEMORY: runMemory(i); break;
    case H.X87_WAIT: runWait(i); break;
    case H.FXSAVE: fxsave(i); break;
    case H.FXRSTOR: fxrstor(i); break;
    case H.XSAVE: xsave(i); break;
    case H.XRSTOR: xrstor(i); break;
    default: raiseNoCode(Vector.UD);
  }
}

/**
 * Raises what is pending; true if the instruction must not go on. With CR0.NE clear the processor asserts FERR# instead, which the
 * chipset turns into IRQ 13, and stands before the instruction until an interrupt comes. The handler's write to port f0h asserts
 * IGNNE#, under which instructions go on until the error is cleared. SDM vol. 3, 2.5 (NE); vol. 1, appendix D.
 */
export function takePending(i: Insn): bool {
  if (!isPending()) { lines.ignoreNumeric = 0; return false; }
  if (cpu.cr0 & Cr0.NE) { raiseNoCode(Vector.MF); return true; }
  if (lines.ignoreNumeric) return false;
  setLine(FERR_LINE, true);
  cpu.rip = ownRip(i);
  control.again = 1;
  countUnretired(1);
  raiseEvent(Event.HALTED);
  return true;
}

/** WAIT minds TS only when MP is set, and EM not at all. */
function runWait(i: Insn): void {
  const both = Cr0.MP | Cr0.TS;
  if ((cpu.cr0 & both) == both) raiseNoCode(Vector.NM);
  else takePending(i);
}

/** Address of the instruction, for FIP. */
@inline function addressOf(i: Insn): u64 { return pageRip<Run>() + i.offset; }

function runRegister(i: Insn): void {
  const op = <u32>i.kind >> 8, modrm = <u32>i.kind & 0xff;
  const noWait = isNoWait(op, modrm);
  if (!noWait) {
    if (takePending(i)) return;
    cpu.fip = addressOf(i);
  }
  const pended = isPending();
  const conditional = (op == 2 || op == 3) && modrm < 0xe0;
  const outcome = executeRegister(op, modrm, conditional ? <u32>statusFlags() : 0);
  switch (outcome & 0x7f) {
    case Outcome.STORE_STATUS: setReg<Run>(0, <u64>cpu.fsw, 16); break;
    case Outcome.SET_FLAGS: setStatusFlags(flagsOf(outcome)); break;
    case Outcome.UNDEFINED: raiseNoCode(Vector.UD); break;
  }
  if (!pended) noteOpcode(i);
}

/**
 * FOP holds the last instruction that left an unmasked exception: the low three bits of its opcode and its ModRM byte. Announced processors
 * that keep FDP so (CPUID leaf 7, FDP_EXCPTN_ONLY) keep FOP so too. SDM vol. 1, 8.1.9.1.
 */
function noteOpcode(i: Insn): void {
  if (isPending()) cpu.fop = <u16>((<u32>i.kind >> 8) << 8 | <u32>i.imm);
}

function runMemory(i: Insn): void {
  const op = <u32>i.kind >> 8, reg = <u32>i.kind & 7;
  if (!isStoreNoWait(op, reg) && takePending(i)) return;
  executeMemory(i, op, reg);
  if (faulted<Run>() || isControl(op, reg)) return;
  cpu.fip = addressOf(i);
  // FDP follows unmasked exceptions only (CPUID leaf 7, FDP_EXCPTN_ONLY).
  if (isPending()) cpu.fdp = effective<Run>(i);
  noteOpcode(i);
}

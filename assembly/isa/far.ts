// Far transfers, interrupts by instruction, and the fast system calls: operands here, the work in cpu/.

import { Insn } from "../decode/record";
import { Run, jump } from "../ir/words";
import { cpu, Flag, Vector } from "../cpu/state";
import { loadLinear } from "../cpu/memory";
import { farCall, farJump, farReturn } from "../cpu/far";
import { iret } from "../cpu/iret";
import { deliverSoftware, settleTask, Kind } from "../cpu/delivery";
import { sysCall, sysEnter, sysExit, sysReturn } from "../cpu/fast-calls";
import { statusFlags } from "../cpu/flags";
import { farOffsetBytes, nextRip, partAddress } from "./operands";
import { S } from "../decode/system-handlers";

@inline function bytesOf(i: Insn): u32 { return <u32>i.bits >> 3; }

/** m16:16, m16:32, m16:64: the offset, then the selector. */
function transferThroughMemory(i: Insn, call: bool): void {
  const bytes = farOffsetBytes(i);
  const offset = loadLinear(partAddress(i, 0, bytes, false), bytes);
  if (cpu.raised) return;
  const selector = <u32>loadLinear(partAddress(i, bytes, 2, false), 2);
  if (cpu.raised) return;
  transfer(selector, offset, bytesOf(i), i, call);
}
function transfer(selector: u32, offset: u64, bytes: u32, i: Insn, call: bool): void {
  const next = nextRip<Run>(i);
  cpu.switched = 0;
  if (call) farCall(selector, offset, bytes, next); else farJump(selector, offset, bytes, next);
  settleTask();
}

function returnFromInterrupt(i: Insn): void {
  cpu.switched = 0;
  iret(bytesOf(i), nextRip<Run>(i));
  settleTask();
}

/** INTO and a false condition fall through to the next instruction. */
function overflowTrap(i: Insn): void {
  const next = nextRip<Run>(i);
  if (statusFlags() & Flag.OF) deliverSoftware(Vector.OF, Kind.BREAKPOINT, next);
  else jump<Run>(next);
}

export function executeFar(i: Insn): void {
  switch (<i32>i.handler) {
    case S.FAR_CALL: transfer(<u32>i.disp, i.imm, bytesOf(i), i, true); break;
    case S.FAR_JMP: transfer(<u32>i.disp, i.imm, bytesOf(i), i, false); break;
    case S.FAR_CALL_M: transferThroughMemory(i, true); break;
    case S.FAR_JMP_M: transferThroughMemory(i, false); break;
    case S.FAR_RET: farReturn(bytesOf(i), 0); break;
    case S.FAR_RET_I: farReturn(bytesOf(i), <u32>i.imm); break;
    case S.IRET: returnFromInterrupt(i); break;
    case S.INT: deliverSoftware(<u32>i.imm & 0xff, Kind.SOFTWARE, nextRip<Run>(i)); break;
    case S.INT3: deliverSoftware(Vector.BP, Kind.BREAKPOINT, nextRip<Run>(i)); break;
    case S.INTO: overflowTrap(i); break;
    case S.INT1: deliverSoftware(Vector.DB, Kind.ICEBP, nextRip<Run>(i)); break;
    case S.SYSCALL: sysCall(nextRip<Run>(i)); break;
    case S.SYSRET: sysReturn(i.bits == 64); break;
    case S.SYSENTER: sysEnter(); break;
    case S.SYSEXIT: sysExit(i.bits == 64); break;
  }
}

// CLI, STI, PUSHF, POPF, CLAC, STAC, with the virtual-8086 and protected-mode virtual interrupts.
// Intel SDM vol. 2, the page of each; vol. 3, 20.3 and 20.4.

import { Insn } from "../decode/record";
import { Run } from "../ir/words";
import { storeMem } from "../ir/words-memory";
import { cpu, Cr4, Flag, Mode } from "../cpu/state";
import { raiseGp, raiseUd } from "../cpu/exceptions";
import { iopl, isV86 } from "../cpu/mode";
import { readFlags, writeFlags } from "../cpu/flags";
import { Shadow, startShadow } from "../cpu/shadow";
import { moveStack, stackAddress, top } from "./operands";
import { S } from "../decode/system-handlers";

/** The interrupt flag this program may change: IF, VIF where interrupts are virtual, or 0 after raising #GP(0). */
function interruptFlag(): u64 {
  if (!(cpu.mode & Mode.PROTECTED)) return Flag.IF;
  if (isV86()) {
    if (iopl() == 3) return Flag.IF;
    if (cpu.cr4 & Cr4.VME) return Flag.VIF;
  } else {
    if (cpu.cpl <= iopl()) return Flag.IF;
    if (cpu.cpl == 3 && cpu.cr4 & Cr4.PVI) return Flag.VIF;
  }
  raiseGp(0);
  return 0;
}

function clearInterrupts(): void { writeFlags(0, interruptFlag()); }

function setInterrupts(): void {
  const flag = interruptFlag();
  if (cpu.raised) return;
  if (flag == Flag.VIF && cpu.flags & Flag.VIP) return raiseGp(0);
  if (flag == Flag.IF && !(cpu.flags & Flag.IF)) startShadow(Shadow.INTERRUPTS);
  writeFlags(flag, flag);
}

/** True if IF and IOPL of this virtual-8086 program are its monitor's business. */
@inline function isVirtual(): bool { return isV86() && iopl() < 3; }

/** With VME a 16-bit PUSHF or POPF works on VIF; without, it faults. */
function mayVirtual(i: Insn): bool {
  if (i.bits == 16 && cpu.cr4 & Cr4.VME) return true;
  raiseGp(0);
  return false;
}

function pushFlags(i: Insn): void {
  let image = readFlags() & ~(<u64>Flag.VM | Flag.RF);
  if (isVirtual()) {
    if (!mayVirtual(i)) return;
    image = (image & ~(<u64>Flag.IF)) | Flag.IOPL | (image & Flag.VIF ? Flag.IF : 0);
  }
  const bytes = <u32>i.bits >> 3;
  const a = stackAddress<Run>(-<i32>bytes, bytes, true);
  if (cpu.raised) return;
  storeMem<Run>(a, bytes, image);
  if (!cpu.raised) moveStack<Run>(-<i32>bytes);
}

function popFlags(i: Insn): void {
  const virtual = isVirtual();
  if (virtual && !mayVirtual(i)) return;
  let image = top<Run>(i.bits);
  if (cpu.raised) return;
  let mask: u64 = Flag.STATUS | Flag.TF | Flag.DF | Flag.NT;
  if (virtual) {
    if (image & Flag.TF || image & Flag.IF && cpu.flags & Flag.VIP) return raiseGp(0);
    mask |= Flag.VIF;
    image = image & Flag.IF ? image | Flag.VIF : image & ~(<u64>Flag.VIF);
  } else {
    if (i.bits != 16) mask |= Flag.AC | Flag.ID;
    if (cpu.cpl <= iopl()) mask |= Flag.IF;
    if (cpu.cpl == 0) mask |= Flag.IOPL;
  }
  moveStack<Run>(<i32>i.bits >> 3);
  writeFlags(image & ~(<u64>Flag.RF), mask | Flag.RF);
}

/** CLAC (`kind` 0) and STAC (1). */
function changeAc(i: Insn): void {
  if (cpu.cpl != 0) return raiseUd();
  writeFlags(i.kind ? Flag.AC : 0, Flag.AC);
}

export function executeFlags(i: Insn): void {
  switch (<i32>i.handler) {
    case S.CLI: clearInterrupts(); break;
    case S.STI: setInterrupts(); break;
    case S.PUSHF: pushFlags(i); break;
    case S.POPF: popFlags(i); break;
    case S.AC_FLAG: changeAc(i); break;
  }
}

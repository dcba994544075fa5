// IRET, IRETD, IRETQ in every mode. Intel SDM vol. 2, IRET; vol. 3, 6.12, 20.2 and 20.3.
// `bytes` is the operand size. All return false after raising.

import { cpu, segment, Seg, Vector, Flag, Cr4 } from "./state";
import { readFlags, writeFlags } from "./flags";
import { isArmed } from "./debug-registers";
import { isV86, isLma, isLong, iopl, isProtected, updateMode, setCpl, setRip } from "./mode";
import { raise, raiseGp } from "./exceptions";
import { markAccessed, writeV86, writeSegment } from "./segments";
import { useCurrentStack, pop, commitStack, setStackPointer } from "./stack";
import { checkOuter, checkTarget, fetchReturnCode, arriveOuter, writeCs8086 } from "./far";
import { switchTask, Switch } from "./tasks";
import { loadSystem } from "./memory";

/** Bits any IRET restores: the status flags, TF, DF, NT; with 32 bits also AC and ID. RF comes along where it matters. */
@inline const LOW: u64 = 0x4dd5;
@inline const HIGH: u64 = 0x24_0000;

export function iret(bytes: u32, next: u64): bool {
  // NMIs are taken again even if the instruction faults. SDM vol. 3, 6.7.1.
  cpu.nmiBlocked = 0;
  if (!isProtected()) return isV86() ? iretV86(bytes) : iretReal(bytes, 0x3000 | Flag.IF);
  if (cpu.flags & Flag.NT) return iretTask(next);
  return iretProtected(bytes);
}

function isWild(rip: u64): bool {
  if (rip <= <u64>segment(Seg.CS).limit) return false;
  raiseGp(0);
  return true;
}

/** Real mode; `more` are the bits that depend on privilege. */
function iretReal(bytes: u32, more: u64): bool {
  useCurrentStack(0);
  const rip = pop(bytes);
  if (cpu.raised) return false;
  const selector = <u32>pop(bytes) & 0xffff;
  if (cpu.raised) return false;
  const image = pop(bytes);
  if (cpu.raised || isWild(rip)) return false;
  commitStack();
  writeCs8086(selector, rip);
  writeFlags(image, LOW | more | (bytes == 2 ? 0 : HIGH));
  return true;
}

function iretV86(bytes: u32): bool {
  if (iopl() == 3) return iretReal(bytes, Flag.IF);
  if (bytes != 2 || !(cpu.cr4 & Cr4.VME)) { raiseGp(0); return false; }
  useCurrentStack(0);
  const rip = pop(2);
  if (cpu.raised) return false;
  const selector = <u32>pop(2);
  if (cpu.raised) return false;
  const image = pop(2);
  if (cpu.raised || isWild(rip)) return false;
  // A pending virtual interrupt, or a single step, is the monitor's business. SDM vol. 2, IRET.
  if (image & Flag.TF || image & Flag.IF && cpu.flags & Flag.VIP) { raiseGp(0); return false; }
  commitStack();
  writeCs8086(selector, rip);
  writeFlags(image & Flag.IF ? image | Flag.VIF : image & ~(<u64>Flag.VIF), LOW | Flag.VIF);
  return true;
}

/** Back to the task that the link field names. */
function iretTask(next: u64): bool {
  if (isLma()) { raiseGp(0); return false; }
  const link = <u32>loadSystem(segment(Seg.TR).base, 2);
  return !cpu.raised && switchTask(link, Switch.RETURN, next, readFlags(), 0);
}

function iretProtected(bytes: u32): bool {
  useCurrentStack(0);
  const rip = pop(bytes);
  if (cpu.raised) return false;
  const selector = <u32>pop(bytes) & 0xffff;
  if (cpu.raised) return false;
  const image = pop(bytes);
  if (cpu.raised) return false;
  if (image & Flag.VM && bytes == 4 && cpu.cpl == 0 && !isLma()) return iretToV86(rip, selector, image);
  // From 64-bit code the stack is always popped.
  if ((selector & 3) != cpu.cpl || isLong()) return iretStack(bytes, rip, selector, image);
  const d = fetchReturnCode(selector);
  if (cpu.raised || !checkTarget(d, rip) || !markAccessed(selector, d)) return false;
  const mask = flagMask(bytes);
  commitStack();
  writeSegment(Seg.CS, selector, d);
  writeFlags(image, mask);
  updateMode();
  setRip(rip);
  return true;
}

function iretStack(bytes: u32, rip: u64, selector: u32, image: u64): bool {
  if (!checkOuter(selector, rip, bytes)) return false;
  const mask = flagMask(bytes);
  arriveOuter(selector, rip);
  commitStack();
  writeFlags(image, mask);
  return true;
}

/** Bits this privilege may change: IF by IOPL, IOPL and the virtual-8086 bits by CPL 0. */
function flagMask(bytes: u32): u64 {
  let mask = LOW;
  if (bytes != 2) mask |= isArmed() ? HIGH | Flag.RF : HIGH;
  if (cpu.cpl <= iopl()) mask |= Flag.IF;
  if (cpu.cpl == 0) mask |= bytes == 2 ? Flag.IOPL : Flag.IOPL | Flag.VIF | Flag.VIP;
  return mask;
}

/** To virtual-8086 mode, with all its segment registers. */
function iretToV86(rip: u64, selector: u32, image: u64): bool {
  const esp = pop(4);
  if (cpu.raised) return false;
  const ss = <u32>pop(4);
  if (cpu.raised) return false;
  const es = <u32>pop(4);
  if (cpu.raised) return false;
  const ds = <u32>pop(4);
  if (cpu.raised) return false;
  const fs = <u32>pop(4);
  if (cpu.raised) return false;
  const gs = <u32>pop(4);
  if (cpu.raised) return false;
  if (rip > 0xffff) { raise(Vector.GP, 0); return false; }
  writeV86(Seg.CS, selector); writeV86(Seg.SS, ss); writeV86(Seg.ES, es);
  writeV86(Seg.DS, ds); writeV86(Seg.FS, fs); writeV86(Seg.GS, gs);
  setCpl(3);
  setStackPointer(esp, 0xffff_ffff);
  writeFlags(image, 0x3f_7fd5);
  updateMode();
  setRip(rip);
  return true;
}

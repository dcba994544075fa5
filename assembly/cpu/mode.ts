// The mode word: what decoding and execution depend on, recomputed when any of its sources changes.
// Sources: CR0, CR4, EFER, CS, SS, DS, ES, RFLAGS.VM and AC, CPL.

import { raiseEvent, clearEvent, leaveBlock, Event } from "../base/control";
import { cpu, segment, Seg, Desc, Cr0, Cr4, Efer, Flag, Mode } from "./state";
import { selectTlb } from "./tlb";

/** A data segment that needs no check: base 0, 4 GiB, and for DS, ES and SS writable. */
function isFlat(s: u32, kind: u32): bool {
  const g = segment(s);
  return g.base == 0 && g.limit == 0xffff_ffff && (g.attr & (Desc.S | Desc.CODE | Desc.EXPAND_DOWN | Desc.WRITABLE)) == kind;
}

function isAllFlat(): bool {
  const data: u32 = Desc.S | Desc.WRITABLE;
  const cs = segment(Seg.CS);
  return cs.base == 0 && cs.limit == 0xffff_ffff && (cs.attr & Desc.READABLE) != 0 &&
    isFlat(Seg.SS, data) && isFlat(Seg.DS, data) && isFlat(Seg.ES, data);
}

/** Recomputes cpu.mode and the TLB tables; the current block ends if anything changed. */
export function updateMode(): void {
  let m: u32 = 0;
  if (!(cpu.cr0 & Cr0.PE)) cpu.cpl = 0;
  else {
    m |= Mode.PROTECTED;
    if (cpu.flags & Flag.VM) { m |= Mode.V86; cpu.cpl = 3; }
  }
  const cs = segment(Seg.CS).attr;
  if (cpu.efer & Efer.LMA) m |= Mode.LMA;
  if (m & Mode.LMA && cs & Desc.L) m |= Mode.LONG | Mode.FLAT;
  else {
    if (cs & Desc.DB) m |= Mode.CODE32;
    if (segment(Seg.SS).attr & Desc.DB) m |= Mode.STACK32;
    if (isAllFlat()) m |= Mode.FLAT;
  }
  if (cpu.cpl == 3) m |= Mode.USER;
  if (cpu.cr0 & (Cr0.EM | Cr0.TS)) m |= Mode.FPU_OFF;
  if (!(cpu.cr4 & Cr4.OSFXSR) || cpu.cr0 & Cr0.EM) m |= Mode.SSE_OFF;
  if (cpu.cpl == 3 && cpu.cr0 & Cr0.AM && cpu.flags & Flag.AC) m |= Mode.ALIGN;
  selectTlb();
  if (m == cpu.mode) return;
  cpu.mode = m;
  leaveBlock();
}

export function setCpl(cpl: u32): void { cpu.cpl = cpl; }

/** Single steps and breakpoints need a look after each instruction. */
export function updateTrace(): void {
  if (cpu.flags & Flag.TF || cpu.dr7 & 0xff) raiseEvent(Event.TRACE);
  else clearEvent(Event.TRACE);
}

@inline export function isLong(): bool { return (cpu.mode & Mode.LONG) != 0; }
@inline export function isLma(): bool { return (cpu.efer & Efer.LMA) != 0; }
/** Protected mode proper: not real, not virtual-8086. */
@inline export function isProtected(): bool { return (cpu.mode & (Mode.PROTECTED | Mode.V86)) == Mode.PROTECTED; }
@inline export function isV86(): bool { return (cpu.mode & Mode.V86) != 0; }
@inline export function iopl(): u32 { return <u32>(cpu.flags >> 12) & 3; }
@inline export function isCanonical(linear: u64): bool { return <u64>((<i64>linear << 16) >> 16) == linear; }

/** Where execution goes on. Only instructions that end a block may call it (a row's `flow`). */
@inline export function setRip(rip: u64): void { cpu.rip = rip; }

// The processor after reset, and the states that boot protocols enter it in.
// Intel SDM vol. 3, table 9-1; the PVH boot ABI; the Linux/x86 boot protocol.

import { cpu, gpr, segment, Seg, Desc, Cr0, Cr4, Efer } from "./state";
import { setSegment } from "./segments";
import { updateMode } from "./mode";
import { resetMsrs } from "./msr";
import { presetMtrrs } from "./mtrr";

/** A present, accessed, writable data segment, and a readable code segment, at their place in a descriptor's second word. */
@inline const DATA: u32 = Desc.PRESENT | Desc.S | Desc.WRITABLE | Desc.ACCESSED;
@inline const CODE: u32 = Desc.PRESENT | Desc.S | Desc.CODE | Desc.READABLE | Desc.ACCESSED;
@inline const LDT: u32 = Desc.PRESENT | 2 << 8;
@inline const BUSY_TSS: u32 = Desc.PRESENT | 11 << 8;

/** Power-up: real mode at ffff_fff0. */
export function resetCpu(): void {
  cpu.flags = 2;
  cpu.ccResult = 1; cpu.ccCarry = 0; // all six status flags are clear: 1 is not zero, positive, and of odd parity
  cpu.cr0 = Cr0.ET | Cr0.NW | Cr0.CD;
  cpu.dr6 = 0xffff_0ff0; cpu.dr7 = 0x400;
  cpu.xcr0 = 1;
  cpu.mxcsr = 0x1f80; cpu.fcw = 0x40; cpu.fsw = 0;
  resetMsrs();
  cpu.delivering = 0xffff_ffff;
  cpu.rip = 0xfff0;
  for (let s: u32 = 0; s < 6; s++) setSegment(s, 0, 0, 0xffff, DATA);
  setSegment(Seg.CS, 0xf000, 0xffff_0000, 0xffff, CODE);
  setSegment(Seg.LDTR, 0, 0, 0xffff, LDT);
  setSegment(Seg.TR, 0, 0, 0xffff, BUSY_TSS);
  segment(Seg.NONE).limit = 0xffff_ffff;
  cpu.idtLimit = 0xffff; cpu.gdtLimit = 0xffff;
  updateMode();
}

function flatSegments(codeAttr: u32): void {
  presetMtrrs();
  for (let s: u32 = 0; s < 6; s++) setSegment(s, 0x18, 0, 0xffff_ffff, DATA | Desc.DB | Desc.G);
  setSegment(Seg.CS, 0x10, 0, 0xffff_ffff, CODE | codeAttr | Desc.G);
  setSegment(Seg.TR, 0, 0, 0x67, BUSY_TSS);
  cpu.gdtLimit = 0; cpu.idtLimit = 0;
}

/** PVH: 32-bit protected mode, flat, paging off, EBX = the start info. */
export function enterPvh(rip: u64, startInfo: u64): void {
  flatSegments(Desc.DB);
  cpu.cr0 = Cr0.PE | Cr0.ET;
  store<u64>(gpr(3), startInfo);
  cpu.rip = rip;
  updateMode();
}

/** The 64-bit boot protocol and bare 64-bit code: long mode with the page tables at `cr3`, RSI = the argument. */
export function enterLong(rip: u64, argument: u64, cr3: u64): void {
  flatSegments(Desc.L);
  cpu.efer = Efer.LME | Efer.LMA | Efer.NXE | Efer.SCE;
  cpu.cr4 = Cr4.PAE | Cr4.PGE | Cr4.OSFXSR | Cr4.OSXMMEXCPT;
  cpu.cr0 = Cr0.PE | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.PG | Cr0.MP;
  cpu.cr3 = cr3;
  store<u64>(gpr(6), argument);
  cpu.rip = rip;
  cpu.fcw = 0x37f;
  updateMode();
}

/** Real mode at `segment0:offset`, given as a linear address below 1 MiB. */
export function enterReal(linear: u64): void {
  const base = linear & 0xf_fff0;
  setSegment(Seg.CS, <u32>(base >> 4), base, 0xffff, CODE);
  cpu.rip = linear & 15;
  updateMode();
}

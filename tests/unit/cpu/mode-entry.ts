// Modes to start a test of the processor alone in: there is no host to write its registers. Whole machines are entered by
// host/machine/entry.ts.

import { cpu, Seg, Desc, Cr0, Cr4, Efer } from "../../../assembly/cpu/state";
import { setSegment } from "../../../assembly/cpu/segments";
import { updateMode } from "../../../assembly/cpu/mode";
import { presetMtrrs } from "../../../assembly/cpu/mtrr";

/** Present, accessed, writable data; readable code; a busy TSS: at their place in a descriptor's second word. */
@inline const DATA: u32 = Desc.PRESENT | Desc.S | Desc.WRITABLE | Desc.ACCESSED;
@inline const CODE: u32 = Desc.PRESENT | Desc.S | Desc.CODE | Desc.READABLE | Desc.ACCESSED;
@inline const BUSY_TSS: u32 = Desc.PRESENT | 11 << 8;

function flatSegments(codeAttr: u32): void {
  presetMtrrs();
  for (let s: u32 = 0; s < 6; s++) setSegment(s, 0x18, 0, 0xffff_ffff, DATA | Desc.DB | Desc.G);
  setSegment(Seg.CS, 0x10, 0, 0xffff_ffff, CODE | codeAttr | Desc.G);
  setSegment(Seg.TR, 0, 0, 0x67, BUSY_TSS);
  cpu.gdtLimit = 0; cpu.idtLimit = 0;
}

/** 32-bit protected mode, flat, paging off. */
export function enterProtected(rip: u64): void {
  flatSegments(Desc.DB);
  cpu.cr0 = Cr0.PE | Cr0.ET;
  cpu.rip = rip;
  updateMode();
}

/** Long mode with the page tables at `cr3`. */
export function enterLong(rip: u64, cr3: u64): void {
  flatSegments(Desc.L);
  cpu.efer = Efer.LME | Efer.LMA | Efer.NXE | Efer.SCE;
  cpu.cr4 = Cr4.PAE | Cr4.PGE | Cr4.OSFXSR | Cr4.OSXMMEXCPT;
  cpu.cr0 = Cr0.PE | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.PG | Cr0.MP;
  cpu.cr3 = cr3;
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

// The processor after reset. Intel SDM vol. 3, table 9-1. The states that boot protocols enter it in are the host's affair
// (host/machine/entry.ts).

import { cpu, segment, Seg, Desc, Cr0 } from "./state";
import { setSegment } from "./segments";
import { updateMode } from "./mode";
import { resetMsrs } from "./msr";

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

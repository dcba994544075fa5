// CR0, CR3, CR4, CR8, XCR0 and what a change of each brings with it. Intel SDM vol. 3, 2.5, 4.1 to 4.4, 4.10.
// Writes return false after raising #GP(0).

import { ramAt } from "../memory/ram";
import { leaveBlock } from "../base/control";
import { readCr8, writeCr8 } from "../device/interrupt";
import { cpu, segment, Seg, Desc, Cr0, Cr4, Efer } from "./state";
import { isLma, isLong, updateMode } from "./mode";
import { raiseGp } from "./exceptions";
import { enterContext, flushAll } from "./tlb";
import { PDPTE, PHYSICAL_BITS } from "./paging";

@inline const CR0_BITS: u64 = 0xe005_003f;
@inline const CR4_BITS: u64 = Cr4.VME | Cr4.PVI | Cr4.TSD | Cr4.DE | Cr4.PSE | Cr4.PAE | Cr4.MCE | Cr4.PGE | Cr4.PCE | Cr4.OSFXSR |
  Cr4.OSXMMEXCPT | Cr4.UMIP | Cr4.FSGSBASE | Cr4.PCIDE | Cr4.OSXSAVE | Cr4.SMEP | Cr4.SMAP;
/** Types 1 and 3 in a segment's attributes. */
@inline const SHORT_TSS_MASK: u32 = 0x1d00;
@inline const SHORT_TSS: u32 = 0x100;
@inline const PG: u64 = 0x8000_0000;
@inline const NO_FLUSH: u64 = 1 << 63;

function refuse(): bool { raiseGp(0); return false; }

// --- CR0 ---

export function writeCr0(v: u64): bool {
  if (v >> 32) return refuse();
  if ((v & (Cr0.CD | Cr0.NW)) == Cr0.NW || (v & (PG | Cr0.PE)) == PG) return refuse();
  v = (v & CR0_BITS) | Cr0.ET;
  const changed = cpu.cr0 ^ v;
  if (changed & PG && !(v & PG ? mayPage(v) : mayUnpage())) return refuse();
  const paePaging = v & PG && cpu.cr4 & Cr4.PAE && !(cpu.efer & Efer.LME);
  if (paePaging && changed & (PG | Cr0.CD | Cr0.NW) && !loadPdptes(cpu.cr3)) return refuse();
  if (changed & PG && cpu.efer & Efer.LME) cpu.efer = v & PG ? cpu.efer | Efer.LMA : cpu.efer & ~(<u64>Efer.LMA);
  cpu.cr0 = v;
  if (changed & (PG | Cr0.WP | Cr0.PE)) flushAll();
  updateMode();
  leaveBlock();
  return true;
}

/** Entering long mode wants PAE, a CS that is not 64-bit and a task that is not 16-bit. SDM vol. 3, 9.8.5; vol. 2, MOV to CR0. */
function mayPage(v: u64): bool {
  if (!(cpu.efer & Efer.LME)) return true;
  return (cpu.cr4 & Cr4.PAE) != 0 && !(segment(Seg.CS).attr & Desc.L) && (segment(Seg.TR).attr & SHORT_TSS_MASK) != SHORT_TSS;
}
function mayUnpage(): bool { return !isLong() && !(cpu.cr4 & Cr4.PCIDE); }

/** LMSW sets MP, EM, TS and sets, but never clears, PE. */
export function loadStatusWord(v: u64): bool { return writeCr0((cpu.cr0 & ~(<u64>14)) | (v & 15)); }

export function clearTaskSwitched(): void {
  cpu.cr0 &= ~(<u64>Cr0.TS);
  updateMode();
}

// --- CR3 ---

/** PAE paging: the four pointers are read when CR3 is written. Reserved bits refuse. SDM vol. 3, 4.4.1. */
function loadPdptes(cr3: u64): bool {
  const at = ramAt(cr3 & 0xffff_ffe0, 32);
  if (!at) { memory.fill(PDPTE, 0, 32); return true; }
  for (let k: usize = 0; k < 32; k += 8) {
    const e = load<u64>(at + k);
    if (e & 1 && e & ((~(<u64>0) << PHYSICAL_BITS) | 0x1e6)) return false;
  }
  memory.copy(PDPTE, at, 32);
  return true;
}

@inline function isPae(): bool { return (cpu.cr4 & Cr4.PAE) != 0 && !isLma(); }

export function writeCr3(v: u64): bool {
  let keep = false;
  if (isLma()) {
    if (cpu.cr4 & Cr4.PCIDE) { keep = (v & NO_FLUSH) != 0; v &= ~NO_FLUSH; }
    if (v >> PHYSICAL_BITS) return refuse();
  } else v &= 0xffff_ffff;
  return putCr3(v, keep) || refuse();
}

/** CR3 as a task switch loads it; false if a PDPTE is bad. `keep`: what is in the TLB for the new PCID stays. */
export function putCr3(v: u64, keep: bool): bool {
  if (cpu.cr0 & Cr0.PG && isPae() && !loadPdptes(v)) return false;
  cpu.cr3 = v;
  enterContext(keep);
  leaveBlock();
  return true;
}

// --- CR4 ---

export function writeCr4(v: u64): bool {
  if (v & ~CR4_BITS) return refuse();
  const changed = cpu.cr4 ^ v;
  if (isLma() && !(v & Cr4.PAE)) return refuse();
  if (changed & v & Cr4.PCIDE && (!isLma() || cpu.cr3 & 0xfff)) return refuse();
  const paging = Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.SMEP;
  if (cpu.cr0 & Cr0.PG && v & Cr4.PAE && !isLma() && changed & paging && !loadPdptes(cpu.cr3)) return refuse();
  cpu.cr4 = v;
  if (changed & (paging | Cr4.PCIDE | Cr4.SMAP)) flushAll();
  updateMode();
  leaveBlock();
  return true;
}

// --- CR8 and XCR0 ---

export function writeTaskPriority(v: u64): bool {
  if (v >> 4) return refuse();
  cpu.cr8 = v;
  writeCr8(v);
  leaveBlock();
  return true;
}
export function readTaskPriority(): u64 { return readCr8(); }

/** XSETBV: x87 (bit 0) always on, SSE (bit 1) the only other there is. */
export function writeXcr0(index: u32, v: u64): bool {
  if (index != 0 || !(v & 1) || v & ~3) return refuse();
  cpu.xcr0 = v;
  return true;
}

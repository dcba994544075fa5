// RDMSR and WRMSR. What is not here raises #GP(0), as a kernel that probes with its safe accessors expects.

import { leaveBlock } from "../base/control";
import { isAmd } from "../base/vendor";
import { readTsc, writeTsc, readTscAdjust, writeTscAdjust } from "../device/clock";
import { apicHasMsr, apicReadMsr, apicWriteMsr } from "../device/interrupt";
import { cpu, segment, MSRS, Seg, Efer, Cr0 } from "./state";
import { isCanonical, updateMode } from "./mode";
import { raiseGp } from "./exceptions";
import { flushAll } from "./tlb";
import { isCounter, readCounterMsr, writeCounterMsr } from "./pmu";
import { mtrrAt, mayWriteMtrr } from "./mtrr";
import { isKvmMsr, readKvmMsr, tscMoved, writeKvmMsr } from "./kvm";
import {
  Msr, EFER, STAR, LSTAR, CSTAR, SFMASK, FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX, SYSCFG, HWCR, TOP_MEM, TOP_MEM2, NB_CFG,
  INT_PENDING, VM_CR, DE_CFG, TSC_FREQ_SEL, LFENCE_SERIALIZES, SVM_DISABLED, EFER_AUTO_IBRS, MTRRCAP_VALUE, ARCH_CAPABILITIES,
} from "./msr-spec";

/** Kept and read back; nothing here depends on them. */
@unmanaged class Kept { patchLevel: u64; mcgStatus: u64; sysCfg: u64; hwcr: u64; topMem: u64; topMem2: u64; nbCfg: u64; }
@inline const kept = changetype<Kept>(MSRS + 0x200);

/** Values after reset. SDM vol. 3, table 9-1 and 11.12.4. */
export function resetMsrs(): void {
  memory.fill(MSRS, 0, 0x400);
  cpu.pat = 0x0007_0406_0007_0406;
  if (!isAmd()) cpu.miscEnable = 1; // fast strings
  kept.hwcr = TSC_FREQ_SEL;
}

function isApic(index: u32): bool {
  return index == Msr.IA32_APIC_BASE || index == Msr.IA32_TSC_DEADLINE || index >= <u32>Msr.X2APIC && index < 0x900;
}

/** RDMSR; test cpu.raised. */
export function readMsr(index: u32): u64 {
  if (isApic(index)) {
    if (apicHasMsr(index)) return apicReadMsr(index);
  } else if (mtrrAt(index)) return load<u64>(mtrrAt(index));
  else if (isKvmMsr(index)) return readKvmMsr(index);
  else if (index >= 0xc000_0000) return readExtended(index);
  else return readCommon(index);
  raiseGp(0);
  return 0;
}

function readCommon(index: u32): u64 {
  switch (index) {
    case Msr.IA32_TSC: return readTsc();
    case Msr.IA32_TSC_ADJUST: return readTscAdjust();
    case Msr.PATCH_LEVEL: return kept.patchLevel;
    case Msr.IA32_MTRRCAP: return MTRRCAP_VALUE;
    case Msr.IA32_SYSENTER_CS: return cpu.sysenterCs;
    case Msr.IA32_SYSENTER_ESP: return cpu.sysenterEsp;
    case Msr.IA32_SYSENTER_EIP: return cpu.sysenterEip;
    case Msr.IA32_MCG_CAP: return 0; // no banks
    case Msr.IA32_MCG_STATUS: return kept.mcgStatus;
    case Msr.IA32_DEBUGCTL: return 0;
    case Msr.IA32_PAT: return cpu.pat;
  }
  if (!isAmd()) return readIntel(index);
  raiseGp(0);
  return 0;
}

/** What Intel's processors alone have below C000_0000. */
function readIntel(index: u32): u64 {
  switch (index) {
    case Msr.IA32_PLATFORM_ID: return 0;
    case Msr.IA32_MISC_ENABLE: return cpu.miscEnable;
    case Msr.IA32_ARCH_CAPABILITIES: return ARCH_CAPABILITIES;
  }
  raiseGp(0);
  return 0;
}

function readExtended(index: u32): u64 {
  switch (index) {
    case EFER: return cpu.efer;
    case STAR: return cpu.star;
    case LSTAR: return cpu.lstar;
    case CSTAR: return cpu.cstar;
    case SFMASK: return cpu.sfmask;
    case FS_BASE: return segment(Seg.FS).base;
    case GS_BASE: return segment(Seg.GS).base;
    case KERNEL_GS_BASE: return cpu.kernelGsBase;
    case TSC_AUX: return cpu.tscAux;
  }
  if (isAmd()) return readAmd(index);
  raiseGp(0);
  return 0;
}

/** What AMD's processors alone have. */
function readAmd(index: u32): u64 {
  if (isCounter(index)) return readCounterMsr(index);
  switch (index) {
    case SYSCFG: return kept.sysCfg;
    case HWCR: return kept.hwcr;
    case TOP_MEM: return kept.topMem;
    case TOP_MEM2: return kept.topMem2;
    case NB_CFG: return kept.nbCfg;
    case INT_PENDING: return 0;
    case VM_CR: return SVM_DISABLED;
    case DE_CFG: return LFENCE_SERIALIZES;
  }
  raiseGp(0);
  return 0;
}

function refuse(): bool { raiseGp(0); return false; }

/** WRMSR; false after raising. What it changes may be due at once, so the block ends. */
export function writeMsr(index: u32, v: u64): bool {
  leaveBlock();
  if (isApic(index)) return apicWriteMsr(index, v) || refuse();
  const mtrr = mtrrAt(index);
  if (mtrr) {
    if (!mayWriteMtrr(index, v)) return refuse();
    store<u64>(mtrr, v);
    return true;
  }
  if (isKvmMsr(index)) { writeKvmMsr(index, v); return true; }
  return index >= 0xc000_0000 ? writeExtended(index, v) : writeCommon(index, v);
}

function writeCommon(index: u32, v: u64): bool {
  switch (index) {
    case Msr.IA32_TSC: writeTsc(v); tscMoved(); return true;
    case Msr.IA32_TSC_ADJUST: writeTscAdjust(v); tscMoved(); return true;
    case Msr.PATCH_LEVEL: return true; // a load of microcode is announced by writing here; there is none
    case Msr.IA32_SYSENTER_CS: cpu.sysenterCs = v & 0xffff_ffff; return true;
    case Msr.IA32_SYSENTER_ESP: if (!isCanonical(v)) return refuse(); cpu.sysenterEsp = v; return true;
    case Msr.IA32_SYSENTER_EIP: if (!isCanonical(v)) return refuse(); cpu.sysenterEip = v; return true;
    case Msr.IA32_MCG_STATUS: if (v) return refuse(); kept.mcgStatus = 0; return true;
    case Msr.IA32_MISC_ENABLE: if (isAmd()) return refuse(); cpu.miscEnable = v; return true;
    case Msr.IA32_DEBUGCTL: return v == 0 || refuse(); // branch tracing and stepping are not there
    case Msr.IA32_PAT: return writePat(v);
  }
  return refuse();
}

/** Eight memory types; 2 and 3 and all above 7 are reserved. */
function writePat(v: u64): bool {
  for (let k: u64 = 0; k < 64; k += 8) {
    const type = (v >> k) & 0xff;
    if (type > 7 || type == 2 || type == 3) return refuse();
  }
  cpu.pat = v;
  return true;
}

function writeExtended(index: u32, v: u64): bool {
  switch (index) {
    case EFER: return writeEfer(v);
    case STAR: cpu.star = v; return true;
    case LSTAR: if (!isCanonical(v)) return refuse(); cpu.lstar = v; return true;
    case CSTAR: if (!isCanonical(v)) return refuse(); cpu.cstar = v; return true;
    case SFMASK: cpu.sfmask = v & 0xffff_ffff; return true;
    case FS_BASE: if (!isCanonical(v)) return refuse(); segment(Seg.FS).base = v; return true;
    case GS_BASE: if (!isCanonical(v)) return refuse(); segment(Seg.GS).base = v; return true;
    case KERNEL_GS_BASE: if (!isCanonical(v)) return refuse(); cpu.kernelGsBase = v; return true;
    case TSC_AUX: if (v >> 32) return refuse(); cpu.tscAux = v; return true;
  }
  return isAmd() ? writeAmd(index, v) : refuse();
}

function writeAmd(index: u32, v: u64): bool {
  if (isCounter(index)) { writeCounterMsr(index, v); return true; }
  switch (index) {
    case SYSCFG: kept.sysCfg = v; return true;
    case HWCR: kept.hwcr = v | TSC_FREQ_SEL; return true;
    case TOP_MEM: kept.topMem = v; return true;
    case TOP_MEM2: kept.topMem2 = v; return true;
    case NB_CFG: kept.nbCfg = v; return true;
    case INT_PENDING: case DE_CFG: return true;
  }
  return refuse();
}

/** EFER: LMA is the processor's own; LME may not change under paging. */
function writeEfer(v: u64): bool {
  const known: u64 = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE | (isAmd() ? EFER_AUTO_IBRS : 0);
  if (v & ~known) return refuse();
  const changed = cpu.efer ^ v;
  if (changed & Efer.LME && cpu.cr0 & Cr0.PG) return refuse();
  cpu.efer = (v & ~(<u64>Efer.LMA)) | (cpu.efer & Efer.LMA);
  if (changed & Efer.NXE) flushAll();
  updateMode();
  return true;
}

// CPUID: what works, and no more. AMD APM vol. 3 appendix E; Intel SDM vol. 2, CPUID.
//
// The vendor is a property of the machine (base/vendor.ts). AuthenticAMD unless asked otherwise, and then the family 11h. No AMD processor needs page-table isolation, which makes a system call
// twenty times dearer; families 0Fh to 12h are also free of the speculative-store, retbleed and return-stack measures
// that kernels take on later ones; and of those, 11h is the one for which kernels know no erratum to work around and no
// northbridge to look for. Automatic IBRS is announced because it holds: an indirect branch here is never speculated, so
// kernels may leave their retpolines out. ERMS is not: with an instruction's time being one tick an iteration, REP MOVSB takes
// eight times as long as REP MOVSQ. As GenuineIntel the processor is of family 6 and denies every fault of speculation that
// IA32_ARCH_CAPABILITIES can deny; what AMD alone defines (MMXEXT, the cache leaves, 8000_0021) is not announced.

import { isAmd } from "../base/vendor";
import { clock, TSC_HZ } from "../device/clock";
import { Extra, Hidden } from "../surface/clock";
import { hasFeature } from "./features";
import { apicReadMsr } from "../device/interrupt";
import { cpu, gpr, Cr4 } from "./state";
import { isLong } from "./mode";
import { hasKvm, kvmFeatures } from "./kvm";
import { Msr } from "./msr-spec";

/** Extended family 2 + base family 15, model 3, stepping 1. */
@inline const AMD_SIGNATURE: u32 = 0x0020_0f31;
/** Family 6, model 2Ah, stepping 7. */
@inline const INTEL_SIGNATURE: u32 = 0x0002_06a7;
function signature(): u32 { return isAmd() ? AMD_SIGNATURE : INTEL_SIGNATURE; }
@inline const MAX_BASIC: u32 = 0x16;
@inline const AMD_MAX_EXTENDED: u32 = 0x8000_0021;
@inline const INTEL_MAX_EXTENDED: u32 = 0x8000_0008;
@inline const HYPERVISOR: u32 = 0x4000_0000;
@inline const TSC_KHZ: u32 = <u32>(TSC_HZ / 1000);
/** The local APIC's timer counts ns of virtual time (chipset/lapic/timer.ts). */
@inline const APIC_KHZ: u32 = 1_000_000;
/** Where the name of the machine stands when KVM's has the first place. */
@inline const OWN_LEAF: u32 = HYPERVISOR + 0x100;
/** IA32_APIC_BASE.EN. */
@inline const APIC_ENABLED: u64 = 1 << 11;

/** Leaf 1 ECX. OSXSAVE mirrors CR4 and is added there. Not there: PCLMULQDQ, MONITOR, FMA, AES, AVX, F16C. */
const enum Ecx1 {
  SSE3 = 1 << 0, SSSE3 = 1 << 9, CX16 = 1 << 13, PCID = 1 << 17, SSE4_1 = 1 << 19, SSE4_2 = 1 << 20, X2APIC = 1 << 21,
  MOVBE = 1 << 22, POPCNT = 1 << 23, TSC_DEADLINE = 1 << 24, XSAVE = 1 << 26, OSXSAVE = 1 << 27, RDRAND = 1 << 30,
}
@inline const IS_VIRTUAL: u32 = 0x8000_0000;
/** Leaf 1 EDX. */
const enum Edx1 {
  FPU = 1 << 0, VME = 1 << 1, DE = 1 << 2, PSE = 1 << 3, TSC = 1 << 4, MSR = 1 << 5, PAE = 1 << 6, MCE = 1 << 7, CX8 = 1 << 8,
  APIC = 1 << 9, SEP = 1 << 11, MTRR = 1 << 12, PGE = 1 << 13, MCA = 1 << 14, CMOV = 1 << 15, PAT = 1 << 16, PSE36 = 1 << 17,
  CLFSH = 1 << 19, MMX = 1 << 23, FXSR = 1 << 24, SSE = 1 << 25, SSE2 = 1 << 26,
}
/** Leaf 7 EBX and ECX. */
const enum Ebx7 { FSGSBASE = 1 << 0, TSC_ADJUST = 1 << 1, FDP_EXCPTN_ONLY = 1 << 6, SMEP = 1 << 7, INVPCID = 1 << 10, ZERO_FCS_FDS = 1 << 13, RDSEED = 1 << 18, ADX = 1 << 19, SMAP = 1 << 20 }
@inline const EBX_7: u32 = Ebx7.FSGSBASE | Ebx7.TSC_ADJUST | Ebx7.FDP_EXCPTN_ONLY | Ebx7.SMEP | Ebx7.INVPCID | Ebx7.ZERO_FCS_FDS | Ebx7.RDSEED | Ebx7.SMAP;
const enum Ecx7 { UMIP = 1 << 2 }
/** Leaf 7 EDX: IA32_ARCH_CAPABILITIES is there. */
const enum Edx7 { ARCH_CAPABILITIES = 1 << 29 }
/** Leaf 8000_0001. */
const enum EcxExt { LAHF = 1 << 0, PREFETCHW = 1 << 8 }
const enum EdxExt { SYSCALL = 1 << 11, NX = 1 << 20, MMXEXT = 1 << 22, PAGE1GB = 1 << 26, RDTSCP = 1 << 27, LM = 1 << 29 }
/** Leaf 8000_0021 EAX. */
const enum Eax21 { NO_NESTED_DATA_BP = 1 << 0, LFENCE_SERIALIZES = 1 << 2, NULL_CLEARS_BASE = 1 << 6, AUTO_IBRS = 1 << 8 }

/** EDX bits that leaves 1 and 8000_0001 share; APIC joins them while IA32_APIC_BASE enables it. */
@inline const SHARED: u32 = Edx1.FPU | Edx1.VME | Edx1.DE | Edx1.PSE | Edx1.TSC | Edx1.MSR | Edx1.PAE | Edx1.MCE | Edx1.CX8 |
  Edx1.MTRR | Edx1.PGE | Edx1.MCA | Edx1.CMOV | Edx1.PAT | Edx1.PSE36 | Edx1.MMX | Edx1.FXSR;
function shared(): u32 { return apicReadMsr(Msr.IA32_APIC_BASE) & APIC_ENABLED ? SHARED | Edx1.APIC : SHARED; }

function answer(a: u32, b: u32, c: u32, d: u32): void {
  store<u64>(gpr(0), a); store<u64>(gpr(3), b); store<u64>(gpr(1), c); store<u64>(gpr(2), d);
}

/** Sets EAX, EBX, ECX, EDX for leaf EAX, subleaf ECX. */
export function cpuid(): void {
  const leaf = load<u32>(gpr(0)), sub = load<u32>(gpr(1));
  if (leaf >= 0x8000_0000) extended(leaf);
  else if (leaf >= HYPERVISOR && leaf <= OWN_LEAF) hypervisor(leaf);
  else basic(leaf, sub);
}

function basic(leaf: u32, sub: u32): void {
  switch (leaf) {
    case 0: return vendor(MAX_BASIC);
    case 1: return features();
    case 2: if (!isAmd()) return answer(0x00ff_ff01, 0, 0, 0); break; // caches: see leaf 4
    case 4: if (!isAmd()) return cache(sub); break;
    case 6: return answer(4, 0, 0, 0); // ARAT: the local APIC's timer never stops
    case 7: return sub ? answer(0, 0, 0, 0) : answer(0, EBX_7 | (hasFeature(Extra.ADX) ? <u32>Ebx7.ADX : 0), Ecx7.UMIP, isAmd() ? 0 : Edx7.ARCH_CAPABILITIES);
    case 0xb: return topology(sub);
    // x87 and SSE states: 512 bytes of FXSAVE and the header.
    case 0xd: return sub ? answer(0, 0, 0, 0) : answer(3, 576, 576, 0);
    // TSC = crystal x EBX / EAX, the crystal being the clock of the local APIC's timer, as kernels take it; then nominal MHz.
    case 0x15: return answer(2, <u32>(TSC_HZ / (APIC_KHZ * 500)), APIC_KHZ * 1000, 0);
    case 0x16: return answer(TSC_KHZ / 1000, TSC_KHZ / 1000, 100, 0);
  }
  answer(0, 0, 0, 0);
}

/** "AuthenticAMD" or "GenuineIntel" in EBX, EDX, ECX. */
function vendor(max: u32): void {
  if (isAmd()) answer(max, 0x6874_7541, 0x444d_4163, 0x6974_6e65);
  else answer(max, 0x756e_6547, 0x6c65_746e, 0x4965_6e69);
}

/** Intel's list of caches: 32 KiB of data, 32 KiB of instructions, 512 KiB behind both; 64-byte lines, 8 ways. */
function cache(sub: u32): void {
  const ways: u32 = 7 << 22 | 63;
  if (sub == 0) answer(0x0000_0121, ways, 63, 0);
  else if (sub == 1) answer(0x0000_0122, ways, 63, 0);
  else if (sub == 2) answer(0x0000_0143, ways, 1023, 0);
  else answer(0, 0, 0, 0);
}

function features(): void {
  const ecx: u32 = Ecx1.SSE3 | Ecx1.SSSE3 | Ecx1.CX16 | Ecx1.PCID | Ecx1.SSE4_1 | Ecx1.SSE4_2 | Ecx1.X2APIC | Ecx1.MOVBE | Ecx1.POPCNT |
    Ecx1.TSC_DEADLINE | Ecx1.XSAVE | Ecx1.RDRAND | IS_VIRTUAL;
  const hidden: u32 = clock.hidden & Hidden.X2APIC ? Ecx1.X2APIC : 0;
  const osxsave: u32 = cpu.cr4 & Cr4.OSXSAVE ? Ecx1.OSXSAVE : 0;
  // EBX: CLFLUSH lines of 8 x 8 bytes, one logical processor, APIC id 0.
  answer(signature(), 0x0001_0800, ecx & ~hidden | osxsave, shared() | Edx1.SEP | Edx1.CLFSH | Edx1.SSE | Edx1.SSE2);
}

/** One thread in one core: levels SMT and core, then none. */
function topology(sub: u32): void {
  const kind: u32 = sub < 2 ? sub + 1 : 0;
  answer(0, kind ? 1 : 0, kind << 8 | (sub & 0xff), 0);
}

/**
 * 4000_0000: "KVMKVMKVM" with its features, or "Pintail" where that is hidden and at 4000_0100 otherwise; 4000_0010: kHz of the TSC
 * and of the local APIC's timer.
 */
function hypervisor(leaf: u32): void {
  if (leaf == HYPERVISOR + 0x10) return answer(TSC_KHZ, APIC_KHZ, 0, 0);
  if (leaf == (hasKvm() ? OWN_LEAF : HYPERVISOR)) return answer(hasKvm() ? OWN_LEAF : HYPERVISOR + 0x10, 0x746e_6950, 0x006c_6961, 0);
  if (leaf == HYPERVISOR) return answer(HYPERVISOR + 0x10, 0x4b4d_564b, 0x564b_4d56, 0x0000_004d);
  if (leaf == HYPERVISOR + 1 && hasKvm()) return answer(kvmFeatures(), 0, 0, 0);
  answer(0, 0, 0, 0);
}

@inline const EDX_EXTENDED: u32 = EdxExt.NX | EdxExt.PAGE1GB | EdxExt.RDTSCP | EdxExt.LM;
function extendedAmd(): void { answer(signature(), 0, EcxExt.LAHF | EcxExt.PREFETCHW, shared() | EDX_EXTENDED | EdxExt.SYSCALL | EdxExt.MMXEXT); }
/** SYSCALL is announced where it is: in 64-bit code. SDM vol. 2, CPUID. */
function extendedIntel(): void { answer(0, 0, EcxExt.LAHF | EcxExt.PREFETCHW, isLong() ? EDX_EXTENDED | EdxExt.SYSCALL : EDX_EXTENDED); }

function extended(leaf: u32): void {
  switch (leaf) {
    case 0x8000_0000: return isAmd() ? vendor(AMD_MAX_EXTENDED) : answer(INTEL_MAX_EXTENDED, 0, 0, 0);
    case 0x8000_0001: return isAmd() ? extendedAmd() : extendedIntel();
    // The name, 48 bytes in three leaves: "Pintail virtual processor".
    case 0x8000_0002: return answer(0x746e_6950, 0x206c_6961, 0x7472_6976, 0x206c_6175);
    case 0x8000_0003: return answer(0x636f_7270, 0x6f73_7365, 0x0000_0072, 0);
    // Caches that a kernel lists; nothing here depends on them. 64 KiB 2-way each, then 512 KiB 16-way.
    case 0x8000_0005: if (!isAmd()) break; return answer(0xff08_ff08, 0xff20_ff20, 0x4002_0140, 0x4002_0140);
    case 0x8000_0006: if (!isAmd()) return answer(0, 0, 0x0200_6040, 0); return answer(0, 0x4200_4200, 0x0200_8140, 0);
    case 0x8000_0007: return answer(0, 0, 0, 1 << 8); // invariant TSC
    // 48 linear, 40 physical bits; XSAVEERPTR: FXSAVE and XSAVE always keep the x87 pointers.
    case 0x8000_0008: return answer(0x3028, isAmd() ? 1 << 2 : 0, 0, 0);
    case 0x8000_0021:
      if (!isAmd()) break;
      return answer(Eax21.NO_NESTED_DATA_BP | Eax21.LFENCE_SERIALIZES | Eax21.NULL_CLEARS_BASE | Eax21.AUTO_IBRS, 0, 0, 0);
  }
  answer(0, 0, 0, 0);
}

// Model-specific registers by number. Intel SDM vol. 4; AMD APM vol. 2 appendix A and the BIOS and kernel developer's guides.

export const enum Msr {
  IA32_TSC = 0x10, IA32_PLATFORM_ID = 0x17, IA32_APIC_BASE = 0x1b, IA32_TSC_ADJUST = 0x3b, PATCH_LEVEL = 0x8b, IA32_MTRRCAP = 0xfe, IA32_ARCH_CAPABILITIES = 0x10a,
  IA32_SYSENTER_CS = 0x174, IA32_SYSENTER_ESP = 0x175, IA32_SYSENTER_EIP = 0x176,
  IA32_MCG_CAP = 0x179, IA32_MCG_STATUS = 0x17a, IA32_MISC_ENABLE = 0x1a0, IA32_DEBUGCTL = 0x1d9,
  IA32_MTRR_PHYSBASE0 = 0x200, IA32_MTRR_FIX64K = 0x250, IA32_MTRR_FIX16K_80000 = 0x258, IA32_MTRR_FIX16K_A0000 = 0x259,
  IA32_MTRR_FIX4K = 0x268, IA32_PAT = 0x277, IA32_MTRR_DEF_TYPE = 0x2ff,
  IA32_TSC_DEADLINE = 0x6e0, X2APIC = 0x800,
}

// Above 2^31 an enum would be negative.
@inline export const EFER: u32 = 0xc000_0080;
@inline export const STAR: u32 = 0xc000_0081;
@inline export const LSTAR: u32 = 0xc000_0082;
@inline export const CSTAR: u32 = 0xc000_0083;
@inline export const SFMASK: u32 = 0xc000_0084;
@inline export const FS_BASE: u32 = 0xc000_0100;
@inline export const GS_BASE: u32 = 0xc000_0101;
@inline export const KERNEL_GS_BASE: u32 = 0xc000_0102;
@inline export const TSC_AUX: u32 = 0xc000_0103;
// AMD: four event selects, then the four counters; they exist without a CPUID bit (pmu.ts).
@inline export const PERFEVTSEL0: u32 = 0xc001_0000;
@inline export const LEGACY_COUNTERS: u32 = 4;
// AMD: system configuration, hardware configuration, top of memory, northbridge, decode configuration.
@inline export const SYSCFG: u32 = 0xc001_0010;
@inline export const HWCR: u32 = 0xc001_0015;
@inline export const TOP_MEM: u32 = 0xc001_001a;
@inline export const TOP_MEM2: u32 = 0xc001_001d;
@inline export const NB_CFG: u32 = 0xc001_001f;
@inline export const INT_PENDING: u32 = 0xc001_0055;
@inline export const VM_CR: u32 = 0xc001_0114;
@inline export const DE_CFG: u32 = 0xc001_1029;

/** HWCR.TscFreqSel: the TSC counts at the nominal rate; kernels complain where it is clear. */
@inline export const TSC_FREQ_SEL: u64 = 1 << 24;
/** DE_CFG: LFENCE serializes. */
@inline export const LFENCE_SERIALIZES: u64 = 2;
/** VM_CR.SVMDIS: no virtual machines. */
@inline export const SVM_DISABLED: u64 = 16;
/** EFER bit 21, automatic IBRS: see cpuid.ts. */
@inline export const EFER_AUTO_IBRS: u64 = 1 << 21;
/**
 * IA32_ARCH_CAPABILITIES: nothing here is executed speculatively, so each fault of speculation that the register can deny is denied: RDCL,
 * L1D flushes, SSB, MDS, page size changes, TAA, SBDR, FBSDP, PSDP, BHI, PBRSB, GDS, RFDS, ITS.
 */
@inline export const ARCH_CAPABILITIES: u64 = 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1 << 62;
/** MTRRs: 8 pairs, fixed ranges, write combining. */
@inline export const MTRRCAP_VALUE: u64 = 8 | 1 << 8 | 1 << 10;
@inline export const VARIABLE_MTRRS: u32 = 16;

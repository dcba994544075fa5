// Architectural state of the processor, laid over memory. Field order is the snapshot format.
// Intel SDM vol. 1 chapter 3 and vol. 3 chapter 2; AMD APM vol. 2 where noted.

import { CPU, FPR, GPR, SEGMENTS, XMM } from "../base/layout";
export { FPR, GPR, SEGMENTS, XMM };

@unmanaged export class CpuState {
  /** Between blocks, the next instruction; inside one, where it falls through to (run/loop.ts step). */
  rip: u64;
  // Status flags in two words; see flags.ts.
  /** Last result, sign-extended: ZF is its being 0, SF its bit 63, PF the parity of its low byte. */
  ccResult: u64;
  /** Bit 63 = CF, bit 62 = CF xor OF, bit 3 = AF; bit 1 inverts SF and bit 0 inverts PF, for POPF, IRET, UCOMISD. */
  ccCarry: u64;
  /** The other RFLAGS bits: TF IF DF IOPL NT RF VM AC VIF VIP ID. Bit 1 always set. */
  flags: u64;

  cr0: u64; cr2: u64; cr3: u64; cr4: u64; cr8: u64; xcr0: u64;
  dr0: u64; dr1: u64; dr2: u64; dr3: u64; dr6: u64; dr7: u64;

  efer: u64; star: u64; lstar: u64; cstar: u64; sfmask: u64;
  kernelGsBase: u64; tscAux: u64; pat: u64;
  sysenterCs: u64; sysenterEsp: u64; sysenterEip: u64;
  miscEnable: u64; apicBase: u64;

  gdtBase: u64; gdtLimit: u32;
  idtLimit: u32; idtBase: u64;

  /** Current privilege level: DPL of SS, kept apart for speed. */
  cpl: u32;
  /** Mode word: the Mode bits a block of code depends on (mode.ts). */
  mode: u32;

  // The exception being raised (exceptions.ts): vector, error code, and which level of nesting.
  vector: u32; errorCode: u32; hasError: u32; raised: u32;
  /** Vector and class of the exception being delivered, for double faults; 0xffff_ffff when none. */
  delivering: u32;
  /** What the shadow of STI, MOV SS or POP SS holds back while Event.SHADOW is up: shadow.ts Shadow. */
  shadow: u32;

  mxcsr: u32; fcw: u16; fsw: u16;
  /** One bit a physical x87 register: 1 = valid, 0 = empty (FXSAVE's abridged form). */
  ftw: u8; pad0: u8; fop: u16; fcs: u16; fds: u16; pad1: u32;
  fip: u64; fdp: u64;

  /** Byte reached by the fault in hand, for CR2 and the error code. */
  faultAddress: u64;
  /** TLB class bases for the current privilege: read, write and execute tables (tlb.ts). */
  tlbRead: u32; tlbWrite: u32; tlbExec: u32;
  /** Address of the TLB tables of the current PCID (contexts.ts). */
  tlbBank: u32;
  /** Where this processor's TLB and its logs lie. */
  tlbTables: u32; tlbLogs: u32;
  /** A 1 GiB page has been entered in the TLB since it was last emptied. */
  hugePages: u32;
  /** The access in hand is of the stack: an address that is not canonical raises #SS, not #GP. */
  stackAccess: u32;
  /** Breakpoints on data and ports that the instruction in hand has touched, as bits of DR6: #DB after it (run/single-step.ts). */
  watched: u32;
  /** NMIs wait for IRET: one is being handled. */
  nmiBlocked: u32;
  /** The task switch in hand is past its commit point (tasks.ts). */
  switched: u32;
}

@inline export const cpu = changetype<CpuState>(CPU);

/**
 * Sixteen 64-bit general registers, then two the decoder uses: 16 always reads as zero (no base, no index),
 * 17 holds the rip of the block's page start, so that rip-relative operands are ordinary base registers.
 */
@inline export function gpr(r: u32): usize { return GPR + (<usize>r << 3); }
@inline export const NO_REGISTER: u32 = 16;
@inline export const RIP_REGISTER: u32 = 17;

/** Sixteen 128-bit XMM registers, then two scratch ones. */
@inline export function xmm(r: u32): usize { return XMM + (<usize>r << 4); }

/** Eight physical x87 registers, 16 bytes each: u64 mantissa, u16 sign and exponent. MMX registers alias the mantissa. */
@inline export function fpr(physical: u32): usize { return FPR + (<usize>physical << 4); }

/** Segment registers in encoding order, then TR and LDTR. */
export const enum Seg { ES, CS, SS, DS, FS, GS, LDTR, TR, NONE }

/** A segment register and its descriptor cache, 32 bytes. NONE has base 0 and no limit. */
@unmanaged export class Segment {
  base: u64;
  /** Highest valid offset; expand-down handled by segments.ts. */
  limit: u32;
  /** Bits 8-23 of the descriptor's second word, at their place (type, S, DPL, P, AVL, L, D/B, G); 0 = null. */
  attr: u32;
  selector: u32;
  pad0: u32;
  pad1: u64;
}
@inline export function segment(s: u32): Segment { return changetype<Segment>(SEGMENTS + (<usize>s << 5)); }

/** Descriptor attribute bits as in the second word of a descriptor. SDM vol. 3, 3.4.5. */
export const enum Desc {
  ACCESSED = 1 << 8, WRITABLE = 1 << 9, READABLE = 1 << 9, EXPAND_DOWN = 1 << 10, CONFORMING = 1 << 10, CODE = 1 << 11,
  S = 1 << 12, DPL_SHIFT = 13, DPL = 3 << 13, PRESENT = 1 << 15, L = 1 << 21, DB = 1 << 22, G = 1 << 23,
}

/** MTRRs and other rarely used MSRs (msr.ts). */
@inline export const MSRS: usize = CPU + 0x1000;

export const enum Flag {
  CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, TF = 256, IF = 512, DF = 1024, OF = 2048, IOPL = 0x3000, NT = 0x4000,
  RF = 0x1_0000, VM = 0x2_0000, AC = 0x4_0000, VIF = 0x8_0000, VIP = 0x10_0000, ID = 0x20_0000,
  STATUS = 0x8d5,
}
export const enum Cr0 { PE = 1, MP = 2, EM = 4, TS = 8, ET = 16, NE = 32, WP = 0x1_0000, AM = 0x4_0000, NW = 0x2000_0000, CD = 0x4000_0000, PG = 0x8000_0000 }
export const enum Cr4 {
  VME = 1, PVI = 2, TSD = 4, DE = 8, PSE = 16, PAE = 32, MCE = 64, PGE = 128, PCE = 256, OSFXSR = 512, OSXMMEXCPT = 1024,
  UMIP = 0x800, FSGSBASE = 0x1_0000, PCIDE = 0x2_0000, OSXSAVE = 0x4_0000, SMEP = 0x10_0000, SMAP = 0x20_0000,
}
export const enum Efer { SCE = 1, LME = 0x100, LMA = 0x400, NXE = 0x800 }

/** Exception vectors. SDM vol. 3, table 6-1. */
export const enum Vector { DE, DB, NMI, BP, OF, BR, UD, NM, DF, CSO, TS, NP, SS, GP, PF, RES15, MF, AC, MC, XM }

/** What a block of code depends on: its key with the physical address. */
export const enum Mode {
  /** Code is 64-bit (CS.L in long mode). */
  LONG = 1,
  /** Default operand and address size is 32 bits (CS.D). */
  CODE32 = 2,
  /** Stack addresses are 32 bits (SS.B); in 64-bit mode always 64. */
  STACK32 = 4,
  /** EFER.LMA. */
  LMA = 8,
  PROTECTED = 16,
  V86 = 32,
  /** CPL is 3. */
  USER = 64,
  /** ES, CS, SS, DS have base 0 and limit 4 GiB: no checks. */
  FLAT = 128,
  /** CR0 and CR4 state that makes SSE and x87 raise: FPU_OFF covers EM or TS, SSE_OFF covers OSFXSR clear or EM. */
  FPU_OFF = 256, SSE_OFF = 512,
  /** Alignment checks are on (CR0.AM, AC, CPL 3). */
  ALIGN = 1024,
}

// What an instruction that is one operation of the IR (RUN) reads and writes: the sets that rows name, and records carry to isa/effects.ts,
// which says what is in each. Valid in both languages: tests read the rows, too.

export const enum Uses {
  /** Everything: right for each instruction, and as slow as can be. */
  ALL,
  NOTHING,
  // General.
  ACC_FLAGS, CRC32, PAIR, POP_M, PUSHA, POPA, PUSH_SEG, ENTER, STRING, STRING_FLAGS, BOUND, LAHF, SAHF,
  // Vectors.
  SSE_STRING, SSE_MASKMOV, MMX, MMX_FROM_GPR, MMX_TO_GPR, MMX_MASKMOV,
  // x87: its own state; with flags read (FCMOVcc), written (FCOMI and its kin), AX written (FNSTSW); the state images.
  X87, X87_READS_FLAGS, X87_FLAGS, X87_AX, IMAGE,
  // System.
  SYSTEM, TIME, RDTSCP, CPUID, PUSHF, POPF, FSGSBASE, FROM_CR, TO_CR, INVPCID, RDMSR, WRMSR, PORT, SYSCALL, SYSRET, IRET,
  // Segment registers; transfers that may switch tasks.
  FROM_SEG, TO_SEG, POP_SEG, FAR,
  COUNT,
}

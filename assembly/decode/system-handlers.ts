// Handler numbers of the system chapter, within H.SYSTEM to H.SYSTEM_END (handlers.ts).

export const enum S {
  // Far transfers and interrupts: far.ts.
  FAR_CALL = 1024, FAR_JMP, FAR_CALL_M, FAR_JMP_M, FAR_RET, FAR_RET_I, IRET, INT, INT3, INTO, INT1,
  SYSCALL, SYSRET, SYSENTER, SYSEXIT,
  // Segment registers and descriptor tables: system-segments.ts.
  MOV_FROM_SEG, MOV_TO_SEG, POP_SEG, LOAD_FAR, SLDT, STR, LLDT, LTR, VERIFY, LAR, LSL, ARPL,
  SGDT, SIDT, LGDT, LIDT, SWAPGS, FSGSBASE,
  // Control: system-control.ts.
  SMSW, LMSW, CLTS, MOV_FROM_CR, MOV_TO_CR, MOV_FROM_DR, MOV_TO_DR, INVLPG, INVPCID, CACHE, HLT,
  RDMSR, WRMSR, RDTSC, RDTSCP, RDPMC, CPUID, XCR, RDRAND, HYPERCALL,
  // Flags: system-flags.ts.
  CLI, STI, PUSHF, POPF, AC_FLAG,
  // Ports: system-ports.ts.
  IN, OUT, INS, OUTS,
}

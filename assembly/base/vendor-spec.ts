// What differs between AMD's processors and Intel's: one row a behaviour, read through vendor.ts. The tests hold each row of each vendor
// (tests/machine/vendor.test.ts) and replay the recorded processors' vectors under their vendor's rows.
// Sections are those of AMD APM volumes 2 and 3 and Intel SDM volumes 1 to 3; "vectors" is what processors do where the manual is silent.

/** As in the `-cpu` option; a machine is AMD's unless it is asked for. */
export const enum Vendor { AMD, INTEL }

export const enum Trait {
  // behaviour                                                        AMD                             Intel
  // -----------------------------------------------------------------------------------------------------------------------------------
  /** 66 before a near branch in 64-bit code                           16-bit operand and RIP          ignored (FORCE64)
   *                                                                   APM 3: 1.2.2, JMP, CALL, RET    SDM 2: JMP, CALL, appendix A (f64) */
  NEAR_BRANCH_16 = 1 << 0,
  /** REX.W with a far pointer in memory                               m16:32                          m16:64
   *  (what is pushed has 8 bytes on both)                             APM 3: JMP, CALL (Far), LxS     SDM 2: JMP, CALL, LDS/LES/LFS/LGS/LSS */
  FAR_POINTER_32 = 1 << 1,
  /** 0F 0D with a register                                            #UD                             a hint: no operation
   *                                                                   APM 3: PREFETCH                 SDM 2: PREFETCHW, table A-3 */
  PREFETCH_MEMORY_ONLY = 1 << 2,
  /** SYSENTER and SYSEXIT in long mode                                #UD                             as in protected mode
   *                                                                   APM 3: SYSENTER, SYSEXIT        SDM 2: SYSENTER, SYSEXIT */
  NO_SYSENTER_IN_LONG = 1 << 3,
  /** SYSCALL and SYSRET outside 64-bit code                           as the manual's legacy forms    #UD
   *                                                                   APM 3: SYSCALL, SYSRET          SDM 2: SYSCALL, SYSRET */
  SYSCALL_ONLY_64 = 1 << 4,
  /** SYSRET to an RCX that is not canonical                           #GP at CPL 3, fetching          #GP(0) at CPL 0
   *                                                                   APM 3: SYSRET                   SDM 2: SYSRET */
  SYSRET_CHECKS_TARGET = 1 << 5,
  /** A breakpoint on the instruction after MOV SS or POP SS           taken                           held back
   *                                                                   APM 2: 13.1.1.4                 SDM 3: 6.8.3 */
  SHADOW_KEEPS_BREAKPOINTS = 1 << 6,
  /** REP INS and OUTS with rCX 0 to a port that is not allowed        #GP(0)                          nothing
   *                                                                   vectors; APM 3: INS             SDM 2: REP (the count is looked at first) */
  PORTS_CHECKED_FIRST = 1 << 7,
  /** CMPS with two operands that fault                                rSI's is raised                 rDI's is raised
   *                                                                   vectors                         vectors */
  CMPS_SOURCE_FIRST = 1 << 8,
  /** A far return to an outer level whose CS and outer stack fault    rSP and SS are popped first     CS is checked first
   *                                                                   APM 3: RET (Far)                SDM 2: RET */
  FAR_RETURN_POPS_FIRST = 1 << 9,
  /** An x87 store that an unmasked exception keeps from memory        still faults on its address     does not look at the address
   *                                                                   vectors                         vectors */
  X87_STORE_ALWAYS_PROBES = 1 << 10,
  /** An MMX store that faults                                         leaves TOP                      has set TOP to 0
   *                                                                   vectors                         vectors */
  MMX_STORE_MOVES_TOP = 1 << 11,
  /** MASKMOVQ that faults                                             has set TOP and the tags        has set TOP
   *                                                                   vectors                         vectors */
  MASKMOVQ_TAGS_FIRST = 1 << 12,
  /** Which of several NaNs DPPS and DPPD give                         the first product's             each lane's own, by its neighbours
   *                                                                   vectors                         vectors */
  DOT_IN_ORDER = 1 << 13,
  /** FSIN and FSINCOS of an operand below 2^-64                       rounded as just below it        the operand
   *  (a directed rounding gives the next number, and an underflow)    vectors                         vectors */
  TINY_SINE_BELOW = 1 << 14,
  /** ENTER, 32-bit operand, 16-bit stack whose SP wraps: EBP            ESP as the push leaves it       borrows from its upper half
   *                                                                   SDM 2, APM 3: ENTER; 386        vectors */
  ENTER_BORROWS = 1 << 15,
  /** MASKMOVQ and MASKMOVDQU fault for bytes that the mask leaves out   yes, even with an empty mask    no
   *                                                                   vectors; both leave it open     vectors */
  MASKED_STORE_PROBES_ALL = 1 << 16,
}

/** The vendors' columns. */
export const enum Traits {
  AMD = Trait.NEAR_BRANCH_16 | Trait.FAR_POINTER_32 | Trait.PREFETCH_MEMORY_ONLY | Trait.NO_SYSENTER_IN_LONG | Trait.SHADOW_KEEPS_BREAKPOINTS |
    Trait.PORTS_CHECKED_FIRST | Trait.CMPS_SOURCE_FIRST | Trait.FAR_RETURN_POPS_FIRST | Trait.X87_STORE_ALWAYS_PROBES | Trait.MASKMOVQ_TAGS_FIRST |
    Trait.DOT_IN_ORDER | Trait.TINY_SINE_BELOW | Trait.MASKED_STORE_PROBES_ALL,
  INTEL = Trait.SYSCALL_ONLY_64 | Trait.SYSRET_CHECKS_TARGET | Trait.MMX_STORE_MOVES_TOP | Trait.ENTER_BORROWS,
}

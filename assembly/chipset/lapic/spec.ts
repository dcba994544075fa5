// Local APIC: Intel SDM vol. 3, chapter 10 (Advanced Programmable Interrupt Controller), offsets of table 10-1.

@inline export const APIC_BASE: u64 = 0xfee0_0000;
export const enum Apic {
  ID = 0x20, VERSION = 0x30, TPR = 0x80, APR = 0x90, PPR = 0xa0, EOI = 0xb0, RRD = 0xc0, LDR = 0xd0, DFR = 0xe0, SVR = 0xf0,
  ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR_LOW = 0x300, ICR_HIGH = 0x310, LVT_TIMER = 0x320, LVT_THERMAL = 0x330,
  LVT_PERF = 0x340, LVT_LINT0 = 0x350, LVT_LINT1 = 0x360, LVT_ERROR = 0x370, TIMER_INITIAL = 0x380, TIMER_CURRENT = 0x390,
  TIMER_DIVIDE = 0x3e0, SELF_IPI = 0x3f0,
  BYTES = 0x400,
}
/** Version 14h (integrated), six LVT entries. */
@inline export const VERSION_VALUE: u32 = 0x0005_0014;
export const enum SVR { ENABLED = 0x100, WRITABLE = 0x1ff, RESET = 0xff }
export const enum LVT {
  VECTOR = 0xff, MODE = 0x700, MODE_SHIFT = 8, MASKED = 0x1_0000, PERIODIC = 0x2_0000, TSC_DEADLINE = 0x4_0000, TIMER_MODE = 0x6_0000,
  TIMER_WRITABLE = 0x7_00ff, LINT_WRITABLE = 0x1_a7ff, SENSOR_WRITABLE = 0x1_07ff, ERROR_WRITABLE = 0x1_00ff,
}
export const enum Delivery { FIXED, LOWEST, SMI, RESERVED, NMI, INIT, STARTUP, EXTINT }
export const enum ICR {
  VECTOR = 0xff, MODE_SHIFT = 8, LOGICAL = 0x800, ASSERT = 0x4000, LEVEL = 0x8000, SHORTHAND_SHIFT = 18, WRITABLE = 0xc_cfff,
}
/** Error status bits. */
export const enum ESR { SEND_ILLEGAL = 0x20, RECEIVE_ILLEGAL = 0x40, REGISTER_ILLEGAL = 0x80 }
export const enum Msr { IA32_APIC_BASE = 0x1b, IA32_TSC_DEADLINE = 0x6e0, X2APIC_FIRST = 0x800, X2APIC_LAST = 0x8ff }
export const enum ApicBase { BSP = 0x100, EXTD = 0x400, EN = 0x800 }

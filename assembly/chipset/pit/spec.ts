// 8254 Programmable Interval Timer, Intel 231164-005; port 61h (NMI status and control) from the ICH9 data sheet, 13.7.1.

export const enum PitPort { COUNTER0 = 0x40, CONTROL = 0x43, NMI_SC = 0x61 }
/** Control word. */
export const enum Control { BCD = 1, MODE_SHIFT = 1, RW_SHIFT = 4, SELECT_SHIFT = 6, READ_BACK = 3 }
/** Read-back command: zeros ask for a latch. */
export const enum ReadBack { NO_STATUS = 0x10, NO_COUNT = 0x20 }
export const enum Status { NULL_COUNT = 0x40, OUT = 0x80 }
export const enum NmiSc { GATE2 = 1, SPEAKER = 2, REFRESH = 0x10, OUT2 = 0x20, WRITABLE = 0x0f }
@inline export const PIT_HZ: u64 = 1_193_182;

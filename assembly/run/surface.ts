export const enum Address { Control, Cpu, Gpr, Xmm, Fpr, Segments, Ram, Rings, Counters }
export const enum StopReason { BUDGET, IDLE, POWEROFF, RESET, DEBUG_EXIT, SHUTDOWN, HALT }
export const enum EntryMode { PVH32, LONG64, REAL16, BARE64 }

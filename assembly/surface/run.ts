// Running: what address() names, why a slice stops, where lines can be probed, what the regions of memory are.

export const enum Address { Vcpu, Cpu, Gpr, Xmm, Fpr, Segments, Ram, Rings, Counters, Firmware, Screen, Video }
/**
 * Why `run` returns. BUDGET: so many ticks are done. BOUNDARY: the host serves what waits, then calls passBoundary. IDLE and HALT: the processor
 * sleeps, with and without interrupts; they are boundaries, too. YIELD: a turn's work is done, nothing else.
 * PANIC: the guest told of its panic (pvpanic); it may be run on. REGION: it has marked a region of interest; no boundary, and nothing is due.
 */
export const enum StopReason { BUDGET, IDLE, POWEROFF, RESET, DEBUG_EXIT, SHUTDOWN, HALT, BOUNDARY, YIELD, PANIC, REGION }
/** Why a device has stopped the machine (takeStop). EXIT: the debug exit, with a status in exitCode. PANIC: the guest says that it has panicked; it may be run on. */
export const enum Power { OFF = 16, RESET, EXIT, PANIC }
/** What a region of memory holds (regionKind): the machine's state, what can be made again, or what the module was built with. */
export const enum RegionKind { STATE, CACHE, STATIC }
/** Where probe.ts can listen to interrupt lines. */
export const enum ProbePoint { NONE, IOAPIC_IN, PIC_IN, PIC_OUT }

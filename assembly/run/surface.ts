// Numbers that the module and the host both use: what address() names, why a slice stops, which cards
// there are. Valid in both languages.

export const enum Address { Vcpu, Cpu, Gpr, Xmm, Fpr, Segments, Ram, Rings, Counters, Firmware }
/**
 * Why `run` returns. BUDGET: so many ticks are done. BOUNDARY: the host serves what waits, then calls passBoundary. IDLE and HALT: the processor
 * sleeps, with and without interrupts; they are boundaries, too. YIELD: a turn's work is done, nothing else.
 * PANIC: the guest told of its panic (pvpanic); it may be run on.
 */
export const enum StopReason { BUDGET, IDLE, POWEROFF, RESET, DEBUG_EXIT, SHUTDOWN, HALT, BOUNDARY, YIELD, PANIC }
/** What tuneCard sets: pairs of queues; Mb/s and 0 half, 1 full that a card reports, all ones (255) for unknown; 1: a virtio card without the modern interface. */
export const enum CardOption { QUEUES, SPEED, DUPLEX, LEGACY_ONLY }
/** Cards that can be added before a machine is made. */
export const enum CardKind { NONE, VIRTIO_NET, VIRTIO_RNG, VIRTIO_BLK, VIRTIO_CONSOLE, E1000, PCNET }
/** Where probe.ts can listen to interrupt lines. */
export const enum ProbePoint { NONE, IOAPIC_IN, PIC_IN, PIC_OUT }

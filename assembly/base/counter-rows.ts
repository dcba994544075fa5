// The counters with fixed ids, a row each: id, name, unit. docs/counters.md says of each what it counts, whose it is and of which class of
// boundary; a test holds it to these rows. Cards name their own (nameOwned).

import { clearNames, Counter, nameCounter as row } from "./counters";

/** Names the fixed ids; once, at attach. */
export function nameCounters(): void {
  clearNames();
  nameProcessor();
  nameBoundaries();
  nameOwn();
}

/** What the processor did, and time. */
function nameProcessor(): void {
  row(Counter.TICKS, "ticks", "ticks");
  row(Counter.INSTRUCTIONS, "instructions", "instructions");
  row(Counter.EXCEPTIONS, "exceptions", "events");
  row(Counter.INTERRUPTS_TAKEN, "interrupts taken", "events");
  row(Counter.NMIS_TAKEN, "NMIs taken", "events");
  row(Counter.BOUNDARIES, "boundaries", "events");
  row(Counter.HALTS, "halts", "events");
  row(Counter.IDLE_NS, "guest idle time", "ns");
  row(Counter.TLB_FILLS, "TLB fills", "entries");
  row(Counter.TLB_FLUSHES, "TLB flushes", "events");
  row(Counter.PAGE_WALKS, "page walks", "events");
}

/** What crossed a boundary. */
function nameBoundaries(): void {
  row(Counter.PORT_READS, "port reads", "accesses");
  row(Counter.PORT_WRITES, "port writes", "accesses");
  row(Counter.MMIO_READS, "MMIO reads", "accesses");
  row(Counter.MMIO_WRITES, "MMIO writes", "accesses");
  row(Counter.UNMAPPED_READS, "unmapped reads", "accesses");
  row(Counter.UNMAPPED_WRITES, "unmapped writes", "accesses");
  row(Counter.NARROW_WRITES, "writes too narrow for the device", "accesses");
  row(Counter.LINES_ASSERTED, "interrupt lines asserted", "events");
  row(Counter.MSIS_SENT, "MSIs sent", "events");
  row(Counter.MSIS_REFUSED, "MSIs refused", "events");
  row(Counter.INTERRUPTS_ACCEPTED, "interrupts accepted", "events");
  row(Counter.INTERRUPTS_COALESCED, "interrupts coalesced", "events");
  row(Counter.EOIS, "EOIs", "events");
  row(Counter.SPURIOUS, "spurious interrupts", "events");
  row(Counter.TIMERS_FIRED, "timers fired", "events");
  row(Counter.DMA_READS, "DMA reads", "transfers");
  row(Counter.DMA_WRITES, "DMA writes", "transfers");
  row(Counter.DMA_BYTES_READ, "DMA bytes read", "bytes");
  row(Counter.DMA_BYTES_WRITTEN, "DMA bytes written", "bytes");
  row(Counter.DMA_ABORTS, "DMA aborts", "transfers");
  row(Counter.RING_BYTES_OUT, "bytes to the host", "bytes");
  row(Counter.RING_BYTES_IN, "bytes from the host", "bytes");
  row(Counter.RING_FULL, "waits for a full ring", "events");
  row(Counter.DEVICE_WORK, "device work", "units of 10 ns");
  row(Counter.DEVICE_WAITS, "waits of devices for allowance", "events");
}

/** The emulator's own: how it went about its work. No state. */
function nameOwn(): void {
  row(Counter.BLOCK_EXITS, "exits to the loop", "events");
  row(Counter.YIELDS, "yields", "events");
  row(Counter.BLOCKS_DECODED, "blocks decoded", "blocks");
  row(Counter.CODE_DROPPED, "blocks dropped", "blocks");
}

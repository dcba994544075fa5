// The counters with fixed ids, a row each: id, name, unit, whose it is, and the boundary that a count crosses, if it crosses one. docs/counters.md
// says of each what it counts; a test holds it to these rows. Cards name their own (nameOwned).

import { clearNames, Counter, nameCounter as row } from "./counters";
import { Crossing, Owner } from "../surface/counters";

/** Names the fixed ids; once, at attach. */
export function nameCounters(): void {
  clearNames();
  nameProcessor();
  nameBoundaries();
  nameOwn();
}

/** What the processor did, and time. */
function nameProcessor(): void {
  row(Counter.TICKS, "ticks", "ticks", Owner.MACHINE);
  row(Counter.INSTRUCTIONS, "instructions", "instructions", Owner.MACHINE);
  row(Counter.EXCEPTIONS, "exceptions", "events", Owner.MACHINE);
  row(Counter.INTERRUPTS_TAKEN, "interrupts taken", "events", Owner.MACHINE);
  row(Counter.NMIS_TAKEN, "NMIs taken", "events", Owner.MACHINE);
  row(Counter.BOUNDARIES, "boundaries", "events", Owner.MACHINE, Crossing.B3);
  row(Counter.HALTS, "halts", "events", Owner.MACHINE, Crossing.B3);
  row(Counter.IDLE_NS, "guest idle time", "ns", Owner.MACHINE);
  row(Counter.TLB_FILLS, "TLB fills", "entries", Owner.MACHINE);
  row(Counter.TLB_FLUSHES, "TLB flushes", "events", Owner.MACHINE);
  row(Counter.PAGE_WALKS, "page walks", "events", Owner.MACHINE);
}

/** What crossed a boundary. */
function nameBoundaries(): void {
  row(Counter.PORT_READS, "port reads", "accesses", Owner.MACHINE, Crossing.B1);
  row(Counter.PORT_WRITES, "port writes", "accesses", Owner.MACHINE, Crossing.B1);
  row(Counter.MMIO_READS, "MMIO reads", "accesses", Owner.MACHINE, Crossing.B1);
  row(Counter.MMIO_WRITES, "MMIO writes", "accesses", Owner.MACHINE, Crossing.B1);
  row(Counter.UNMAPPED_READS, "unmapped reads", "accesses", Owner.MACHINE);
  row(Counter.UNMAPPED_WRITES, "unmapped writes", "accesses", Owner.MACHINE);
  row(Counter.NARROW_WRITES, "writes too narrow for the device", "accesses", Owner.MACHINE);
  row(Counter.LINES_ASSERTED, "interrupt lines asserted", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.MSIS_SENT, "MSIs sent", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.MSIS_REFUSED, "MSIs refused", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.INTERRUPTS_ACCEPTED, "interrupts accepted", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.INTERRUPTS_COALESCED, "interrupts coalesced", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.EOIS, "EOIs", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.SPURIOUS, "spurious interrupts", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.TIMERS_FIRED, "timers fired", "events", Owner.MACHINE, Crossing.B1);
  row(Counter.DMA_READS, "DMA reads", "transfers", Owner.MACHINE, Crossing.B0);
  row(Counter.DMA_WRITES, "DMA writes", "transfers", Owner.MACHINE, Crossing.B0);
  row(Counter.DMA_BYTES_READ, "DMA bytes read", "bytes", Owner.MACHINE, Crossing.B0);
  row(Counter.DMA_BYTES_WRITTEN, "DMA bytes written", "bytes", Owner.MACHINE, Crossing.B0);
  row(Counter.DMA_ABORTS, "DMA aborts", "transfers", Owner.MACHINE);
  row(Counter.RING_BYTES_OUT, "bytes to the host", "bytes", Owner.MACHINE);
  row(Counter.RING_BYTES_IN, "bytes from the host", "bytes", Owner.MACHINE);
  row(Counter.RING_FULL, "waits for a full ring", "events", Owner.MACHINE, Crossing.B3);
  row(Counter.DEVICE_WORK, "device work", "units of 10 ns", Owner.MACHINE);
  row(Counter.DEVICE_WAITS, "waits of devices for allowance", "events", Owner.MACHINE);
}

/** The emulator's own: how it went about its work. No state. */
function nameOwn(): void {
  row(Counter.BLOCK_EXITS, "exits to the loop", "events", Owner.EMULATOR);
  row(Counter.YIELDS, "yields", "events", Owner.EMULATOR, Crossing.B3);
  row(Counter.BLOCKS_DECODED, "blocks decoded", "blocks", Owner.EMULATOR);
  row(Counter.CODE_DROPPED, "blocks dropped", "blocks", Owner.EMULATOR);
}

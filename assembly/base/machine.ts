// The machine's own words, apart from those of its processor (control.ts): time and boundaries are the machine's, ticks are a
// processor's. Then the links: what the module's parts need of each other and of the caches, made at attach, no state.

import { MACHINE, LINKS } from "./layout";

/**
 * Ticks between two boundaries, at which the outside enters: input, frames, the host's view of rings, jumps of the clock. Boundaries lie
 * at its multiples since power-up, so that they fall on the same instructions however a run is cut into steps.
 */
@inline export const QUANTUM: u64 = 250_000;

/** State. */
@unmanaged export class Machine {
  /** RAM size in bytes. */
  ramSize: u64;
  /** The tick of the next boundary. It is due, and stays due, until passBoundary. */
  boundary: u64;
  /** State of the seeded random source (splitmix64): RDRAND, virtio-rng. */
  random: u64;
  /** Bytes of the ROM image that ends at 4 GiB, a whole number of pages. */
  romSize: u32;
  /** Why the machine stopped (Power or StopReason of surface/run.ts). */
  stop: u32;
  /** Guest-visible exit status written by debug exit or poweroff. */
  exitCode: u32;
  /** Whose processor it is: Vendor of vendor-spec.ts. A reset keeps it. */
  vendor: u32;
  /** Bit of the processor's physical addresses that is held down: 20 while the A20 gate is shut, else none. */
  heldDown: u64;
  /** Where the guest's addresses show the screen's memory, 0: nowhere; and its bytes, 0 without a screen (memory/ram.ts). */
  videoAt: u64;
  videoBytes: u32;
  /** What virtual time is charged (device/charges.ts), 0: nothing: ns an access to a port or a device, a doorbell, an interrupt taken; 2^-10 ns a byte of DMA. */
  accessNs: u32; doorbellNs: u32; interruptNs: u32; byteRate: u32;
  /** 1: the machine was made with charges, though none need be for events. */
  charged: u32;
  /** Bytes below 4 GiB that flash chips answer for, where a store is a command; and those of them that are no memory now (memory/ram.ts). */
  flashBytes: u32;
  hiddenAt: u64;
  hiddenBytes: u32;
}
@inline export const machine = changetype<Machine>(MACHINE);

/** Cache. */
@unmanaged export class Links {
  /** Function-table index of decode/cache.ts codeWritten(host, bytes); 0 until attached. */
  codeSlot: u32;
  /** Function-table index of isa/execute.ts runOne(record): what the IR's RUN operation calls; 0 until attached. */
  runSlot: u32;
  /** Function-table index of isa/x87-parts.ts runPart(operation, record, operand), for the IR's interpreter; 0 until attached. */
  x87Slot: u32;
  /** Function-table index of cpu/tlb.ts flushAll(), for who changes what pages may be written; 0 until attached. */
  tlbSlot: u32;
  /** Function-table index of device/clock.ts charge(ns), for the bus; 0 until attached. */
  chargeSlot: u32;
  /** 1: every block goes through Build, the verifier and the IR interpreter (tests). */
  throughIr: u32;
  /** Operations in the IR block being built. */
  irCount: u32;
  /** 0: nothing is translated. Otherwise blocks that have run for fewer ticks than this are no translation's business (run/translations.ts). */
  translating: u32;
  /** 0 when the decode cache was emptied since: what was translated from it is gone too. */
  translations: u32;
  /** Next free byte of the decode cache (decode/cache.ts). */
  blockSpace: u32;
  /** Pages of RAM that still lie with the host (memory/ram.ts). */
  absent: u32;
  /** Counts up where decoded code is dropped (base/changes.ts has it by page). */
  changes: u32;
  /** Where the trace is (trace.ts); 0: none is kept. */
  trace: u32;
  /** Where frames that pass labs are copied to (lab/capture.ts); 0: nowhere. */
  capture: u32;
  /** Where what labs replay lies (lab/traffic.ts). */
  replays: u32;
  /** Where attribution keeps what it has (profile/state.ts), behind RAM; 0: this machine was made without. */
  profile: u32;
  /** 1: the loop attributes what it runs (profile/); the interpreter runs everything then. */
  profiling: u32;
  /** 1: some counters' events are handed to the host (hosted.ts). */
  hosted: u32;
}
@inline export const links = changetype<Links>(LINKS);

/** Puts the next boundary at the first multiple of QUANTUM after `now`. */
export function placeBoundary(now: u64): void { machine.boundary = (now / QUANTUM + 1) * QUANTUM; }

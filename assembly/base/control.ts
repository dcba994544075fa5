// The processor's control words: its count of ticks, the events it must look at, and where the run loop is. Everything that
// can end a block early writes here, so it is on floor 0. They begin the processor's block of memory (layout.ts VCPU).
//
// A block of decoded records runs from `current` to `end`; whoever wants the loop to look around
// stores 0 in `end` (leaveBlock), and the loop leaves after the instruction in hand.
//
// Three things end a run, and they are apart. A boundary is the machine's (machine.ts): a tick that the guest alone decides. `until` is
// the host's: exactly so many ticks and no more. A yield is nobody's: when the work of a few milliseconds is done (spend), the loop gives
// the host its turn, after any instruction, and the guest cannot tell. Work counts what costs time, in units of about an instruction
// of the interpreter; it is no part of the machine's state and decides nothing else.

import { VCPU } from "./layout";

@unmanaged export class Control {
  // State (VCPU_WORDS_SIZE bytes).
  /** Ticks retired before the block's first record (see ticks()). */
  base: u64;
  /** Why the loop must look around: Event bits. */
  events: u32;
  pad0: u32;

  // The loop's own.
  /** Address past the last record to run; 0 asks the loop to leave after this instruction. */
  end: u32;
  /** Address of the record being executed. */
  current: u32;
  /** Address of the first record of the block being executed. */
  first: u32;
  /** A repetition set rip to itself: the loop keeps rip although the block was left early. */
  again: u32;
  /** The tick at which the loop must stop: the earliest of a timer, a boundary, `until` and `yieldAt`. */
  limit: u64;
  /** The tick at which the host wants the run to end. */
  until: u64;
  /** The tick at which the loop yields; work beside the ticks brings it nearer. May be negative; NO_YIELD while the loop does not run. */
  yieldAt: i64;
  /** Units of work that the last run took. */
  turn: u64;
  /** Address of the block that ran last (decode/cache.ts). */
  last: u32;
  pad1: u32;
}

@inline export const control = changetype<Control>(VCPU);

/** Bytes in one decoded record (decode/record.ts). */
@inline export const RECORD: u32 = 32;
/** Byte of a record, and its bit that is up when the memory operand lies in the stack segment (decode/uses.ts). */
@inline export const RECORD_USES: usize = 15;
@inline export const RECORD_STACK: u32 = 0x80;
/** Where a record has its instruction's offset in its page, 16 bits (decode/record.ts `offset`). */
@inline export const RECORD_OFFSET: usize = 4;

/** Units of work between two yields: some 2 ms. */
@inline export const YIELD_UNITS: u32 = 150_000;

/** What things cost beside their tick, in units of work: measured, rounded up (tests/bench/slice.mjs). */
export const enum Work {
  /** Delivering an exception or an interrupt. */
  DELIVERY = 30,
  /** A page walk, and entering what it found. */
  WALK = 20,
  /** Decoding one instruction. */
  DECODE = 15,
  /** An access to a port or a device register. */
  ACCESS = 10,
  /** An instruction of the system, an x87 one, a floating-point one of SSE. */
  RARE = 8,
  /** A function of the x87: sine, logarithm, remainder; a number in decimal. */
  FUNCTION = 100,
  /** A frame pointer that ENTER copies. */
  LEVEL = 4,
  /** Emptying the TLB, beside its entries. */
  FLUSH = 30,
  /** Translating one instruction. */
  TRANSLATE = 150,
  /** So many entries looked at, or links followed, in a row are a unit. */
  LINKS_A_UNIT = 4,
}

@inline export const NO_YIELD: i64 = i64.MAX_VALUE;

export const enum Event {
  /** A maskable interrupt waits (LAPIC or PIC). */
  INTR = 1,
  NMI = 2,
  /** A shadow (STI, MOV SS) covers the next instruction. */
  SHADOW = 4,
  HALTED = 8,
  /** An exception is to be delivered (cpu/exceptions.ts). */
  EXCEPTION = 16,
  /** The machine stops: power off, reset, debug exit, host request. */
  STOP = 32,
  /** TF or a debug register wants a look after each instruction. */
  TRACE = 64,
  /** The work of this turn is done. Never up while the module is not running: it is no state. */
  YIELD = 128,
  /** The guest has marked a region of interest: the host looks at the counters before the next instruction. */
  REGION = 256,
  /** The loop attributes each step (profile/). Never up while the module is not running: it is no state. */
  PROFILE = 512,
}

/** Makes the loop leave after the instruction in hand. */
@inline export function leaveBlock(): void { control.end = 0; }

/** Raises an event and makes the loop look. */
@inline export function raiseEvent(e: u32): void { control.events |= e; control.end = 0; }

@inline export function clearEvent(e: u32): void { control.events &= ~e; }

/** The exact count of retired ticks at the instruction in hand. */
@inline export function ticks(): u64 {
  return control.base + <u64>((control.current - control.first) / RECORD);
}

/** Counts work that ticks do not: about so many instructions' worth of time. The loop yields when the turn's is used up. */
export function spend(units: u32): void {
  control.yieldAt -= units;
  if (control.yieldAt <= <i64>control.base) raiseEvent(Event.YIELD);
}

// The run loop's control words. Everything that can end a block early writes here, so it is on floor 0.
// A block of decoded records runs from `current` to `end`; whoever wants the loop to look around
// stores 0 in `end` (leaveBlock), and the loop leaves after the instruction in hand.

import { CONTROL } from "./layout";

@unmanaged export class Control {
  /** Address past the last record to run; 0 asks the loop to leave after this instruction. */
  end: u32;
  /** Address of the record being executed. */
  current: u32;
  /** Address of the first record of the block being executed. */
  first: u32;
  /** Why the loop must look around: Event bits. */
  events: u32;
  /** Ticks retired before the block's first record (see device/clock.ts ticks()). */
  base: u64;
  /** The tick at which the loop must stop for a timer or the end of the slice. */
  limit: u64;
  /** The tick at which the host's slice ends. */
  sliceEnd: u64;
  /** RAM size in bytes. */
  ramSize: u64;
  /** Why the slice ended (run/loop.ts Stop). */
  stop: u32;
  /** Guest-visible exit status written by debug exit or poweroff. */
  exitCode: u32;
  /** State of the seeded random source (splitmix64): RDRAND, virtio-rng. */
  random: u64;
  /** Function-table index of decode/cache.ts codeWritten(host, bytes); 0 until attached. */
  codeSlot: u32;
  /** Function-table index of isa/execute.ts runOne(record): what the IR's RUN operation calls; 0 until attached. */
  runSlot: u32;
  /** 1: every instruction goes through Build and the IR interpreter (tests). */
  throughIr: u32;
  /** Operations in the IR block being built. */
  irCount: u32;
  /** A repetition set rip to itself: the loop keeps rip although the block was left early. */
  again: u32;
  /** Function-table index of cpu/tlb.ts flushAll(), for who changes what pages may be written; 0 until attached. */
  tlbSlot: u32;
  /** Bytes of the ROM image that ends at 4 GiB, a whole number of pages. */
  romSize: u32;
  /** Next free byte of the decode cache (decode/cache.ts). */
  blockSpace: u32;
}

@inline export const control = changetype<Control>(CONTROL);

/** Bytes in one decoded record (decode/record.ts). */
@inline export const RECORD: u32 = 32;
/** Byte of a record that is 1 when its memory operand lies in the stack segment (decode/record.ts `stack`). */
@inline export const RECORD_STACK: usize = 15;

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

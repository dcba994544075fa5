// Interrupt lines and messages: what a device may do to interrupt, and what the processor asks.
//
// Lines 0-15 are the ISA interrupts; each goes to the PIC input of its number and to the IOAPIC pin of its number,
// except 0, which goes to pin 2 (ACPI 6.5, 5.2.12.5: the source override every PC has). Lines 16-23 go to the IOAPIC
// alone. Several devices may drive one line: each names itself by a source number, and the line is up while any is.
// A message is a store to 0xfeex_xxxx (SDM vol. 3, 10.11); anywhere else it is an ordinary DMA write. It names who stores it, as a
// transfer does: interrupt remapping asks.
// The controllers hang themselves in slots at attach; the processor comes in by the functions at the end.

import { TraceKind } from "../surface/trace";
import { isTraced, noteEvent } from "../base/trace";
import { INTERRUPT, INTERRUPT_SIZE } from "../base/layout";
import { LINE_SOURCES, LINE_WORDS } from "./layout";
import { control, Event } from "../base/control";
import { Counter, count } from "../base/counters";
import { slots } from "./slots";

@inline export const LINES: u32 = 24;

/** Source numbers on a line. */
export const enum Source { DEVICE = 0, SECOND = 1, FIRST_HPET = 2, TESTDEV = 7, FIRST_PCI = 8 }

@unmanaged export class Lines {
  /** The lines' levels, a bit each. */
  levels: u32;
  /** Lines on which source 0 (the PIT's or RTC's own) is cut off: the HPET's legacy replacement. */
  muted: u32;
  /** Level of the PIC's INT output. */
  pic: u32;
  /** IGNNE#: the processor goes on over a pending x87 exception. Set by a write to port f0h, gone when nothing is pending. */
  ignoreNumeric: u32;
}
@inline export const lines = changetype<Lines>(LINE_WORDS);

export function resetLines(): void { memory.fill(INTERRUPT, 0, INTERRUPT_SIZE); }

/** Drives a line up or down as its only or first source. */
export function setLine(gsi: u32, level: bool): void { driveLine(gsi, level, Source.DEVICE); }

/** Drives one source of a line up or down. Sources are 0-63. */
export function driveLine(gsi: u32, level: bool, source: u32): void {
  if (gsi >= LINES) return;
  const at = LINE_SOURCES + (<usize>gsi << 3), bit = <u64>1 << (source & 63);
  store<u64>(at, level ? load<u64>(at) | bit : load<u64>(at) & ~bit);
  spread(gsi);
}

/** Cuts source 0 off two ISA lines, or joins it again. */
export function muteLegacyTimers(on: bool): void {
  lines.muted = on ? (1 << 0) | (1 << 8) : 0;
  spread(0);
  spread(8);
}

/** Carries a line's level to the controllers when it has changed. */
function spread(gsi: u32): void {
  let sources = load<u64>(LINE_SOURCES + (<usize>gsi << 3));
  if (lines.muted >> gsi & 1) sources &= ~<u64>1;
  const level: u32 = sources ? 1 : 0;
  if ((lines.levels >> gsi & 1) == level) return;
  lines.levels ^= 1 << gsi;
  if (level) count(Counter.LINES_ASSERTED);
  if (level && isTraced()) noteEvent(TraceKind.LINE, gsi, 0, 0);
  if (gsi < 16 && slots.picInput) call_indirect<void>(slots.picInput, gsi, level);
  if (slots.ioapicInput) call_indirect<void>(slots.ioapicInput, gsi == 0 ? <u32>2 : gsi, level);
}

/** Requester id of the IOAPIC, which is no PCI function: on a bus that no bridge has. */
@inline export const IOAPIC_REQUESTER: u32 = 0xff00;

/** An interrupt message, as MSI, MSI-X and the IOAPIC send it. */
export function sendMsi(requester: u32, address: u64, data: u32): void {
  count(Counter.MSIS_SENT);
  if (isTraced()) noteEvent(TraceKind.MESSAGE, requester, data, 4);
  if (slots.message) call_indirect<void>(slots.message, requester, address, data);
}

// --- The processor's side ---

/** A maskable interrupt waits that the controllers would deliver now. */
@inline export function interruptWaiting(): bool { return (control.events & Event.INTR) != 0; }

/** Takes the waiting interrupt: its vector, or -1 when it has gone. */
export function acknowledge(): i32 {
  return slots.acknowledge ? call_indirect<i32>(slots.acknowledge) : -1;
}

/** An MSR of the local APIC (IA32_APIC_BASE, x2APIC 800-8ff, IA32_TSC_DEADLINE) exists in this mode and can be read. */
export function apicHasMsr(index: u32): bool {
  return slots.apicHas ? call_indirect<u32>(slots.apicHas, index) != 0 : false;
}
export function apicReadMsr(index: u32): u64 {
  return slots.apicRead ? call_indirect<u64>(slots.apicRead, index) : 0;
}
/** False asks for #GP(0). */
export function apicWriteMsr(index: u32, value: u64): bool {
  return slots.apicWrite ? call_indirect<u32>(slots.apicWrite, index, value) != 0 : false;
}
/** CR8: bits 7-4 of the task priority. */
export function readCr8(): u64 { return slots.taskPriority ? call_indirect<u64>(slots.taskPriority) : 0; }
export function writeCr8(value: u64): void { if (slots.setTaskPriority) call_indirect<void>(slots.setTaskPriority, value); }

// Acceptance, priority and EOI in the local APIC of the one processor, its LVT and its errors. Intel SDM vol. 3, 10.5 and 10.8.
//
// A vector accepted is a bit in IRR; it interrupts when its class is above the processor priority (the higher of TPR
// and the highest vector in service), moves to ISR when taken, and leaves ISR by EOI; TMR remembers which were
// level-triggered, whose EOI goes on to the IOAPIC. INTR, the event the loop looks at, is worked out after every change:
// so when it is set there is something to take. The PIC comes in at LINT0 (virtual wire), or straight to the processor
// while the APIC is globally disabled.

import { clearEvent, Event, raiseEvent } from "../../base/control";
import { Counter, count } from "../../base/counters";
import { lines } from "../../device/interrupt";
import { slots } from "../../device/slots";
import { Apic, Delivery, ESR, LVT } from "./spec";
import { isEnabled, isGlobal, lapic, reg, setReg } from "./state";

@inline function bitWord(bank: u32, vector: u32): u32 { return bank + (vector >> 5 << 4); }
function testBit(bank: u32, vector: u32): bool { return (reg(bitWord(bank, vector)) >> (vector & 31) & 1) != 0; }
function setBit(bank: u32, vector: u32): void { setReg(bitWord(bank, vector), reg(bitWord(bank, vector)) | 1 << (vector & 31)); }
function clearBit(bank: u32, vector: u32): void { setReg(bitWord(bank, vector), reg(bitWord(bank, vector)) & ~(1 << (vector & 31))); }

/** Highest vector in a bank, or -1. */
function highestBit(bank: u32): i32 {
  for (let i: i32 = 7; i >= 0; i--) {
    const word = reg(bank + 16 * i);
    if (word) return 32 * i + 31 - <i32>clz(word);
  }
  return -1;
}

/** Processor priority. SDM vol. 3, 10.8.3.1. */
export function processorPriority(): u32 {
  const serving = highestBit(Apic.ISR), tpr = reg(Apic.TPR), isrv: u32 = serving < 0 ? 0 : <u32>serving;
  return (tpr & 0xf0) >= (isrv & 0xf0) ? tpr : isrv & 0xf0;
}

/** The vector that would interrupt now, or -1. */
function deliverable(): i32 {
  if (!isEnabled()) return -1;
  const vector = highestBit(Apic.IRR);
  return vector >= 0 && (<u32>vector & 0xf0) > (processorPriority() & 0xf0) ? vector : -1;
}

/** The PIC's output reaches the processor. */
function externalWaiting(): bool {
  if (!lines.pic) return false;
  const lint0 = reg(Apic.LVT_LINT0);
  return !isGlobal() || (!(lint0 & LVT.MASKED) && (lint0 & LVT.MODE) >> LVT.MODE_SHIFT == Delivery.EXTINT);
}

/** Tells the loop whether an interrupt waits. */
export function updateIntr(): void {
  if (deliverable() >= 0 || externalWaiting()) raiseEvent(Event.INTR);
  else clearEvent(Event.INTR);
}

/** A fixed interrupt arrives. Vectors below 16 are refused as illegal; a disabled APIC hears nothing. */
export function acceptVector(vector: u32, level: bool): void {
  if (!isEnabled()) { count(Counter.MSIS_REFUSED); return; }
  if (vector < 16) { raiseError(ESR.RECEIVE_ILLEGAL); return; }
  count(testBit(Apic.IRR, vector) ? Counter.INTERRUPTS_COALESCED : Counter.INTERRUPTS_ACCEPTED);
  setBit(Apic.IRR, vector);
  if (level) setBit(Apic.TMR, vector);
  else clearBit(Apic.TMR, vector);
  updateIntr();
}

/** The processor takes an interrupt: the APIC's own first, then the PIC's. */
export function acknowledgeInterrupt(): i32 {
  let vector = deliverable();
  if (vector >= 0) {
    clearBit(Apic.IRR, <u32>vector);
    setBit(Apic.ISR, <u32>vector);
  } else if (externalWaiting() && slots.picAcknowledge) vector = call_indirect<i32>(slots.picAcknowledge);
  updateIntr();
  return vector;
}

export function endInterrupt(): void {
  const vector = highestBit(Apic.ISR);
  if (vector < 0) return;
  count(Counter.EOIS);
  clearBit(Apic.ISR, <u32>vector);
  if (testBit(Apic.TMR, <u32>vector) && slots.endOfInterrupt) call_indirect<void>(slots.endOfInterrupt, <u32>vector);
  updateIntr();
}

/** Delivers by an LVT entry other than LINT0's ExtINT, which is a level the processor samples. */
export function deliverLvt(offset: u32): void {
  const entry = reg(offset);
  if (entry & LVT.MASKED) return;
  switch ((entry & LVT.MODE) >> LVT.MODE_SHIFT) {
    case Delivery.FIXED: acceptVector(entry & LVT.VECTOR, false); break;
    case Delivery.NMI: raiseEvent(Event.NMI); break;
  }
}

export function raiseError(bit: u32): void {
  const fresh = !(lapic.errors & bit);
  lapic.errors |= bit;
  // An illegal vector in the error entry itself would come back here; it is reported once.
  if (fresh && (reg(Apic.LVT_ERROR) & LVT.VECTOR) >= 16) deliverLvt(Apic.LVT_ERROR);
}

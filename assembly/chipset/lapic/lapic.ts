// The local APIC of the one processor: acceptance, priority, EOI and the register page. Intel SDM vol. 3, chapter 10.
//
// A vector accepted is a bit in IRR; it interrupts when its class is above the processor priority (the higher of TPR
// and the highest vector in service), moves to ISR when taken, and leaves ISR by EOI; TMR remembers which were
// level-triggered, whose EOI goes on to the IOAPIC. INTR, the event the loop looks at, is worked out after every change:
// so when it is set there is something to take. The PIC comes in at LINT0 (virtual wire), or straight to the processor
// while the APIC is globally disabled. Masks, priorities and vectors live in the register values (lapic state, page layout).

import { clearEvent, Event, raiseEvent } from "../../base/control";
import { Counter, count } from "../../base/counters";
import { mapMmio, placeMmio, unplace, Width } from "../../memory/bus";
import { lines } from "../../device/interrupt";
import { Access, Block, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { slots } from "../../device/slots";
import { LAPIC_BYTES, LAPIC_STATE } from "../layout";
import { Apic, ApicBase, APIC_BASE, Delivery, ESR, LVT, SVR, VERSION_VALUE } from "./spec";
import { receiveMessage, sendIpi } from "./messages";
import { apicHas, apicRead, apicWrite } from "./msr";
import { attachApicTimer, readCurrent, resetApicTimer, retargetDeadline, writeDivide, writeInitial, writeTimerLvt } from "./timer";

@unmanaged export class Lapic {
  /** IA32_APIC_BASE. */
  base: u64;
  /** Errors since ESR was last written. */
  errors: u32;
  /** Timer: when the count began, and its initial count in ns (count times divider). */
  pad0: u32;
  timerStart: u64;
  timerPeriod: u64;
  /** IA32_TSC_DEADLINE. */
  deadline: u64;
}
/** Register values at their page offsets; the fields above follow. */
@inline export const VALUES: usize = LAPIC_STATE;
@inline export const lapic = changetype<Lapic>(LAPIC_STATE + <usize>Apic.BYTES);

/** Cache: this device's table and bus handle, set at attach. */
@unmanaged class Attached { block: Block; mmio: u32; }
@inline const attached = changetype<Attached>(LAPIC_STATE + <usize>Apic.BYTES + 256);

@inline export function reg(offset: u32): u32 { return load<u32>(VALUES + offset); }
@inline export function setReg(offset: u32, value: u32): void { store<u32>(VALUES + offset, value); }
@inline export function block(): Block { return attached.block; }

@inline export function isX2apic(): bool { return (lapic.base & ApicBase.EXTD) != 0; }
@inline export function isGlobal(): bool { return (lapic.base & ApicBase.EN) != 0; }
/** Enabled both in IA32_APIC_BASE and in SVR: fixed interrupts are accepted. */
@inline export function isEnabled(): bool { return isGlobal() && (reg(Apic.SVR) & SVR.ENABLED) != 0; }

/** Power-up state; the only processor, so it is the bootstrap processor. */
export function resetLapic(): void {
  const kept = attached.block, mmio = attached.mmio;
  memory.fill(LAPIC_STATE, 0, LAPIC_BYTES);
  attached.block = kept; attached.mmio = mmio;
  lapic.base = APIC_BASE | ApicBase.EN | ApicBase.BSP;
  resetRegisters();
  placeMmio(mmio, APIC_BASE, 0x1000);
}

/** Registers as after power-up, also when IA32_APIC_BASE disables the APIC. */
export function resetRegisters(): void {
  resetBlock(attached.block, VALUES);
  lapic.errors = 0;
  resetApicTimer();
  updateIntr();
}

/** What firmware leaves for a system that starts with the PIC (MultiProcessor Specification 1.4, 3.6.2.2): virtual wire. */
export function enterVirtualWire(): void {
  setReg(Apic.SVR, SVR.ENABLED | 0x0f);
  setReg(Apic.LVT_LINT0, Delivery.EXTINT << LVT.MODE_SHIFT);
  setReg(Apic.LVT_LINT1, Delivery.NMI << LVT.MODE_SHIFT);
  updateIntr();
}

export function attachLapic(): void {
  attached.block = makeBlock(Apic.BYTES, 48);
  defineRegisters(attached.block);
  attached.mmio = mapMmio(APIC_BASE, 0x1000, 0, readPage.index, writePage.index, "lapic", Width.DWORD);
  attachApicTimer();
  slots.picOutput = picChanged.index;
  slots.acknowledge = acknowledgeInterrupt.index;
  slots.message = receiveMessage.index;
  slots.apicHas = apicHas.index;
  slots.apicRead = apicRead.index;
  slots.apicWrite = apicWrite.index;
  slots.taskPriority = taskPriority.index;
  slots.setTaskPriority = setTaskPriority.index;
  slots.tscChanged = retargetDeadline.index;
}

function defineRegisters(b: Block): void {
  define(b, "ID", Apic.ID, 4, Access.RW, 0, 0xff00_0000);
  define(b, "VERSION", Apic.VERSION, 4, Access.RO, VERSION_VALUE, 0);
  hook(define(b, "TPR", Apic.TPR, 4, Access.RW, 0, 0xff), 0, refresh.index);
  define(b, "APR", Apic.APR, 4, Access.RO, 0, 0);
  hook(define(b, "PPR", Apic.PPR, 4, Access.RO, 0, 0), readPpr.index, 0);
  hook(define(b, "EOI", Apic.EOI, 4, Access.WO, 0, 0), 0, writeEoi.index);
  define(b, "LDR", Apic.LDR, 4, Access.RW, 0, 0xff00_0000);
  define(b, "DFR", Apic.DFR, 4, Access.RW, 0xffff_ffff, 0xf000_0000);
  hook(define(b, "SVR", Apic.SVR, 4, Access.RW, SVR.RESET, SVR.WRITABLE), 0, writeSvr.index);
  for (let i: u32 = 0; i < 8; i++) {
    define(b, "ISR", Apic.ISR + 16 * i, 4, Access.RO, 0, 0);
    define(b, "TMR", Apic.TMR + 16 * i, 4, Access.RO, 0, 0);
    define(b, "IRR", Apic.IRR + 16 * i, 4, Access.RO, 0, 0);
  }
  hook(define(b, "ESR", Apic.ESR, 4, Access.RO, 0, 0), 0, writeEsr.index);
  hook(define(b, "ICR low", Apic.ICR_LOW, 4, Access.RW, 0, 0xc_cfff), 0, sendIpi.index);
  define(b, "ICR high", Apic.ICR_HIGH, 4, Access.RW, 0, 0xff00_0000);
  defineLvt(b);
}

function defineLvt(b: Block): void {
  hook(define(b, "LVT timer", Apic.LVT_TIMER, 4, Access.RW, LVT.MASKED, LVT.TIMER_WRITABLE), 0, writeTimerLvt.index);
  hook(define(b, "LVT thermal", Apic.LVT_THERMAL, 4, Access.RW, LVT.MASKED, LVT.SENSOR_WRITABLE), 0, writeLvt.index);
  hook(define(b, "LVT performance", Apic.LVT_PERF, 4, Access.RW, LVT.MASKED, LVT.SENSOR_WRITABLE), 0, writeLvt.index);
  hook(define(b, "LVT LINT0", Apic.LVT_LINT0, 4, Access.RW, LVT.MASKED, LVT.LINT_WRITABLE), 0, writeLvt.index);
  hook(define(b, "LVT LINT1", Apic.LVT_LINT1, 4, Access.RW, LVT.MASKED, LVT.LINT_WRITABLE), 0, writeLvt.index);
  hook(define(b, "LVT error", Apic.LVT_ERROR, 4, Access.RW, LVT.MASKED, LVT.ERROR_WRITABLE), 0, writeLvt.index);
  hook(define(b, "timer initial count", Apic.TIMER_INITIAL, 4, Access.RW, 0, 0xffff_ffff), 0, writeInitial.index);
  hook(define(b, "timer current count", Apic.TIMER_CURRENT, 4, Access.RO, 0, 0), readCurrent.index, 0);
  hook(define(b, "timer divide", Apic.TIMER_DIVIDE, 4, Access.RW, 0, 0xb), 0, writeDivide.index);
}

/** Moves or removes the register page after a write to IA32_APIC_BASE. */
export function placePage(): void {
  if (isGlobal() && !isX2apic()) placeMmio(attached.mmio, lapic.base & 0xff_ffff_f000, 0x1000);
  else unplace(attached.mmio);
}

// --- Acceptance and priority ---

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
function processorPriority(): u32 {
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
function acknowledgeInterrupt(): i32 {
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

// --- LVT and errors ---

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

function picChanged(level: u32): void {
  if (level && isGlobal()) deliverLvt(Apic.LVT_LINT0);
  updateIntr();
}

// --- Register hooks ---

function refresh(dev: usize, offset: u32, old: u64, written: u64): void { updateIntr(); }
function readPpr(dev: usize, offset: u32): void { setReg(Apic.PPR, processorPriority()); }
function writeEoi(dev: usize, offset: u32, old: u64, written: u64): void { endInterrupt(); }

/** A write shows the errors collected since the last one. SDM vol. 3, 10.5.3. */
function writeEsr(dev: usize, offset: u32, old: u64, written: u64): void {
  setReg(Apic.ESR, lapic.errors);
  lapic.errors = 0;
}

/** While software-disabled every LVT entry is masked and cannot be unmasked. SDM vol. 3, 10.4.7.2. */
export function writeLvt(dev: usize, offset: u32, old: u64, written: u64): void {
  if (!(reg(Apic.SVR) & SVR.ENABLED)) setReg(offset, reg(offset) | LVT.MASKED);
  updateIntr();
}

function writeSvr(dev: usize, offset: u32, old: u64, written: u64): void {
  if (!(reg(Apic.SVR) & SVR.ENABLED)) {
    for (let lvt: u32 = Apic.LVT_TIMER; lvt <= <u32>Apic.LVT_ERROR; lvt += 16) setReg(lvt, reg(lvt) | LVT.MASKED);
  }
  updateIntr();
}

function taskPriority(): u64 { return reg(Apic.TPR) >> 4; }
function setTaskPriority(value: u64): void {
  setReg(Apic.TPR, (<u32>value & 15) << 4);
  updateIntr();
}

// --- The register page ---

function readPage(dev: usize, offset: u32, bytes: u32): u64 {
  return guestRead(attached.block, VALUES, 0, offset, bytes);
}
function writePage(dev: usize, offset: u32, bytes: u32, value: u64): void {
  guestWrite(attached.block, VALUES, 0, offset, bytes, value);
}

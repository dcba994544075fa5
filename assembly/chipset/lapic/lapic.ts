// The local APIC: attach and the register page. Intel SDM vol. 3, chapter 10. Masks, priorities and vectors live in the register values
// (lapic state, page layout); interrupts.ts says what becomes of them.

import { anew } from "../../base/anew";
import { count } from "../../base/counters";
import { mapMmio, Width } from "../../memory/bus";
import { Access, Block, define, guestRead, guestWrite, hook, makeBlock } from "../../device/registers";
import { slots } from "../../device/slots";
import { Apic, APIC_BASE, ESR, LVT, SVR, VERSION_VALUE } from "./spec";
import { receiveMessage, sendIpi } from "./messages";
import { apicHas, apicRead, apicWrite } from "./msr";
import { attachApicTimer, readCurrent, retargetDeadline, writeDivide, writeInitial, writeTimerLvt } from "./timer";
import { VALUES, Attached, attached, block, isGlobal, lapic, reg, setReg } from "./state";
import { acknowledgeInterrupt, deliverLvt, endInterrupt, processorPriority, updateIntr } from "./interrupts";

export function attachLapic(): void {
  anew(changetype<usize>(attached), offsetof<Attached>());
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

// --- LVT and errors ---

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

// The local APIC as MSRs: IA32_APIC_BASE with its mode changes, the x2APIC registers, IA32_TSC_DEADLINE.
// Intel SDM vol. 3, 10.12 (x2APIC), table 10-6 (addresses) and figure 10-27 (state transitions).

import { clock } from "../../device/clock";
import { Hidden } from "../../surface/clock";
import { guestRead, guestWrite } from "../../device/registers";
import { acceptVector, raiseError, updateIntr } from "./interrupts";
import { block, isX2apic, lapic, placePage, reg, setReg, VALUES } from "./state";
import { resetRegisters } from "./reset";
import { sendCommand } from "./messages";
import { Apic, ApicBase, ESR, ICR, LVT, Msr, SVR } from "./spec";
import { writeDeadline } from "./timer";

@inline function isX2apicMsr(index: u32): bool { return index >= <u32>Msr.X2APIC_FIRST && index <= <u32>Msr.X2APIC_LAST; }
/** The page offset a register MSR stands for. */
@inline function offsetOf(index: u32): u32 { return (index - Msr.X2APIC_FIRST) << 4; }

/** Registers an x2APIC has, and those of them that can be read. */
function exists(offset: u32): bool {
  if (offset >= <u32>Apic.ISR && offset < <u32>Apic.ESR) return true;
  if (offset >= <u32>Apic.LVT_TIMER && offset <= <u32>Apic.TIMER_CURRENT) return true;
  switch (offset) {
    case Apic.ID: case Apic.VERSION: case Apic.TPR: case Apic.PPR: case Apic.EOI: case Apic.LDR: case Apic.SVR: case Apic.ESR:
    case Apic.ICR_LOW: case Apic.TIMER_DIVIDE: case Apic.SELF_IPI: return true;
    default: return false;
  }
}
function isWriteOnly(offset: u32): bool { return offset == Apic.EOI || offset == Apic.SELF_IPI; }

export function apicHas(index: u32): u32 {
  if (index == Msr.IA32_APIC_BASE || index == Msr.IA32_TSC_DEADLINE) return 1;
  return isX2apicMsr(index) && isX2apic() && exists(offsetOf(index)) && !isWriteOnly(offsetOf(index)) ? 1 : 0;
}

export function apicRead(index: u32): u64 {
  if (index == Msr.IA32_APIC_BASE) return lapic.base;
  if (index == Msr.IA32_TSC_DEADLINE) return lapic.deadline;
  if (!apicHas(index)) return 0;
  const offset = offsetOf(index);
  if (offset == Apic.ICR_LOW) return <u64>reg(Apic.ICR_HIGH) << 32 | reg(Apic.ICR_LOW);
  return guestRead(block(), VALUES, 0, offset, 4);
}

/** 0 asks for #GP(0). */
export function apicWrite(index: u32, value: u64): u32 {
  if (index == Msr.IA32_APIC_BASE) return writeBase(value);
  if (index == Msr.IA32_TSC_DEADLINE) { writeDeadline(value); return 1; }
  if (!isX2apicMsr(index) || !isX2apic() || !exists(offsetOf(index))) return 0;
  const offset = offsetOf(index);
  if (offset == Apic.ICR_LOW) return writeCommand(value);
  if (offset == Apic.SELF_IPI) return writeSelf(value);
  if (value & ~allowed(offset)) return 0;
  if (isReadOnly(offset)) return 0;
  guestWrite(block(), VALUES, 0, offset, 4, value);
  return 1;
}

function isReadOnly(offset: u32): bool {
  if (offset >= <u32>Apic.ISR && offset < <u32>Apic.ESR) return true;
  return offset == Apic.ID || offset == Apic.VERSION || offset == Apic.PPR || offset == Apic.LDR || offset == Apic.TIMER_CURRENT;
}

/** Bits that may be written as one; others ask for #GP. */
function allowed(offset: u32): u64 {
  switch (offset) {
    case Apic.EOI: case Apic.ESR: return 0;
    case Apic.TPR: return 0xff;
    case Apic.SVR: return SVR.WRITABLE;
    case Apic.LVT_TIMER: return LVT.TIMER_WRITABLE | 0x1000;
    case Apic.LVT_THERMAL: case Apic.LVT_PERF: return LVT.SENSOR_WRITABLE | 0x1000;
    case Apic.LVT_LINT0: case Apic.LVT_LINT1: return LVT.LINT_WRITABLE | 0x5000;
    case Apic.LVT_ERROR: return LVT.ERROR_WRITABLE | 0x1000;
    case Apic.TIMER_DIVIDE: return 0xb;
    default: return 0xffff_ffff;
  }
}

/** The whole command in one write, with a 32-bit destination. */
function writeCommand(value: u64): u32 {
  if (<u32>value & ~(<u32>ICR.WRITABLE)) return 0;
  setReg(Apic.ICR_LOW, <u32>value);
  setReg(Apic.ICR_HIGH, <u32>(value >> 32));
  sendCommand(<u32>value, <u32>(value >> 32), true);
  return 1;
}

function writeSelf(value: u64): u32 {
  if (value & ~<u64>0xff) return 0;
  if (value < 16) raiseError(ESR.SEND_ILLEGAL);
  else acceptVector(<u32>value, false);
  return 1;
}

/** Legal moves: disabled <-> xAPIC -> x2APIC -> disabled. */
function writeBase(value: u64): u32 {
  if (value & ~<u64>(0xff_ffff_f000 | ApicBase.BSP | ApicBase.EXTD | ApicBase.EN)) return 0;
  if (value & ApicBase.EXTD && clock.hidden & Hidden.X2APIC) return 0;
  const was = <u32>lapic.base & (ApicBase.EN | ApicBase.EXTD), now = <u32>value & (ApicBase.EN | ApicBase.EXTD);
  if (now == ApicBase.EXTD) return 0;
  if (was == (ApicBase.EN | ApicBase.EXTD) && now == ApicBase.EN) return 0;
  if (was == 0 && now == (ApicBase.EN | ApicBase.EXTD)) return 0;
  // BSP is read-only.
  lapic.base = (value & ~<u64>ApicBase.BSP) | (lapic.base & ApicBase.BSP);
  if (was != now) changeMode(now);
  placePage();
  updateIntr();
  return 1;
}

function changeMode(now: u32): void {
  if (now == 0) resetRegisters();
  if (!(now & ApicBase.EXTD)) return;
  // ID and LDR take their x2APIC forms: cluster 0, our bit in it. SDM vol. 3, 10.12.10.2.
  const id = reg(Apic.ID) >> 24;
  setReg(Apic.ID, id);
  setReg(Apic.LDR, id >> 4 << 16 | 1 << (id & 15));
  setReg(Apic.ICR_HIGH, 0);
}

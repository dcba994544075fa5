// The local APIC timer: one-shot, periodic and TSC-deadline. Intel SDM vol. 3, 10.5.4.
//
// The bus clock is 1 GHz of virtual time, so a count of the timer is its divider in ns and calibration against any
// other clock is exact. Counting is not done: the start and the period say what the current count is, and a timer of
// the clock says when it gets to zero. A periodic count shorter than MIN_PERIOD_NS repeats at that floor.

import { addSaturating } from "../../base/scale";
import { bindTimer, cancelTimer, MIN_PERIOD_NS, nowNs, readTsc, setTimer, Timer, tscToNs } from "../../device/clock";
import { deliverLvt, updateIntr } from "./interrupts";
import { lapic, reg, setReg } from "./state";
import { Apic, LVT, SVR } from "./spec";

export function attachApicTimer(): void { bindTimer(Timer.LAPIC, fireTimer.index, 0); }

export function resetApicTimer(): void {
  cancelTimer(Timer.LAPIC);
  lapic.timerStart = 0; lapic.timerPeriod = 0; lapic.deadline = 0;
}

@inline function mode(): u32 { return reg(Apic.LVT_TIMER) & LVT.TIMER_MODE; }
@inline function isDeadlineMode(): bool { return mode() == LVT.TSC_DEADLINE; }

/** ns for one count: the divide register's bits 3, 1 and 0 give 2, 4 ... 128, 1. */
function divider(): u64 {
  const v = reg(Apic.TIMER_DIVIDE), code = (v & 3) | (v >> 1 & 4);
  return code == 7 ? 1 : <u64>2 << code;
}

/** The period that is counted, with its floor when it repeats. */
function period(): u64 { return mode() == LVT.PERIODIC ? max(lapic.timerPeriod, MIN_PERIOD_NS) : lapic.timerPeriod; }

/** Counts left. */
function current(): u32 {
  if (isDeadlineMode() || lapic.timerPeriod == 0) return 0;
  let elapsed = nowNs() - lapic.timerStart;
  if (mode() == LVT.PERIODIC) elapsed %= period();
  return elapsed >= lapic.timerPeriod ? 0 : <u32>((lapic.timerPeriod - elapsed) / divider());
}

/** Arms the clock for the next time the count reaches zero. */
function arm(): void {
  if (lapic.timerPeriod == 0 || isDeadlineMode()) { cancelTimer(Timer.LAPIC); return; }
  const elapsed = nowNs() - lapic.timerStart, length = period();
  if (mode() == LVT.PERIODIC) setTimer(Timer.LAPIC, addSaturating(lapic.timerStart, (elapsed / length + 1) * length));
  else if (elapsed < length) setTimer(Timer.LAPIC, addSaturating(lapic.timerStart, length));
  else cancelTimer(Timer.LAPIC);
}

function fireTimer(dev: usize): void {
  if (isDeadlineMode()) lapic.deadline = 0;
  else arm();
  deliverLvt(Apic.LVT_TIMER);
}

// --- Registers ---

export function readCurrent(dev: usize, offset: u32): void { setReg(Apic.TIMER_CURRENT, current()); }

/** Starts the count; zero stops it. In TSC-deadline mode the write is ignored. */
export function writeInitial(dev: usize, offset: u32, old: u64, written: u64): void {
  if (isDeadlineMode()) { setReg(Apic.TIMER_INITIAL, 0); return; }
  lapic.timerStart = nowNs();
  lapic.timerPeriod = <u64>reg(Apic.TIMER_INITIAL) * divider();
  arm();
}

/** A new divider takes the count on from where it is. */
export function writeDivide(dev: usize, offset: u32, old: u64, written: u64): void {
  if (lapic.timerPeriod == 0) return;
  const now = nowNs(), was = reg(Apic.TIMER_DIVIDE);
  setReg(Apic.TIMER_DIVIDE, <u32>old);
  const left = current();
  setReg(Apic.TIMER_DIVIDE, was);
  lapic.timerPeriod = <u64>reg(Apic.TIMER_INITIAL) * divider();
  lapic.timerStart = now - (lapic.timerPeriod - <u64>left * divider());
  arm();
}

/** A change to or from TSC-deadline mode disarms; between one-shot and periodic the count goes on. */
export function writeTimerLvt(dev: usize, offset: u32, old: u64, written: u64): void {
  if (!(reg(Apic.SVR) & SVR.ENABLED)) setReg(offset, reg(offset) | LVT.MASKED);
  const changed = (<u32>old ^ reg(offset)) & LVT.TIMER_MODE;
  if (changed & LVT.TSC_DEADLINE) { resetApicTimer(); setReg(Apic.TIMER_INITIAL, 0); }
  else if (changed) arm();
  updateIntr();
}

/** IA32_TSC_DEADLINE: zero disarms, the past fires now; ignored outside its mode. */
export function writeDeadline(value: u64): void {
  if (!isDeadlineMode()) return;
  lapic.deadline = value;
  retargetDeadline();
}

/** The deadline's place on the clock, again when the TSC is moved. */
export function retargetDeadline(): void {
  if (!isDeadlineMode()) return;
  if (lapic.deadline == 0) cancelTimer(Timer.LAPIC);
  else if (lapic.deadline <= readTsc()) { cancelTimer(Timer.LAPIC); fireTimer(0); }
  else setTimer(Timer.LAPIC, tscToNs(lapic.deadline));
}

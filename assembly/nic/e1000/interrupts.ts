// Interrupts of the 82540EM: causes (ICR), mask (IMS, IMC), throttling (ITR). Manual 13.4.17 to 13.4.21.
//
// INTx is up while a cause is unmasked. Throttling spaces assertions: after one, the line stays down for ITR x 256 ns from
// when it went up, and what came meanwhile is told then. Delay timers hold a cause back before it reaches the ICR: RDTR and TIDV
// start anew with each packet, RADV and TADV do not, and the first to run out counts.

import { noteInterrupt } from "../../base/histograms";
import { cancelTimer, NEVER, nowNs, setTimer, timerArmed } from "../../device/clock";
import { setIntx } from "../../pci/intx";
import { bump, CardTimer, Count, E1000, getReg, rxRates, setReg, timerOf, txRates } from "./state";
import { Cause, Reg, Unit } from "./spec";

/** Causes for the ICR. */
export function raise(d: E1000, causes: u32): void {
  if (!causes) return;
  setReg(d, Reg.ICR, getReg(d, Reg.ICR) | causes);
  refresh(d);
}

/** Brings the line in step with causes, mask and throttling. */
export function refresh(d: E1000): void {
  const timer = timerOf(d, CardTimer.THROTTLE);
  if (!(getReg(d, Reg.ICR) & getReg(d, Reg.IMS))) {
    if (timerArmed(timer)) cancelTimer(timer);
    lower(d);
  } else if (!d.asserted) {
    const now = nowNs();
    if (now >= d.nextAssert) { assertLine(d, now); return; }
    if (!timerArmed(timer)) { bump(d, Count.MODERATED); setTimer(timer, d.nextAssert); }
  }
}

function assertLine(d: E1000, now: u64): void {
  d.asserted = 1;
  // It may be due and not have fired, where an access takes time: its interval is over, and it must not end the next one.
  cancelTimer(timerOf(d, CardTimer.THROTTLE));
  d.nextAssert = now + <u64>(getReg(d, Reg.ITR) & 0xffff) * Unit.ITR_NS;
  bump(d, Count.ASSERTED);
  noteInterrupt(rxRates(d), d.rxHistograms);
  noteInterrupt(txRates(d), d.txHistograms);
  setIntx(d.pci, true);
}

export function lower(d: E1000): void {
  if (!d.asserted) return;
  d.asserted = 0;
  setIntx(d.pci, false);
}

export function throttleOver(dev: usize): void {
  const d = changetype<E1000>(dev);
  d.nextAssert = 0;
  refresh(d);
}

// --- Register hooks ---

/** Reading the ICR clears it: the engine does that after the value is taken, the line goes down here. */
export function readIcr(dev: usize, offset: u32): void {
  const d = changetype<E1000>(dev), timer = timerOf(d, CardTimer.THROTTLE);
  if (d.asserted) bump(d, Count.DELIVERED);
  if (timerArmed(timer)) cancelTimer(timer);
  lower(d);
}

export function writeIcr(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  setReg(d, Reg.ICR, <u32>old & ~(<u32>written));
  refresh(d);
}

export function writeIcs(dev: usize, offset: u32, old: u64, written: u64): void { raise(changetype<E1000>(dev), <u32>written & Cause.ALL); }

export function writeIms(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  setReg(d, Reg.IMS, <u32>old | <u32>written & Cause.ALL);
  refresh(d);
}

export function writeImc(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  setReg(d, Reg.IMS, getReg(d, Reg.IMS) & ~(<u32>written));
  refresh(d);
}

/** A new interval counts from the next assertion; none at all frees the line at once. */
export function writeItr(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  if (getReg(d, Reg.ITR) & 0xffff) return;
  cancelTimer(timerOf(d, CardTimer.THROTTLE));
  d.nextAssert = 0;
  refresh(d);
}

// --- Delayed causes ---

/** A packet has come: RXT0 now, or when the delay timers say. */
export function noteReceived(d: E1000): void {
  const delay = getReg(d, Reg.RDTR) & 0xffff, absolute = getReg(d, Reg.RADV) & 0xffff;
  if (!delay) { stopReceive(d); raise(d, Cause.RXT0); return; }
  bump(d, Count.CAUSES_DELAYED);
  const now = nowNs();
  d.rxDelay = now + <u64>delay * Unit.DELAY_NS;
  if (absolute && d.rxAbsolute == NEVER) d.rxAbsolute = now + <u64>absolute * Unit.DELAY_NS;
  setTimer(timerOf(d, CardTimer.RECEIVE), min(d.rxDelay, d.rxAbsolute));
}

function stopReceive(d: E1000): void {
  d.rxDelay = NEVER; d.rxAbsolute = NEVER;
  cancelTimer(timerOf(d, CardTimer.RECEIVE));
}

export function receiveDelayOver(dev: usize): void {
  const d = changetype<E1000>(dev);
  stopReceive(d);
  raise(d, Cause.RXT0);
}

/** FPD: what RDTR holds back is told now. */
export function flushReceive(d: E1000): void { if (d.rxDelay != NEVER) receiveDelayOver(changetype<usize>(d)); }

/** A descriptor with RS is done: TXDW now, or with IDE when the delay timers say. */
export function noteSent(d: E1000, delayed: bool): void {
  const delay = getReg(d, Reg.TIDV) & 0xffff, absolute = getReg(d, Reg.TADV) & 0xffff;
  if (!delayed || !delay) { stopTransmit(d); raise(d, Cause.TXDW); return; }
  bump(d, Count.CAUSES_DELAYED);
  const now = nowNs();
  d.txDelay = now + <u64>delay * Unit.DELAY_NS;
  if (absolute && d.txAbsolute == NEVER) d.txAbsolute = now + <u64>absolute * Unit.DELAY_NS;
  setTimer(timerOf(d, CardTimer.TRANSMIT), min(d.txDelay, d.txAbsolute));
}

function stopTransmit(d: E1000): void {
  d.txDelay = NEVER; d.txAbsolute = NEVER;
  cancelTimer(timerOf(d, CardTimer.TRANSMIT));
}

export function transmitDelayOver(dev: usize): void {
  const d = changetype<E1000>(dev);
  stopTransmit(d);
  raise(d, Cause.TXDW);
}

/** Everything quiet, as after a reset. */
export function resetInterrupts(d: E1000): void {
  cancelTimer(timerOf(d, CardTimer.THROTTLE));
  stopReceive(d);
  stopTransmit(d);
  lower(d);
  d.nextAssert = 0;
}

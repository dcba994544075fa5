// What writing CTRL, RCTL, TCTL and the tails does; the card's reset (manual 13.4.1, 14.9).

import { noteBell } from "../../base/histograms";
import { cancelTurn } from "../../device/allowance";
import { chargeDoorbell } from "../../device/charges";
import { cancelTimer, NEVER } from "../../device/clock";
import { port } from "../../device/frames";
import { Accepts } from "../../surface/rings";
import { Block, resetBlock } from "../../device/registers";
import { macOf } from "./eeprom";
import { sendPause } from "./flow";
import { flushReceive, resetInterrupts } from "./interrupts";
import { refreshLink, resetPhy } from "./phy";
import { isReceiving, receive } from "./receive";
import { bump, CardTimer, clearState, Count, E1000, getReg, hasLink, isLooped, rxRates, setReg, timerOf, txRates, valuesOf } from "./state";
import { transmit } from "./transmit";
import { Ctrl, Rah, Rdtr, Reg, Tctl } from "./spec";

/** Power-up and CTRL.RST alike: registers as after reset, the address from the EEPROM. PHY and EEPROM are left alone. */
export function resetCard(d: E1000): void {
  const ioAddress = d.ioAddress, asserted = d.asserted;
  resetBlock(changetype<Block>(<usize>d.block), valuesOf(d));
  clearState(d);
  d.ioAddress = ioAddress; d.asserted = asserted;
  d.rxDelay = NEVER; d.rxAbsolute = NEVER; d.txDelay = NEVER; d.txAbsolute = NEVER;
  cancelTimer(timerOf(d, CardTimer.PAUSE));
  cancelTurn(d.turn);
  resetInterrupts(d);
  const mac = macOf(d);
  setReg(d, Reg.RAL, <u32>mac);
  setReg(d, Reg.RAH, <u32>(mac >> 32) | Rah.AV);
  refreshLink(d, false);
  tellHost(d);
}

/** The host delivers while somebody listens. No offloads: a frame on the wire has its sums. */
export function tellHost(d: E1000): void {
  port(d.port).accepts = isReceiving(d) && hasLink(d) && !isLooped(d) ? Accepts.LINK_UP : 0;
}

export function writeCtrl(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), value = <u32>written;
  if (value & Ctrl.RST) { bump(d, Count.RESETS); resetCard(d); return; }
  if (value & Ctrl.PHY_RST && !(<u32>old & Ctrl.PHY_RST)) resetPhy(d);
  refreshLink(d, true);
  tellHost(d);
  transmit(d);
}

/** The same register once more at 4. */
export function readCtrl(dev: usize, offset: u32): void {
  const d = changetype<E1000>(dev);
  setReg(d, Reg.CTRL_DUP, getReg(d, Reg.CTRL));
}
export function writeDuplicate(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), before = getReg(d, Reg.CTRL);
  setReg(d, Reg.CTRL, before & ~(<u32>Ctrl.WRITABLE) | <u32>written & Ctrl.WRITABLE);
  writeCtrl(dev, Reg.CTRL, before, written);
}

export function writeRctl(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  tellHost(d);
  receive(d);
}
/** SWXOFF clears itself once its frame is on the way. */
export function writeTctl(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), value = getReg(d, Reg.TCTL);
  if (value & Tctl.SWXOFF && sendPause(d, getReg(d, Reg.FCTTV) & 0xffff)) setReg(d, Reg.TCTL, value & ~(<u32>Tctl.SWXOFF));
  transmit(d);
}

export function writeRdt(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  bump(d, Count.RX_DOORBELLS);
  chargeDoorbell();
  noteBell(rxRates(d), d.rxHistograms);
  receive(d);
}
export function writeTdt(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev);
  bump(d, Count.DOORBELLS);
  chargeDoorbell();
  noteBell(txRates(d), d.txHistograms);
  transmit(d);
}

export function writeRdtr(dev: usize, offset: u32, old: u64, written: u64): void {
  if (<u32>written & Rdtr.FPD) flushReceive(changetype<E1000>(dev));
}

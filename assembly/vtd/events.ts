// The unit's own interrupts, of faults and of invalidation completed (11.4.7, 11.4.9): a message that software has put into registers, which a
// mask holds back as pending. They go to the processor as they are: no interrupt remapping, no translation (5.1.7).

import { Counter, count } from "../base/counters";
import { receiveRemapped } from "../chipset/lapic/messages";
import { Count, tally } from "./counters";
import { EventControl, EventReg, Irta } from "./spec";
import { get32, put32, unit } from "./state";

/** FEExxxxx. */
@inline const WINDOW: u32 = 0xfee;

/** Something happened that the event with its control register at `at` tells. */
export function raiseEvent(at: u32): void {
  const control = get32(at);
  if (control & EventControl.IM) put32(at, control | EventControl.IP);
  else send(at);
}

/** Everything that the event told of has been looked after. */
export function dropEvent(at: u32): void { put32(at, get32(at) & ~(<u32>EventControl.IP)); }

/** The control register was written: what was pending leaves when the mask is gone. */
export function unmaskEvent(at: u32): void {
  const control = get32(at);
  if (control & EventControl.IM || !(control & EventControl.IP)) return;
  dropEvent(at);
  send(at);
}

function send(at: u32): void {
  const address = get32(at + EventReg.ADDRESS), data = get32(at + EventReg.DATA), wide = (unit.interrupts & <u64>Irta.EIME) != 0;
  if (address >> 20 != WINDOW) return;
  tally(Count.EVENTS);
  count(Counter.MSIS_SENT);
  // With x2APIC ids the upper address register has the rest of the destination (11.4.7.5).
  const destination = (address >> 12 & 0xff) | (wide ? get32(at + EventReg.UPPER) & 0xffff_ff00 : 0);
  receiveRemapped(destination, (address & 4) != 0, wide, data >> 8 & 7, data & 0xff, (data & 0x8000) != 0);
}

// A channel's interrupt, on lines 14 and 15 as ever. Each rise is noted by the bus master too.

import { count } from "../../base/counters";
import { setLine } from "../../device/interrupt";
import { Control } from "../ata/spec";
import { MasterStatus, Place } from "./spec";
import { Channel, Count, ideOf } from "./state";

export function refreshLine(c: Channel): void {
  setLine(c.number ? Place.SECOND_LINE : Place.FIRST_LINE, c.wanted != 0 && !(c.control & Control.INTERRUPTS_OFF));
}
export function raise(c: Channel): void {
  c.wanted = 1;
  c.status |= MasterStatus.INTERRUPT;
  count(ideOf(c).counters + Count.INTERRUPTS);
  refreshLine(c);
}
export function lower(c: Channel): void {
  c.wanted = 0;
  refreshLine(c);
}

// The interrupt shadow: after STI (when IF was clear), MOV SS and POP SS no interrupt is taken before one more
// instruction has retired; after MOV SS and POP SS debug traps wait as well. Intel SDM vol. 3, 6.8.1 and 6.8.3.

import { raiseEvent, Event } from "../base/control";
import { cpu } from "./state";

/** What the shadow holds back: nothing, interrupts, or interrupts and debug exceptions. */
export const enum Shadow { NONE, INTERRUPTS, TRAPS }

/** Covers the instruction after the one in hand. */
export function startShadow(kind: u32): void {
  cpu.shadow = kind;
  raiseEvent(Event.SHADOW);
}

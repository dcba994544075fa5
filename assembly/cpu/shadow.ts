// The interrupt shadow: after STI (when IF was clear), MOV SS and POP SS no interrupt is taken before one more
// instruction has retired. Intel SDM vol. 3, 6.8.1 and 6.8.3.

import { raiseEvent, ticks, Event } from "../base/control";
import { cpu } from "./state";

/** Covers the instruction after the one in hand. */
export function startShadow(): void {
  cpu.shadow = <u32>ticks() + 2;
  raiseEvent(Event.SHADOW);
}

// How a device ends or restarts the machine: it writes why in the control words and raises STOP.

import { raiseEvent, Event } from "../base/control";
import { machine } from "../base/machine";
import { Power } from "../surface/run";

function request(why: u32, status: u32): void {
  machine.stop = why;
  machine.exitCode = status;
  raiseEvent(Event.STOP);
}

/** Soft off: the machine ends with status 0. */
export function requestPowerOff(): void { request(Power.OFF, 0); }
/** Reset of the whole machine. */
export function requestReset(): void { request(Power.RESET, 0); }
/** The guest asked to end with this status. */
export function requestExit(status: u32): void { request(Power.EXIT, status); }
/** The guest told of its panic (pvpanic). */
export function requestPanic(): void { request(Power.PANIC, 0); }

// Raising an exception: an instruction records it and returns with nothing committed; the loop then delivers it
// (delivery.ts). Only the first of an instruction counts. Intel SDM vol. 3 chapter 6.

import { raiseEvent, Event } from "../base/control";
import { machine } from "../base/machine";
import { cpu, Vector } from "./state";

function record(vector: u32, code: u32, hasError: u32): void {
  if (cpu.raised) return;
  cpu.vector = vector;
  cpu.errorCode = code;
  cpu.hasError = hasError;
  cpu.raised = 1;
  raiseEvent(Event.EXCEPTION);
}

/** Raises an exception that pushes an error code. */
export function raise(vector: u32, errorCode: u32): void { record(vector, errorCode, 1); }

/** Raises an exception that pushes none. */
export function raiseNoCode(vector: u32): void { record(vector, 0, 0); }

/** Raises #PF; CR2 is written when it is delivered. */
export function raisePageFault(linear: u64, errorCode: u32): void {
  if (cpu.raised) return;
  cpu.faultAddress = linear;
  record(Vector.PF, errorCode, 1);
}

/** Raises #DB with bits for DR6: the breakpoints' own are those of this exception, the others stay until they are cleared. */
export function raiseDebug(bits: u64): void {
  if (cpu.raised) return;
  cpu.dr6 = cpu.dr6 & ~15 | bits;
  record(Vector.DB, 0, 0);
}

/** Raises `vector`, with code 0 where it has one. SDM vol. 3, table 6-1. */
export function raiseVector(vector: u32): void {
  const coded: u32 = 1 << Vector.DF | 1 << Vector.TS | 1 << Vector.NP | 1 << Vector.SS | 1 << Vector.GP | 1 << Vector.PF | 1 << Vector.AC;
  record(vector, 0, coded >> vector & 1);
}

@inline export function raiseGp(errorCode: u32): void { record(Vector.GP, errorCode, 1); }
@inline export function raiseUd(): void { record(Vector.UD, 0, 0); }

/** Stops the machine: a fault while a double fault was being delivered. SDM vol. 3, 6.15 (interrupt 8). */
export function shutDown(): void {
  machine.stop = SHUTDOWN;
  raiseEvent(Event.STOP);
}
/** run/loop.ts Stop: the processor shut down. */
@inline const SHUTDOWN: u32 = 5;

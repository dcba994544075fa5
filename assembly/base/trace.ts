// The trace: what happened to devices, stamped in ticks, in a ring behind RAM that the host empties between instructions. Off, an event costs a test
// of a word beside the device's own work; on, it changes nothing of the guest's. All of it is a cache.
//
// Head and tail count events; the host moves the tail. Half a ring is more than one instruction can make (device/allowance.ts), so that one that is half
// full only has to end the run by a yield, which no guest can tell. What would not fit is counted.

import { TraceAt, TraceKind } from "../surface/trace";
import { control, Event, NO_YIELD, RECORD_OFFSET, raiseEvent, ticks } from "./control";
import { addCount } from "./counters";
import { crossHosted } from "./hosted";
import { GPR } from "./layout";
import { links } from "./machine";

@unmanaged class Trace { head: u32; tail: u32; missed: u32; }
@inline function trace(): Trace { return changetype<Trace>(<usize>links.trace); }
@inline const HEADER: usize = 64;
/** The page of the code in hand (cpu/state.ts RIP_REGISTER). */
@inline const RIP_PAGE: usize = GPR + 17 * 8;

@inline export function isTraced(): bool { return links.trace != 0; }

export function noteEvent(kind: u32, id: u32, value: u64, bytes: u32): void {
  const t = trace(), fill = t.head - t.tail;
  if (fill >= <u32>TraceAt.EVENTS) { t.missed++; return; }
  const at = <usize>links.trace + HEADER + <usize>(t.head & (TraceAt.EVENTS - 1)) * TraceAt.EVENT_BYTES;
  store<u64>(at + TraceAt.TICK, ticks());
  store<u64>(at + TraceAt.RIP, load<u64>(RIP_PAGE) + load<u16>(<usize>control.current + RECORD_OFFSET));
  store<u64>(at + TraceAt.VALUE, value);
  store<u32>(at + TraceAt.ID, id);
  store<u32>(at + TraceAt.KIND, kind);
  store<u32>(at + TraceAt.BYTES, bytes);
  t.head++;
  if (fill >= <u32>TraceAt.EVENTS / 2 && control.yieldAt != NO_YIELD) raiseEvent(Event.YIELD);
}

/** A card's counter counts, and the trace has it. */
@inline export function countEvent(id: u32, n: u64): void {
  addCount(id, n);
  if (links.trace) noteEvent(TraceKind.COUNT, id, n, 0);
}

/** The processor has accessed a register that stands in no table (device/registers.ts): `kind` is READ or WRITE. */
export function countAccess(id: u32, kind: u32, value: u64, bytes: u32): void {
  addCount(id, 1);
  crossHosted(id);
  if (links.trace) noteEvent(kind, id, value, bytes);
}

/** For the host: the ring has its room at `at`, which is zero, or no trace is kept (0). */
export function placeTrace(at: u32): void { links.trace = at; }
export function traceBytes(): u32 { return <u32>HEADER + TraceAt.EVENTS * TraceAt.EVENT_BYTES; }

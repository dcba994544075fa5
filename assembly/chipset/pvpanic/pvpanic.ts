// The port a kernel tells of its panic by. The machine stops there, and may be run on: what becomes of it is the host's business.
// It keeps nothing.

import { mapPorts, Width } from "../../memory/bus";
import { requestPanic } from "../../device/power";
import { BoardPort } from "../../surface/board";
import { PanicEvent } from "./spec";

export function attachPvpanic(): void {
  mapPorts(BoardPort.PVPANIC, 1, 0, readEvents.index, writeEvent.index, "pvpanic", Width.BYTE);
}

function readEvents(dev: usize, offset: u32, bytes: u32): u64 { return PanicEvent.PANICKED; }

/** Bits that are not offered are ignored. */
function writeEvent(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (<u32>value & PanicEvent.PANICKED) requestPanic();
}

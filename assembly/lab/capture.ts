// Frames that pass labs, for a capture (pcap=): copies in a ring behind RAM (surface/lab.ts, CaptureAt), which the host empties between instructions. Off, it costs a
// test of a word a frame; on, it changes nothing of the guest's. As with the trace (base/trace.ts), half of it is more than an instruction can make, so that one
// that is half full only has to end the run by a yield.

import { control, Event, NO_YIELD, raiseEvent } from "../base/control";
import { links } from "../base/machine";
import { nowNs } from "../device/clock";
import { Frame, frameData } from "../device/frames";
import { CaptureAt, CaptureBit } from "../surface/lab";

@unmanaged class Capture { head: u32; tail: u32; missed: u32; }
@inline function capture(): Capture { return changetype<Capture>(<usize>links.capture); }
@inline const SIZE: u32 = CaptureAt.RING_BYTES;

/** For the host: the ring has its room at `at`, which is zero. */
export function placeCapture(at: u32): void { links.capture = at; }
export function captureBytes(): u32 { return CaptureAt.RING + SIZE; }

@inline export function isCaptured(): bool { return links.capture != 0; }

export function captureFrame(n: u32, f: Frame, toGuest: bool): void {
  const c = capture(), bytes: u32 = CaptureAt.RECORD + ((f.bytes + 15) & ~15), fill = c.head - c.tail;
  if (fill + bytes > SIZE) { c.missed++; return; }
  const at = <usize>links.capture + CaptureAt.RING + <usize>(c.head & (SIZE - 1));
  store<u64>(at + CaptureAt.NS, nowNs());
  store<u32>(at + CaptureAt.BYTES, f.bytes);
  store<u32>(at + CaptureAt.PORT, toGuest ? n | CaptureBit.TO_GUEST : n);
  copyIn(c.head + CaptureAt.RECORD, frameData(f), f.bytes);
  c.head += bytes;
  if (fill + bytes >= SIZE / 2 && control.yieldAt != NO_YIELD) raiseEvent(Event.YIELD);
}

function copyIn(head: u32, from: usize, bytes: u32): void {
  const ring = <usize>links.capture + CaptureAt.RING, at = head & (SIZE - 1), first = min(bytes, SIZE - at);
  memory.copy(ring + at, from, first);
  memory.copy(ring, from + first, bytes - first);
}

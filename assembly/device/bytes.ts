// Byte streams between a console's ports and the host: two rings a port (ring.ts) and the words beside them that say who listens.
//
//      STREAM_WORDS + 64 n:   the host listens | columns, rows | the guest listens
//
// The host writes the first two, the port's device the third. No room is back-pressure both ways.

import { addCount, Counter, count } from "../base/counters";
import { endSlice } from "./clock";
import { STREAM_DATA, STREAM_WORDS } from "./layout";
import { openRing, ring, ringFill } from "./ring";
import { Most, RingId } from "../surface/rings";

@inline export const MAX_STREAMS: u32 = Most.STREAMS;
@inline const TO_HOST_BYTES: u32 = 32 * 1024;
@inline const TO_GUEST_BYTES: u32 = 32 * 1024;

@unmanaged export class Stream { hostListens: u32; columns: u16; rows: u16; guestListens: u32; }
@inline export function stream(n: u32): Stream { return changetype<Stream>(STREAM_WORDS + (<usize>(n & 7) << 6)); }

@inline export function toHost(n: u32): u32 { return RingId.FIRST_STREAM + 2 * (n & 7); }
@inline export function toGuest(n: u32): u32 { return RingId.FIRST_STREAM + 2 * (n & 7) + 1; }

/** A stream's rings; at attach. */
export function openStream(n: u32): void {
  const at = STREAM_DATA + <usize>(n & 7) * (TO_HOST_BYTES + TO_GUEST_BYTES);
  openRing(toHost(n), at, TO_HOST_BYTES);
  openRing(toGuest(n), at + TO_HOST_BYTES, TO_GUEST_BYTES);
}

/** Bytes that fit; when there is no room at all the slice ends, so that the host can drain. */
export function roomToHost(n: u32): u32 {
  const r = ring(toHost(n)), used = r.head - r.tail, room = used <= r.sizeBytes ? r.sizeBytes - used : 0;
  if (!room) { count(Counter.RING_FULL); endSlice(); }
  return room;
}

/** Puts bytes in, not more than fit. */
export function putToHost(n: u32, from: usize, bytes: u32): void {
  const r = ring(toHost(n)), at = r.head & (r.sizeBytes - 1), first = min(bytes, r.sizeBytes - at);
  memory.copy(<usize>r.data + at, from, first);
  memory.copy(<usize>r.data, from + first, bytes - first);
  r.head += bytes;
  addCount(Counter.RING_BYTES_OUT, bytes);
}

@inline export function waitForGuest(n: u32): u32 { return ringFill(toGuest(n)); }

/** Copies the oldest bytes, not more than wait, and leaves them; dropForGuest takes them. */
export function peekForGuest(n: u32, to: usize, bytes: u32): void {
  const r = ring(toGuest(n)), at = r.tail & (r.sizeBytes - 1), first = min(bytes, r.sizeBytes - at);
  memory.copy(to, <usize>r.data + at, first);
  memory.copy(to + first, <usize>r.data, bytes - first);
}
export function dropForGuest(n: u32, bytes: u32): void {
  ring(toGuest(n)).tail += bytes;
  addCount(Counter.RING_BYTES_IN, bytes);
}

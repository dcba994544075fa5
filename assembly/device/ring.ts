// Byte rings between the module and the host, in the module's memory.
//
// A ring has a fixed size (a power of two) and two free-running u32 counts: head, bytes ever put in, and tail, bytes
// ever taken; head - tail is the fill. One side writes each, and the host touches them only between slices, so
// nothing is atomic. Consoles' rings carry bytes, network cards' carry frames (frames.ts).
// A producer that finds its ring full keeps its byte, and the slice ends so that the host can drain; a consumer is
// called again by serviceRings at the next slice. The host's counts are checked, not trusted.

import { anew } from "../base/anew";
import { Counter, count } from "../base/counters";
import { endSlice } from "./clock";
import { RingId, RingPart } from "../surface/rings";
import { BYTE_DATA, RING_SLOTS, RING_TABLE } from "./layout";

@unmanaged export class Ring { head: u32; tail: u32; sizeBytes: u32; data: u32; }

@inline const TX_BYTES: u32 = 64 * 1024;
@inline const RX_BYTES: u32 = 4 * 1024;

@inline export function ring(id: u32): Ring { return changetype<Ring>(RING_TABLE + (<usize>(id & 63) << 4)); }

function isReceive(id: u32): bool { return id < <u32>RingId.DEBUG && (id & 1) != 0; }

/** Gives a ring its place, and its size, once: a reset of the machine leaves what it holds; at attach. */
export function openRing(id: u32, data: usize, sizeBytes: u32): void {
  const r = ring(id);
  if (!r.sizeBytes) { r.head = 0; r.tail = 0; r.sizeBytes = sizeBytes; }
  r.data = <u32>data;
  anew(changetype<usize>(r) + offsetof<Ring>("data"), 4);
}

/** The serial ports' rings and the debug console's. */
export function attachRings(): void {
  let data = BYTE_DATA;
  for (let id: u32 = 0; id < <u32>RingId.COUNT; id++) {
    const size = isReceive(id) ? RX_BYTES : TX_BYTES;
    openRing(id, data, size);
    data += size;
  }
}

/** Ties a ring to (dev: usize) => void, called at the start of a slice; at attach. */
export function bindRing(id: u32, onService: u32, dev: usize): void {
  store<u32>(RING_SLOTS + (<usize>(id & 63) << 3), onService);
  store<u32>(RING_SLOTS + (<usize>(id & 63) << 3), <u32>dev, 4);
}

/** Bytes in the ring; a nonsensical count from the host reads as empty. */
@inline export function ringFill(id: u32): u32 {
  const r = ring(id), fill = r.head - r.tail;
  return fill <= r.sizeBytes ? fill : 0;
}
@inline export function ringHasRoom(id: u32): bool { return ring(id).head - ring(id).tail < ring(id).sizeBytes; }

/** Puts a byte in; false, and the slice ends, when the ring is full. */
export function ringPut(id: u32, byte: u32): bool {
  const r = ring(id);
  if (!ringHasRoom(id)) { count(Counter.RING_FULL); endSlice(); return false; }
  store<u8>(<usize>r.data + <usize>(r.head & (r.sizeBytes - 1)), <u8>byte);
  r.head++;
  count(Counter.RING_BYTES_OUT);
  return true;
}

/** Takes a byte out, or -1. */
export function ringTake(id: u32): i32 {
  if (ringFill(id) == 0) return -1;
  const r = ring(id), byte = load<u8>(<usize>r.data + <usize>(r.tail & (r.sizeBytes - 1)));
  r.tail++;
  count(Counter.RING_BYTES_IN);
  return <i32>byte;
}

/** Lets every bound device look at its ring: at the start of a slice, after the host has filled and drained. */
export function serviceRings(): void {
  for (let id: u32 = 0; id < 64; id++) {
    const onService = load<u32>(RING_SLOTS + (<usize>id << 3));
    if (onService) call_indirect<void>(onService, <usize>load<u32>(RING_SLOTS + (<usize>id << 3), 4));
  }
}

/** For the host: where a ring's data, size, head and tail are (RingPart); 0 for what does not exist. */
export function ringAt(id: u32, what: u32): u32 {
  if (id >= 64 || ring(id).sizeBytes == 0) return 0;
  const r = ring(id);
  switch (what) {
    case RingPart.DATA: return r.data;
    case RingPart.SIZE_BYTES: return r.sizeBytes;
    case RingPart.HEAD: return <u32>changetype<usize>(r);
    case RingPart.TAIL: return <u32>changetype<usize>(r) + 4;
    default: return 0;
  }
}

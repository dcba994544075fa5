// Frame rings between a network card and the host, in the module's memory.
//
// A port has two rings of the table in ring.ts: what the card sends and what it receives, with head and tail counted in bytes as
// there. An entry is a header of 16 bytes and the frame, padded to 16; it never wraps: where it would, an entry of
// length SKIP fills the rest. The header carries the virtio-net header's offload fields (virtio 1.2, 5.1.6), so that
// checksums and segmentation are done once, by whoever is able to:
//
//      0         4       5         6        8         10          12           14
//      | bytes   | flags | gsoType | hdrLen | gsoSize | csumStart | csumOffset | 0 |
//
// No room is back-pressure: the card keeps its frame, the slice ends and the host drains; what the host offers and the
// guest has no buffer for stays in the ring. Lengths and counts from the host are checked, not trusted.

import { endSlice } from "./clock";
import { FRAME_DATA, PORT_WORDS } from "./layout";
import { openRing, ring, ringFill } from "./ring";
import { FrameWord, Most, RingId } from "../surface/rings";
import { slots } from "./slots";

@inline export const MAX_PORTS: u32 = Most.FRAME_PORTS;
/** Bytes of each ring: three of the largest frames and some. */
@inline const RING_BYTES: u32 = 256 * 1024;
@inline export const ENTRY_HEADER: u32 = FrameWord.END;
/** 64 KiB of IP behind an Ethernet header. */
@inline export const MAX_FRAME: u32 = 14 + 65535;
@inline const SKIP: u32 = <u32>FrameWord.SKIP;

/** Entry header. */
@unmanaged export class Frame {
  bytes: u32;
  flags: u8; gsoType: u8; hdrLen: u16; gsoSize: u16; csumStart: u16; csumOffset: u16; pad0: u16;
}

@unmanaged export class Port {
  /** What the card tells the host of its guest: Accepts. */
  accepts: u32;
  /** The host has taken the cable out. */
  unplugged: u32;
  /** Of a port with a line behind it (lab/): bytes that its FIFO holds, 0: no FIFO; and bytes of frames in it. */
  fifo: u32;
  held: u32;
  /** 1: the line has no FIFO, so that a frame is handed over, and done, when its last bit has gone. */
  lastBit: u32;
}
@inline export function port(n: u32): Port { return changetype<Port>(PORT_WORDS + (<usize>(n & 7) << 6)); }

/** For the host: where a card's port is. */
export function framePort(n: u32): u32 { return <u32>changetype<usize>(port(n)); }

@inline export function sendRing(n: u32): u32 { return RingId.FIRST_FRAME + 2 * n; }
@inline export function receiveRing(n: u32): u32 { return RingId.FIRST_FRAME + 2 * n + 1; }
@inline function entryBytes(bytes: u32): u32 { return ENTRY_HEADER + ((bytes + 15) & ~15); }

/** A port's rings; at attach. */
export function openPort(n: u32): void {
  for (let i: u32 = 0; i < 2; i++) openRing(sendRing(n) + i, FRAME_DATA + <usize>((2 * n + i) * RING_BYTES), RING_BYTES);
}

/** An entry for a frame of so many bytes, header zeroed but for the length; null when there is no room. */
export function reserveEntry(id: u32, bytes: u32): Frame {
  const r = ring(id), need = entryBytes(bytes), used = r.head - r.tail;
  const at = r.head & (r.sizeBytes - 1), rest = r.sizeBytes - at, skip = rest < need ? rest : 0;
  if (bytes > MAX_FRAME || used > r.sizeBytes || r.sizeBytes - used < need + skip) return changetype<Frame>(0);
  if (skip) { store<u32>(<usize>r.data + at, SKIP); r.head += skip; }
  const f = changetype<Frame>(<usize>r.data + (r.head & (r.sizeBytes - 1)));
  memory.fill(changetype<usize>(f), 0, ENTRY_HEADER);
  f.bytes = bytes;
  return f;
}
export function commitEntry(id: u32, f: Frame): void { ring(id).head += entryBytes(f.bytes); }

/** The oldest entry, null when there is none; it stays until dropEntry. */
export function peekEntry(id: u32): Frame {
  const r = ring(id);
  for (let tries: u32 = 0; tries < 2; tries++) {
    const fill = ringFill(id), at = r.tail & (r.sizeBytes - 1);
    if (fill < ENTRY_HEADER || at & 15) break;
    const f = changetype<Frame>(<usize>r.data + at);
    if (f.bytes == SKIP) { r.tail += min(fill, r.sizeBytes - at); continue; }
    if (f.bytes <= MAX_FRAME && entryBytes(f.bytes) <= fill && at + entryBytes(f.bytes) <= r.sizeBytes) return f;
    break;
  }
  // Empty, or nonsense that is thrown away whole.
  r.tail = r.head;
  return changetype<Frame>(0);
}
export function dropEntry(id: u32, f: Frame): void { ring(id).tail += entryBytes(f.bytes); }

@inline export function frameData(f: Frame): usize { return changetype<usize>(f) + ENTRY_HEADER; }

// --- For cards ---

/** The line's FIFO takes what fits in; a frame that is larger, when it is empty. */
function fitsFifo(n: u32, bytes: u32): bool {
  const p = port(n);
  return !p.fifo || !p.held || p.held + bytes <= p.fifo;
}

/**
 * The entry at which a frame of so many bytes may be written, header set but for its offloads; null when there is no room. Then the slice
 * ends, unless it is the line that is full, of which the lab tells.
 */
export function beginFrame(n: u32, bytes: u32): Frame {
  if (!fitsFifo(n, bytes)) return changetype<Frame>(0);
  if (port(n).lastBit && !call_indirect<u32>(slots.lineReady, n, bytes)) return changetype<Frame>(0);
  const f = reserveEntry(sendRing(n), bytes);
  if (!changetype<usize>(f)) endSlice();
  return f;
}

/** Hands the frame begun to the host, or to the lab in its place. */
export function commitFrame(n: u32, f: Frame): void {
  commitEntry(sendRing(n), f);
  if (port(n).fifo) port(n).held += f.bytes;
  if (slots.frameSent) call_indirect<void>(slots.frameSent, n);
}

/** The oldest frame for the guest, null when there is none; it stays until dropFrame. */
export function peekFrame(n: u32): Frame { return peekEntry(receiveRing(n)); }

export function dropFrame(n: u32, f: Frame): void {
  dropEntry(receiveRing(n), f);
  if (slots.frameTaken) call_indirect<void>(slots.frameTaken, n);
}

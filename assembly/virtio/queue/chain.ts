// A chain of buffers, as a walk of a ring found it: addresses and lengths, the device-readable ones first (2.7.4.2).
// It lives in scratch and is used up within one call. Copies go through device/dma; an address outside RAM makes them
// fail, and the device with them.

import { dmaRead, dmaWrite } from "../../device/dma";
import { countQueue, deviceOf, fail, Queue, QueueCount, requesterOf } from "../device";
import { CHAIN_BYTES, CHAINS, DESCRIPTOR } from "../layout";
import { Desc } from "../spec";

@inline export const MAX_PIECES: u32 = 1024;

@unmanaged export class Chain {
  /** Index of its first descriptor: what the used ring names. */
  head: u32;
  pieces: u32;
  /** How many of the pieces are device-readable. */
  readable: u32;
  readBytes: u32;
  writeBytes: u32;
  pad0: u32; pad1: u64;
}
@unmanaged class Piece { address: u64; bytes: u32; pad0: u32; }

/** Chain 0 is the one in hand, 1 the first of a packet that takes several. */
@inline export function chain(i: u32): Chain { return changetype<Chain>(CHAINS + <usize>i * CHAIN_BYTES); }
@inline function piece(c: Chain, i: u32): Piece { return changetype<Piece>(changetype<usize>(c) + 64 + (<usize>i << 4)); }

export function clearChain(c: Chain, head: u32): void {
  c.head = head; c.pieces = 0; c.readable = 0; c.readBytes = 0; c.writeBytes = 0;
}

/** Adds a buffer; false when there are too many, when a readable one follows a writable one, or the sum passes 32 bits. */
export function addPiece(c: Chain, address: u64, bytes: u32, write: bool): bool {
  if (c.pieces >= MAX_PIECES || (!write && c.readable != c.pieces)) return false;
  const total = (write ? c.writeBytes : c.readBytes) + bytes;
  if (total < bytes) return false;
  const p = piece(c, c.pieces);
  p.address = address; p.bytes = bytes;
  c.pieces++;
  if (write) c.writeBytes = total; else { c.readBytes = total; c.readable++; }
  return true;
}

/** Copies device-readable bytes [offset, offset + bytes) to `to`; what the chain does not have is not touched. False when memory refused. */
export function gather(q: Queue, c: Chain, offset: u32, to: usize, bytes: u32): bool {
  return move(q, c, 0, c.readable, offset, to, bytes, false);
}

/** Copies `bytes` from `from` into the device-writable part, from `offset` on. */
export function scatter(q: Queue, c: Chain, offset: u32, from: usize, bytes: u32): bool {
  return move(q, c, c.readable, c.pieces, offset, from, bytes, true);
}

function move(q: Queue, c: Chain, first: u32, end: u32, offset: u32, host: usize, bytes: u32, write: bool): bool {
  const d = deviceOf(q), requester = requesterOf(d);
  let skip = offset, done: u32 = 0;
  for (let i = first; i < end && done < bytes; i++) {
    const p = piece(c, i);
    if (skip >= p.bytes) { skip -= p.bytes; continue; }
    const n = min(p.bytes - skip, bytes - done), at = p.address + skip;
    const ok = write ? dmaWrite(requester, at, host + done, n) : dmaRead(requester, at, host + done, n);
    if (!ok) { fail(d); return false; }
    skip = 0; done += n;
  }
  countQueue(q, write ? QueueCount.BYTES_WRITTEN : QueueCount.BYTES_READ, done);
  return true;
}

/** Reads a descriptor of either format into DESCRIPTOR; false when memory refused. */
export function readDescriptor(q: Queue, at: u64): bool {
  countQueue(q, QueueCount.DESCRIPTORS, 1);
  return dmaRead(requesterOf(deviceOf(q)), at, DESCRIPTOR, Desc.BYTES);
}

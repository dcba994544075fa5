// A disk's state beside its queues: what it is, the request that is longer than a batch, completions that wait for their time.

import { addCount, count, nameOwned } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { configOf, Count, has, ownOf, VirtioDevice } from "../device";
import { Part } from "../layout";
import { BlockConfig, BlockFeature } from "./spec";
import { RequestType } from "../../surface/blocks";

@unmanaged export class BlockState {
  // Written at attach.
  disk: u32;
  timer: u32;
  sectors: u64;
  /** The write cache as the command line has it: what a reset goes back to. */
  cached: u32;
  pad0: u32;
  // Cleared by a reset; the offset is in IN_FLIGHT_FROM.
  completions: u32;
  /** Queue that is looked at first when there is room again. */
  turn: u32;
  // The request in hand that does not fit in one batch: `done` of `total` bytes have been asked. total 0: there is none.
  partTotal: u32;
  partDone: u32;
  partType: u32;
  partHead: u32;
  partQueue: u32;
  /** Buffers of the chains in the batch. */
  pieces: u32;
  partSector: u64;
}
@inline const IN_FLIGHT_FROM: usize = 24;
@inline const STATE_BYTES: usize = 64;
@inline export function blockOf(d: VirtioDevice): BlockState { return changetype<BlockState>(ownOf(d)); }
export function forgetInFlight(d: VirtioDevice): void { memory.fill(ownOf(d) + IN_FLIGHT_FROM, 0, STATE_BYTES - IN_FLIGHT_FROM); }

/** Between service and timer a request is a completion. */
@unmanaged export class Completion { head: u16; queue: u16; written: u32; due: u64; }
@inline export const MAX_COMPLETIONS: u32 = 512;
@inline export function completionAt(d: VirtioDevice, i: u32): Completion { return changetype<Completion>(changetype<usize>(d) + Part.REQUESTS + (<usize>i << 4)); }

/**
 * Writes go to the disk itself before they are answered (5.2.6.2): by the writeback field where the driver may write it, and for a
 * driver that knows no flush.
 */
export function isWritethrough(d: VirtioDevice): bool {
  if (has(d, BlockFeature.CONFIG_WCE)) return load<u8>(configOf(d), BlockConfig.WRITEBACK) == 0;
  return !has(d, BlockFeature.FLUSH);
}

export const enum BlockCount { READS = 4, WRITES, FLUSHES, DISCARDS, BYTES_READ, BYTES_WRITTEN, REFUSED, WAITS, PARTS, END }
@inline export const BLOCK_COUNTERS: u32 = BlockCount.END - Count.OWN;

export function nameBlockCounters(d: VirtioDevice, card: string): void {
  const c = d.counters, n = d.number;
  nameOwned(c + BlockCount.READS, card, n, -1, "reads", "requests");
  nameOwned(c + BlockCount.WRITES, card, n, -1, "writes", "requests");
  nameOwned(c + BlockCount.FLUSHES, card, n, -1, "flushes", "requests");
  nameOwned(c + BlockCount.DISCARDS, card, n, -1, "discards and zeroings", "requests");
  nameOwned(c + BlockCount.BYTES_READ, card, n, -1, "bytes read", "bytes");
  nameOwned(c + BlockCount.BYTES_WRITTEN, card, n, -1, "bytes written", "bytes");
  nameOwned(c + BlockCount.REFUSED, card, n, -1, "requests refused", "requests");
  nameOwned(c + BlockCount.WAITS, card, n, -1, "waits for the host", "events", Crossing.B3);
  nameOwned(c + BlockCount.PARTS, card, n, -1, "further batches of long requests", "events");
}

export function countBlock(d: VirtioDevice, what: u32): void { count(d.counters + what); }

export function countRequest(d: VirtioDevice, type: u32, bytes: u32): void {
  switch (type) {
    case RequestType.IN: count(d.counters + BlockCount.READS); addCount(d.counters + BlockCount.BYTES_READ, bytes); break;
    case RequestType.OUT: count(d.counters + BlockCount.WRITES); addCount(d.counters + BlockCount.BYTES_WRITTEN, bytes); break;
    case RequestType.FLUSH: count(d.counters + BlockCount.FLUSHES); break;
    case RequestType.DISCARD: case RequestType.WRITE_ZEROES: count(d.counters + BlockCount.DISCARDS); break;
    default: break;
  }
}

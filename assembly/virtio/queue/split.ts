// The split virtqueue from the device's side. Virtio 1.2, 2.7, with indirect tables (2.7.5.3) and event indices (2.7.10).
//
// takeChain checks everything once, while it walks: indices against the queue's size, the chain's length against the
// queue's size (2.7.5.3.1: no chain is longer, which is also the guard against loops), tables against their rules. What it gives
// is a copy; the driver may change the ring under our feet and hurts nobody. Finished chains are put into the used ring
// one by one and shown to the driver together by publish, which decides whether to interrupt. rewind undoes takes and puts
// that have not been published.

import { dmaRead, dmaRead16, dmaWrite16, dmaWrite64 } from "../../device/dma";
import { count } from "../../base/counters";
import { countQueue, deviceOf, fail, has, Queue, QueueCount, requesterOf, signalVector, VirtioDevice } from "../device";
import { SCRATCH, SCRATCH_BYTES } from "../layout";
import { Avail, Desc, DescFlag, FeatureBit, Isr, Used } from "../spec";
import { addPiece, Chain, clearChain } from "./chain";

/** What a look at the ring gives. */
export const enum Take { NONE, CHAIN, BROKEN }
@inline const DESCRIPTOR: usize = SCRATCH + SCRATCH_BYTES - 64;

/** Chains that wait; more than the queue holds is the driver's error and gives 0 after fail. */
export function waiting(q: Queue): u32 {
  const d = deviceOf(q), n = (dmaRead16(requesterOf(d), q.driver + Avail.IDX) - q.nextAvail) & 0xffff;
  if (n <= q.size) return n;
  fail(d);
  return 0;
}

/** Takes the next chain into `c`. */
export function takeChain(q: Queue, c: Chain): u32 {
  const d = deviceOf(q);
  if (d.broken) return Take.BROKEN;
  if (waiting(q) == 0) return d.broken ? Take.BROKEN : Take.NONE;
  const head = dmaRead16(requesterOf(d), q.driver + Avail.RING + (<u64>(q.nextAvail & (q.size - 1)) << 1));
  if (!walk(q, c, head)) { fail(d); return Take.BROKEN; }
  q.nextAvail = (q.nextAvail + 1) & 0xffff;
  countQueue(q, QueueCount.CHAINS, 1);
  return Take.CHAIN;
}

/** Walks a chain taken before once more: the driver may have changed it, so everything is checked anew. */
export function walkAgain(q: Queue, c: Chain, head: u32): bool {
  if (walk(q, c, head)) return true;
  fail(deviceOf(q));
  return false;
}

/** Follows a chain from its head; false for whatever the specification forbids. */
function walk(q: Queue, c: Chain, head: u32): bool {
  let table = q.desc, size = q.size, index = head, indirect = false;
  clearChain(c, head);
  for (let seen: u32 = 0; seen < q.size; seen++) {
    if (index >= size || !readDescriptor(q, table + (<u64>index << 4))) return false;
    const address = load<u64>(DESCRIPTOR, Desc.ADDR), bytes = load<u32>(DESCRIPTOR, Desc.LEN), flags = <u32>load<u16>(DESCRIPTOR, Desc.FLAGS);
    if (flags & DescFlag.INDIRECT) {
      // 2.7.5.3.1: not without the feature, not within a table, not with NEXT.
      if (indirect || flags & DescFlag.NEXT || !has(deviceOf(q), FeatureBit.INDIRECT_DESC)) return false;
      if (bytes == 0 || bytes & (Desc.BYTES - 1)) return false;
      indirect = true; table = address; size = bytes >> 4; index = 0;
      seen--;
      continue;
    }
    if (!addPiece(c, address, bytes, (flags & DescFlag.WRITE) != 0)) return false;
    if (!(flags & DescFlag.NEXT)) return true;
    index = load<u16>(DESCRIPTOR, Desc.NEXT_INDEX);
  }
  return false;
}

function readDescriptor(q: Queue, at: u64): bool {
  countQueue(q, QueueCount.DESCRIPTORS, 1);
  return dmaRead(requesterOf(deviceOf(q)), at, DESCRIPTOR, Desc.BYTES);
}

/** Puts a finished chain into the used ring, not shown to the driver yet. `written`: bytes written into its buffers. */
export function putUsed(q: Queue, head: u32, written: u32): void {
  const at = q.used + Used.RING + <u64>(q.nextUsed & (q.size - 1)) * Used.ENTRY_BYTES, d = deviceOf(q);
  if (!dmaWrite64(requesterOf(d), at, <u64>head | <u64>written << 32)) fail(d);
  q.nextUsed = (q.nextUsed + 1) & 0xffff;
  countQueue(q, QueueCount.USED, 1);
}

/** Gives back the last `chains` taken, and the used elements put for them. */
export function rewind(q: Queue, chains: u32, used: u32): void {
  q.nextAvail = (q.nextAvail - chains) & 0xffff;
  q.nextUsed = (q.nextUsed - used) & 0xffff;
}

/** Shows the driver what was put, and interrupts it unless it asked not to be (2.7.7.2). */
export function publish(q: Queue): void {
  const d = deviceOf(q);
  if (d.broken || q.nextUsed == q.published) return;
  const before = q.published;
  if (!dmaWrite16(requesterOf(d), q.used + Used.IDX, q.nextUsed)) { fail(d); return; }
  q.published = q.nextUsed;
  if (!wantsInterrupt(d, q, before)) { countQueue(q, QueueCount.INTERRUPTS_SUPPRESSED, 1); return; }
  countQueue(q, QueueCount.INTERRUPTS, 1);
  signalVector(d, q.vector, Isr.QUEUE);
}

function wantsInterrupt(d: VirtioDevice, q: Queue, before: u32): bool {
  if (has(d, FeatureBit.NOTIFY_ON_EMPTY) && waiting(q) == 0) return true;
  if (!has(d, FeatureBit.EVENT_IDX)) return !(dmaRead16(requesterOf(d), q.driver + Avail.FLAGS) & Avail.NO_INTERRUPT);
  const event = dmaRead16(requesterOf(d), q.driver + Avail.RING + (<u64>q.size << 1));
  return ((q.published - event - 1) & 0xffff) < ((q.published - before) & 0xffff);
}

/** Asks to be notified of the next chain (2.7.10.1); true when one has come meanwhile. */
export function listen(q: Queue): bool {
  const d = deviceOf(q), requester = requesterOf(d);
  if (has(d, FeatureBit.EVENT_IDX)) dmaWrite16(requester, eventAt(q), q.nextAvail);
  else if (q.quiet) dmaWrite16(requester, q.used + Used.FLAGS, 0);
  q.quiet = 0;
  return waiting(q) != 0;
}

/** Asks not to be notified: the device will look by itself. */
export function hush(q: Queue): void {
  if (q.quiet) return;
  const d = deviceOf(q), requester = requesterOf(d);
  q.quiet = 1;
  // With event indices the last one stays: an index that has gone by is not reached again for 65536 chains.
  if (!has(d, FeatureBit.EVENT_IDX)) dmaWrite16(requester, q.used + Used.FLAGS, Used.NO_NOTIFY);
}

@inline function eventAt(q: Queue): u64 { return q.used + Used.RING + <u64>q.size * Used.ENTRY_BYTES; }

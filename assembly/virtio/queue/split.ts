// The split virtqueue from the device's side. Virtio 1.2, 2.7, with indirect tables (2.7.5.3) and event indices (2.7.10).
//
// splitTake checks everything once, while it walks: indices against the queue's size, the chain's length against the
// queue's size (2.7.5.3.1: no chain is longer, which is also the guard against loops), tables against their rules. Finished chains
// are put into the used ring one by one and shown to the driver together by splitShow.

import { dmaRead16, dmaWrite16, dmaWrite64 } from "../../device/dma";
import { deviceOf, fail, has, Queue, requesterOf, VirtioDevice } from "../device";
import { DESCRIPTOR } from "../layout";
import { Avail, Desc, DescFlag, FeatureBit, Used } from "../spec";
import { addPiece, Chain, clearChain, readDescriptor } from "./chain";
import { Shown, Take } from "./outcome";

/** Chains that wait; more than the queue holds is the driver's error and gives 0 after fail. */
export function splitWaiting(q: Queue): u32 {
  const d = deviceOf(q), n = (dmaRead16(requesterOf(d), q.driver + Avail.IDX) - q.nextAvail) & 0xffff;
  if (n <= q.size) return n;
  fail(d);
  return 0;
}

/** Takes the next chain into `c`; a Take. */
export function splitTake(q: Queue, c: Chain): u32 {
  const d = deviceOf(q);
  if (splitWaiting(q) == 0) return d.broken ? Take.BROKEN : Take.NONE;
  const head = dmaRead16(requesterOf(d), q.driver + Avail.RING + (<u64>(q.nextAvail & (q.size - 1)) << 1));
  if (!splitWalk(q, c, head)) return Take.BROKEN;
  q.nextAvail = (q.nextAvail + 1) & 0xffff;
  return Take.CHAIN;
}

/** Follows a chain from its head; false for whatever the specification forbids. */
export function splitWalk(q: Queue, c: Chain, head: u32): bool {
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

/** Puts a finished chain into the used ring, behind the index the driver sees. */
export function splitPut(q: Queue, head: u32, written: u32): void {
  const at = q.used + Used.RING + <u64>(q.nextUsed & (q.size - 1)) * Used.ENTRY_BYTES, d = deviceOf(q);
  if (!dmaWrite64(requesterOf(d), at, <u64>head | <u64>written << 32)) fail(d);
  q.nextUsed = (q.nextUsed + 1) & 0xffff;
}

export function splitRewind(q: Queue, chains: u32, used: u32): void {
  q.nextAvail = (q.nextAvail - chains) & 0xffff;
  q.nextUsed = (q.nextUsed - used) & 0xffff;
}

/** Moves the index the driver sees over what was put; a Shown. */
export function splitShow(q: Queue): u32 {
  const d = deviceOf(q);
  if (!dmaWrite16(requesterOf(d), q.used + Used.IDX, q.nextUsed)) return Shown.REFUSED;
  return wantsInterrupt(d, q) ? Shown.SIGNAL : Shown.QUIET;
}

function wantsInterrupt(d: VirtioDevice, q: Queue): bool {
  if (has(d, FeatureBit.NOTIFY_ON_EMPTY) && splitWaiting(q) == 0) return true;
  if (!has(d, FeatureBit.EVENT_IDX)) return !(dmaRead16(requesterOf(d), q.driver + Avail.FLAGS) & Avail.NO_INTERRUPT);
  const event = dmaRead16(requesterOf(d), q.driver + Avail.RING + (<u64>q.size << 1));
  return ((q.nextUsed - event - 1) & 0xffff) < q.pending;
}

/** Asks to be notified of the next chain (2.7.10.1). */
export function splitListen(q: Queue): void {
  const d = deviceOf(q), requester = requesterOf(d);
  if (has(d, FeatureBit.EVENT_IDX)) dmaWrite16(requester, eventAt(q), q.nextAvail);
  else if (q.quiet) dmaWrite16(requester, q.used + Used.FLAGS, 0);
}

/** With event indices the last one stays: an index that has gone by is not reached again for 65536 chains. */
export function splitHush(q: Queue): void {
  const d = deviceOf(q);
  if (!has(d, FeatureBit.EVENT_IDX)) dmaWrite16(requesterOf(d), q.used + Used.FLAGS, Used.NO_NOTIFY);
}

@inline function eventAt(q: Queue): u64 { return q.used + Used.RING + <u64>q.size * Used.ENTRY_BYTES; }

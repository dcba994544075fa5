// virtio-9p: a folder of the host. A chain is one 9P message and room for its answer; what the messages say is the host's business
// (host/share). The host is asked in the disks' way (device/blocks.ts): it answers before the guest's next instruction, so that how fast
// it is, the guest never sees.

import { addCount, count, nameOwned } from "../../base/counters";
import { ask, Asked, askedAt, askedCount, clearAsked, DATA_BYTES, dataOf, unask } from "../../device/blocks";
import { Card, optionOf } from "../../device/card";
import { Answer } from "../../surface/blocks";
import { CardOption } from "../../surface/cards";
import { RingId } from "../../surface/rings";
import { bindRing } from "../../device/ring";
import { configOf, Count, deviceAt, deviceOfCard, isLive, makeQueue, mayServe, nameDevice, ownOf, Queue, queueOf, VirtioDevice } from "../device";
import { attachTransport, resetVirtio } from "../pci/transport";
import { Chain, chain, gather, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, rewind, Take, takeChain, walkAgain } from "../queue/queue";
import { DeviceId, FeatureBit } from "../spec";
import { ShareConfig, ShareFeature, MESSAGE_HEADER } from "./spec";

@inline const TRANSITIONAL: u32 = 0x1009;
@inline const STORAGE_CLASS: u32 = 0x01_8000;
@inline const QUEUE_SIZE: u32 = 128;
@inline export const MAX_TAG: u32 = 63;
@inline const CARD: string = "virtio-9p";

@unmanaged class ShareState {
  /** Its table of requests to the host. */
  table: u32;
}
/** The tag: a byte for its length, then its bytes. The host writes them before the machine is made. */
@inline const TAG_AT: usize = 64;
@inline function shareOf(d: VirtioDevice): ShareState { return changetype<ShareState>(ownOf(d)); }
@inline function tagAt(d: VirtioDevice): usize { return ownOf(d) + TAG_AT; }
@inline function tagBytes(d: VirtioDevice): u32 { return min(<u32>load<u8>(tagAt(d)), MAX_TAG); }

const enum ShareCount { MESSAGES = 4, REFUSED, BYTES_ASKED, BYTES_ANSWERED, END }

@inline function bit(n: u32): u64 { return <u64>1 << n; }

/** A card of the machine's list. */
export function attachShare(c: Card): void {
  const d = deviceOfCard(c, DeviceId.NINE_P), s = shareOf(d);
  d.offered = (bit(ShareFeature.MOUNT_TAG) | bit(FeatureBit.INDIRECT_DESC) | bit(FeatureBit.EVENT_IDX) | bit(FeatureBit.VERSION_1) | bit(FeatureBit.RING_PACKED)
    | bit(FeatureBit.RING_RESET)) & ~optionOf(c, CardOption.MASKED);
  s.table = c.first;
  d.queueCount = 1; d.configBytes = ShareConfig.TAG + tagBytes(d);
  d.onQueue = submit.index; d.onReset = forgetAll.index; d.onDriverOk = 0; d.onConfig = 0; d.onQueueReset = forgetQueue.index; d.onTurn = takeTurnNow.index;
  nameDevice(d, CARD, ShareCount.END - Count.OWN);
  nameOwned(d.counters + ShareCount.MESSAGES, CARD, c.number, -1, "messages", "requests");
  nameOwned(d.counters + ShareCount.REFUSED, CARD, c.number, -1, "messages refused", "requests");
  nameOwned(d.counters + ShareCount.BYTES_ASKED, CARD, c.number, -1, "bytes of messages", "bytes");
  nameOwned(d.counters + ShareCount.BYTES_ANSWERED, CARD, c.number, -1, "bytes of answers", "bytes");
  makeQueue(d, 0, QUEUE_SIZE, CARD);
  attachTransport(d, c, STORAGE_CLASS, TRANSITIONAL, CARD);
  bindRing(RingId.FIRST_DISK + s.table, service.index, changetype<usize>(d));
}

/** The configuration, and the device's reset. */
export function resetShareCard(c: Card): void {
  const d = deviceAt(c.index), bytes = tagBytes(d);
  store<u16>(configOf(d), <u16>bytes, ShareConfig.TAG_BYTES);
  memory.copy(configOf(d) + ShareConfig.TAG, tagAt(d) + 1, bytes);
  resetVirtio(d);
}

/** For the host, before the machine is made: where the tag goes, a length and up to 63 bytes. */
export function shareTag(i: u32): u32 { return <u32>tagAt(deviceAt(i)); }

// --- To the host ---

/** Takes what waits in the queue, as far as the batch and the allowance have room. */
function submit(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), q = queueOf(d, queue), c = chain(0);
  if (!isLive(d, queue)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    if (!request(d, q, c)) { rewind(q, 1, 0); break; }
  }
  publish(q);
}

/** Asks the host. False when the batch is full. */
function request(d: VirtioDevice, q: Queue, c: Chain): bool {
  const table = shareOf(d).table, room = max(c.readBytes, c.writeBytes);
  if (min(c.readBytes, c.writeBytes) < MESSAGE_HEADER || room > DATA_BYTES) {
    count(d.counters + ShareCount.REFUSED);
    putUsed(q, c.head, 0);
    return true;
  }
  // The answer takes the message's place.
  const a = ask(table, 0, c.readBytes, room);
  if (!changetype<usize>(a)) return false;
  a.head = c.head;
  if (!gather(q, c, 0, dataOf(a), c.readBytes)) { unask(table); return true; }
  count(d.counters + ShareCount.MESSAGES);
  addCount(d.counters + ShareCount.BYTES_ASKED, c.readBytes);
  return true;
}

// --- From the host ---

/** The host has answered; no instruction has run since the doorbell. */
function service(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), table = shareOf(d).table, n = askedCount(table);
  if (!n || !allAnswered(table, n)) return;
  const live = isLive(d, 0);
  for (let i: u32 = 0; i < n && live; i++) finish(d, queueOf(d, 0), askedAt(table, i));
  clearAsked(table);
  if (!live) return;
  publish(queueOf(d, 0));
  // Chains that found the batch full.
  submit(dev, 0);
}

function allAnswered(table: u32, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) if (askedAt(table, i).answer == Answer.UNANSWERED) return false;
  return true;
}

/** The answer, its length in `sector`, into the guest's buffers; none when the message is nobody's any more. */
function finish(d: VirtioDevice, q: Queue, a: Asked): void {
  const c = chain(0), bytes = <u32>min<u64>(a.sector, a.bytes);
  if (a.fate || !walkAgain(q, c, a.head) || !scatter(q, c, 0, dataOf(a), min(bytes, c.writeBytes))) return;
  addCount(d.counters + ShareCount.BYTES_ANSWERED, bytes);
  putUsed(q, a.head, min(bytes, c.writeBytes));
}

function takeTurnNow(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  if (!askedCount(shareOf(d).table)) submit(dev, 0);
}

/** What was asked is done by the host, and nobody is told. */
function forgetAll(dev: usize): void {
  const table = shareOf(changetype<VirtioDevice>(dev)).table;
  for (let i: u32 = 0; i < askedCount(table); i++) askedAt(table, i).fate = 1;
}
function forgetQueue(dev: usize, queue: u32): void { forgetAll(dev); }

// virtio-rng: fills every buffer it is given with the machine's seeded random numbers. Virtio 1.2, 5.4. The source is the one
// RDRAND has, so that a run with the same seed is the same run.

import { addCount, nameOwned } from "../../base/counters";
import { nextRandom } from "../../base/random";
import { Count, deviceAt, isLive, makeQueue, nameDevice, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { attachTransport } from "../pci/transport";
import { chain, scatter } from "../queue/chain";
import { listen, publish, putUsed, Take, takeChain } from "../queue/queue";
import { DeviceId, FeatureBit } from "../spec";

@inline const TRANSITIONAL: u32 = 0x1005;
@inline const OTHER_CLASS: u32 = 0x00_ff00;
@inline const QUEUE_SIZE: u32 = 64;
/** Bytes given for one buffer, however long it is (5.4.6.1: the driver reads how many came). */
@inline const MOST: u32 = 4096;
@inline const CARD: string = "virtio-rng";

export function attachRng(i: u32, number: u32, slot: u32, masked: u64, modernOnly: bool, vectors: u32): void {
  const d = deviceAt(i);
  d.kind = DeviceId.ENTROPY; d.number = number;
  d.offered = (<u64>1 << FeatureBit.INDIRECT_DESC | <u64>1 << FeatureBit.EVENT_IDX | <u64>1 << FeatureBit.VERSION_1 | <u64>1 << FeatureBit.RING_PACKED | <u64>1 << FeatureBit.RING_RESET) & ~masked;
  d.queueCount = 1; d.configBytes = 0;
  d.onQueue = serve.index; d.onReset = 0; d.onDriverOk = 0; d.onConfig = 0;
  nameDevice(d, CARD, 1);
  nameOwned(d.counters + Count.OWN, CARD, number, -1, "bytes given", "bytes");
  makeQueue(d, 0, QUEUE_SIZE, CARD);
  attachTransport(d, slot, OTHER_CLASS, modernOnly ? 0 : TRANSITIONAL, vectors, CARD);
}

function serve(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), q = queueOf(d, 0), c = chain(0);
  if (!isLive(d, 0)) return;
  for (;;) {
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const bytes = min(c.writeBytes, MOST);
    for (let at: u32 = 0; at < bytes; at += 8) store<u64>(SCRATCH + at, nextRandom());
    if (!scatter(q, c, 0, SCRATCH, bytes)) return;
    addCount(d.counters + Count.OWN, bytes);
    putUsed(q, c.head, bytes);
  }
  publish(q);
}

// virtio-rng: fills every buffer it is given with the machine's seeded random numbers. Virtio 1.2, 5.4. The source is the one
// RDRAND has, so that a run with the same seed is the same run.
//
// With a rate (QEMU's max-bytes and period) a period begins with the first request after the last one; when its bytes are given,
// buffers wait in the ring until it ends. Periods are virtual time.

import { addCount, count, nameOwned } from "../../base/counters";
import { nextRandom } from "../../base/random";
import { spend } from "../../device/allowance";
import { Card, optionOf, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { bindTimer, cancelTimer, nowNs, setTimer } from "../../device/clock";
import { takeTimers } from "../../device/timers";
import { Count, deviceAt, deviceOfCard, isLive, makeQueue, mayServe, nameDevice, ownOf, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { attachTransport, resetVirtio } from "../pci/transport";
import { chain, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, Take, takeChain } from "../queue/queue";
import { DeviceId, FeatureBit } from "../spec";

@inline const TRANSITIONAL: u32 = 0x1005;
@inline const OTHER_CLASS: u32 = 0x00_ff00;
@inline const QUEUE_SIZE: u32 = 64;
/** Bytes given for one buffer, however long it is (5.4.6.1: the driver reads how many came). */
@inline const MOST: u32 = 4096;
/** Bytes made for a unit of the allowance, as a power of two. */
@inline const UNIT_BYTES_LOG2: u32 = 4;
@inline const NS_IN_MS: u64 = 1_000_000;
@inline const CARD: string = "virtio-rng";

@unmanaged class RngState {
  timer: u32;
  /** Bytes a period, 0 for no limit; the period in ns. */
  maxBytes: u32;
  period: u64;
  /** When the period in hand ends, and the bytes it still has. */
  ends: u64;
  left: u32;
  pad0: u32;
}
@inline function rngOf(d: VirtioDevice): RngState { return changetype<RngState>(ownOf(d)); }

const enum RngCount { BYTES = 4, WAITS, END }

/** A card of the machine's list. */
export function attachRng(c: Card): void {
  const d = deviceOfCard(c, DeviceId.ENTROPY);
  d.offered = (<u64>1 << FeatureBit.INDIRECT_DESC | <u64>1 << FeatureBit.EVENT_IDX | <u64>1 << FeatureBit.VERSION_1 | <u64>1 << FeatureBit.RING_PACKED | <u64>1 << FeatureBit.IN_ORDER | <u64>1 << FeatureBit.RING_RESET) & ~optionOf(c, CardOption.MASKED);
  d.queueCount = 1; d.configBytes = 0;
  d.onQueue = serve.index; d.onReset = resetRng.index; d.onDriverOk = 0; d.onConfig = 0; d.onTurn = periodEnded.index;
  rngOf(d).timer = takeTimers(1);
  nameDevice(d, CARD, RngCount.END - Count.OWN);
  nameOwned(d.counters + RngCount.BYTES, CARD, c.number, -1, "bytes given", "bytes");
  nameOwned(d.counters + RngCount.WAITS, CARD, c.number, -1, "waits for the next period", "events");
  makeQueue(d, 0, QUEUE_SIZE, CARD);
  attachTransport(d, c, OTHER_CLASS, TRANSITIONAL, CARD);
  bindTimer(rngOf(d).timer, periodEnded.index, changetype<usize>(d));
}

/** The rate as it was asked for, and the device's reset. */
export function resetRngCard(c: Card): void {
  const d = deviceAt(c.index), s = rngOf(d);
  s.maxBytes = wordOf(c, CardOption.MAX_BYTES);
  s.period = max(optionOf(c, CardOption.PERIOD_MS), 1) * NS_IN_MS;
  s.ends = 0; s.left = 0;
  resetVirtio(d);
}

/** The period goes on: a driver's reset is no way round the rate. */
function resetRng(dev: usize): void { cancelTimer(rngOf(changetype<VirtioDevice>(dev)).timer); }

/** The period or the wait for allowance is over. */
function periodEnded(dev: usize): void { serve(dev, 0); }

/** Bytes that may be given now. */
function allowance(s: RngState): u32 {
  if (!s.maxBytes) return MOST;
  if (nowNs() >= s.ends) { s.ends = nowNs() + s.period; s.left = s.maxBytes; }
  return min(s.left, MOST);
}

function serve(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), s = rngOf(d), q = queueOf(d, 0), c = chain(0);
  if (!isLive(d, 0)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const most = allowance(s);
    if (!most) { setTimer(s.timer, s.ends); count(d.counters + RngCount.WAITS); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const bytes = min(c.writeBytes, most);
    spend(bytes >> UNIT_BYTES_LOG2);
    for (let at: u32 = 0; at < bytes; at += 8) store<u64>(SCRATCH + at, nextRandom());
    if (!scatter(q, c, 0, SCRATCH, bytes)) return;
    if (s.maxBytes) s.left -= bytes;
    addCount(d.counters + RngCount.BYTES, bytes);
    putUsed(q, c.head, bytes);
  }
  publish(q);
}

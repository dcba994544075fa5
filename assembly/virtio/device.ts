// A virtio device: what every kind has, whatever its transport. Virtio 1.2, clause 2.
//
// The first part of a device's 16 KiB is written at attach (who it is, what it offers, whom to call) and survives a
// reset; from `status` on it is the driver's doing and a reset clears it. Kinds hang in by function-table index:
// onQueue when a queue is notified, onReset, onDriverOk, onConfig after a write to the device's configuration.
// What the specification calls the driver's error ends in fail(): NEEDS_RESET, a configuration interrupt (2.1.2), and
// no queue is served until the driver resets the device.
//
// Each chain, packet or part of a request is an item of the machine's allowance (device/allowance.ts): kinds ask mayServe before they take one.
// While the device waits for its turn a doorbell is counted and no more.

import { anew } from "../base/anew";
import { countAccess, countEvent, isTraced, noteEvent } from "../base/trace";
import { addCount, count, nameOwned, takeCounters } from "../base/counters";
import { Crossing } from "../surface/counters";
import { TraceKind } from "../surface/trace";
import { makeRates, noteBell, Rates } from "../base/histograms";
import { beginTurn, cancelTurn, endTurn, mayWork, takeTurn, waitsForTurn } from "../device/allowance";
import { Card, wordOf } from "../device/card";
import { chargeDoorbell } from "../device/charges";
import { CardOption } from "../surface/cards";
import { bindTimer } from "../device/clock";
import { dmaFailed } from "../device/dma";
import { crossHosted } from "../base/hosted";
import { noteMasterAbort, requesterOf as functionRequester } from "../pci/functions";
import { setIntx } from "../pci/intx";
import { msixEnabled, sendVector } from "../pci/msix";
import { DEVICE_BYTES, MAX_DEVICES, Part, VIRTIO_STATE } from "./layout";
import { resetPacked, roomForPacked } from "./queue/copies";
import { DeviceId, FeatureBit, Isr, NO_VECTOR, Status } from "./spec";

@unmanaged export class VirtioDevice {
  // Written at attach.
  kind: u32;
  pci: u32;
  queueCount: u32;
  configBytes: u32;
  offered: u64;
  counters: u32;
  /** Number among its own kind, for names; the frame port or host ring. */
  number: u32;
  port: u32;
  onQueue: u32;
  onReset: u32;
  onDriverOk: u32;
  onConfig: u32;
  common: u32;
  /** (dev, queue): a queue is about to be reset by itself (2.6.1); 0 for none. */
  onQueueReset: u32;
  /** Without the modern interface; set before attach. */
  legacyOnly: u32;
  /** Timer that goes on when there is allowance again (device/allowance.ts), and what it calls: (dev), every queue that may wait. */
  turn: u32;
  onTurn: u32;
  pad0: u64;
  // Cleared by a reset; the offset is in STATE_FROM.
  status: u32;
  isr: u32;
  accepted: u64;
  generation: u32;
  configVector: u32;
  /** The driver came by the legacy interface. */
  legacy: u32;
  /** No queue is served until reset. */
  broken: u32;
  /** Turns taken: another queue is first each time. */
  turns: u32;
}
@inline const STATE_FROM: usize = offsetof<VirtioDevice>("status");

@unmanaged export class Queue {
  // Written at attach.
  maxSize: u32;
  index: u32;
  device: u32;
  counters: u32;
  /** What the device keeps of a packed ring (queue/packed.ts); 0 when none is offered. */
  packed: u32;
  /** Histograms of this queue (base/histograms.ts). */
  rates: u32;
  pad0: u64;
  // Cleared by a reset; the offset is in QUEUE_STATE_FROM.
  size: u32;
  vector: u32;
  enabled: u32;
  /** The driver has been asked not to notify. */
  quiet: u32;
  desc: u64;
  driver: u64;
  used: u64;
  /** The next entry to take and to fill: of split rings counts modulo 2^16, of a packed ring places. */
  nextAvail: u32;
  nextUsed: u32;
  /** Packed: the wrap counters that go with them. */
  availWrap: u32;
  usedWrap: u32;
  /** Chains put and not shown to the driver yet. */
  pending: u32;
  /** The driver rang, and no chain has been given back since. */
  rung: u32;
  /** Packed: chains ever taken, ring places of those not given back, the first free copy. */
  taken: u32;
  outstanding: u32;
  freeCopy: u32;
  /** Packets handled since the last look ended, where one may take several chains. */
  packets: u32;
  /** Rates of base/histograms.ts. */
  rate0: u64;
}
@inline const QUEUE_BYTES: usize = 128;
@inline const QUEUE_STATE_FROM: usize = 32;

/** Counters of a device, then of each queue. */
export const enum Count { CONFIG_INTERRUPTS, FAILURES, RESETS, ISR_READS, OWN }
export const enum QueueCount { DOORBELLS, CHAINS, DESCRIPTORS, USED, BYTES_READ, BYTES_WRITTEN, ASSERTED, MODERATED, DELIVERED, DOORBELLS_SUPPRESSED, COUNT }

@inline export function deviceAt(i: u32): VirtioDevice { return changetype<VirtioDevice>(VIRTIO_STATE + <usize>min(i, MAX_DEVICES - 1) * DEVICE_BYTES); }
@inline export function addressOf(d: VirtioDevice): usize { return changetype<usize>(d); }
@inline export function commonOf(d: VirtioDevice): usize { return changetype<usize>(d) + Part.COMMON; }
@inline export function configOf(d: VirtioDevice): usize { return changetype<usize>(d) + Part.CONFIG; }
@inline export function ownOf(d: VirtioDevice): usize { return changetype<usize>(d) + Part.OWN; }
@inline export function queueOf(d: VirtioDevice, i: u32): Queue { return changetype<Queue>(changetype<usize>(d) + Part.QUEUES + <usize>i * QUEUE_BYTES); }
@inline export function ratesOf(q: Queue): Rates { return changetype<Rates>(changetype<usize>(q) + offsetof<Queue>("rate0")); }
@inline export function deviceOf(q: Queue): VirtioDevice { return changetype<VirtioDevice>(<usize>q.device); }
@inline export function requesterOf(d: VirtioDevice): u32 { return functionRequester(d.pci); }
@inline export function has(d: VirtioDevice, bit: u32): bool { return (d.accepted >> bit & 1) != 0; }
/** The driver chose packed rings (2.8); a device that offers none has none, whatever a driver wrote. */
@inline export function isPacked(q: Queue): bool { return q.packed != 0 && has(deviceOf(q), FeatureBit.RING_PACKED); }
@inline export function countQueue(q: Queue, what: u32, n: u64): void { countEvent(q.counters + what, n); }

/** A queue the driver has set up, of a device that is going. */
@inline export function isLive(d: VirtioDevice, i: u32): bool {
  return i < d.queueCount && !d.broken && (d.status & Status.DRIVER_OK) != 0 && queueOf(d, i).enabled != 0;
}

/** The device behind a card of the machine's list; at attach. */
export function deviceOfCard(c: Card, kind: u32): VirtioDevice {
  const d = deviceAt(c.index);
  anew(changetype<usize>(d), STATE_FROM);
  d.kind = kind; d.number = c.number; d.port = c.first; d.legacyOnly = wordOf(c, CardOption.LEGACY_ONLY);
  return d;
}

/** Sets up a queue, once `offered` is known; at attach. `maxSize` is a power of two up to 1024. */
export function makeQueue(d: VirtioDevice, i: u32, maxSize: u32, card: string): void {
  const q = queueOf(d, i), c = takeCounters(QueueCount.COUNT);
  anew(changetype<usize>(q), QUEUE_STATE_FROM);
  q.packed = d.offered >> FeatureBit.RING_PACKED & 1 ? roomForPacked(maxSize) : 0;
  q.maxSize = maxSize; q.index = i; q.device = <u32>changetype<usize>(d); q.counters = c;
  nameOwned(c + QueueCount.DOORBELLS, card, d.number, i, "doorbells", "events", Crossing.B1);
  nameOwned(c + QueueCount.CHAINS, card, d.number, i, "chains", "chains");
  nameOwned(c + QueueCount.DESCRIPTORS, card, d.number, i, "descriptors read", "descriptors", Crossing.B0);
  nameOwned(c + QueueCount.USED, card, d.number, i, "used elements written", "descriptors", Crossing.B0);
  nameOwned(c + QueueCount.BYTES_READ, card, d.number, i, "bytes copied in", "bytes", Crossing.B0);
  nameOwned(c + QueueCount.BYTES_WRITTEN, card, d.number, i, "bytes copied out", "bytes", Crossing.B0);
  nameOwned(c + QueueCount.ASSERTED, card, d.number, i, "interrupts asserted", "events", Crossing.B1);
  nameOwned(c + QueueCount.MODERATED, card, d.number, i, "interrupts moderated", "events");
  nameOwned(c + QueueCount.DELIVERED, card, d.number, i, "interrupts delivered", "events", Crossing.B1);
  // Queues of packets come in pairs; what is left over is for control.
  q.rates = makeRates(card, d.number, i, d.kind == DeviceId.NET && (i & 1 || i + 1 < d.queueCount));
  nameOwned(c + QueueCount.DOORBELLS_SUPPRESSED, card, d.number, i, "doorbells suppressed", "events");
}

/** Counters every device has, and room for `own` of its kind's; at attach. */
export function nameDevice(d: VirtioDevice, card: string, own: u32): void {
  const c = takeCounters(Count.OWN + own);
  d.counters = c;
  nameOwned(c + Count.CONFIG_INTERRUPTS, card, d.number, -1, "configuration interrupts", "events");
  nameOwned(c + Count.FAILURES, card, d.number, -1, "driver errors", "events");
  nameOwned(c + Count.RESETS, card, d.number, -1, "resets", "events");
  nameOwned(c + Count.ISR_READS, card, d.number, -1, "ISR reads", "reads", Crossing.B1);
}

/** Power-up state, and what writing 0 to the status does (2.4). */
export function resetDevice(d: VirtioDevice): void {
  memory.fill(changetype<usize>(d) + STATE_FROM, 0, <usize>Part.COMMON - STATE_FROM);
  d.configVector = NO_VECTOR;
  for (let i: u32 = 0; i < d.queueCount; i++) resetQueue(queueOf(d, i));
  setIntx(d.pci, false);
  cancelTurn(d.turn);
  if (d.onReset) call_indirect<void>(d.onReset, changetype<usize>(d));
}

export function resetQueue(q: Queue): void {
  memory.fill(changetype<usize>(q) + QUEUE_STATE_FROM, 0, QUEUE_BYTES - QUEUE_STATE_FROM);
  q.size = q.maxSize;
  q.vector = NO_VECTOR;
  q.availWrap = 1; q.usedWrap = 1;
  resetPacked(q.packed, q.maxSize);
}

/** The driver broke a rule or gave an address that is no memory. */
export function fail(d: VirtioDevice): void {
  if (dmaFailed()) noteMasterAbort(d.pci);
  count(d.counters + Count.FAILURES);
  if (d.broken) return;
  d.broken = 1;
  d.status |= Status.NEEDS_RESET;
  signalConfig(d);
}

// --- Interrupts ---

/**
 * A device notification for a queue: its MSI-X vector, or the ISR bit and INTx (4.1.4.5, 4.1.5.1.2). True when it goes out now: not when the
 * vector is masked or none, nor when INTx is up already.
 */
export function signalVector(d: VirtioDevice, vector: u32, isr: u32): bool {
  if (msixEnabled(d.pci)) return vector != NO_VECTOR && sendVector(d.pci, vector);
  const fresh = d.isr == 0;
  d.isr |= isr;
  setIntx(d.pci, true);
  return fresh;
}

/** The configuration changed. */
export function signalConfig(d: VirtioDevice): void {
  d.generation = (d.generation + 1) & 0xff;
  if (!(d.status & Status.DRIVER_OK)) return;
  count(d.counters + Count.CONFIG_INTERRUPTS);
  signalVector(d, d.configVector, Isr.CONFIG);
}

/** Reading the ISR status clears it and takes the line down. */
export function takeIsr(d: VirtioDevice): u32 {
  const isr = d.isr;
  countAccess(d.counters + Count.ISR_READS, TraceKind.READ, isr, 1);
  d.isr = 0;
  setIntx(d.pci, false);
  return isr;
}

// --- Driver's progress ---

/** The driver accepts features (2.2): a subset of what is offered and, on the modern interface, VERSION_1; ACCESS_PLATFORM where it is offered (6.2). */
export function featuresGood(d: VirtioDevice): bool {
  if (d.offered >> FeatureBit.ACCESS_PLATFORM & 1 && !has(d, FeatureBit.ACCESS_PLATFORM)) return false;
  return (d.accepted & ~d.offered) == 0 && (d.legacy != 0 || has(d, FeatureBit.VERSION_1));
}

export function writeStatus(d: VirtioDevice, value: u32): void {
  if (value == 0) { count(d.counters + Count.RESETS); resetDevice(d); return; }
  const before = d.status;
  d.status = before & Status.NEEDS_RESET | value & ~(<u32>Status.NEEDS_RESET);
  if (d.status & ~before & Status.FEATURES_OK && !featuresGood(d)) d.status &= ~(<u32>Status.FEATURES_OK);
  if (d.status & ~before & Status.DRIVER_OK && d.onDriverOk) call_indirect<void>(d.onDriverOk, changetype<usize>(d));
}

/** Binds the device's turn; at attach, when onTurn is set. */
export function makeTurn(d: VirtioDevice): void {
  d.turn = takeTurn();
  bindTimer(d.turn, takeTurnNow.index, changetype<usize>(d));
}

function takeTurnNow(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  d.turns++;
  beginTurn();
  call_indirect<void>(d.onTurn, dev);
  endTurn();
}

/** An item may begin; else the device goes on at its turn. */
@inline export function mayServe(d: VirtioDevice): bool { return mayWork(d.turn); }

/** The driver rang a queue's doorbell. */
export function notifyQueue(d: VirtioDevice, i: u32): void {
  if (i >= d.queueCount) return;
  if (isTraced()) noteEvent(TraceKind.WRITE, queueOf(d, i).counters + QueueCount.DOORBELLS, i, 2);
  countQueue(queueOf(d, i), QueueCount.DOORBELLS, 1);
  crossHosted(queueOf(d, i).counters + QueueCount.DOORBELLS);
  chargeDoorbell();
  queueOf(d, i).rung = 1;
  noteBell(ratesOf(queueOf(d, i)), queueOf(d, i).rates);
  if (isLive(d, i) && !waitsForTurn(d.turn)) call_indirect<void>(d.onQueue, changetype<usize>(d), i);
}

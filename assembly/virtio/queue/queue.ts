// What a device does with a virtqueue, split or packed as the driver chose. Virtio 1.2, 2.6.
//
//   takeChain   the next chain, checked and copied: the driver may change the ring under our feet and hurts nobody
//   putUsed     a chain is done with; not shown to the driver yet
//   rewind      undoes takes and puts that were not published
//   publish     shows the driver what was put, together, and interrupts it unless it asked not to be
//   listen      asks for a doorbell at the next chain; hush asks for none
//
// A chain is known by its head: the index of its first descriptor in a split ring, its buffer id in a packed one. Chains may be put in
// any order, and walked again between take and put. Every call that puts also publishes before it returns to the guest.
//
// Counted where chains are published, so that what was rewound leaves no trace: chains, and doorbells suppressed, which are chains
// given back without a doorbell of their own: a doorbell speaks for one chain, the first given back after it.

import { noteInterrupt, notePackets, notePoll } from "../../base/histograms";
import { countQueue, deviceOf, fail, isPacked, Queue, QueueCount, ratesOf, signalVector } from "../device";
import { Isr } from "../spec";
import { Chain } from "./chain";
import { Shown, Take } from "./outcome";
import { packedHush, packedListen, packedPut, packedRewind, packedShow, packedTake, packedWaiting, packedWalk } from "./packed";
import { splitHush, splitListen, splitPut, splitRewind, splitShow, splitTake, splitWaiting, splitWalk } from "./split";

export { Take } from "./outcome";

/** A chain waits to be taken. */
export function hasWaiting(q: Queue): bool { return isPacked(q) ? packedWaiting(q) : splitWaiting(q) != 0; }

/** Takes the next chain into `c`; a Take. */
export function takeChain(q: Queue, c: Chain): u32 {
  const d = deviceOf(q);
  if (d.broken) return Take.BROKEN;
  const got = isPacked(q) ? packedTake(q, c) : splitTake(q, c);
  if (got == Take.BROKEN) fail(d);
  return got;
}

/** Walks a chain taken before once more: the driver may have changed what it can reach, so everything is checked anew. */
export function walkAgain(q: Queue, c: Chain, head: u32): bool {
  if (isPacked(q) ? packedWalk(q, c, head) : splitWalk(q, c, head)) return true;
  fail(deviceOf(q));
  return false;
}

/** A chain is done with. `written`: bytes written into its buffers. */
export function putUsed(q: Queue, head: u32, written: u32): void {
  if (isPacked(q)) { if (!packedPut(q, head, written)) return; }
  else splitPut(q, head, written);
  q.pending++;
}

/** Gives back the last `chains` taken, and forgets the last `used` put, which were among them. */
export function rewind(q: Queue, chains: u32, used: u32): void {
  q.pending -= used;
  if (isPacked(q)) packedRewind(q, chains);
  else splitRewind(q, chains, used);
}

/** Shows the driver what was put, and interrupts it unless it asked not to be (2.7.7.2, 2.8.14). Ends every look at a queue. */
export function publish(q: Queue): void { publishPackets(q, q.pending); }

/** The same for a queue where a packet may take several chains. */
export function publishPackets(q: Queue, packets: u32): void {
  const d = deviceOf(q);
  if (d.broken) return;
  notePoll(q.rates, packets);
  notePackets(ratesOf(q), packets);
  if (q.pending == 0) return;
  const shown = isPacked(q) ? packedShow(q) : splitShow(q);
  if (shown == Shown.REFUSED) { fail(d); return; }
  countQueue(q, QueueCount.CHAINS, q.pending);
  countQueue(q, QueueCount.USED, q.pending);
  countQueue(q, QueueCount.DOORBELLS_SUPPRESSED, q.pending - q.rung);
  q.rung = 0;
  q.pending = 0;
  if (shown == Shown.QUIET) { countQueue(q, QueueCount.MODERATED, 1); return; }
  countQueue(q, QueueCount.ASSERTED, 1);
  noteInterrupt(ratesOf(q), q.rates);
  if (signalVector(d, q.vector, Isr.QUEUE)) countQueue(q, QueueCount.DELIVERED, 1);
}

/** Asks to be notified of the next chain (2.7.10.1, 2.8.14); true when one has come meanwhile. */
export function listen(q: Queue): bool {
  if (isPacked(q)) packedListen(q); else splitListen(q);
  q.quiet = 0;
  return hasWaiting(q);
}

/** Asks not to be notified: the device will look by itself. */
export function hush(q: Queue): void {
  if (q.quiet) return;
  q.quiet = 1;
  if (isPacked(q)) packedHush(q); else splitHush(q);
}

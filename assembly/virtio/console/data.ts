// A port's bytes, both ways. Virtio 1.2, 5.3.6. A chain that does not fit in the ring to the host stays, and goes on where it was.

import { addCount, count } from "../../base/counters";
import { dropForGuest, peekForGuest, putToHost, roomToHost, waitForGuest } from "../../device/bytes";
import { isLive, mayServe, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { chain, gather, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, rewind, Take, takeChain } from "../queue/queue";
import { ConsoleCount, isThere, listens, portAt, receiveQueue, streamOf, transmitQueue } from "./state";

@inline const PIECE: u32 = 32 * 1024;

/** From the guest. What comes for a port that is not there is dropped. */
export function transmit(d: VirtioDevice, i: u32): void {
  const queue = transmitQueue(i), q = queueOf(d, queue), c = chain(0), p = portAt(d, i);
  if (!isLive(d, queue)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    while (p.sent < c.readBytes && isThere(d, i)) {
      const bytes = min(min(c.readBytes - p.sent, PIECE), roomToHost(streamOf(d, i)));
      if (!bytes) { rewind(q, 1, 0); publish(q); count(d.counters + ConsoleCount.WAITS); return; }
      if (!gather(q, c, p.sent, SCRATCH, bytes)) return;
      putToHost(streamOf(d, i), SCRATCH, bytes);
      addCount(d.counters + ConsoleCount.BYTES_SENT, bytes);
      p.sent += bytes;
    }
    p.sent = 0;
    putUsed(q, c.head, 0);
  }
  publish(q);
}

/** To the guest, as long as it listens and has buffers. */
export function receive(d: VirtioDevice, i: u32): void {
  const queue = receiveQueue(i), q = queueOf(d, queue), c = chain(0), s = streamOf(d, i);
  if (!isThere(d, i) || !isLive(d, queue) || !listens(d, i)) return;
  while (waitForGuest(s) && mayServe(d)) {
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const bytes = min(c.writeBytes, waitForGuest(s));
    peekForGuest(s, SCRATCH, bytes);
    if (!scatter(q, c, 0, SCRATCH, bytes)) return;
    dropForGuest(s, bytes);
    addCount(d.counters + ConsoleCount.BYTES_RECEIVED, bytes);
    putUsed(q, c.head, bytes);
  }
  publish(q);
}

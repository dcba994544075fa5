// The receive queue. Virtio 1.2, 5.1.6.4: frames from the host's ring into the driver's buffers, several for one frame with
// MRG_RXBUF. A frame stays in the ring until enough buffers are there; a chain taken for a frame that did not fit yet goes back.

import { addCount } from "../../base/counters";
import { dropFrame, Frame, frameData, peekFrame } from "../../device/frames";
import { has, isLive, Queue, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { Chain, chain, scatter } from "../queue/chain";
import { listen, publishPackets, putUsed, rewind, Take, takeChain } from "../queue/queue";
import { isWanted } from "./filter";
import { Gso, Header, HeaderFlag, NetFeature, NetQueue } from "./spec";
import { countNet, headerBytes, NetCount, takes } from "./state";

/** What became of a frame. */
const enum Outcome { DONE, WAIT, BROKEN }

/** Hands the guest what the host has put, until the ring is empty or buffers run out. */
export function receive(d: VirtioDevice): void {
  const q = queueOf(d, NetQueue.RECEIVE);
  let packets: u32 = 0;
  for (;;) {
    const f = peekFrame(d.port);
    if (!changetype<usize>(f)) break;
    if (!isLive(d, NetQueue.RECEIVE)) { countNet(d, NetCount.NO_DRIVER); dropFrame(d.port, f); continue; }
    const what = accept(d, q, f);
    if (what == Outcome.BROKEN) return;
    if (what == Outcome.WAIT) {
      listen(q);
      countNet(d, NetCount.RECEIVE_WAITS);
      break;
    }
    packets++;
    dropFrame(d.port, f);
  }
  if (isLive(d, NetQueue.RECEIVE)) publishPackets(q, packets);
}

function accept(d: VirtioDevice, q: Queue, f: Frame): u32 {
  if (f.bytes < 14 || !kindGood(d, f)) { countNet(d, NetCount.RECEIVE_REFUSED); return Outcome.DONE; }
  if (!isWanted(d, frameData(f))) { countNet(d, NetCount.FILTERED); return Outcome.DONE; }
  const what = fill(d, q, f);
  if (what != Outcome.DONE) return what;
  countNet(d, NetCount.RECEIVED);
  addCount(d.counters + NetCount.BYTES_RECEIVED, f.bytes);
  if (f.gsoType) countNet(d, NetCount.LARGE_RECEIVED);
  return Outcome.DONE;
}

/** The driver takes packets with these offloads now. */
function kindGood(d: VirtioDevice, f: Frame): bool {
  if (<u32>f.flags & HeaderFlag.NEEDS_CSUM && !takes(d, NetFeature.GUEST_CSUM)) return false;
  if (<u32>f.gsoType & Gso.ECN && !takes(d, NetFeature.GUEST_ECN)) return false;
  switch (<u32>f.gsoType & ~(<u32>Gso.ECN)) {
    case Gso.NONE: return true;
    case Gso.TCPV4: return takes(d, NetFeature.GUEST_TSO4);
    case Gso.TCPV6: return takes(d, NetFeature.GUEST_TSO6);
    default: return false;
  }
}

/** Copies header and frame into as many chains as it takes; without MRG_RXBUF one must do. */
function fill(d: VirtioDevice, q: Queue, f: Frame): u32 {
  const header = headerBytes(d), merge = has(d, NetFeature.MRG_RXBUF), first = chain(1);
  let done: u32 = 0, chains: u32 = 0;
  buildHeader(d, f);
  do {
    const c = chains ? chain(0) : first, got = takeChain(q, c);
    if (got != Take.CHAIN) { rewind(q, chains, chains); return got == Take.NONE ? Outcome.WAIT : Outcome.BROKEN; }
    chains++;
    const skip = chains == 1 ? header : 0;
    if (c.writeBytes <= skip || (!merge && c.writeBytes < skip + f.bytes)) {
      // Too small for anything: used up empty, so that the driver gets it back.
      if (chains > 1) { rewind(q, chains, chains - 1); return Outcome.WAIT; }
      putUsed(q, c.head, 0);
      countNet(d, NetCount.RECEIVE_REFUSED);
      return d.broken ? Outcome.BROKEN : Outcome.DONE;
    }
    const n = min(c.writeBytes - skip, f.bytes - done);
    if (!scatter(q, c, skip, frameData(f) + done, n)) return Outcome.BROKEN;
    done += n;
    putUsed(q, c.head, skip + n);
  } while (done < f.bytes && !d.broken);
  return d.broken ? Outcome.BROKEN : finish(d, q, first, header, chains);
}

/** The header goes last: only now is num_buffers known. */
function finish(d: VirtioDevice, q: Queue, first: Chain, header: u32, chains: u32): u32 {
  if (header == Header.BYTES) store<u16>(SCRATCH, <u16>chains, Header.NUM_BUFFERS);
  if (!scatter(q, first, 0, SCRATCH, header)) return Outcome.BROKEN;
  addCount(d.counters + NetCount.BUFFERS_MERGED, chains);
  return Outcome.DONE;
}

function buildHeader(d: VirtioDevice, f: Frame): void {
  const mask: u32 = takes(d, NetFeature.GUEST_CSUM) ? HeaderFlag.NEEDS_CSUM | HeaderFlag.DATA_VALID : 0;
  store<u8>(SCRATCH, <u8>(<u32>f.flags & mask), Header.FLAGS);
  store<u8>(SCRATCH, f.gsoType, Header.GSO_TYPE);
  store<u16>(SCRATCH, f.hdrLen, Header.HDR_LEN);
  store<u16>(SCRATCH, f.gsoSize, Header.GSO_SIZE);
  store<u16>(SCRATCH, f.csumStart, Header.CSUM_START);
  store<u16>(SCRATCH, f.csumOffset, Header.CSUM_OFFSET);
  store<u16>(SCRATCH, 1, Header.NUM_BUFFERS);
}

// The receive queues. Virtio 1.2, 5.1.6.4: frames from the host's ring into the driver's buffers, several for one frame with
// MRG_RXBUF. A frame stays in the ring until enough buffers are there; a chain taken for a frame that did not fit yet goes back. There is one
// ring for all pairs of queues: a frame that waits for its pair holds up those behind it, as on a wire.

import { addCount } from "../../base/counters";
import { spend } from "../../device/allowance";
import { dropFrame, Frame, frameData, peekFrame } from "../../device/frames";
import { has, isLive, mayServe, Queue, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { Status } from "../spec";
import { Chain, chain, scatter } from "../queue/chain";
import { listen, publishPackets, putUsed, rewind, Take, takeChain } from "../queue/queue";
import { isWanted } from "./filter";
import { cutSegment, payloadOf, SOFT, sumFrame } from "./soften";
import { Gso, Header, HeaderFlag, NetFeature } from "./spec";
import { countNet, headerBytes, NetCount, netOf, receiveQueue, takes } from "./state";
import { pairFor } from "./steer";

/** What became of a frame: in the guest, not for it, waiting for buffers, or the driver broke a rule. */
const enum Outcome { TAKEN, REFUSED, WAIT, BROKEN,
  /** The allowance is used up between two segments. */
  LATER,
}
/** Buffers that a packet may be spread over: what one item may cost the host. A packet that needs more is refused. */
@inline const MAX_SPREAD: u32 = 768;
/** What a frame costs beside its transfers. */
@inline const ITEM_UNITS: u32 = 4;

/** Hands the guest what the host has put, until the ring is empty or buffers run out. */
export function receive(d: VirtioDevice): void {
  for (;;) {
    const f = peekFrame(d.port);
    if (!changetype<usize>(f)) break;
    if (!mayServe(d)) break;
    spend(ITEM_UNITS);
    if (d.broken || !(d.status & Status.DRIVER_OK)) { countNet(d, NetCount.NO_DRIVER); dropFrame(d.port, f); continue; }
    const q = receiveQueue(d, pairFor(d, frameData(f), f.bytes)), what = accept(d, q, f);
    if (what == Outcome.BROKEN) return;
    if (what == Outcome.LATER) break;
    if (what == Outcome.WAIT) {
      if (isLive(d, q.index)) listen(q);
      countNet(d, NetCount.RECEIVE_WAITS);
      break;
    }
    netOf(d).cut = 0;
    dropFrame(d.port, f);
  }
  for (let pair: u32 = 0; pair < netOf(d).active; pair++) {
    const q = receiveQueue(d, pair);
    // A look at the frame ring is one at every pair's queue only where something was for it.
    if (isLive(d, q.index) && (q.pending || pair == 0)) publishPackets(q, q.packets);
    q.packets = 0;
  }
}

function accept(d: VirtioDevice, q: Queue, f: Frame): u32 {
  if (f.bytes < 14) { countNet(d, NetCount.RECEIVE_REFUSED); return Outcome.REFUSED; }
  if (!isWanted(d, frameData(f))) { countNet(d, NetCount.FILTERED); return Outcome.REFUSED; }
  // A queue being reset by itself (2.6.1) comes back.
  if (!isLive(d, q.index)) return Outcome.WAIT;
  if (!kindGood(d, f)) return soften(d, q, f);
  buildHeader(d, f);
  const what = fill(d, q, frameData(f), f.bytes);
  if (what == Outcome.TAKEN && f.gsoType) countNet(d, NetCount.LARGE_RECEIVED);
  return what;
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

/** Sums or cuts a frame that the driver does not take as it is. */
function soften(d: VirtioDevice, q: Queue, f: Frame): u32 {
  if (f.gsoType) return cut(d, q, f);
  if (!sumFrame(f)) { countNet(d, NetCount.RECEIVE_REFUSED); return Outcome.REFUSED; }
  plainHeader();
  const what = fill(d, q, SOFT, f.bytes);
  if (what == Outcome.TAKEN) countNet(d, NetCount.SUMMED);
  return what;
}

function cut(d: VirtioDevice, q: Queue, f: Frame): u32 {
  const n = netOf(d), payload = payloadOf(f);
  if (!payload) { countNet(d, NetCount.RECEIVE_REFUSED); return Outcome.REFUSED; }
  while (n.cut < payload) {
    if (n.cut && !mayServe(d)) return Outcome.LATER;
    const bytes = cutSegment(f, n.cut);
    plainHeader();
    const what = fill(d, q, SOFT, bytes);
    if (what == Outcome.WAIT || what == Outcome.BROKEN) return what;
    if (what == Outcome.TAKEN) countNet(d, NetCount.SEGMENTS);
    n.cut += f.gsoSize;
  }
  countNet(d, NetCount.CUT);
  return Outcome.TAKEN;
}

/** Copies the header in scratch and the frame into as many chains as it takes; without MRG_RXBUF one must do. */
function fill(d: VirtioDevice, q: Queue, data: usize, bytes: u32): u32 {
  const header = headerBytes(d), merge = has(d, NetFeature.MRG_RXBUF), first = chain(1);
  let done: u32 = 0, chains: u32 = 0, pieces: u32 = 0;
  do {
    const c = chains ? chain(0) : first, got = takeChain(q, c);
    if (got != Take.CHAIN) { rewind(q, chains, chains); return got == Take.NONE ? Outcome.WAIT : Outcome.BROKEN; }
    chains++;
    pieces += c.pieces;
    if (pieces > MAX_SPREAD) { rewind(q, chains, chains - 1); return refuseFirst(d, q); }
    const skip = chains == 1 ? header : 0;
    if (c.writeBytes <= skip || (!merge && c.writeBytes < skip + bytes)) {
      // Too small for anything: used up empty, so that the driver gets it back.
      if (chains > 1) { rewind(q, chains, chains - 1); return Outcome.WAIT; }
      putUsed(q, c.head, 0);
      countNet(d, NetCount.RECEIVE_REFUSED);
      return d.broken ? Outcome.BROKEN : Outcome.REFUSED;
    }
    const n = min(c.writeBytes - skip, bytes - done);
    if (!scatter(q, c, skip, data + done, n)) return Outcome.BROKEN;
    done += n;
    putUsed(q, c.head, skip + n);
  } while (done < bytes && !d.broken);
  return d.broken ? Outcome.BROKEN : finish(d, q, first, header, chains, bytes);
}

/** The packet needs too many buffers: its first chain goes back empty. */
function refuseFirst(d: VirtioDevice, q: Queue): u32 {
  const c = chain(0), got = takeChain(q, c);
  if (got != Take.CHAIN) return got == Take.NONE ? Outcome.WAIT : Outcome.BROKEN;
  putUsed(q, c.head, 0);
  countNet(d, NetCount.RECEIVE_REFUSED);
  return d.broken ? Outcome.BROKEN : Outcome.REFUSED;
}

/** The header goes last: only now is num_buffers known. */
function finish(d: VirtioDevice, q: Queue, first: Chain, header: u32, chains: u32, bytes: u32): u32 {
  if (header == Header.BYTES) store<u16>(SCRATCH, <u16>chains, Header.NUM_BUFFERS);
  if (!scatter(q, first, 0, SCRATCH, header)) return Outcome.BROKEN;
  q.packets++;
  countNet(d, NetCount.RECEIVED);
  addCount(d.counters + NetCount.BYTES_RECEIVED, bytes);
  addCount(d.counters + NetCount.BUFFERS_MERGED, chains);
  return Outcome.TAKEN;
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

/** Of a frame whose sums are in place. */
function plainHeader(): void {
  memory.fill(SCRATCH, 0, Header.BYTES);
  store<u16>(SCRATCH, 1, Header.NUM_BUFFERS);
}

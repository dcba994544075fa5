// The transmit queues. Virtio 1.2, 5.1.6.2: a header and a frame, copied into the host's frame ring with its offloads as they are.
// No room there is back-pressure: the chain goes back, the driver is asked for silence, and the service after the host
// has drained goes on. Without a link a packet goes nowhere, and is counted. A packet whose header asks for what was not negotiated, or that is no frame, is used up and counted.

import { beginFrame, commitFrame, Frame, frameData, MAX_FRAME } from "../../device/frames";
import { addCount } from "../../base/counters";
import { has, isLive, mayServe, Queue, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { Chain, chain, gather } from "../queue/chain";
import { hush, listen, publish, putUsed, rewind, Take, takeChain } from "../queue/queue";
import { Gso, Header, HeaderFlag, NetFeature } from "./spec";
import { countNet, headerBytes, isUnplugged, NetCount, transmitQueue } from "./state";
import { noteFlow } from "./steer";

@inline const MIN_FRAME: u32 = 14;

/** Sends what waits, until nothing does, the ring is full or the allowance is used up. */
export function transmit(d: VirtioDevice, pair: u32): void {
  const q = transmitQueue(d, pair), c = chain(0);
  if (!isLive(d, q.index)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    if (!send(d, q, c, pair)) {
      rewind(q, 1, 0);
      hush(q);
      countNet(d, NetCount.SEND_WAITS);
      break;
    }
    if (d.broken) return;
    putUsed(q, c.head, 0);
  }
  publish(q);
}

/** False when there is no room for the frame. */
function send(d: VirtioDevice, q: Queue, c: Chain, pair: u32): bool {
  const header = headerBytes(d), bytes = c.readBytes - header;
  if (c.readBytes < header + MIN_FRAME || bytes > MAX_FRAME || c.pieces != c.readable) { countNet(d, NetCount.SEND_REFUSED); return true; }
  if (!gather(q, c, 0, SCRATCH, header)) return true;
  if (!headerGood(d)) { countNet(d, NetCount.SEND_REFUSED); return true; }
  if (isUnplugged(d)) { countNet(d, NetCount.NO_LINK); return true; }
  const f = beginFrame(d.port, bytes);
  if (!changetype<usize>(f)) return false;
  if (!gather(q, c, header, frameData(f), bytes)) return true;
  copyOffload(f);
  noteFlow(d, pair, frameData(f), bytes);
  commitFrame(d.port, f);
  countNet(d, NetCount.SENT);
  addCount(d.counters + NetCount.BYTES_SENT, bytes);
  if (f.gsoType) countNet(d, NetCount.LARGE_SENT);
  return true;
}

/** The header in scratch asks only for what was negotiated (5.1.6.2.1). */
function headerGood(d: VirtioDevice): bool {
  const flags = <u32>load<u8>(SCRATCH, Header.FLAGS), gso = <u32>load<u8>(SCRATCH, Header.GSO_TYPE);
  const sums = (flags & HeaderFlag.NEEDS_CSUM) != 0;
  if (sums && !has(d, NetFeature.CSUM)) return false;
  if (gso == Gso.NONE) return true;
  if (!sums || load<u16>(SCRATCH, Header.GSO_SIZE) == 0) return false;
  if (gso & Gso.ECN && !has(d, NetFeature.HOST_ECN)) return false;
  switch (gso & ~(<u32>Gso.ECN)) {
    case Gso.TCPV4: return has(d, NetFeature.HOST_TSO4);
    case Gso.TCPV6: return has(d, NetFeature.HOST_TSO6);
    default: return false;
  }
}

function copyOffload(f: Frame): void {
  f.flags = load<u8>(SCRATCH, Header.FLAGS) & <u8>HeaderFlag.NEEDS_CSUM;
  f.gsoType = load<u8>(SCRATCH, Header.GSO_TYPE);
  f.hdrLen = load<u16>(SCRATCH, Header.HDR_LEN);
  f.gsoSize = load<u16>(SCRATCH, Header.GSO_SIZE);
  f.csumStart = load<u16>(SCRATCH, Header.CSUM_START);
  f.csumOffset = load<u16>(SCRATCH, Header.CSUM_OFFSET);
}

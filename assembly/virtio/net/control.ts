// The control queue: one command a chain, answered in its last byte. Virtio 1.2, 5.1.6.5.

import { configOf, has, isLive, mayServe, Queue, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { Chain, chain, gather, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, Take, takeChain } from "../queue/queue";
import { setVlan } from "./filter";
import { Answer, Control, ControlMac, ControlMq, ControlRx, ControlVlan, NetConfig, NetFeature, NetStatus } from "./spec";
import { controlQueue, countNet, macAt, MAX_MACS, NetCount, netOf, tellHost } from "./state";

@inline const HEAD: u32 = 2;
@inline const ANSWER: usize = SCRATCH + 32;
/** Offloads the driver may switch: GUEST_CSUM, GUEST_TSO4, GUEST_TSO6, GUEST_ECN. */
@inline export const SWITCHABLE: u32 = 1 << NetFeature.GUEST_CSUM | 1 << NetFeature.GUEST_TSO4 | 1 << NetFeature.GUEST_TSO6 | 1 << NetFeature.GUEST_ECN;

export function serveControl(d: VirtioDevice): void {
  const q = queueOf(d, controlQueue(d)), c = chain(0);
  if (!isLive(d, q.index)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const good = obey(d, q, c);
    countNet(d, good ? NetCount.COMMANDS : NetCount.COMMANDS_REFUSED);
    store<u8>(ANSWER, good ? Answer.OK : Answer.ERR);
    const written = min(c.writeBytes, 1);
    if (!scatter(q, c, 0, ANSWER, written)) return;
    putUsed(q, c.head, written);
  }
  publish(q);
}

function obey(d: VirtioDevice, q: Queue, c: Chain): bool {
  if (c.readBytes < HEAD || c.writeBytes < 1 || !gather(q, c, 0, SCRATCH, HEAD)) return false;
  const command = <u32>load<u8>(SCRATCH, 1);
  switch (<u32>load<u8>(SCRATCH)) {
    case Control.RX: return setMode(d, q, c, command);
    case Control.MAC: return command == ControlMac.ADDR_SET ? setMac(d, q, c) : command == ControlMac.TABLE_SET ? setTable(d, q, c) : false;
    case Control.VLAN: return changeVlan(d, q, c, command);
    case Control.ANNOUNCE: return command == 0 && acknowledgeAnnounce(d);
    case Control.MQ: return command == ControlMq.PAIRS_SET && setPairs(d, q, c);
    case Control.GUEST_OFFLOADS: return command == 0 && setOffloads(d, q, c);
    default: return false;
  }
}

function setMode(d: VirtioDevice, q: Queue, c: Chain, which: u32): bool {
  if (which >= <u32>ControlRx.COUNT || !has(d, which > <u32>ControlRx.ALLMULTI ? NetFeature.CTRL_RX_EXTRA : NetFeature.CTRL_RX)) return false;
  if (c.readBytes != HEAD + 1 || !gather(q, c, HEAD, SCRATCH, 1)) return false;
  const n = netOf(d), bit: u32 = 1 << which;
  n.modes = load<u8>(SCRATCH) ? n.modes | bit : n.modes & ~bit;
  return true;
}

function setMac(d: VirtioDevice, q: Queue, c: Chain): bool {
  if (!has(d, NetFeature.CTRL_MAC_ADDR) || c.readBytes != HEAD + 6) return false;
  store<u64>(SCRATCH, 0);
  if (!gather(q, c, HEAD, SCRATCH, 6)) return false;
  netOf(d).mac = load<u64>(SCRATCH);
  memory.copy(configOf(d) + NetConfig.MAC, SCRATCH, 6);
  return true;
}

/** Two lists, each a count and addresses: unicast, then multicast. A list that does not fit opens the filter for its kind. */
function setTable(d: VirtioDevice, q: Queue, c: Chain): bool {
  const n = netOf(d);
  if (!has(d, NetFeature.CTRL_RX)) return false;
  const unicast = listLength(q, c, HEAD);
  if (unicast < 0) return false;
  const second = HEAD + 4 + <u32>unicast * 6, multicast = listLength(q, c, second);
  if (multicast < 0 || c.readBytes != second + 4 + <u32>multicast * 6) return false;
  n.unicast = 0; n.multicast = 0;
  n.allUnicast = <u32>unicast > MAX_MACS ? 1 : 0;
  if (!n.allUnicast) { if (!readList(d, q, c, HEAD + 4, 0, <u32>unicast)) return false; n.unicast = <u32>unicast; }
  n.allMulticast = n.unicast + <u32>multicast > MAX_MACS ? 1 : 0;
  if (!n.allMulticast) { if (!readList(d, q, c, second + 4, n.unicast, <u32>multicast)) return false; n.multicast = <u32>multicast; }
  return true;
}

/** Entries of the list at `offset`, -1 when it does not lie in the chain. */
function listLength(q: Queue, c: Chain, offset: u32): i32 {
  if (offset > c.readBytes || c.readBytes - offset < 4 || !gather(q, c, offset, SCRATCH, 4)) return -1;
  const entries = load<u32>(SCRATCH);
  return entries <= (c.readBytes - offset - 4) / 6 ? <i32>entries : -1;
}

function readList(d: VirtioDevice, q: Queue, c: Chain, offset: u32, to: u32, entries: u32): bool {
  for (let i: u32 = 0; i < entries; i++) {
    store<u64>(macAt(d, to + i), 0);
    if (!gather(q, c, offset + i * 6, macAt(d, to + i), 6)) return false;
  }
  return true;
}

function changeVlan(d: VirtioDevice, q: Queue, c: Chain, command: u32): bool {
  if (!has(d, NetFeature.CTRL_VLAN) || command > <u32>ControlVlan.DEL || c.readBytes != HEAD + 2 || !gather(q, c, HEAD, SCRATCH, 2)) return false;
  const id = <u32>load<u16>(SCRATCH);
  if (id > 0xfff) return false;
  setVlan(d, id, command == ControlVlan.ADD);
  return true;
}

function acknowledgeAnnounce(d: VirtioDevice): bool {
  const at = configOf(d) + NetConfig.STATUS;
  if (!has(d, NetFeature.GUEST_ANNOUNCE)) return false;
  store<u16>(at, load<u16>(at) & ~(<u16>NetStatus.ANNOUNCE));
  return true;
}

/** Multiqueue: how many pairs the driver uses from now on. What waits on the others is served when they are in use again. */
function setPairs(d: VirtioDevice, q: Queue, c: Chain): bool {
  if (!has(d, NetFeature.MQ) || c.readBytes != HEAD + 2 || !gather(q, c, HEAD, SCRATCH, 2)) return false;
  const pairs = <u32>load<u16>(SCRATCH);
  if (pairs == 0 || pairs > netOf(d).pairs) return false;
  netOf(d).active = pairs;
  return true;
}

/** 5.1.6.5.6: only what was negotiated. */
function setOffloads(d: VirtioDevice, q: Queue, c: Chain): bool {
  if (!has(d, NetFeature.CTRL_GUEST_OFFLOADS) || c.readBytes != HEAD + 8 || !gather(q, c, HEAD, SCRATCH, 8)) return false;
  const wanted = load<u64>(SCRATCH);
  if (wanted & ~(d.accepted & SWITCHABLE)) return false;
  netOf(d).offloads = <u32>wanted;
  tellHost(d, true);
  return true;
}

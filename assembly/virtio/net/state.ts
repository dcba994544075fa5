// What a virtio network card keeps beside the common state, and its counters.

import { countEvent } from "../../base/trace";
import { count, nameOwned } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { port } from "../../device/frames";
import { Accepts } from "../../surface/rings";
import { Count, has, ownOf, Queue, queueOf, VirtioDevice } from "../device";
import { FeatureBit } from "../spec";
import { Header, NetFeature, NetQueue } from "./spec";

@inline export const MAX_MACS: u32 = 64;
/** VLAN ids, a bit each. */
@inline export const VLAN_BYTES: usize = 512;

@unmanaged export class NetState {
  /** From the command line; survives a reset. */
  mac: u64;
  /** Receive modes by ControlRx, a bit each. */
  modes: u32;
  /** Addresses in the table: unicast ones first. */
  unicast: u32;
  multicast: u32;
  /** Offloads the driver takes now, as a mask of feature bits (5.1.6.5.6). */
  offloads: u32;
  /** The table did not fit: everything of its kind is received. */
  allUnicast: u32;
  allMulticast: u32;
  /** Pairs of queues there are (from the command line), and those the driver uses. */
  pairs: u32;
  active: u32;
  /** Payload of the frame at the head of the ring that has been delivered in segments (soften.ts). */
  cut: u32;
}
@inline export function netOf(d: VirtioDevice): NetState { return changetype<NetState>(ownOf(d)); }
/** The table of MACs, 8 bytes each. */
@inline export function macAt(d: VirtioDevice, i: u32): usize { return ownOf(d) + 64 + (<usize>i << 3); }
@inline export function vlansOf(d: VirtioDevice): usize { return ownOf(d) + 64 + (<usize>MAX_MACS << 3); }
/** The pair that last sent a flow of this hash, plus one; 0: none (steer.ts). */
@inline export function flowsOf(d: VirtioDevice): usize { return vlansOf(d) + VLAN_BYTES; }
@inline export const FLOWS: u32 = 256;
@inline export const MAX_PAIRS: u32 = 8;

@inline export function receiveQueue(d: VirtioDevice, pair: u32): Queue { return queueOf(d, pair * NetQueue.EACH + NetQueue.RECEIVE); }
@inline export function transmitQueue(d: VirtioDevice, pair: u32): Queue { return queueOf(d, pair * NetQueue.EACH + NetQueue.TRANSMIT); }
/** Number of the control queue, as the driver sees it. */
@inline export function controlQueue(d: VirtioDevice): u32 { return has(d, NetFeature.MQ) ? netOf(d).pairs * NetQueue.EACH : <u32>NetQueue.CONTROL; }
@inline export function isUnplugged(d: VirtioDevice): bool { return port(d.port).unplugged != 0; }

export const enum NetCount {
  SENT = 4, BYTES_SENT, LARGE_SENT, SEND_WAITS, SEND_REFUSED, RECEIVED, BYTES_RECEIVED, LARGE_RECEIVED, BUFFERS_MERGED, RECEIVE_WAITS, FILTERED,
  RECEIVE_REFUSED, NO_DRIVER, COMMANDS, COMMANDS_REFUSED, SUMMED, CUT, SEGMENTS, NO_LINK, ANNOUNCEMENTS, END,
}
@inline export const NET_COUNTERS: u32 = NetCount.END - Count.OWN;

export function countNet(d: VirtioDevice, what: u32): void { countEvent(d.counters + what, 1); }

export function nameNetCounters(d: VirtioDevice, card: string): void {
  const c = d.counters, n = d.number;
  nameOwned(c + NetCount.SENT, card, n, -1, "packets sent", "packets");
  nameOwned(c + NetCount.BYTES_SENT, card, n, -1, "bytes sent", "bytes");
  nameOwned(c + NetCount.LARGE_SENT, card, n, -1, "packets sent to be segmented", "packets");
  nameOwned(c + NetCount.SEND_WAITS, card, n, -1, "waits for room in the frame ring", "events", Crossing.B3);
  nameOwned(c + NetCount.SEND_REFUSED, card, n, -1, "packets to send refused", "packets");
  nameOwned(c + NetCount.RECEIVED, card, n, -1, "packets received", "packets");
  nameOwned(c + NetCount.BYTES_RECEIVED, card, n, -1, "bytes received", "bytes");
  nameOwned(c + NetCount.LARGE_RECEIVED, card, n, -1, "packets received unsegmented", "packets");
  nameOwned(c + NetCount.BUFFERS_MERGED, card, n, -1, "receive buffers filled", "chains");
  nameOwned(c + NetCount.RECEIVE_WAITS, card, n, -1, "waits for a receive buffer", "events");
  nameOwned(c + NetCount.FILTERED, card, n, -1, "packets filtered", "packets");
  nameOwned(c + NetCount.RECEIVE_REFUSED, card, n, -1, "packets received refused", "packets");
  nameOwned(c + NetCount.NO_DRIVER, card, n, -1, "packets received without a driver", "packets");
  nameOwned(c + NetCount.COMMANDS, card, n, -1, "control commands", "events");
  nameOwned(c + NetCount.COMMANDS_REFUSED, card, n, -1, "control commands refused", "events");
  nameOwned(c + NetCount.SUMMED, card, n, -1, "packets received summed by software", "packets");
  nameOwned(c + NetCount.CUT, card, n, -1, "packets received segmented by software", "packets");
  nameOwned(c + NetCount.SEGMENTS, card, n, -1, "segments made of them", "packets");
  nameOwned(c + NetCount.NO_LINK, card, n, -1, "packets to send without a link", "packets");
  nameOwned(c + NetCount.ANNOUNCEMENTS, card, n, -1, "announcements asked for", "events");
}

@inline export function headerBytes(d: VirtioDevice): u32 {
  return has(d, FeatureBit.VERSION_1) || has(d, NetFeature.MRG_RXBUF) ? Header.BYTES : Header.LEGACY_BYTES;
}

/** The driver takes packets of this kind now. */
@inline export function takes(d: VirtioDevice, feature: u32): bool { return (netOf(d).offloads >> feature & 1) != 0; }

/** Tells the host what the guest accepts; `running` when its driver is going. */
export function tellHost(d: VirtioDevice, running: bool): void {
  const up = running && !isUnplugged(d);
  let accepts: u32 = up ? Accepts.LINK_UP : 0;
  if (takes(d, NetFeature.GUEST_CSUM)) accepts |= Accepts.CSUM;
  if (takes(d, NetFeature.GUEST_TSO4)) accepts |= Accepts.TSO4;
  if (takes(d, NetFeature.GUEST_TSO6)) accepts |= Accepts.TSO6;
  port(d.port).accepts = up ? accepts : 0;
}

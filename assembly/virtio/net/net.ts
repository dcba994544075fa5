// virtio-net: attach, reset, the doorbells and the link. Virtio 1.2, 5.1. One pair of queues, or several with MQ, and the control queue.

import { waitsForTurn } from "../../device/allowance";
import { Card, optionOf, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { bindRing } from "../../device/ring";
import { openPort, receiveRing } from "../../device/frames";
import { configOf, deviceAt, deviceOfCard, has, makeQueue, nameDevice, signalConfig, VirtioDevice } from "../device";
import { attachTransport, resetVirtio } from "../pci/transport";
import { DeviceId, FeatureBit, Status } from "../spec";
import { serveControl, SWITCHABLE } from "./control";
import { receive } from "./receive";
import { NetConfig, NetFeature, NetQueue, NetStatus } from "./spec";
import { controlQueue, countNet, isUnplugged, MAX_PAIRS, nameNetCounters, NET_COUNTERS, NetCount, netOf, tellHost, VLAN_BYTES, vlansOf } from "./state";
import { forgetFlows } from "./steer";
import { transmit } from "./transmit";

@inline const TRANSITIONAL: u32 = 0x1000;
@inline const ETHERNET: u32 = 0x02_0000;
@inline const QUEUE_SIZE: u32 = 256;
@inline const CONTROL_SIZE: u32 = 64;
@inline const CARD: string = "virtio-net";

@inline function bit(n: u32): u64 { return <u64>1 << n; }

/** Everything this card has, before masking. */
function allFeatures(mtu: u32, pairs: u32): u64 {
  const net = bit(NetFeature.CSUM) | bit(NetFeature.GUEST_CSUM) | bit(NetFeature.CTRL_GUEST_OFFLOADS) | bit(NetFeature.MAC) | bit(NetFeature.GUEST_TSO4)
    | bit(NetFeature.GUEST_TSO6) | bit(NetFeature.GUEST_ECN) | bit(NetFeature.HOST_TSO4) | bit(NetFeature.HOST_TSO6) | bit(NetFeature.HOST_ECN) | bit(NetFeature.MRG_RXBUF)
    | bit(NetFeature.STATUS) | bit(NetFeature.CTRL_VQ) | bit(NetFeature.CTRL_RX) | bit(NetFeature.CTRL_VLAN) | bit(NetFeature.CTRL_RX_EXTRA)
    | bit(NetFeature.GUEST_ANNOUNCE) | bit(NetFeature.CTRL_MAC_ADDR) | bit(NetFeature.SPEED_DUPLEX) | (mtu ? bit(NetFeature.MTU) : 0) | (pairs > 1 ? bit(NetFeature.MQ) : 0);
  return net | bit(FeatureBit.INDIRECT_DESC) | bit(FeatureBit.EVENT_IDX) | bit(FeatureBit.ANY_LAYOUT) | bit(FeatureBit.VERSION_1) | bit(FeatureBit.RING_PACKED)
    | bit(FeatureBit.IN_ORDER) | bit(FeatureBit.RING_RESET);
}

/** What cannot be offered without another bit (5.1.3.1). */
function withNeeds(features: u64): u64 {
  let f = features;
  if (!(f & bit(NetFeature.CSUM))) f &= ~(bit(NetFeature.HOST_TSO4) | bit(NetFeature.HOST_TSO6));
  if (!(f & (bit(NetFeature.HOST_TSO4) | bit(NetFeature.HOST_TSO6)))) f &= ~bit(NetFeature.HOST_ECN);
  if (!(f & bit(NetFeature.GUEST_CSUM))) f &= ~(bit(NetFeature.GUEST_TSO4) | bit(NetFeature.GUEST_TSO6));
  if (!(f & (bit(NetFeature.GUEST_TSO4) | bit(NetFeature.GUEST_TSO6)))) f &= ~bit(NetFeature.GUEST_ECN);
  if (!(f & bit(NetFeature.CTRL_VQ))) f &= ~(bit(NetFeature.CTRL_RX) | bit(NetFeature.CTRL_VLAN) | bit(NetFeature.GUEST_ANNOUNCE) | bit(NetFeature.CTRL_MAC_ADDR) | bit(NetFeature.CTRL_GUEST_OFFLOADS) | bit(NetFeature.MQ));
  if (!(f & bit(NetFeature.CTRL_RX))) f &= ~bit(NetFeature.CTRL_RX_EXTRA);
  return f;
}

/** A card of the machine's list. */
export function attachNet(c: Card): void {
  const d = deviceOfCard(c, DeviceId.NET), queues = wordOf(c, CardOption.QUEUES);
  d.offered = withNeeds(allFeatures(wordOf(c, CardOption.MTU), queues) & ~optionOf(c, CardOption.MASKED));
  const pairs = d.offered & bit(NetFeature.MQ) ? min(queues, MAX_PAIRS) : 1;
  netOf(d).pairs = pairs;
  d.queueCount = pairs * NetQueue.EACH + (d.offered & bit(NetFeature.CTRL_VQ) ? 1 : 0);
  d.configBytes = NetConfig.BYTES;
  d.onQueue = notified.index; d.onReset = resetNet.index; d.onDriverOk = driverOk.index; d.onConfig = writeNetConfig.index; d.onTurn = takeTurnNow.index;
  nameDevice(d, CARD, NET_COUNTERS);
  nameNetCounters(d, CARD);
  for (let n: u32 = 0; n < d.queueCount; n++) makeQueue(d, n, n < pairs * NetQueue.EACH ? QUEUE_SIZE : CONTROL_SIZE, CARD);
  attachTransport(d, c, ETHERNET, TRANSITIONAL, CARD);
  openPort(d.port);
  bindRing(receiveRing(d.port), service.index, changetype<usize>(d));
}

/** The configuration as it was asked for, and the device's reset. */
export function resetNetCard(c: Card): void {
  const d = deviceAt(c.index), config = configOf(d), mac = optionOf(c, CardOption.MAC) & 0xffff_ffff_ffff;
  store<u64>(config, mac, NetConfig.MAC);
  netOf(d).mac = mac;
  store<u16>(config, isUnplugged(d) ? 0 : NetStatus.LINK_UP, NetConfig.STATUS);
  store<u16>(config, <u16>netOf(d).pairs, NetConfig.PAIRS);
  store<u16>(config, <u16>wordOf(c, CardOption.MTU), NetConfig.MTU);
  store<u32>(config, wordOf(c, CardOption.SPEED), NetConfig.SPEED);
  store<u8>(config, <u8>wordOf(c, CardOption.DUPLEX), NetConfig.DUPLEX);
  resetVirtio(d);
}

function resetNet(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), n = netOf(d);
  n.modes = 0; n.unicast = 0; n.multicast = 0; n.offloads = 0; n.allUnicast = 0; n.allMulticast = 0;
  n.active = 1; n.cut = 0;
  memory.fill(vlansOf(d), 0, VLAN_BYTES);
  forgetFlows(d);
  store<u16>(configOf(d), load<u16>(configOf(d), NetConfig.STATUS) & ~(<u16>NetStatus.ANNOUNCE), NetConfig.STATUS);
  tellHost(d, false);
}

/** All offloads that were negotiated are on until the driver says otherwise. */
function driverOk(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  netOf(d).offloads = <u32>d.accepted & SWITCHABLE;
  tellHost(d, true);
}

function notified(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), pair = queue >> 1;
  if (queue == controlQueue(d)) {
    const before = netOf(d).active;
    serveControl(d);
    // Pairs that came into use may have been filled already.
    if (netOf(d).active > before) service(dev);
  } else if (pair >= netOf(d).active) return;
  else if (queue & 1) transmit(d, pair);
  else receive(d);
}

/** The host has drained or filled the rings. */
function service(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  if (waitsForTurn(d.turn)) return;
  for (let pair: u32 = 0; pair < netOf(d).active; pair++) transmit(d, pair);
  receive(d);
}

/** There is allowance again: every queue is looked at, another one first each time. */
function takeTurnNow(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), n = netOf(d).active + 2;
  for (let i: u32 = 0; i < n; i++) {
    const which = (d.turns + i) % n;
    if (which == 0) receive(d);
    else if (which == 1) serveControl(d);
    else transmit(d, which - 2);
  }
}

/** The host has put the cable in or taken it out (port.unplugged): a driver with STATUS is told, and asked to announce itself. */
export function netLinkChanged(c: Card): void {
  const d = deviceAt(c.index), at = configOf(d) + NetConfig.STATUS, up = <u16>(isUnplugged(d) ? 0 : NetStatus.LINK_UP);
  store<u16>(at, load<u16>(at) & ~(<u16>NetStatus.LINK_UP) | up);
  tellHost(d, (d.status & Status.DRIVER_OK) != 0 && !d.broken);
  if (up && askToAnnounce(d)) return;
  if (has(d, NetFeature.STATUS)) signalConfig(d);
}

/** 5.1.6.5.4: the network may have forgotten where this station is, as after a machine came back from a snapshot. False: the driver cannot. */
export function askToAnnounce(d: VirtioDevice): bool {
  if (!has(d, NetFeature.GUEST_ANNOUNCE) || !(d.status & Status.DRIVER_OK) || d.broken || isUnplugged(d)) return false;
  const at = configOf(d) + NetConfig.STATUS;
  store<u16>(at, load<u16>(at) | NetStatus.ANNOUNCE);
  countNet(d, NetCount.ANNOUNCEMENTS);
  signalConfig(d);
  return true;
}
export function announceNet(c: Card): void { askToAnnounce(deviceAt(c.index)); }

/** A legacy driver sets the MAC by writing it (5.1.4.1). */
function writeNetConfig(dev: usize, at: u32, bytes: u32, value: u64): void {
  const d = changetype<VirtioDevice>(dev);
  if (!d.legacy || has(d, NetFeature.CTRL_MAC_ADDR)) return;
  for (let i: u32 = 0; i < bytes && at + i < 6; i++) store<u8>(configOf(d) + at + i, <u8>(value >> (<u64>i << 3)));
  netOf(d).mac = load<u64>(configOf(d)) & 0xffff_ffff_ffff;
}

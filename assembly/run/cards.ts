// The cards that were asked for: a list in the devices' state, so that a snapshot carries it, attached in its order after
// the chipset. The host fills it before the machine is made.
//
// A record is 64 bytes. Slots are handed out from 1 up where none is given, passing over what is taken.

import { DEVICES } from "../base/layout";
import { MAX_STREAMS } from "../device/bytes";
import { clearTurns, resetAllowance } from "../device/allowance";
import { port } from "../device/frames";
import { attachLab, resetLabs } from "../device/lab";
import { attachE1000, e1000LinkChanged, resetE1000 } from "../nic/e1000/card";
import { attachPcnet, pcnetLinkChanged, resetPcnet } from "../nic/pcnet/pcnet";
import { clearTimerIds } from "../device/timers";
import { MAX_DISKS } from "../device/blocks";
import { MAX_PORTS } from "../device/frames";
import { deviceAt, resetDevice } from "../virtio/device";
import { attachBlock, presetBlock } from "../virtio/block/block";
import { attachConsole, consoleName, portsOf, presetConsole } from "../virtio/console/console";
import { announceNet, attachNet, netLinkChanged, presetNet } from "../virtio/net/net";
import { attachRng, presetRng } from "../virtio/rng/rng";
import { clearPackedRoom } from "../virtio/queue/copies";
import { resetTransport } from "../virtio/pci/transport";
import { CardKind, CardOption } from "./surface";

@unmanaged class CardList { count: u32; slots: u32; }
@inline const list = changetype<CardList>(DEVICES);
@unmanaged class Card {
  kind: u32;
  slot: u32;
  /** MAC, first byte lowest; of a disk its sectors; of a random source its rate (virtio/rng/rng.ts). */
  mac: u64;
  masked: u64;
  /** MTU, 0 for none; of a disk or a console what virtio/block/block.ts and virtio/console/console.ts call its detail. */
  mtu: u32;
  modernOnly: u32;
  vectors: u32;
  number: u32;
  /** Frame port of a network card, first stream of a console: they are counted over all models. */
  port: u32;
  /** CardOption. */
  queues: u32;
  speed: u32;
  duplex: u32;
  legacyOnly: u32;
}
@inline function card(i: u32): Card { return changetype<Card>(DEVICES + 64 + (<usize>i << 6)); }
@inline const MAX_CARDS: u32 = 16;
@inline const SPEED_UNKNOWN: u32 = 0xffff_ffff;
@inline const DUPLEX_UNKNOWN: u32 = 0xff;
/** Slots of the host bridge and the LPC bridge. */
@inline const TAKEN: u32 = 1 | 1 << 31;

/** The lowest free slot, 32 when none is. */
function freeSlot(): u32 { return <u32>ctz(~(list.slots | TAKEN)); }

/** Adds a card before the machine is made; its number in the list, or -1 when there is no room or the slot is taken. `slot` 0: any. */
export function addToList(kind: u32, slot: u32, mac: u64, masked: u64, mtu: u32, modernOnly: bool, vectors: u32): i32 {
  const at = slot ? slot : freeSlot();
  if (list.count >= MAX_CARDS || !hasRoom(kind) || at > 30 || (list.slots | TAKEN) >> at & 1) return -1;
  const streams = countStreams();
  if (kind == CardKind.VIRTIO_CONSOLE && streams + portsOf(mtu) > MAX_STREAMS) return -1;
  const c = card(list.count);
  c.kind = kind; c.slot = at; c.mac = mac; c.masked = masked; c.mtu = mtu; c.modernOnly = modernOnly ? 1 : 0; c.vectors = vectors;
  c.number = countOf(kind);
  c.queues = 1; c.legacyOnly = 0; c.speed = SPEED_UNKNOWN; c.duplex = DUPLEX_UNKNOWN;
  c.port = isNetwork(kind) ? countNetwork() : kind == CardKind.VIRTIO_CONSOLE ? streams : 0;
  list.slots |= 1 << at;
  list.count++;
  return <i32>list.count - 1;
}

/** Sets what a card of the list has beside what every card has; before the machine is made. */
export function tuneCard(i: u32, option: u32, value: u32): void {
  if (i >= list.count) return;
  const c = card(i);
  if (option == CardOption.QUEUES) c.queues = value;
  else if (option == CardOption.SPEED) c.speed = value;
  else if (option == CardOption.DUPLEX) c.duplex = value;
  else if (option == CardOption.LEGACY_ONLY) c.legacyOnly = value;
}

/** Network cards have a frame port each, disks a table. */
function hasRoom(kind: u32): bool {
  if (isNetwork(kind)) return countNetwork() < MAX_PORTS;
  return kind != CardKind.VIRTIO_BLK || countOf(kind) < MAX_DISKS;
}

function countOf(kind: u32): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < list.count; i++) if (card(i).kind == kind) n++;
  return n;
}

@inline function isNetwork(kind: u32): bool { return kind == CardKind.VIRTIO_NET || kind == CardKind.E1000 || kind == CardKind.PCNET; }
@inline function isVirtio(kind: u32): bool { return kind >= <u32>CardKind.VIRTIO_NET && kind <= <u32>CardKind.VIRTIO_CONSOLE; }

/** Network cards in the list so far: the next one's frame port. */
function countNetwork(): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < list.count; i++) if (isNetwork(card(i).kind)) n++;
  return n;
}

/** Streams that the console cards so far have: the next one's first. */
function countStreams(): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < list.count; i++) if (card(i).kind == CardKind.VIRTIO_CONSOLE) n += portsOf(card(i).mtu);
  return n;
}

/** For the host, before the machine is made: where the name of a console card's port goes (a length, then up to 63 bytes); 0 for another card. */
export function portName(i: u32, port: u32): u32 { return kindOfCard(i) == CardKind.VIRTIO_CONSOLE ? consoleName(i, port) : 0; }
/** The first stream of a console card. */
export function streamOfCard(i: u32): u32 { return i < list.count ? card(i).port : 0; }

/** Cards in the list; the slot of one. */
export function listedCards(): u32 { return list.count; }
export function slotOfCard(i: u32): u32 { return i < list.count ? card(i).slot : 0; }
/** Sectors of a disk, 0 for another card. */
export function sectorsOfCard(i: u32): u64 { return kindOfCard(i) == CardKind.VIRTIO_BLK ? card(i).mac : 0; }
/** What else of a card the host's side depends on: a disk's and a console's detail, 0 for another card. */
export function detailOfCard(i: u32): u32 { const kind = kindOfCard(i); return kind == CardKind.VIRTIO_BLK || kind == CardKind.VIRTIO_CONSOLE ? card(i).mtu : 0; }
export function kindOfCard(i: u32): u32 { return i < list.count ? card(i).kind : 0; }

export function attachCards(): void {
  clearPackedRoom();
  clearTimerIds();
  clearTurns();
  for (let i: u32 = 0; i < list.count; i++) {
    const c = card(i);
    if (isVirtio(c.kind)) deviceAt(i).legacyOnly = c.legacyOnly;
    if (c.kind == CardKind.VIRTIO_RNG) attachRng(i, c.number, c.slot, c.masked, c.modernOnly != 0, c.vectors);
    else if (c.kind == CardKind.VIRTIO_CONSOLE) attachConsole(i, c.number, c.port, c.slot, c.masked, c.mtu, c.modernOnly != 0, c.vectors);
    else if (c.kind == CardKind.VIRTIO_BLK) attachBlock(i, c.number, c.slot, c.masked, c.mtu, c.modernOnly != 0, c.vectors);
    else if (c.kind == CardKind.VIRTIO_NET) attachNet(i, c.number, c.port, c.slot, c.masked, c.mtu, c.queues, c.modernOnly != 0, c.vectors);
    else if (c.kind == CardKind.E1000) attachE1000(c.port, c.number, c.port, c.slot, c.mac);
    else if (c.kind == CardKind.PCNET) attachPcnet(c.port, c.number, c.port, c.slot, c.mac);
    if (isNetwork(c.kind)) attachLab(c.port, c.mac);
  }
}

/** After the PCI functions' reset. */
export function resetCards(): void {
  resetAllowance();
  resetLabs();
  for (let i: u32 = 0; i < list.count; i++) {
    const c = card(i);
    if (c.kind == CardKind.VIRTIO_RNG) presetRng(i, c.mac);
    if (c.kind == CardKind.VIRTIO_CONSOLE) presetConsole(i);
    if (c.kind == CardKind.VIRTIO_BLK) presetBlock(i, c.mac, c.mtu);
    if (c.kind == CardKind.VIRTIO_NET) presetNet(i, c.mac, c.mtu, c.speed, c.duplex);
    if (c.kind == CardKind.E1000) resetE1000(c.port);
    if (c.kind == CardKind.PCNET) resetPcnet(c.port);
    if (isVirtio(c.kind)) { resetDevice(deviceAt(i)); resetTransport(deviceAt(i)); }
  }
}

// --- The link ---

/** Puts the cable of a frame port in, or takes it out; its card tells the driver as its kind does. */
export function setLink(framePort: u32, up: bool): void {
  for (let i: u32 = 0; i < list.count; i++) {
    const c = card(i);
    if (!isNetwork(c.kind) || c.port != framePort || port(framePort).unplugged == (up ? 0 : 1)) continue;
    port(framePort).unplugged = up ? 0 : 1;
    if (c.kind == CardKind.VIRTIO_NET) netLinkChanged(i);
    else if (c.kind == CardKind.E1000) e1000LinkChanged(i);
    else pcnetLinkChanged(i);
  }
}

/** The machine came back from a snapshot, perhaps somewhere else: drivers that can announce themselves are asked to. */
export function announceCards(): void {
  for (let i: u32 = 0; i < list.count; i++) if (card(i).kind == CardKind.VIRTIO_NET) announceNet(i);
}

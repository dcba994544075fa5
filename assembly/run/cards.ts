// The cards that were asked for: a list in the devices' state, attached in its order after the chipset, and one row a model. The host
// fills the list before the machine is made.
//
// A model's row says what it connects to and whom to call: attach (c) once and after a snapshot, reset (c) at the machine's reset, link (c) when the
// host has put its cable in or taken it out, announce (c) when the machine came back from a snapshot. 0 where there is nothing to do.
// Slots are handed out from 1 up where none is given, passing over what is taken.

import { MAX_DISKS } from "../device/blocks";
import { MAX_STREAMS } from "../device/bytes";
import { Card, cardAt, defaultOptions, MAX_CARDS, optionOf, setOption } from "../device/card";
import { CardKind, CardOption, CardPlace } from "../surface/cards";
import { MAX_PORTS, port } from "../device/frames";
import { CARD_LIST, MODEL_ROWS } from "../device/layout";
import { clearTimerIds } from "../device/timers";
import { attachVga, resetVga } from "../display/vga/vga";
import { attachLab, resetLabs } from "../lab/lab";
import { attachEdu, resetEdu } from "../misc/edu/edu";
import { attachIommuTestDev, resetIommuTestDev } from "../misc/iommu-testdev/iommu-testdev";
import { attachPciTestDev, resetPciTestDev } from "../misc/pci-testdev/pci-testdev";
import { attachE1000, e1000LinkChanged, resetE1000Card } from "../nic/e1000/card";
import { attachPcnet, pcnetLinkChanged, resetPcnet } from "../nic/pcnet/pcnet";
import { attachAhci, resetAhci } from "../storage/ahci/ahci";
import { attachFloppy, resetFloppy, tellCmos } from "../storage/floppy/floppy";
import { attachIde, resetIde } from "../storage/ide/ide";
import { attachFlash, resetFlash } from "../storage/flash/flash";
import { attachNvme, nvmeSerial, resetNvme } from "../storage/nvme/nvme";
import { attachCd, attachDiskette, attachHardDisk, driveSerial, pressButton, putMedium, resetDrive } from "../storage/unit/drive";
import { attachBlock, resetBlockCard } from "../virtio/block/block";
import { attachConsole, consoleName, portsOf, resetConsoleCard } from "../virtio/console/console";
import { announceNet, attachNet, netLinkChanged, resetNetCard } from "../virtio/net/net";
import { attachRng, resetRngCard } from "../virtio/rng/rng";
import { attachRootPort } from "../pci/root-port";
import { slots } from "../device/slots";
import { attachShare, resetShareCard, shareTag } from "../virtio/share/share";
import { clearPackedRoom } from "../virtio/queue/copies";
import { attachIommu, resetIommu } from "../vtd/vtd";

@unmanaged class CardList { count: u32; slots: u32; }
@inline const list = changetype<CardList>(CARD_LIST);
/** Slots of the host bridge and the LPC bridge. */
@inline const TAKEN: u32 = 1 | 1 << 31;
/** The LPC bridge's, in which the board's own devices are functions. */
@inline const BOARD_SLOT: u32 = 31;

// --- Models ---

/** What a card has to the host: a frame port, a disk's table, streams. */
const enum Has { NOTHING, FRAMES, DISK, STREAMS }
/** Where a card is: in a slot of the bus, in the board's own where it is given none, or in none: on a controller, or part of the board. */
const enum Place { SLOT, BOARD, NONE }
@unmanaged class Model { has: u32; attach: u32; reset: u32; link: u32; announce: u32; place: u32; }
@inline function modelOf(kind: u32): Model { return changetype<Model>(MODEL_ROWS + (<usize>min(kind, CardKind.COUNT - 1) << 5)); }

function row(kind: u32, has: u32, attach: u32, reset: u32, link: u32, announce: u32): void {
  const m = modelOf(kind);
  m.has = has; m.attach = attach; m.reset = reset; m.link = link; m.announce = announce; m.place = Place.SLOT;
}
function place(kind: u32, where: u32): void { modelOf(kind).place = where; }

/** Every model; a cache, made before the list is filled and at attach. */
export function defineModels(): void {
  row(CardKind.VIRTIO_NET, Has.FRAMES, attachNet.index, resetNetCard.index, netLinkChanged.index, announceNet.index);
  row(CardKind.VIRTIO_RNG, Has.NOTHING, attachRng.index, resetRngCard.index, 0, 0);
  row(CardKind.VIRTIO_BLK, Has.DISK, attachBlock.index, resetBlockCard.index, 0, 0);
  row(CardKind.VIRTIO_CONSOLE, Has.STREAMS, attachConsole.index, resetConsoleCard.index, 0, 0);
  row(CardKind.E1000, Has.FRAMES, attachE1000.index, resetE1000Card.index, e1000LinkChanged.index, 0);
  row(CardKind.VIRTIO_9P, Has.DISK, attachShare.index, resetShareCard.index, 0, 0);
  row(CardKind.EDU, Has.NOTHING, attachEdu.index, resetEdu.index, 0, 0);
  row(CardKind.IOMMU, Has.NOTHING, attachIommu.index, resetIommu.index, 0, 0);
  row(CardKind.VGA, Has.NOTHING, attachVga.index, resetVga.index, 0, 0);
  row(CardKind.AHCI, Has.NOTHING, attachAhci.index, resetAhci.index, 0, 0);
  row(CardKind.IDE_DISK, Has.DISK, attachHardDisk.index, resetDrive.index, 0, 0);
  row(CardKind.IDE_CD, Has.DISK, attachCd.index, resetDrive.index, 0, 0);
  row(CardKind.IDE, Has.NOTHING, attachIde.index, resetIde.index, 0, 0);
  row(CardKind.FDC, Has.NOTHING, attachFloppy.index, resetFloppy.index, 0, 0);
  row(CardKind.FLOPPY, Has.DISK, attachDiskette.index, resetDrive.index, 0, 0);
  row(CardKind.IOMMU_TESTDEV, Has.NOTHING, attachIommuTestDev.index, resetIommuTestDev.index, 0, 0);
  row(CardKind.PCI_TESTDEV, Has.NOTHING, attachPciTestDev.index, resetPciTestDev.index, 0, 0);
  row(CardKind.ROOT_PORT, Has.NOTHING, attachRootPort.index, 0, 0, 0);
  row(CardKind.NVME, Has.DISK, attachNvme.index, resetNvme.index, 0, 0);
  row(CardKind.PFLASH, Has.DISK, attachFlash.index, resetFlash.index, 0, 0);
  place(CardKind.PFLASH, Place.NONE);
  place(CardKind.AHCI, Place.BOARD);
  place(CardKind.IDE_DISK, Place.NONE);
  place(CardKind.IDE_CD, Place.NONE);
  place(CardKind.FDC, Place.NONE);
  place(CardKind.FLOPPY, Place.NONE);
  place(CardKind.IOMMU, Place.NONE);
  row(CardKind.PCNET, Has.FRAMES, attachPcnet.index, resetPcnet.index, pcnetLinkChanged.index, 0);
}

/** Calls what a model's row names. */
function tell(handler: u32, c: Card): void { if (handler) call_indirect<void>(handler, c); }

// --- The list ---

/** The lowest free slot, 32 when none is. */
function freeSlot(): u32 { return <u32>ctz(~(list.slots | TAKEN)); }

/** A machine has one of these. */
function isOnlyOne(kind: u32): bool { return kind == <u32>CardKind.VGA || kind == <u32>CardKind.FDC || kind == <u32>CardKind.IOMMU; }

/** The root port that a card is to be behind, its place in the list plus one: there, and with nothing behind it yet; 0 where it cannot be. */
function portFor(kind: u32, slot: u32): u32 {
  const i = slot - CardPlace.BEHIND, where = modelOf(kind).place;
  if (where == Place.NONE || kind == <u32>CardKind.ROOT_PORT || i >= list.count || cardAt(i).kind != <u32>CardKind.ROOT_PORT) return 0;
  for (let n: u32 = 0; n < list.count; n++) if (cardAt(n).behind == i + 1) return 0;
  return i + 1;
}

/** Where a card that asks for `slot` goes: a slot, the board's place (31), 0 for one in none; 32 when that is taken. */
function slotFor(kind: u32, slot: u32): u32 {
  const where = modelOf(kind).place;
  if (where == Place.NONE) return 0;
  if (where == Place.BOARD && !slot) return BOARD_SLOT;
  const at = slot ? slot : freeSlot();
  return at >= BOARD_SLOT || (list.slots | TAKEN) >> at & 1 ? 32 : at;
}

/** Adds a card before the machine is made; its number in the list, or -1 when there is no room or the slot is taken. `slot` 0: any; CardPlace.BEHIND and more: behind a root port. */
export function addToList(kind: u32, slot: u32): i32 {
  defineModels();
  if (kind == CardKind.NONE || kind >= <u32>CardKind.COUNT || list.count >= MAX_CARDS || !hasRoom(modelOf(kind).has) || (isOnlyOne(kind) && countOf(kind) > 0)) return -1;
  const behind = slot >= <u32>CardPlace.BEHIND ? portFor(kind, slot) : 0, at: u32 = behind ? 0 : slotFor(kind, slot);
  if (at > BOARD_SLOT) return -1;
  const c = cardAt(list.count);
  c.kind = kind; c.slot = at; c.index = list.count; c.number = countOf(kind); c.behind = behind;
  defaultOptions(c);
  if (at < BOARD_SLOT) list.slots |= 1 << at;
  list.count++;
  return <i32>c.index;
}

/** Gives a card of the list a CardOption, before the machine is made; false when there is no room for what it asks. */
export function giveOption(i: u32, option: u32, value: u64): bool {
  if (i >= list.count) return false;
  setOption(cardAt(i), option, value);
  return countStreams(list.count) <= MAX_STREAMS;
}

/** Frame ports and disks' tables are eight each; of what is the board's there is one. */
function hasRoom(has: u32): bool {
  if (has == Has.FRAMES) return countHaving(Has.FRAMES, list.count) < MAX_PORTS;
  return has != Has.DISK || countHaving(Has.DISK, list.count) < MAX_DISKS;
}

function countOf(kind: u32): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < list.count; i++) if (cardAt(i).kind == kind) n++;
  return n;
}

/** Of the first `n` cards, those that have something. */
function countHaving(has: u32, n: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < n; i++) if (modelOf(cardAt(i).kind).has == has) found++;
  return found;
}

/** Streams that the first `n` cards have. */
function countStreams(n: u32): u32 {
  let streams: u32 = 0;
  for (let i: u32 = 0; i < n; i++) if (modelOf(cardAt(i).kind).has == Has.STREAMS) streams += portsOf(cardAt(i));
  return streams;
}

function firstOf(i: u32): u32 {
  const has = modelOf(cardAt(i).kind).has;
  return has == Has.STREAMS ? countStreams(i) : has == Has.NOTHING ? 0 : countHaving(has, i);
}

/** For the host, before the machine is made: where the name of a console card's port goes (a length, then up to 63 bytes); 0 for another card. */
export function portName(i: u32, port: u32): u32 { return kindOfCard(i) == CardKind.VIRTIO_CONSOLE ? consoleName(i, port) : 0; }
/** The same for the tag of a shared folder. */
export function folderTag(i: u32): u32 { return kindOfCard(i) == CardKind.VIRTIO_9P ? shareTag(i) : 0; }
/** The card is a drive on a controller. */
function isDrive(i: u32): bool { return kindOfCard(i) != CardKind.PFLASH && modelOf(kindOfCard(i)).place == Place.NONE && modelOf(kindOfCard(i)).has == Has.DISK; }
/** The same for the serial number of a drive on a controller or of an NVMe one, up to 20 bytes. */
export function serialOfDrive(i: u32): u32 { return isDrive(i) ? driveSerial(i) : kindOfCard(i) == CardKind.NVME ? nvmeSerial(i) : 0; }
/** The first stream of a console card. */
export function streamOfCard(i: u32): u32 { return i < list.count ? cardAt(i).first : 0; }

/** Cards in the list; of one its kind, its slot, and a CardOption. */
export function listedCards(): u32 { return list.count; }
export function kindOfCard(i: u32): u32 { return i < list.count ? cardAt(i).kind : 0; }
export function slotOfCard(i: u32): u32 { return i < list.count ? cardAt(i).slot : 0; }
/** The root port that a card is behind, its place in the list plus one; 0 on bus 0. */
export function portOfCard(i: u32): u32 { return i < list.count ? cardAt(i).behind : 0; }
export function optionOfCard(i: u32, option: u32): u64 { return i < list.count && option < <u32>CardOption.COUNT ? optionOf(cardAt(i), option) : 0; }

export function attachCards(): void {
  defineModels();
  clearPackedRoom();
  clearTimerIds();
  slots.resetCard = resetOne.index;
  for (let i: u32 = 0; i < list.count; i++) {
    const c = cardAt(i);
    c.first = firstOf(i);
    tell(modelOf(c.kind).attach, c);
  }
  // The labs' counters follow those of the cards.
  for (let i: u32 = 0; i < list.count; i++) if (modelOf(cardAt(i).kind).has == Has.FRAMES) attachLab(cardAt(i).first, optionOf(cardAt(i), CardOption.MAC));
}

/** After the PCI functions' reset. */
export function resetCards(): void {
  resetLabs();
  for (let i: u32 = 0; i < list.count; i++) tell(modelOf(cardAt(i).kind).reset, cardAt(i));
  for (let i: u32 = 0; i < list.count; i++) if (cardAt(i).kind == <u32>CardKind.FDC) tellCmos(cardAt(i));
}

/** The bus in front of a card was reset, after its function. */
function resetOne(place: u32): void {
  if (place && place <= list.count) tell(modelOf(cardAt(place - 1).kind).reset, cardAt(place - 1));
}

// --- The link ---

/** Puts the cable of a frame port in, or takes it out; its card tells the driver as its kind does. */
export function setLink(framePort: u32, up: bool): void {
  for (let i: u32 = 0; i < list.count; i++) {
    const c = cardAt(i), m = modelOf(c.kind);
    if (m.has != Has.FRAMES || c.first != framePort || port(framePort).unplugged == (up ? 0 : 1)) continue;
    port(framePort).unplugged = up ? 0 : 1;
    tell(m.link, c);
  }
}

// --- Media ---

/** Puts another medium into a drive on a controller, or with 0 sectors takes it out. */
export function changeCard(i: u32, sectors: u64, readOnly: bool): void {
  if (isDrive(i)) putMedium(i, sectors, readOnly);
}
/** Somebody wants a drive's medium: whether the guest holds it back. */
export function askCard(i: u32): bool { return isDrive(i) && pressButton(i); }

/** The machine came back from a snapshot, perhaps somewhere else: drivers that can announce themselves are asked to. */
export function announceCards(): void {
  for (let i: u32 = 0; i < list.count; i++) tell(modelOf(cardAt(i).kind).announce, cardAt(i));
}

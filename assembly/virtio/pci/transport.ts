// Virtio over PCI. Virtio 1.2, 4.1: one function a device, its structures in a 64-bit memory BAR found by vendor capabilities,
// MSI-X in another, and, unless left out, the legacy interface in an I/O BAR (transitional device, 4.1.2.1). With the modern interface left
// out instead it is a legacy device: no BAR 4, no structures, and none of the features above bit 31.
//
//      BAR 0  I/O, 256    legacy registers (legacy.ts)
//      BAR 1  memory, 4K  MSI-X
//      BAR 4  memory64, 16K   0 common   1000h ISR   2000h device configuration   3000h notification, 4 bytes a queue

import { makeHandler, Width } from "../../memory/bus";
import { cancelTurn } from "../../device/allowance";
import { Card, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { Access, Block, guestRead, guestWrite, hook } from "../../device/registers";
import { addBar } from "../../pci/bars";
import { addCapability, defineConfig, setPin, setSubsystem } from "../../pci/header";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { canMaster, functionAt, makeMaster, makePlain, valuesOf } from "../../pci/functions";
import { addMsix, flushVectors } from "../../pci/msix";
import { BarKind, CapabilityId, Config } from "../../pci/spec";
import { commonOf, makeTurn, notifyQueue, resetDevice, takeIsr, VirtioDevice } from "../device";
import { Cap, CapType, Common, FeatureBit, Legacy, PciId } from "../spec";
import { defineCommon, resetCommon } from "./common";
import { readLegacy, writeLegacy } from "./legacy";
import { readConfig, writeConfig } from "./device-config";

@inline const LEGACY_BAR: u32 = 0;
@inline const MSIX_BAR: u32 = 1;
@inline const MODERN_BAR: u32 = 4;
@inline const STRUCTURE_BYTES: u32 = 4096;
const enum Structure { COMMON, ISR, DEVICE, NOTIFY }
@inline const NOTIFY_MULTIPLIER: u32 = 4;

/** Attaches the function of a device whose kind, queues and features are set, as its card was asked for. `transitionalId`: with the legacy interface. */
export function attachTransport(d: VirtioDevice, c: Card, classCode: u32, transitionalId: u32, card: string): void {
  const modern = wordOf(c, CardOption.MODERN_ONLY) != 0, id = modern ? PciId.MODERN + d.kind : transitionalId, vectors = wordOf(c, CardOption.VECTORS);
  const f = attachFunction(placeOf(c), PciId.VENDOR, id, classCode, modern ? 1 : 0, false, Config.BYTES);
  d.pci = f;
  functionAt(f).owner = <u32>changetype<usize>(d);
  functionAt(f).onCommand = commandWritten.index;
  makeMaster(f);
  if (wordOf(c, CardOption.PLATFORM)) d.offered |= <u64>1 << FeatureBit.ACCESS_PLATFORM;
  else makePlain(f);
  // Transitional devices are told apart by the subsystem id (4.1.2.3), modern ones have 40h and up.
  setSubsystem(f, PciId.VENDOR, modern ? 0x1100 : d.kind);
  setPin(f, 1);
  if (!modern) addBar(f, LEGACY_BAR, Legacy.BAR_BYTES, BarKind.IO, makeHandler(changetype<usize>(d), readLegacy.index, writeLegacy.index, card, Width.UP_TO_DWORD));
  if (vectors) addMsix(f, vectors, MSIX_BAR, "MSI-X table");
  if (d.legacyOnly && !modern) d.offered &= 0xffff_ffff;
  else addModern(d, f, card);
  defineCommon(d, card);
  makeTurn(d);
}

function addModern(d: VirtioDevice, f: u32, card: string): void {
  addBar(f, MODERN_BAR, 4 * STRUCTURE_BYTES, BarKind.MEMORY64 | BarKind.PREFETCH, makeHandler(changetype<usize>(d), readModern.index, writeModern.index, card, Width.ALL));
  addStructure(f, CapType.COMMON, Structure.COMMON, Common.BYTES, Cap.BYTES);
  addStructure(f, CapType.ISR, Structure.ISR, 1, Cap.BYTES);
  if (d.configBytes) addStructure(f, CapType.DEVICE, Structure.DEVICE, d.configBytes, Cap.BYTES);
  const notify = addStructure(f, CapType.NOTIFY, Structure.NOTIFY, d.queueCount * NOTIFY_MULTIPLIER, Cap.NOTIFY_BYTES);
  defineConfig(f, "notify_off_multiplier", notify + Cap.NOTIFY_MULTIPLIER, 4, Access.RO, NOTIFY_MULTIPLIER, 0);
  addWindow(f);
}

/** A structure's capability (4.1.4); its offset. */
function addStructure(f: u32, type: u32, structure: u32, bytes: u32, capBytes: u32): u32 {
  const at = addCapability(f, CapabilityId.VENDOR, capBytes);
  defineConfig(f, "cap_len and cfg_type", at + Cap.LEN, 2, Access.RO, capBytes | type << 8, 0);
  defineConfig(f, "bar", at + Cap.BAR, 4, Access.RO, MODERN_BAR, 0);
  defineConfig(f, "offset", at + Cap.OFFSET, 4, Access.RO, structure * STRUCTURE_BYTES, 0);
  defineConfig(f, "length", at + Cap.LENGTH, 4, Access.RO, bytes, 0);
  return at;
}

/** The device and its registers; at the machine's reset, after its kind's configuration is set. */
export function resetVirtio(d: VirtioDevice): void {
  resetDevice(d);
  resetCommon(d);
}

/** Without the bus nothing waits for allowance. */
function commandWritten(f: u32): void {
  flushVectors(f);
  if (!canMaster(f)) cancelTurn(changetype<VirtioDevice>(<usize>functionAt(f).owner).turn);
}

// --- The modern BAR ---

function readModern(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<VirtioDevice>(dev), at = offset & (STRUCTURE_BYTES - 1);
  switch (offset >> 12) {
    case Structure.COMMON: return guestRead(changetype<Block>(<usize>d.common), commonOf(d), dev, at, bytes);
    case Structure.ISR: return at == 0 ? takeIsr(d) : 0;
    case Structure.DEVICE: return readConfig(d, at, bytes);
    default: return 0;
  }
}

function writeModern(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const d = changetype<VirtioDevice>(dev), at = offset & (STRUCTURE_BYTES - 1);
  switch (offset >> 12) {
    case Structure.COMMON: guestWrite(changetype<Block>(<usize>d.common), commonOf(d), dev, at, bytes, value); break;
    case Structure.DEVICE: writeConfig(d, at, bytes, value); break;
    case Structure.NOTIFY: notifyQueue(d, at / NOTIFY_MULTIPLIER); break;
    default: break;
  }
}

// --- The window in configuration space (4.1.4.9): reaches BARs before they are placed ---

function addWindow(f: u32): void {
  const at = addCapability(f, CapabilityId.VENDOR, Cap.CFG_BYTES);
  defineConfig(f, "cap_len and cfg_type", at + Cap.LEN, 2, Access.RO, Cap.CFG_BYTES | CapType.PCI_CFG << 8, 0);
  defineConfig(f, "bar", at + Cap.BAR, 4, Access.RW, 0, 0xff);
  defineConfig(f, "offset", at + Cap.OFFSET, 4, Access.RW, 0, 0xffff_ffff);
  defineConfig(f, "length", at + Cap.LENGTH, 4, Access.RW, 0, 0xffff_ffff);
  hook(defineConfig(f, "pci_cfg_data", at + Cap.DATA, 4, Access.RW, 0, 0xffff_ffff), readWindow.index, writeWindow.index);
}

/** A width the window may have, at an offset aligned to it inside the modern BAR. */
function windowOpen(cap: usize): bool {
  const offset = load<u32>(cap, Cap.OFFSET), length = load<u32>(cap, Cap.LENGTH);
  if (load<u8>(cap, Cap.BAR) != MODERN_BAR || (length != 1 && length != 2 && length != 4)) return false;
  return (offset & (length - 1)) == 0 && offset < 4 * STRUCTURE_BYTES;
}

function readWindow(f: usize, offset: u32): void {
  const cap = valuesOf(<u32>f) + offset - Cap.DATA, owner = <usize>functionAt(<u32>f).owner;
  if (windowOpen(cap)) store<u32>(cap, <u32>readModern(owner, load<u32>(cap, Cap.OFFSET), load<u32>(cap, Cap.LENGTH)), Cap.DATA);
}
function writeWindow(f: usize, offset: u32, old: u64, written: u64): void {
  const cap = valuesOf(<u32>f) + offset - Cap.DATA, owner = <usize>functionAt(<u32>f).owner, length = load<u32>(cap, Cap.LENGTH);
  if (windowOpen(cap)) writeModern(owner, load<u32>(cap, Cap.OFFSET), length, length == 4 ? written : written & ((<u64>1 << (length << 3)) - 1));
}

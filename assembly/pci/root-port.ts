// A PCI Express root port, as QEMU's pcie-root-port (1b36:000c): a bridge on bus 0 with one slot. PCI-to-PCI Bridge Architecture 1.2, chapter 3 (header);
// PCI Express Base Specification 3.0, 7.8 (capability) and 7.16 (access control).
//
// What is behind it never speaks to another card: transfers reach memory alone. So access control, which redirects such speaking, has nothing to do but be there for
// systems that ask (Linux makes a group of its own of each card behind a port that has it). The slot cannot be changed while the machine runs, and says so; nothing
// ever asks for the port's interrupt.

import { Access, hook } from "../device/registers";
import { Card, wordOf } from "../device/card";
import { slots } from "../device/slots";
import { CardOption } from "../surface/cards";
import { placeBars } from "./bars";
import { attachFunction, resetConfig } from "./config";
import { renumber } from "./downstream";
import { functionAt, valuesOf } from "./functions";
import { addCapabilityAt, defineConfig, setPin } from "./header";
import { addMsi } from "./msi-capability";
import { placeOf } from "./place";
import { Acs, Bridge, BridgeControl, CapabilityId, Config, Express, ExtendedId, MsiControl, PciStatus, PortId } from "./spec";

/** Its configuration space: the header, its capabilities, and one extended one. */
@inline const BYTES: u32 = 0x108;
@inline const SUBSYSTEM_AT: u32 = 0x40;
@inline const MSI_AT: u32 = 0x48;
@inline const EXPRESS_AT: u32 = 0x58;
@inline const ACS_AT: u32 = 0x100;

/** A card of the machine's list. */
export function attachRootPort(c: Card): void {
  const f = attachFunction(placeOf(c), PortId.VENDOR, PortId.DEVICE, PortId.CLASS, 0, false, BYTES);
  c.first = f;
  functionAt(f).onCommand = commandWritten.index;
  defineHeader(f);
  setPin(f, 1);
  addCapabilityAt(f, CapabilityId.SUBSYSTEM, SUBSYSTEM_AT, 8);
  defineConfig(f, "bridge subsystem", SUBSYSTEM_AT + 4, 4, Access.RO, PortId.VENDOR, 0);
  addMsi(f, MSI_AT, 0, MsiControl.WIDE);
  defineExpress(f, EXPRESS_AT, wordOf(c, CardOption.SLOT_NUMBER), wordOf(c, CardOption.LINK_PORT));
  defineAcs(f, ACS_AT);
}

/** Type 1. Ports are addressed by 16 bits, prefetchable memory by 64. */
function defineHeader(f: u32): void {
  defineConfig(f, "header type", Config.HEADER, 1, Access.RO, 1, 0);
  defineConfig(f, "primary bus", Bridge.PRIMARY, 1, Access.RW, 0, 0xff);
  hook(defineConfig(f, "secondary bus", Bridge.SECONDARY, 1, Access.RW, 0, 0xff), 0, numberWritten.index);
  defineConfig(f, "subordinate bus", Bridge.SUBORDINATE, 1, Access.RW, 0, 0xff);
  window(f, "I/O base", Bridge.IO_BASE, 1, 0, 0xf0);
  window(f, "I/O limit", Bridge.IO_LIMIT, 1, 0, 0xf0);
  defineConfig(f, "secondary status", Bridge.SECONDARY_STATUS, 2, Access.W1C, 0, PciStatus.ERRORS);
  window(f, "memory base", Bridge.MEMORY_BASE, 2, 0, 0xfff0);
  window(f, "memory limit", Bridge.MEMORY_LIMIT, 2, 0, 0xfff0);
  window(f, "prefetchable base", Bridge.PREFETCH_BASE, 2, 1, 0xfff0);
  window(f, "prefetchable limit", Bridge.PREFETCH_LIMIT, 2, 1, 0xfff0);
  window(f, "prefetchable upper base", Bridge.PREFETCH_UPPER_BASE, 4, 0, 0xffff_ffff);
  window(f, "prefetchable upper limit", Bridge.PREFETCH_UPPER_LIMIT, 4, 0, 0xffff_ffff);
  hook(defineConfig(f, "bridge control", Bridge.CONTROL, 2, Access.RW, 0, BridgeControl.WRITABLE), 0, controlWritten.index);
}

function window(f: u32, name: string, at: u32, bytes: u32, reset: u64, mask: u64): void {
  hook(defineConfig(f, name, at, bytes, Access.RW, reset, mask), 0, windowWritten.index);
}

/** 2.5 GT/s, one lane, 128 bytes of payload; a slot without hot plug, power control or buttons. */
function defineExpress(f: u32, at: u32, slot: u32, port: u32): void {
  addCapabilityAt(f, CapabilityId.EXPRESS, at, Express.BYTES);
  defineConfig(f, "express capabilities", at + Express.FLAGS, 2, Access.RO, Express.VERSION | Express.ROOT_PORT | Express.SLOT_IMPLEMENTED, 0);
  defineConfig(f, "device capabilities", at + Express.DEVICE, 4, Access.RO, Express.ROLE_BASED, 0);
  defineConfig(f, "device control", at + Express.DEVICE_CONTROL, 2, Access.RW, 0, 0x7fff);
  defineConfig(f, "device status", at + Express.DEVICE_STATUS, 2, Access.W1C, 0, 0xf);
  defineConfig(f, "link capabilities", at + Express.LINK, 4, Access.RO, Express.LINK_2_5_X1 | Express.LINK_ACTIVE_REPORTED | port << Express.LINK_PORT_SHIFT, 0);
  defineConfig(f, "link control", at + Express.LINK_CONTROL, 2, Access.RW, 0, Express.LINK_CONTROL_WRITABLE);
  hook(defineConfig(f, "link status", at + Express.LINK_STATUS, 2, Access.RO, Express.LINK_2_5_X1, 0), showLink.index, 0);
  defineConfig(f, "slot capabilities", at + Express.SLOT, 4, Access.RO, Express.SLOT_NO_COMMANDS | slot << Express.SLOT_NUMBER_SHIFT, 0);
  defineConfig(f, "slot control", at + Express.SLOT_CONTROL, 2, Access.RW, 0, 0);
  hook(defineConfig(f, "slot status", at + Express.SLOT_STATUS, 2, Access.RO, 0, 0), showSlot.index, 0);
  defineConfig(f, "root control", at + Express.ROOT_CONTROL, 2, Access.RW, 0, 0xf);
  defineConfig(f, "root status", at + Express.ROOT_STATUS, 4, Access.W1C, 0, 0x1_0000);
  defineConfig(f, "link capabilities 2", at + Express.LINK_2, 4, Access.RO, 2, 0);
  defineConfig(f, "link control 2", at + Express.LINK_CONTROL_2, 2, Access.RW, 1, 0xf);
}

/** The last extended capability, and the first. */
function defineAcs(f: u32, at: u32): void {
  defineConfig(f, "access control", at, 4, Access.RO, ExtendedId.ACS | ExtendedId.VERSION_1, 0);
  defineConfig(f, "access control capabilities", at + Acs.CAPABILITIES, 2, Access.RO, Acs.ALL, 0);
  defineConfig(f, "access control enabled", at + Acs.CONTROL, 2, Access.RW, 0, Acs.ALL);
}

// --- Hooks: `dev` is the port's function ---

function numberWritten(dev: usize, offset: u32, old: u64, written: u64): void { renumber(); }

function windowWritten(dev: usize, offset: u32, old: u64, written: u64): void {
  const child = functionAt(<u32>dev).child;
  if (child) placeBars(child - 1);
}

/** What the port decodes, what is behind it decodes. */
function commandWritten(f: u32): void {
  const child = functionAt(f).child;
  if (child) placeBars(child - 1);
}

/** A reset of the bus behind the port: the function there and its card are as after power-up. */
function controlWritten(dev: usize, offset: u32, old: u64, written: u64): void {
  const child = functionAt(<u32>dev).child;
  if (!child || !(written & ~old & BridgeControl.RESET)) return;
  resetConfig(child - 1, 0, 0);
  if (slots.resetCard) call_indirect<void>(slots.resetCard, functionAt(child - 1).card);
}

function showLink(dev: usize, offset: u32): void { showBit(dev, offset, Express.LINK_ACTIVE); }
function showSlot(dev: usize, offset: u32): void { showBit(dev, offset, Express.SLOT_PRESENT); }
function showBit(dev: usize, offset: u32, bit: u32): void {
  const at = valuesOf(<u32>dev) + offset, there = functionAt(<u32>dev).child != 0;
  store<u16>(at, <u16>(there ? load<u16>(at) | bit : load<u16>(at) & ~bit));
}

// PCI functions: made, their command registers, and access to configuration space. PCI 3.0, chapter 6. Where nothing is,
// reads give ones.

import { Access, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../device/registers";
import { BY_DEVFN, PAGE_BYTES, PCI_COUNTS } from "./layout";
import { Config, MAX_FUNCTIONS, PciCommand, PciStatus } from "./spec";
import { refreshIntx } from "./intx";
import { flushMessages } from "./msi";
import { resetMsix } from "./msix";
import { findFunction, functionAt, functionCount, refreshMaster, root, valuesOf } from "./functions";
import { placeBars } from "./bars";
import { findBehind, renumber, seat } from "./downstream";
import { BRIDGE_SHIFT, CARD_SHIFT } from "./place";

/**
 * Makes a function with a type-0 header at a place of bus 0 or behind a bridge (place.ts). `classCode` is base class, subclass, interface; `bytes` is Config.BYTES or, with
 * extended capabilities, EXPRESS_BYTES. Returns its number.
 */
export function attachFunction(place: u32, vendor: u32, device: u32, classCode: u32, revision: u32, multifunction: bool, bytes: u32): u32 {
  const f = min(functionCount(), MAX_FUNCTIONS - 1), it = functionAt(f), b = makeBlock(bytes, 96), devfn = place & 0xff, bridge = place >> BRIDGE_SHIFT & 0xff;
  store<u32>(PCI_COUNTS, f + 1);
  it.block = b; it.devfn = devfn; it.requester = devfn; it.freeOffset = Config.FIRST_CAPABILITY; it.card = place >> CARD_SHIFT;
  if (bridge) seat(f, bridge - 1);
  else store<u8>(BY_DEVFN + devfn, <u8>(f + 1));
  define(b, "vendor", Config.VENDOR, 2, Access.RO, vendor, 0);
  define(b, "device", Config.DEVICE, 2, Access.RO, device, 0);
  hook(define(b, "command", Config.COMMAND, 2, Access.RW, 0, PciCommand.WRITABLE), 0, writeCommand.index);
  define(b, "status", Config.STATUS, 2, Access.W1C, 0, PciStatus.ERRORS);
  define(b, "revision and class", Config.REVISION, 4, Access.RO, classCode << 8 | revision, 0);
  define(b, "cache line", Config.CACHE_LINE, 1, Access.RW, 0, 0xff);
  define(b, "latency", Config.LATENCY, 1, Access.RW, 0, 0xff);
  define(b, "header type", Config.HEADER, 1, Access.RO, multifunction ? 0x80 : 0, 0);
  define(b, "interrupt line", Config.LINE, 1, Access.RW, 0, 0xff);
  return f;
}

function writeCommand(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev, onCommand = functionAt(f).onCommand;
  placeBars(f);
  refreshIntx(f);
  refreshMaster(f);
  flushMessages(f);
  if (onCommand) call_indirect<void>(onCommand, f);
}

/** The power state changed: what it governs follows. */
export function refreshFunction(f: u32): void {
  placeBars(f);
  refreshIntx(f);
  refreshMaster(f);
}

/** Configuration space as after power-up, but for what `keep` bytes at `at` hold. */
export function resetConfig(f: u32, at: u32, keep: u32): void {
  const value = load<u32>(valuesOf(f) + at);
  resetBlock(functionAt(f).block, valuesOf(f));
  store<u32>(valuesOf(f) + at, keep & value | ~keep & load<u32>(valuesOf(f) + at));
  root.intx &= ~(<u64>1 << f); root.owed &= ~(<u64>1 << f);
  resetMsix(f);
  refreshFunction(f);
}

// --- Access ---

/** Power-up values for every function; BARs answer nowhere. */
export function resetFunctions(): void {
  root.address = 0; root.resetControl = 0; root.intx = 0; root.owed = 0;
  for (let f: u32 = 0; f < functionCount(); f++) {
    memory.fill(valuesOf(f), 0, PAGE_BYTES);
    resetBlock(functionAt(f).block, valuesOf(f));
    placeBars(f);
    refreshMaster(f);
    resetMsix(f);
  }
  renumber();
}

@inline function find(bus: u32, devfn: u32): u32 { return bus == 0 ? findFunction(devfn) : findBehind(bus, devfn); }

/** A configuration read of 1, 2 or 4 bytes; ones where nothing is. */
export function configRead(bus: u32, devfn: u32, offset: u32, bytes: u32): u32 {
  const found = find(bus, devfn);
  return found ? configReadOf(found - 1, offset, bytes) : 0xffff_ffff;
}
export function configReadOf(f: u32, offset: u32, bytes: u32): u32 { return <u32>guestRead(functionAt(f).block, valuesOf(f), f, offset, bytes); }

export function configWrite(bus: u32, devfn: u32, offset: u32, bytes: u32, value: u32): void {
  const found = find(bus, devfn);
  if (found) configWriteOf(found - 1, offset, bytes, value);
}
export function configWriteOf(f: u32, offset: u32, bytes: u32, value: u32): void { guestWrite(functionAt(f).block, valuesOf(f), f, offset, bytes, value); }

// PCI functions: configuration spaces by register table, BARs and capability lists. PCI 3.0, chapter 6.
//
// A function is a number below MAX_FUNCTIONS, in the order of attaching; it owns 4 KiB of values in the PCI region, a register
// table in the cache and up to six BARs, each a bus handler that sits where the guest's BAR and command register put it.
// All functions are on bus 0; elsewhere reads give ones.

import { PCI_TABLES, PCI_TABLES_SIZE } from "../base/layout";
import { placeMmio, placePorts, unplace } from "../memory/bus";
import { Access, Block, define, guestRead, guestWrite, hook, makeBlock, Register, resetBlock } from "../device/registers";
import { BARS, BY_DEVFN, CONFIG_SPACES, FUNCTIONS, PAGE_BYTES, PCI_COUNTS, ROOT_WORDS } from "./layout";
import { BarKind, Config, MAX_FUNCTIONS, PciCommand, PciStatus, Power } from "./spec";
import { refreshIntx } from "./intx";
import { flushMessages } from "./msi";
import { resetMsix } from "./msix";
import { setMaster } from "../device/dma";

/** Cache: what attach makes again. */
@unmanaged export class PciFunction {
  block: Block;
  devfn: u32;
  /** INTx pin, 1-4; 0 for none. */
  pin: u32;
  /** Offset of the last capability, for the chain; and where the next may start. */
  lastCapability: u32; freeOffset: u32;
  /** Called after a write to the command register, when set: (function: u32) => void. */
  onCommand: u32;
  /** What the function belongs to: the address of a device's state. */
  owner: u32;
  /** It starts transfers: bus-master enable governs its DMA. */
  masters: u32;
  /** Where its MSI and power management capabilities are, 0 without. */
  msi: u32; power: u32;
  /** Called when it comes back from D3, when set: (function: u32) => void. */
  onWake: u32;
  /** Status bits that are always set. */
  status: u32;
  pad0: u64; pad1: u64;
}
@unmanaged class Bar { handler: u32; kind: u32; size: u64; }

/** State beside the functions' values. */
@unmanaged export class PciRoot {
  /** CONFIG_ADDRESS and the reset control register. */
  address: u32; resetControl: u32;
  /** INTx levels, a bit a function; and messages that are owed because the function may not master the bus. */
  intx: u64; owed: u64;
}
@inline export const root = changetype<PciRoot>(ROOT_WORDS);

@inline export function functionCount(): u32 { return load<u32>(PCI_COUNTS); }
@inline export function functionAt(f: u32): PciFunction { return changetype<PciFunction>(FUNCTIONS + (<usize>f << 6)); }
/** Bus, device and function, as transfers and messages carry them: every function is on bus 0. */
@inline export function requesterOf(f: u32): u32 { return functionAt(f).devfn; }
@inline export function valuesOf(f: u32): usize { return CONFIG_SPACES + <usize>f * PAGE_BYTES; }
@inline export function commandOf(f: u32): u32 { return load<u16>(valuesOf(f) + Config.COMMAND); }
/** The BAR's size in bytes, 0 where there is none; and its BarKind. */
export function barBytes(f: u32, index: u32): u64 { return bar(f, index).handler ? bar(f, index).size : 0; }
export function barKind(f: u32, index: u32): u32 { return bar(f, index).kind; }
@inline function bar(f: u32, index: u32): Bar { return changetype<Bar>(BARS + (<usize>f << 7) + (<usize>index << 4)); }

export function clearFunctions(): void { memory.fill(PCI_TABLES, 0, PCI_TABLES_SIZE); }

/** The function at a device and function number, plus one; 0 for none. */
@inline function findFunction(devfn: u32): u32 { return load<u8>(BY_DEVFN + (devfn & 0xff)); }

/**
 * Makes a function with a type-0 header. `classCode` is base class, subclass, interface; `bytes` is Config.BYTES or, with
 * extended capabilities, EXPRESS_BYTES. Returns its number.
 */
export function attachFunction(devfn: u32, vendor: u32, device: u32, classCode: u32, revision: u32, multifunction: bool, bytes: u32): u32 {
  const f = min(functionCount(), MAX_FUNCTIONS - 1), it = functionAt(f), b = makeBlock(bytes, 96);
  store<u32>(PCI_COUNTS, f + 1);
  store<u8>(BY_DEVFN + (devfn & 0xff), <u8>(f + 1));
  it.block = b; it.devfn = devfn; it.freeOffset = Config.FIRST_CAPABILITY;
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

/** Status bits that are always set, beside CAPABILITIES; before the first capability. */
export function setStatus(f: u32, bits: u32): void {
  defineConfig(f, "status", Config.STATUS, 2, Access.W1C, bits, PciStatus.ERRORS);
  functionAt(f).status = bits;
}

export function setSubsystem(f: u32, vendor: u32, id: u32): void {
  defineConfig(f, "subsystem vendor", Config.SUBSYSTEM_VENDOR, 2, Access.RO, vendor, 0);
  defineConfig(f, "subsystem", Config.SUBSYSTEM, 2, Access.RO, id, 0);
}

/** Gives the function an INTx pin, 1 (INTA) to 4. */
export function setPin(f: u32, pin: u32): void {
  functionAt(f).pin = pin;
  defineConfig(f, "interrupt pin", Config.PIN, 1, Access.RO, pin, 0);
}

/** Adds a register of the function's own. Returns the row, for hooks: their dev is the function's number. */
export function defineConfig(f: u32, name: string, offset: u32, bytes: u32, access: u32, reset: u64, mask: u64): Register {
  return define(functionAt(f).block, name, offset, bytes, access, reset, mask);
}

// --- BARs ---

/** Adds a BAR of `bytes` (a power of two, at least 16) answered by a bus handler. A 64-bit one takes two indices. */
export function addBar(f: u32, index: u32, bytes: u64, kind: u32, handler: u32): void {
  const it = bar(f, index), wide = (kind & BarKind.MEMORY64) != 0, mask = ~(bytes - 1);
  it.handler = handler; it.kind = kind; it.size = bytes;
  hook(defineConfig(f, "BAR", Config.BAR0 + 4 * index, wide ? 8 : 4, Access.RW, kind, wide ? mask : mask & 0xffff_ffff), 0, writeBar.index);
}

/** Puts a BAR's handler where the guest wants it, if it may answer at all. */
function placeBar(f: u32, index: u32): void {
  const it = bar(f, index);
  if (!it.handler) return;
  const at = valuesOf(f) + Config.BAR0 + 4 * index, isIo = (it.kind & BarKind.IO) != 0;
  const base = (it.kind & BarKind.MEMORY64 ? load<u64>(at) : <u64>load<u32>(at)) & ~(it.size - 1);
  const on = base != 0 && isAwake(f) && (commandOf(f) & (isIo ? PciCommand.IO : PciCommand.MEMORY)) != 0;
  if (!on || base + it.size < base || (isIo && base + it.size > 0x1_0000)) unplace(it.handler);
  else if (isIo) placePorts(it.handler, <u32>base, <u32>it.size);
  else placeMmio(it.handler, base, it.size);
}

function placeBars(f: u32): void { for (let index: u32 = 0; index < 6; index++) placeBar(f, index); }

function writeBar(dev: usize, offset: u32, old: u64, written: u64): void { placeBar(<u32>dev, (offset - Config.BAR0) >> 2); }

function writeCommand(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev, onCommand = functionAt(f).onCommand;
  placeBars(f);
  refreshIntx(f);
  refreshMaster(f);
  flushMessages(f);
  if (onCommand) call_indirect<void>(onCommand, f);
}

/** Says that the function starts transfers; bus-master enable then governs them. */
export function makeMaster(f: u32): void { functionAt(f).masters = 1; refreshMaster(f); }

function refreshMaster(f: u32): void { if (functionAt(f).masters) setMaster(requesterOf(f), canMaster(f)); }

/** A transfer of the function's was refused: the status register's received master abort (PCI 3.0, 6.2.3). */
export function noteMasterAbort(f: u32): void {
  const at = valuesOf(f) + Config.STATUS;
  store<u16>(at, <u16>(load<u16>(at) | PciStatus.MASTER_ABORT));
}

/** The function may start transfers. */
export function canMaster(f: u32): bool { return (commandOf(f) & PciCommand.MASTER) != 0 && isAwake(f); }

/** The function is in D0: it decodes, masters and interrupts. */
export function isAwake(f: u32): bool {
  const power = functionAt(f).power;
  return power == 0 || (load<u8>(valuesOf(f) + power + Power.PMCSR) & Power.STATE) == 0;
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

// --- Capabilities ---

/**
 * Reserves `bytes` for a capability and hangs it at the end of the list; returns its offset. The caller defines the rows
 * after the two-byte head. It must fit below 100h.
 */
export function addCapability(f: u32, id: u32, bytes: u32): u32 { return addCapabilityAt(f, id, functionAt(f).freeOffset, bytes); }

/** The same at a place that the device's data sheet gives. */
export function addCapabilityAt(f: u32, id: u32, at: u32, bytes: u32): u32 {
  const it = functionAt(f);
  it.freeOffset = at + ((bytes + 3) & ~3);
  defineConfig(f, "capability", at, 1, Access.RO, id, 0);
  defineConfig(f, "next capability", at + 1, 1, Access.RO, 0, 0);
  if (it.lastCapability) defineConfig(f, "next capability", it.lastCapability + 1, 1, Access.RO, at, 0);
  else {
    defineConfig(f, "capabilities", Config.CAPABILITIES, 1, Access.RO, at, 0);
    defineConfig(f, "status", Config.STATUS, 2, Access.W1C, it.status | PciStatus.CAPABILITIES, PciStatus.ERRORS);
  }
  it.lastCapability = at;
  return at;
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
}

/** A configuration read of 1, 2 or 4 bytes; ones where nothing is. */
export function configRead(bus: u32, devfn: u32, offset: u32, bytes: u32): u32 {
  const found = bus == 0 ? findFunction(devfn) : 0;
  if (!found) return 0xffff_ffff;
  return <u32>guestRead(functionAt(found - 1).block, valuesOf(found - 1), found - 1, offset, bytes);
}

export function configWrite(bus: u32, devfn: u32, offset: u32, bytes: u32, value: u32): void {
  const found = bus == 0 ? findFunction(devfn) : 0;
  if (found) guestWrite(functionAt(found - 1).block, valuesOf(found - 1), found - 1, offset, bytes, value);
}

// A function's own rows: its header's and its capabilities. PCI 3.0, 6.1, 6.2 and 6.7.

import { Access, define, Register } from "../device/registers";
import { Config, PciStatus } from "./spec";
import { functionAt } from "./functions";

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
  functionAt(f).pin = <u16>pin;
  defineConfig(f, "interrupt pin", Config.PIN, 1, Access.RO, pin, 0);
}

/** Adds a register of the function's own. Returns the row, for hooks: their dev is the function's number. */
export function defineConfig(f: u32, name: string, offset: u32, bytes: u32, access: u32, reset: u64, mask: u64): Register {
  return define(functionAt(f).block, name, offset, bytes, access, reset, mask);
}

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

// MSI: messages whose address and data lie in configuration space, PCI 3.0, 6.8.1.
//
// A function has 1 to 32 messages, which differ in the data's low bits; software says how many it may use. With a mask register
// a masked message waits in the pending register. One that cannot leave because the function may not master the bus waits too: in
// the pending register where there is one, otherwise the first is owed (root.owed), and forgotten when its cause goes away.

import { Access, hook } from "../device/registers";
import { addCapabilityAt, canMaster, defineConfig, functionAt, root, valuesOf } from "./config";
import { refreshIntx } from "./intx";
import { deliverMessage } from "./message";
import { CapabilityId, Msi, MsiControl } from "./spec";

@inline const WIDE_BYTES: u32 = 4;

/** Adds the capability at `at`: 2^`log2` messages, `kind` of MsiControl.WIDE and MASKABLE. */
export function addMsi(f: u32, at: u32, log2: u32, kind: u32): void {
  const wide: u32 = kind & MsiControl.WIDE ? WIDE_BYTES : 0, all = log2 >= 5 ? ~<u32>0 : (<u32>1 << (<u32>1 << log2)) - 1;
  functionAt(f).msi = at;
  addCapabilityAt(f, CapabilityId.MSI, at, kind & MsiControl.MASKABLE ? 20 + wide : 10 + wide);
  hook(defineConfig(f, "MSI control", at + Msi.CONTROL, 2, Access.RW, log2 << MsiControl.CAPABLE_SHIFT | kind, MsiControl.ENABLE | MsiControl.ENABLED), 0, writeControl.index);
  defineConfig(f, "MSI address", at + Msi.ADDRESS, 4, Access.RW, 0, 0xffff_fffc);
  if (wide) defineConfig(f, "MSI upper address", at + Msi.UPPER, 4, Access.RW, 0, 0xffff_ffff);
  defineConfig(f, "MSI data", at + wide + Msi.DATA, 2, Access.RW, 0, 0xffff);
  if (!(kind & MsiControl.MASKABLE)) return;
  hook(defineConfig(f, "MSI mask", at + wide + Msi.MASK, 4, Access.RW, 0, all), 0, writeMask.index);
  defineConfig(f, "MSI pending", at + wide + Msi.PENDING, 4, Access.RO, 0, 0);
}

@inline function capabilityOf(f: u32): usize { return valuesOf(f) + functionAt(f).msi; }
@inline function controlOf(f: u32): u32 { return load<u16>(capabilityOf(f) + Msi.CONTROL); }
/** The registers behind the address. */
@inline function behind(f: u32): usize { return capabilityOf(f) + (controlOf(f) & MsiControl.WIDE ? WIDE_BYTES : 0); }

/** The function signals by MSI and not by INTx. */
export function msiEnabled(f: u32): bool { return functionAt(f).msi != 0 && (controlOf(f) & MsiControl.ENABLE) != 0; }

/** Messages that software lets the function use: no more than it has. */
export function messageCount(f: u32): u32 {
  const control = controlOf(f);
  return 1 << min((control & MsiControl.ENABLED) >> MsiControl.ENABLED_SHIFT, control >> MsiControl.CAPABLE_SHIFT & 7);
}

/** Sends message `n`, of which those that it may not use are the last one that it may; or notes it. */
export function sendMessage(f: u32, n: u32): void {
  if (!msiEnabled(f)) return;
  const count = messageCount(f), which = min(n, count - 1);
  if (controlOf(f) & MsiControl.MASKABLE) {
    const at = behind(f) + Msi.PENDING;
    if (!canMaster(f) || load<u32>(behind(f) + Msi.MASK) >> which & 1) { store<u32>(at, load<u32>(at) | 1 << which); return; }
  } else if (!canMaster(f)) { owe(f, true); return; }
  const address = <u64>load<u32>(capabilityOf(f) + Msi.ADDRESS) | (controlOf(f) & MsiControl.WIDE ? <u64>load<u32>(capabilityOf(f) + Msi.UPPER) << 32 : 0);
  deliverMessage(f, address, <u32>load<u16>(behind(f) + Msi.DATA) & ~(count - 1) | which);
}

/** The first message waits for bus mastering, or no longer. */
export function owe(f: u32, on: bool): void {
  const bit = <u64>1 << f;
  root.owed = on ? root.owed | bit : root.owed & ~bit;
}

/** Sends what waited and may leave now. */
export function flushMessages(f: u32): void {
  if (!msiEnabled(f) || !canMaster(f)) return;
  if (root.owed >> f & 1) { owe(f, false); sendMessage(f, 0); }
  if (!(controlOf(f) & MsiControl.MASKABLE)) return;
  const at = behind(f) + Msi.PENDING;
  for (let left = load<u32>(at) & ~load<u32>(behind(f) + Msi.MASK); left; left &= left - 1) {
    store<u32>(at, load<u32>(at) & ~(left & (0 - left)));
    sendMessage(f, <u32>ctz(left));
  }
}

/** INTx and MSI take turns; an interrupt that is up when MSI is switched on is told by message. */
function writeControl(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev;
  refreshIntx(f);
  if (!msiEnabled(f)) { owe(f, false); return; }
  if (!(<u32>old & MsiControl.ENABLE) && root.intx >> f & 1) sendMessage(f, 0);
  flushMessages(f);
}

function writeMask(dev: usize, offset: u32, old: u64, written: u64): void { flushMessages(<u32>dev); }

// The MSI capability: its rows, and what writing them does. PCI 3.0, 6.8.1. INTx and MSI take turns.

import { Access, hook } from "../device/registers";
import { addCapabilityAt, defineConfig } from "./header";
import { functionAt, root } from "./functions";
import { refreshIntx } from "./intx";
import { CapabilityId, Msi, MsiControl } from "./spec";
import { WIDE_BYTES, flushMessages, msiEnabled, owe, sendMessage } from "./msi";

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

/** INTx and MSI take turns; an interrupt that is up when MSI is switched on is told by message. */
function writeControl(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev;
  refreshIntx(f);
  if (!msiEnabled(f)) { owe(f, false); return; }
  if (!(<u32>old & MsiControl.ENABLE) && root.intx >> f & 1) sendMessage(f, 0);
  flushMessages(f);
}

function writeMask(dev: usize, offset: u32, old: u64, written: u64): void { flushMessages(<u32>dev); }

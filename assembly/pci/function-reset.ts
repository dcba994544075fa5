// Function-level reset of a conventional function: the Advanced Features capability (PCI-SIG ECN "Advanced Capabilities for Conventional PCI", 2006). A write of one bit
// makes the function as it was after power-up, its configuration space too; nothing else on the bus notices. Transfers are over before the next
// instruction, so that none is ever pending.

import { Access, hook } from "../device/registers";
import { resetConfig } from "./config";
import { functionAt } from "./functions";
import { addCapabilityAt, defineConfig } from "./header";
import { AdvancedFeatures, CapabilityId } from "./spec";

/** Adds the capability at `at`. The function's onWake is called as after D3. */
export function addFunctionReset(f: u32, at: u32): void {
  addCapabilityAt(f, CapabilityId.ADVANCED_FEATURES, at, AdvancedFeatures.BYTES);
  defineConfig(f, "AF length", at + AdvancedFeatures.LENGTH, 1, Access.RO, AdvancedFeatures.BYTES, 0);
  defineConfig(f, "AF capabilities", at + AdvancedFeatures.CAPABILITIES, 1, Access.RO, AdvancedFeatures.PENDING_KNOWN | AdvancedFeatures.RESET, 0);
  hook(defineConfig(f, "AF control", at + AdvancedFeatures.CONTROL, 1, Access.WO, 0, 0), 0, writeControl.index);
  defineConfig(f, "AF status", at + AdvancedFeatures.STATUS, 1, Access.RO, 0, 0);
}

function writeControl(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev, onWake = functionAt(f).onWake;
  if (!(written & AdvancedFeatures.INITIATE)) return;
  resetConfig(f, offset & ~3, 0);
  if (onWake) call_indirect<void>(onWake, f);
}

// The power management capability: PCI Bus Power Management Interface Specification 1.1, chapter 3. D0 and D3hot; writing another
// state changes nothing. In D3hot the function answers configuration accesses alone. Coming back it is reset, as it would be by RST#, but
// for the PME bits. No function of ours ever asserts PME#.

import { Access, hook } from "../device/registers";
import { addCapabilityAt, defineConfig } from "./header";
import { functionAt, valuesOf } from "./functions";
import { refreshFunction, resetConfig } from "./config";
import { CapabilityId, Power } from "./spec";

/** PME bits of PMCSR, which outlive D3. */
@inline const KEPT: u32 = Power.PME_ENABLE | Power.PME_STATUS;

/** Adds the capability at `at`; `capabilities` is PMC. */
export function addPower(f: u32, at: u32, capabilities: u32): void {
  functionAt(f).power = at;
  addCapabilityAt(f, CapabilityId.POWER, at, Power.BYTES);
  defineConfig(f, "PMC", at + Power.PMC, 2, Access.RO, capabilities, 0);
  const r = defineConfig(f, "PMCSR", at + Power.PMCSR, 2, Access.RW, 0, Power.STATE | Power.PME_ENABLE | Power.DATA_SELECT);
  r.clear = Power.PME_STATUS;
  hook(r, 0, writePmcsr.index);
}

function writePmcsr(dev: usize, offset: u32, old: u64, written: u64): void {
  const f = <u32>dev, at = valuesOf(f) + offset, was = <u32>old & Power.STATE;
  let is = <u32>load<u16>(at) & Power.STATE;
  if (is != 0 && is != Power.D3) { is = was; store<u16>(at, <u16>(load<u16>(at) & ~(<u32>Power.STATE) | was)); }
  if (is == was) return;
  if (is == Power.D3) { refreshFunction(f); return; }
  resetConfig(f, offset, KEPT);
  const onWake = functionAt(f).onWake;
  if (onWake) call_indirect<void>(onWake, f);
}

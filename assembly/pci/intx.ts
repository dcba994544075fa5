// INTx and where it goes: PIRQ A-H of ICH9 (316972, 13.1.16). PIRQ n is IOAPIC pin 16 + n; the LPC bridge's route register,
// when its top bit is clear, sends it to an ISA interrupt as well, for systems that use the PIC.
// The board wires pin p (1-4) of device d to PIRQ (d + p - 1) mod 4, that is A to D: the DSDT's _PRT says the same.

import { driveLine, Source } from "../device/interrupt";
import { commandOf, functionAt, isAwake, functionCount, root, valuesOf } from "./functions";
import { msiEnabled, owe, sendMessage } from "./msi";
import { Config, PciCommand, PciStatus } from "./spec";

/** Drives the function's interrupt: INTx, or while MSI is on a message each time it goes up. */
export function setIntx(f: u32, level: bool): void {
  const bit = <u64>1 << f, at = valuesOf(f) + Config.STATUS, rises = level && !(root.intx & bit);
  root.intx = level ? root.intx | bit : root.intx & ~bit;
  store<u16>(at, <u16>(level ? load<u16>(at) | PciStatus.INTX : load<u16>(at) & ~(<u32>PciStatus.INTX)));
  refreshIntx(f);
  if (!msiEnabled(f)) return;
  if (rises) sendMessage(f, 0);
  else if (!level) owe(f, false);
}

@inline function sourceOf(f: u32): u32 { return Source.FIRST_PCI + f; }

/** A bridge turns the pins behind it by the device's number, which is 0, and drives those of its own place (PCI-to-PCI Bridge Architecture 1.2, 9.1). */
export function pirqOf(f: u32): u32 {
  const parent = functionAt(f).parent;
  return ((functionAt(parent ? parent - 1 : f).devfn >> 3) + functionAt(f).pin - 1) & 3;
}

/** INTx as it leaves the function: the command register can hold it down, and MSI is instead of it (PCI 3.0, 6.8.1.3). */
function isUp(f: u32): bool { return (root.intx >> f & 1) != 0 && !(commandOf(f) & PciCommand.INTX_OFF) && !msiEnabled(f) && isAwake(f); }

/** Carries a function's INTx to its line. `route` is the PIRQ's route register, in state with the LPC bridge. */
export function refreshIntx(f: u32): void {
  if (!functionAt(f).pin) return;
  driveLine(16 + pirqOf(f), isUp(f), sourceOf(f));
  const route = <u32>load<u8>(routeAt(pirqOf(f)));
  if (!(route & 0x80)) driveLine(route & 15, isUp(f), sourceOf(f));
}

/** The LPC bridge is the second function to attach; its route registers are at 60h and 68h. */
@inline export const LPC_FUNCTION: u32 = 1;
@inline function routeAt(pirq: u32): usize { return valuesOf(LPC_FUNCTION) + (pirq < 4 ? 0x60 + pirq : 0x64 + pirq); }

/** A route register changed: takes its functions off the old interrupt and puts them on the new one. */
export function moveRoute(pirq: u32, old: u32): void {
  for (let f: u32 = 0; f < functionCount(); f++) {
    if (!functionAt(f).pin || pirqOf(f) != pirq) continue;
    if (!(old & 0x80)) driveLine(old & 15, false, sourceOf(f));
    refreshIntx(f);
  }
}

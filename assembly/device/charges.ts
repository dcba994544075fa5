// What events cost in virtual time, where the machine was made with a table of charges: then a device is no longer instant, and what hangs on time (an
// interrupt's moderation, a line's speed, the guest's own clock) sees it. The time passes where the event is, before anything comes of it; the guest retires no
// instruction meanwhile, as on a machine whose processor waits for an emulated device.

import { machine } from "../base/machine";
import { charge } from "./clock";

/** After `create`, or between slices: ns an access, a doorbell and an interrupt, and 2^-10 ns a byte of DMA. */
export function setCharges(accessNs: u32, doorbellNs: u32, interruptNs: u32, byteRate: u32): void {
  machine.accessNs = accessNs; machine.doorbellNs = doorbellNs; machine.interruptNs = interruptNs; machine.byteRate = byteRate;
  machine.charged = 1;
}

@inline export function chargeDoorbell(): void { if (machine.doorbellNs) charge(machine.doorbellNs); }
@inline export function chargeInterrupt(): void { if (machine.interruptNs) charge(machine.interruptNs); }
@inline export function chargeBytes(bytes: u32): void { if (machine.byteRate) charge(<u64>bytes * machine.byteRate >> 10); }

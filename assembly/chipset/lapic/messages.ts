// Interrupt messages in and out of the local APIC: MSI and IOAPIC messages, and the interrupt command register.
// Intel SDM vol. 3, 10.6 (IPIs) and 10.11 (messages). There is one processor: a message either reaches it or nobody.

import { Event, raiseEvent } from "../../base/control";
import { Counter, count } from "../../base/counters";
import { requestReset } from "../../device/power";
import { dmaWrite32 } from "../../device/dma";
import { acceptVector, raiseError } from "./interrupts";
import { isX2apic, reg } from "./state";
import { Apic, Delivery, ESR, ICR } from "./spec";

/** Our ID: 8 bits, or 32 in x2APIC mode. */
function ownId(): u32 { return isX2apic() ? reg(Apic.ID) : reg(Apic.ID) >> 24; }

/** The destination names this processor. `wide` destinations are 32 bits (x2APIC). SDM vol. 3, 10.6.2 and 10.12.9. */
function isForUs(destination: u32, logical: bool, wide: bool): bool {
  if (destination == (wide ? <u32>0xffff_ffff : <u32>0xff)) return true;
  if (!logical) return destination == ownId();
  const ldr = reg(Apic.LDR);
  if (isX2apic()) return ldr >> 16 == destination >> 16 && (ldr & destination & 0xffff) != 0;
  const own = ldr >> 24;
  // DFR bits 31-28: all ones is the flat model, all zeros the cluster model.
  if (reg(Apic.DFR) >> 28 == 15) return (own & destination) != 0;
  return own >> 4 == destination >> 4 && (own & destination & 15) != 0;
}

function deliver(mode: u32, vector: u32, level: bool): void {
  switch (mode) {
    case Delivery.FIXED: case Delivery.LOWEST: acceptVector(vector, level); break;
    case Delivery.NMI: raiseEvent(Event.NMI); break;
    // INIT of the only processor puts it at the reset vector: the machine starts over.
    case Delivery.INIT: requestReset(); break;
    // SMI: there is no SMM. STARTUP: only a processor waiting for it heeds it. ExtINT by message: the PIC has LINT0.
    default: count(Counter.MSIS_REFUSED);
  }
}

/** A device's store to the interrupt window, or the same from the IOAPIC. Elsewhere it is an ordinary write to memory. */
export function receiveMessage(requester: u32, address: u64, data: u32): void {
  if (address >> 20 != 0xfee) { dmaWrite32(requester, address, data); return; }
  const destination = <u32>(address >> 12) & 0xff, logical = (address & 4) != 0;
  if (!isForUs(destination, logical, false)) { count(Counter.MSIS_REFUSED); return; }
  deliver(data >> 8 & 7, data & 0xff, (data & 0x8000) != 0);
}

/** A message as interrupt remapping has put it together, or an event of the unit's own; `wide` destinations are 32 bits. */
export function receiveRemapped(destination: u32, logical: bool, wide: bool, mode: u32, vector: u32, level: bool): void {
  if (!isForUs(destination, logical, wide)) { count(Counter.MSIS_REFUSED); return; }
  deliver(mode, vector, level);
}

/** Hook of ICR low in xAPIC mode. */
export function sendIpi(dev: usize, offset: u32, old: u64, written: u64): void {
  sendCommand(<u32>reg(Apic.ICR_LOW), reg(Apic.ICR_HIGH) >> 24, false);
}

/** Carries out an interrupt command. */
export function sendCommand(command: u32, destination: u32, wide: bool): void {
  const mode = command >> ICR.MODE_SHIFT & 7, vector = command & ICR.VECTOR;
  const shorthand = command >> ICR.SHORTHAND_SHIFT & 3;
  if (mode <= <u32>Delivery.LOWEST && vector < 16) { raiseError(ESR.SEND_ILLEGAL); return; }
  // INIT with level de-assert is a synchronisation message that processors since the Pentium 4 ignore.
  if (mode == Delivery.INIT && command & ICR.LEVEL && !(command & ICR.ASSERT)) return;
  const reaches = shorthand == 0 ? isForUs(destination, (command & ICR.LOGICAL) != 0, wide) : shorthand != 3;
  if (reaches) deliver(mode, vector, false);
}

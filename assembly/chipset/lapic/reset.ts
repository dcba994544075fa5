// What the local APIC is after power-up, after it was disabled, and as firmware leaves it.

import { placeMmio } from "../../memory/bus";
import { resetBlock } from "../../device/registers";
import { LAPIC_BYTES, LAPIC_STATE } from "../layout";
import { Apic, ApicBase, APIC_BASE, Delivery, LVT, SVR } from "./spec";
import { resetApicTimer } from "./timer";
import { VALUES, attached, block, lapic, setReg } from "./state";
import { updateIntr } from "./interrupts";

/** Power-up state; the only processor, so it is the bootstrap processor. */
export function resetLapic(): void {
  const kept = attached.block, mmio = attached.mmio;
  memory.fill(LAPIC_STATE, 0, LAPIC_BYTES);
  attached.block = kept; attached.mmio = mmio;
  lapic.base = APIC_BASE | ApicBase.EN | ApicBase.BSP;
  resetRegisters();
  placeMmio(mmio, APIC_BASE, 0x1000);
}

/** Registers as after power-up, also when IA32_APIC_BASE disables the APIC. */
export function resetRegisters(): void {
  resetBlock(attached.block, VALUES);
  lapic.errors = 0;
  resetApicTimer();
  updateIntr();
}

/** What firmware leaves for a system that starts with the PIC (MultiProcessor Specification 1.4, 3.6.2.2): virtual wire. */
export function enterVirtualWire(): void {
  setReg(Apic.SVR, SVR.ENABLED | 0x0f);
  setReg(Apic.LVT_LINT0, Delivery.EXTINT << LVT.MODE_SHIFT);
  setReg(Apic.LVT_LINT1, Delivery.NMI << LVT.MODE_SHIFT);
  updateIntr();
}

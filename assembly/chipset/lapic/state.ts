// State of the local APIC: its register values at their page offsets, and the fields that follow them. Intel SDM vol. 3, chapter 10.

import { placeMmio, unplace } from "../../memory/bus";
import { Block } from "../../device/registers";
import { LAPIC_STATE } from "../layout";
import { Apic, ApicBase, SVR } from "./spec";

@unmanaged export class Lapic {
  /** IA32_APIC_BASE. */
  base: u64;
  /** Errors since ESR was last written. */
  errors: u32;
  /** Timer: when the count began, and its initial count in ns (count times divider). */
  pad0: u32;
  timerStart: u64;
  timerPeriod: u64;
  /** IA32_TSC_DEADLINE. */
  deadline: u64;
}
/** Register values at their page offsets; the fields above follow. */
@inline export const VALUES: usize = LAPIC_STATE;
@inline export const lapic = changetype<Lapic>(LAPIC_STATE + <usize>Apic.BYTES);

/** Cache: this device's table and bus handle, set at attach. */
@unmanaged export class Attached { block: Block; mmio: u32; }
@inline export const attached = changetype<Attached>(LAPIC_STATE + <usize>Apic.BYTES + 256);

@inline export function reg(offset: u32): u32 { return load<u32>(VALUES + offset); }
@inline export function setReg(offset: u32, value: u32): void { store<u32>(VALUES + offset, value); }
@inline export function block(): Block { return attached.block; }

@inline export function isX2apic(): bool { return (lapic.base & ApicBase.EXTD) != 0; }
@inline export function isGlobal(): bool { return (lapic.base & ApicBase.EN) != 0; }
/** Enabled both in IA32_APIC_BASE and in SVR: fixed interrupts are accepted. */
@inline export function isEnabled(): bool { return isGlobal() && (reg(Apic.SVR) & SVR.ENABLED) != 0; }

/** Moves or removes the register page after a write to IA32_APIC_BASE. */
export function placePage(): void {
  if (isGlobal() && !isX2apic()) placeMmio(attached.mmio, lapic.base & 0xff_ffff_f000, 0x1000);
  else unplace(attached.mmio);
}

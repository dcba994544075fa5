// The two functions every q35 has: host bridge 8086:29c0 (3 Series Express Chipset, 316966) and LPC bridge 8086:2918
// (ICH9, 316972, 13.1). Reset values that firmware would change are as it leaves them: ECAM on, PMBASE and ACPI on.

import { makeHandler, placeMmio, unplace, Width } from "../memory/bus";
import { Access, hook } from "../device/registers";
import { slots } from "../device/slots";
import { machine } from "../base/machine";
import { protect } from "../memory/ram";
import { attachFunction, configRead, configWrite } from "./config";
import { defineConfig, setSubsystem } from "./header";
import { valuesOf } from "./functions";
import { LPC_FUNCTION, moveRoute } from "./intx";
import { Config } from "./spec";

@inline export const HOST_BRIDGE: u32 = 0;
@inline export const LPC_BRIDGE: u32 = 0x1f << 3;
@inline export const ECAM_BASE: u64 = 0xb000_0000;
const enum Mch { PCIEXBAR = 0x60, PAM0 = 0x90, SMRAM = 0x9d, ESMRAMC = 0x9e }
const enum Lpc { PMBASE = 0x40, ACPI_CNTL = 0x44, GPIOBASE = 0x48, GC = 0x4c, PIRQA = 0x60, SIRQ = 0x64, PIRQE = 0x68, IO_DEC = 0x80, PMCON1 = 0xa0, BIOS_CNTL = 0xdc, RCBA = 0xf0 }

/** The host bridge is the first function to attach. */
@inline const MCH_FUNCTION: u32 = 0;

export function attachBridges(): void {
  slots.ecam = makeHandler(0, readEcam.index, writeEcam.index, "ecam", Width.UP_TO_DWORD);
  attachHostBridge();
  attachLpc();
}

function attachHostBridge(): void {
  const f = attachFunction(HOST_BRIDGE, 0x8086, 0x29c0, 0x06_0000, 0, false, Config.BYTES);
  setSubsystem(f, 0x1af4, 0x1100);
  hook(defineConfig(f, "PCIEXBAR", Mch.PCIEXBAR, 8, Access.RW, ECAM_BASE | 1, 0xf_fc00_0007), 0, placeEcam.index);
  for (let i: u32 = 0; i < 7; i++) hook(defineConfig(f, "PAM", Mch.PAM0 + i, 1, Access.RW, 0, i == 0 ? 0x30 : 0x33), 0, shadow.index);
  defineConfig(f, "SMRAM", Mch.SMRAM, 1, Access.RW, 2, 0x70);
  defineConfig(f, "ESMRAMC", Mch.ESMRAMC, 1, Access.RW, 0x38, 0x87);
}

function attachLpc(): void {
  const f = attachFunction(LPC_BRIDGE, 0x8086, 0x2918, 0x06_0100, 2, true, Config.BYTES);
  setSubsystem(f, 0x1af4, 0x1100);
  hook(defineConfig(f, "PMBASE", Lpc.PMBASE, 4, Access.RW, 0x601, 0xff80), 0, placePm.index);
  hook(defineConfig(f, "ACPI_CNTL", Lpc.ACPI_CNTL, 1, Access.RW, 0x80, 0x87), 0, placePm.index);
  defineConfig(f, "GPIOBASE", Lpc.GPIOBASE, 4, Access.RW, 1, 0xff80);
  defineConfig(f, "GC", Lpc.GC, 1, Access.RW, 0, 0x11);
  for (let i: u32 = 0; i < 4; i++) {
    hook(defineConfig(f, "PIRQ route", Lpc.PIRQA + i, 1, Access.RW, 0x80, 0x8f), 0, routePirq.index);
    hook(defineConfig(f, "PIRQ route", Lpc.PIRQE + i, 1, Access.RW, 0x80, 0x8f), 0, routePirq.index);
  }
  defineConfig(f, "SIRQ_CNTL", Lpc.SIRQ, 1, Access.RW, 0x10, 0xff);
  defineConfig(f, "LPC_I/O_DEC", Lpc.IO_DEC, 4, Access.RW, 0, 0x3f0f_1377);
  defineConfig(f, "GEN_PMCON_1", Lpc.PMCON1, 2, Access.RW, 0, 0x1efb);
  defineConfig(f, "BIOS_CNTL", Lpc.BIOS_CNTL, 1, Access.RW, 0, 0x1f);
  defineConfig(f, "RCBA", Lpc.RCBA, 4, Access.RW, 0, 0xffff_c001);
}

/** Places what the reset values say. */
export function placeBridges(): void {
  placeEcam(0, 0, 0, 0);
  placePm(0, 0, 0, 0);
}

/**
 * PAM: whether stores to a piece of C0000-FFFFF reach the RAM there; in each half byte, bit 1. PAM0 has the upper 64 KiB,
 * the others two pieces of 16 KiB. Loads always come from that RAM, which starts with a copy of the ROM. Without firmware
 * everything there stays writable.
 */
function shadow(dev: usize, offset: u32, old: u64, written: u64): void {
  if (!machine.romSize) return;
  const value = <u32>load<u8>(valuesOf(MCH_FUNCTION) + offset), first = 0xc_0000 + (offset - Mch.PAM0 - 1) * 0x8000;
  if (offset == Mch.PAM0) { protect(0xf_0000, 0x1_0000, (value & 0x20) == 0); return; }
  protect(first, 0x4000, (value & 0x02) == 0);
  protect(first + 0x4000, 0x4000, (value & 0x20) == 0);
}

function placePm(dev: usize, offset: u32, old: u64, written: u64): void {
  const values = valuesOf(LPC_FUNCTION), base = load<u32>(values + Lpc.PMBASE) & 0xff80;
  if (slots.pmPlaced) call_indirect<void>(slots.pmPlaced, base, <u32>load<u8>(values + Lpc.ACPI_CNTL) & 0x80);
}

function routePirq(dev: usize, offset: u32, old: u64, written: u64): void {
  moveRoute(offset >= <u32>Lpc.PIRQE ? offset - Lpc.PIRQE + 4 : offset - Lpc.PIRQA, <u32>old);
}

// --- ECAM: 4 KiB a function, 1 MiB a bus ---

/** Length code 0 is 256 MiB, 1 half, 2 a quarter; 3 is reserved. */
function placeEcam(dev: usize, offset: u32, old: u64, written: u64): void {
  const value = load<u64>(valuesOf(MCH_FUNCTION) + Mch.PCIEXBAR), length = value >> 1 & 3;
  const size = <u64>0x1000_0000 >> length;
  if (value & 1 && length < 3) placeMmio(slots.ecam, value & 0xf_fc00_0000 & ~(size - 1), size);
  else unplace(slots.ecam);
}

function readEcam(dev: usize, offset: u32, bytes: u32): u64 {
  return configRead(offset >> 20, offset >> 12 & 0xff, offset & 0xfff, bytes);
}
function writeEcam(dev: usize, offset: u32, bytes: u32, value: u64): void {
  configWrite(offset >> 20, offset >> 12 & 0xff, offset & 0xfff, bytes, <u32>value);
}

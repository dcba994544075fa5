// ACPI power management: PM1 events and control, PM timer, GPE0, the APM ports that switch ACPI mode. ICH9 (316972), 13.8.
//
// The block sits where the LPC bridge's PMBASE puts it. The timer is the clock scaled to 3.579545 MHz; a clock timer
// waits for its top bit to turn over only while its event is enabled. An enabled event with SCI_EN raises line 9, a
// level, until its status bit is cleared. SLP_EN with the S5 type ends the machine; other types are no state we have,
// and do nothing. There is no SMM: a write to APM_CNT does at once what firmware's SMI handler would.

import { anew } from "../../base/anew";
import { scaleDown, scaleUp } from "../../base/scale";
import { mapPorts, placePorts, unplace, Width } from "../../memory/bus";
import { bindTimer, cancelTimer, nowNs, setTimer, Timer } from "../../device/clock";
import { setLine } from "../../device/interrupt";
import { requestPowerOff } from "../../device/power";
import { Access, Block, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { slots } from "../../device/slots";
import { ACPI_BYTES, ACPI_STATE } from "../layout";
import { Apm, Pm, Pm1, Pm1Cnt, PM_BASE, PM_TIMER_BITS, PM_TIMER_HZ, SMI_READY, SCI_LINE, SLP_TYP_S5 } from "./spec";

@unmanaged class PmState {
  /** Times the PM timer's top bit has turned over, as last seen. */
  seenTurns: u64;
  /** APM_CNT and APM_STS, plain bytes apart from the side effect. */
  apm: u32; apmStatus: u32;
  /** Cache, set at attach. */
  block: Block; ports: u32;
}
@inline const VALUES: usize = ACPI_STATE;
@inline const pm = changetype<PmState>(ACPI_STATE + <usize>Pm.BYTES);
@inline const NS: u64 = 1_000_000_000;

@inline function get16(offset: u32): u32 { return load<u16>(VALUES + offset); }
@inline function set16(offset: u32, v: u32): void { store<u16>(VALUES + offset, <u16>v); }

/** As firmware leaves it: ACPI mode is not entered yet. */
export function resetPm(): void {
  const block = pm.block, ports = pm.ports;
  memory.fill(ACPI_STATE, 0, ACPI_BYTES);
  pm.block = block; pm.ports = ports;
  resetBlock(block, VALUES);
  pm.seenTurns = turns();
  cancelTimer(Timer.PM);
  placePorts(ports, PM_BASE, Pm.BYTES);
}

export function attachPm(): void {
  const b = makeBlock(Pm.BYTES, 16);
  pm.block = b;
  anew(changetype<usize>(pm) + offsetof<PmState>("block"), 8);
  hook(define(b, "PM1_STS", Pm.PM1_STS, 2, Access.W1C, 0, Pm1.TMR | Pm1.BM | Pm1.GBL | Pm1.PWRBTN | Pm1.SLPBTN | Pm1.RTC | Pm1.WAK), readStatus.index, changed.index);
  hook(define(b, "PM1_EN", Pm.PM1_EN, 2, Access.RW, 0, Pm1.TMR | Pm1.GBL | Pm1.PWRBTN | Pm1.SLPBTN | Pm1.RTC), 0, changed.index);
  hook(define(b, "PM1_CNT", Pm.PM1_CNT, 4, Access.RW, 0, Pm1Cnt.SCI_EN | Pm1Cnt.BM_RLD | Pm1Cnt.SLP_TYP), 0, writeControl.index);
  hook(define(b, "PM1_TMR", Pm.PM1_TMR, 4, Access.RO, 0, 0), readTimer.index, 0);
  hook(define(b, "GPE0_STS", Pm.GPE0_STS, 8, Access.W1C, 0, u64.MAX_VALUE), 0, changed.index);
  hook(define(b, "GPE0_EN", Pm.GPE0_EN, 8, Access.RW, 0, u64.MAX_VALUE), 0, changed.index);
  // There is no SMM: its set-up reads as done (APMC_EN, GBL_SMI_EN), so that firmware does not wait for an SMI that never comes.
  define(b, "SMI_EN", Pm.SMI_EN, 4, Access.RO, SMI_READY, 0);
  define(b, "SMI_STS", Pm.SMI_STS, 4, Access.W1C, 0, 0xffff_ffff);
  pm.ports = mapPorts(PM_BASE, Pm.BYTES, 0, readPm.index, writePm.index, "acpi pm", Width.UP_TO_DWORD);
  mapPorts(Apm.CNT, 2, 0, readApm.index, writeApm.index, "apm", Width.BYTE);
  bindTimer(Timer.PM, fireTimer.index, 0);
  slots.pmPlaced = placeBlock.index;
}

function placeBlock(base: u32, enabled: u32): void {
  if (enabled && base) placePorts(pm.ports, base, Pm.BYTES);
  else unplace(pm.ports);
}

/** ACPI mode, as firmware enters it before a system without SMI_CMD starts. */
export function enterAcpiMode(): void {
  set16(Pm.PM1_CNT, get16(Pm.PM1_CNT) | Pm1Cnt.SCI_EN);
  update();
}

/** The user asks for an orderly shut-down. */
export function pressPowerButton(): void {
  set16(Pm.PM1_STS, get16(Pm.PM1_STS) | Pm1.PWRBTN);
  update();
}

/** Sets the status of a general-purpose event, 0-63. */
export function raiseGpe(n: u32): void {
  store<u64>(VALUES + Pm.GPE0_STS, load<u64>(VALUES + Pm.GPE0_STS) | <u64>1 << (n & 63));
  update();
}

// --- Timer ---

function timerValue(): u64 { return scaleDown(nowNs(), PM_TIMER_HZ, NS); }
function turns(): u64 { return timerValue() >> (PM_TIMER_BITS - 1); }

function readTimer(dev: usize, offset: u32): void {
  store<u32>(VALUES + Pm.PM1_TMR, <u32>timerValue());
}

/** Sets TMR_STS if the top bit has turned over since the last look. */
function collectTurns(): void {
  const now = turns();
  if (now != pm.seenTurns) set16(Pm.PM1_STS, get16(Pm.PM1_STS) | Pm1.TMR);
  pm.seenTurns = now;
}

function readStatus(dev: usize, offset: u32): void { collectTurns(); }
function fireTimer(dev: usize): void { collectTurns(); update(); }

function update(): void {
  const events = get16(Pm.PM1_STS) & get16(Pm.PM1_EN);
  const general = load<u64>(VALUES + Pm.GPE0_STS) & load<u64>(VALUES + Pm.GPE0_EN);
  const on = (get16(Pm.PM1_CNT) & Pm1Cnt.SCI_EN) != 0;
  setLine(SCI_LINE, on && (events != 0 || general != 0));
  if (get16(Pm.PM1_EN) & Pm1.TMR) setTimer(Timer.PM, scaleUp((turns() + 1) << (PM_TIMER_BITS - 1), NS, PM_TIMER_HZ));
  else cancelTimer(Timer.PM);
}

// --- Registers ---

function changed(dev: usize, offset: u32, old: u64, written: u64): void {
  // A turn before the write belongs to what the write clears.
  if (offset == Pm.PM1_STS && <u32>written & Pm1.TMR) pm.seenTurns = turns();
  update();
}

function writeControl(dev: usize, offset: u32, old: u64, written: u64): void {
  const type = <u32>written >> Pm1Cnt.SLP_TYP_SHIFT & 7;
  if (<u32>written & Pm1Cnt.SLP_EN && type == SLP_TYP_S5) requestPowerOff();
  update();
}

function readPm(dev: usize, offset: u32, bytes: u32): u64 { return guestRead(pm.block, VALUES, 0, offset, bytes); }
function writePm(dev: usize, offset: u32, bytes: u32, value: u64): void { guestWrite(pm.block, VALUES, 0, offset, bytes, value); }

function readApm(dev: usize, offset: u32, bytes: u32): u64 { return offset ? pm.apmStatus : pm.apm; }
function writeApm(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset) { pm.apmStatus = <u32>value; return; }
  pm.apm = <u32>value;
  if (value == Apm.ACPI_ENABLE) set16(Pm.PM1_CNT, get16(Pm.PM1_CNT) | Pm1Cnt.SCI_EN);
  if (value == Apm.ACPI_DISABLE) set16(Pm.PM1_CNT, get16(Pm.PM1_CNT) & ~(<u32>Pm1Cnt.SCI_EN));
  update();
}

// The real-time clock and CMOS memory: MC146818A, with 256 bytes as in ICH9.
//
// The time is the clock's: seconds since 1970 at virtual time 0 (chosen by the host) plus whole seconds of virtual time;
// the date bytes are worked out when they are read and, when they are written, move that base. With SET the bytes stand
// still and are plain memory until it is cleared, and so they do while register A holds the divider in reset; half a second after it
// lets go a second turns, and from then on every second. Timers run only
// while an interrupt is enabled; flags nobody enabled are worked out when register C is read. A gap of wall time (device/clock.ts) is
// passed over at once: its seconds have turned, and an alarm among them sounds.

import { machine } from "../../base/machine";
import { scaleDown, scaleUp } from "../../base/scale";
import { mapPorts, Width } from "../../memory/bus";
import { bindTimer, cancelTimer, clock, nowNs, setTimer, Timer } from "../../device/clock";
import { setLine } from "../../device/interrupt";
import { RTC_BYTES, RTC_STATE } from "../layout";
import { dateFromDays, daysFromDate } from "./calendar";
import { Rtc, RtcA, RtcB, RtcC, RtcD, RtcPort, RTC_HZ, UPDATE_NS } from "./spec";

@unmanaged class RtcState {
  /** Seconds since 1970 at virtual time 0, as the guest has set it. */
  base: i64;
  /** The last second and the last period whose flags have been worked out. */
  seenSecond: u64; seenPeriod: u64;
  index: u32; highIndex: u32;
  /** What is added to virtual time, in ns: for seconds to turn where the divider was let go, and for gaps of wall time (shiftRtc). */
  phase: u64;
  /** The firmware's order of booting from the next reset on, as CMOS has it; 0 where it stays. */
  bootLater: u32;
}
/** Where QEMU's board tells SeaBIOS what to boot from: two devices in a byte, and the third in the other's upper half, beside a bit that takes any floppy for bootable. */
@inline const BOOT_FIRST: u32 = 0x3d;
@inline const BOOT_THIRD: u32 = 0x38;
@inline const rtc = changetype<RtcState>(RTC_STATE);
@inline const CMOS: usize = RTC_STATE + 128;
@inline const NS: u64 = 1_000_000_000;
@inline const DAY: i64 = 86400;
@inline function cmos(i: u32): u32 { return load<u8>(CMOS + i); }
@inline function setCmos(i: u32, v: u32): void { store<u8>(CMOS + i, <u8>v); }

/** Battery-backed: a reset only turns the interrupts off. A new machine's clock shows the host's boot time. */
export function resetRtc(): void {
  if (cmos(Rtc.D) & RtcD.VALID) { setCmos(Rtc.B, cmos(Rtc.B) & ~(<u32>(RtcB.PIE | RtcB.AIE | RtcB.UIE))); setCmos(Rtc.C, 0); if (rtc.bootLater) putBootOrder(rtc.bootLater); }
  else startRtc();
  cancelTimer(Timer.RTC_PERIODIC);
  cancelTimer(Timer.RTC_UPDATE);
}

/** A byte of CMOS memory, for devices that a BIOS looks up there. */
export function putCmos(i: u32, value: u32): void { setCmos(i & 0x7f, value); }
export function readCmos(i: u32): u32 { return cmos(i & 0x7f); }

/** What SeaBIOS boots from, in nibbles: 1 floppy, 2 disk, 3 CD, 4 network, the first lowest; and from the next reset on. 0 leaves it to the firmware. */
export function setBootOrder(now: u32, later: u32): void {
  rtc.bootLater = later;
  putBootOrder(now);
}
function putBootOrder(order: u32): void {
  setCmos(BOOT_FIRST, order & 0xff);
  setCmos(BOOT_THIRD, order >> 4 & 0xf0 | 1);
}

function startRtc(): void {
  memory.fill(RTC_STATE, 0, RTC_BYTES);
  rtc.base = <i64>clock.bootSeconds;
  rtc.highIndex = 0x80;
  setCmos(Rtc.A, RtcA.RESET);
  setCmos(Rtc.B, RtcB.HOURS24);
  setCmos(Rtc.D, RtcD.VALID);
  rtc.seenSecond = secondsNow();
  rtc.seenPeriod = periodNow();
  storeMemorySize();
  refreshTime();
}

/** Memory sizes where PC firmware looks for them: KiB above 1 MiB, and 64 KiB units above 16 MiB. */
function storeMemorySize(): void {
  const size = min(machine.ramSize, <u64>0xb000_0000);
  const above1 = size > 0x10_0000 ? <u32>min((size - 0x10_0000) >> 10, <u64>0xffff) : 0;
  const above16 = size > 0x100_0000 ? <u32>min((size - 0x100_0000) >> 16, <u64>0xffff) : 0;
  setCmos(0x15, 640 & 0xff); setCmos(0x16, 640 >> 8);
  setCmos(0x17, above1); setCmos(0x18, above1 >> 8);
  setCmos(0x30, above1); setCmos(0x31, above1 >> 8);
  setCmos(0x34, above16); setCmos(0x35, above16 >> 8);
}

export function attachRtc(): void {
  mapPorts(RtcPort.INDEX, 4, 0, readRtc.index, writeRtc.index, "rtc", Width.BYTE);
  bindTimer(Timer.RTC_PERIODIC, firePeriodic.index, 0);
  bindTimer(Timer.RTC_UPDATE, fireUpdate.index, 0);
}

// --- Time of day ---

function encode(v: u32): u32 { return cmos(Rtc.B) & RtcB.BINARY ? v : v / 10 << 4 | v % 10; }
function decode(v: u32): u32 { return cmos(Rtc.B) & RtcB.BINARY ? v : (v >> 4) * 10 + (v & 15); }

function encodeHour(hour: u32): u32 {
  if (cmos(Rtc.B) & RtcB.HOURS24) return encode(hour);
  const twelve: u32 = hour % 12 == 0 ? 12 : hour % 12;
  return encode(twelve) | (hour >= 12 ? 0x80 : 0);
}
function decodeHour(v: u32): u32 {
  if (cmos(Rtc.B) & RtcB.HOURS24) return decode(v);
  return decode(v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

@inline function isReset(): bool { return (cmos(Rtc.A) & RtcA.HELD) == RtcA.HELD; }
/** The time stands still: SET, or the divider is in reset. */
@inline function isHeld(): bool { return (cmos(Rtc.B) & RtcB.SET) != 0 || isReset(); }
@inline function secondsNow(): u64 { return (nowNs() + rtc.phase) / NS; }

/** Puts the date and time into their bytes, unless they are held. */
function refreshTime(): void {
  if (isHeld()) return;
  const total = rtc.base + <i64>secondsNow();
  let days = total / DAY, second = total % DAY;
  if (second < 0) { second += DAY; days--; }
  const date = dateFromDays(days), year = <u32>(date >> 16);
  setCmos(Rtc.SECONDS, encode(<u32>(second % 60)));
  setCmos(Rtc.MINUTES, encode(<u32>(second / 60 % 60)));
  setCmos(Rtc.HOURS, encodeHour(<u32>(second / 3600)));
  setCmos(Rtc.WEEKDAY, encode(<u32>(((days + 4) % 7 + 7) % 7) + 1));
  setCmos(Rtc.DAY, encode(<u32>date & 0xff));
  setCmos(Rtc.MONTH, encode(<u32>(date >> 8) & 0xff));
  setCmos(Rtc.YEAR, encode(year % 100));
  setCmos(Rtc.CENTURY, encode(year / 100 % 100));
}

/** Takes the bytes as the time from now on. Nonsense is taken into range. */
function adoptTime(): void {
  const year = <i64>(decode(cmos(Rtc.CENTURY)) % 100) * 100 + <i64>(decode(cmos(Rtc.YEAR)) % 100);
  const month = <i64>min(max(decode(cmos(Rtc.MONTH)), <u32>1), <u32>12), day = <i64>min(max(decode(cmos(Rtc.DAY)), <u32>1), <u32>31);
  const seconds = <i64>(decodeHour(cmos(Rtc.HOURS)) % 24) * 3600 + <i64>(decode(cmos(Rtc.MINUTES)) % 60) * 60 + <i64>(decode(cmos(Rtc.SECONDS)) % 60);
  rtc.base = daysFromDate(year, month, day) * DAY + seconds - <i64>secondsNow();
}

/** Wall time moves by `ns` against virtual time. Backward, the seconds since the last look have not turned. */
export function shiftRtc(ns: i64): void {
  collectSeconds();
  if (ns < 0) {
    const back = (<i64>NS - 1 - ns) / <i64>NS;
    rtc.base -= back;
    ns += back * <i64>NS;
  }
  rtc.phase += <u64>ns;
  if (isHeld()) rtc.seenSecond = secondsNow();
  collectSeconds();
  updateLine();
  armUpdate();
}

// --- Flags, interrupts, timers ---

/** One component of the alarm: the two top bits mean any. */
function alarmHas(register: u32, value: u32, isHour: bool): bool {
  const v = cmos(register);
  return v >= 0xc0 || (isHour ? decodeHour(v) : decode(v)) == value;
}

function alarmAt(total: i64): bool {
  const second = <u32>(((total % DAY) + DAY) % DAY);
  return alarmHas(Rtc.SECONDS_ALARM, second % 60, false) && alarmHas(Rtc.MINUTES_ALARM, second / 60 % 60, false)
    && alarmHas(Rtc.HOURS_ALARM, second / 3600, true);
}

/** Sets the flags for the seconds that have turned since the last look; alarms repeat daily, so a day's worth is enough. */
function collectSeconds(): void {
  const now = secondsNow(), turned = now - rtc.seenSecond;
  rtc.seenSecond = now;
  if (!turned || isHeld()) return;
  let flags: u32 = RtcC.UF;
  for (let back: u64 = 0; back < min(turned, <u64>DAY); back++) {
    if (!alarmAt(rtc.base + <i64>(now - back))) continue;
    flags |= RtcC.AF;
    break;
  }
  setCmos(Rtc.C, cmos(Rtc.C) | flags);
}

/** Input clocks in one periodic interrupt; 0 for none. Rates 1 and 2 are those of 8 and 9. */
function periodClocks(): u64 {
  const rate = cmos(Rtc.A) & RtcA.RATE;
  if (rate == 0 || isReset()) return 0;
  return <u64>1 << (rate <= 2 ? rate + 6 : rate - 1);
}
function periodNow(): u64 {
  const clocks = periodClocks();
  return clocks ? scaleDown(nowNs(), RTC_HZ, NS) / clocks : 0;
}
function collectPeriods(): void {
  const now = periodNow();
  if (now != rtc.seenPeriod) setCmos(Rtc.C, cmos(Rtc.C) | RtcC.PF);
  rtc.seenPeriod = now;
}

function updateLine(): void {
  const due = cmos(Rtc.C) & cmos(Rtc.B) & (RtcC.UF | RtcC.AF | RtcC.PF);
  setCmos(Rtc.C, (cmos(Rtc.C) & 0x7f) | (due ? RtcC.IRQF : 0));
  setLine(8, due != 0);
}

function firePeriodic(dev: usize): void { collectPeriods(); updateLine(); armPeriodic(); }
function fireUpdate(dev: usize): void { collectSeconds(); updateLine(); armUpdate(); }

function armPeriodic(): void {
  const clocks = periodClocks();
  if (!clocks || !(cmos(Rtc.B) & RtcB.PIE)) { cancelTimer(Timer.RTC_PERIODIC); return; }
  setTimer(Timer.RTC_PERIODIC, scaleUp((periodNow() + 1) * clocks, NS, RTC_HZ));
}
function armUpdate(): void {
  if (isHeld() || !(cmos(Rtc.B) & (RtcB.UIE | RtcB.AIE))) { cancelTimer(Timer.RTC_UPDATE); return; }
  setTimer(Timer.RTC_UPDATE, (secondsNow() + 1) * NS - rtc.phase);
}

// --- Registers ---

@inline function isTime(i: u32): bool {
  return i == Rtc.CENTURY || (i >= <u32>Rtc.WEEKDAY && i <= <u32>Rtc.YEAR) || i == Rtc.SECONDS || i == Rtc.MINUTES || i == Rtc.HOURS;
}

function readByte(i: u32): u32 {
  if (isTime(i)) refreshTime();
  if (i == Rtc.A) return cmos(Rtc.A) & 0x7f | (!isHeld() && (nowNs() + rtc.phase) % NS >= NS - UPDATE_NS ? RtcA.UIP : 0);
  if (i != Rtc.C) return cmos(i);
  collectSeconds();
  collectPeriods();
  updateLine();
  const flags = cmos(Rtc.C);
  setCmos(Rtc.C, 0);
  updateLine();
  return flags;
}

function writeByte(i: u32, v: u32): void {
  switch (i) {
    case Rtc.A: writeA(v); return;
    case Rtc.B: writeB(v); return;
    case Rtc.C: case Rtc.D: return;
  }
  if (!isTime(i)) { setCmos(i, v); return; }
  refreshTime();
  setCmos(i, v);
  if (!isHeld()) adoptTime();
}

/** The divider lets go: half a second to the first update. MC146818A data sheet, "Divider control". */
function writeA(v: u32): void {
  refreshTime();
  collectSeconds();
  const was = isReset();
  setCmos(Rtc.A, v & 0x7f);
  if (was && !isReset()) {
    rtc.phase = (NS + NS / 2 - nowNs() % NS) % NS;
    rtc.seenSecond = secondsNow();
    if (!isHeld()) adoptTime();
  }
  rtc.seenPeriod = periodNow();
  armPeriodic();
  armUpdate();
}

function writeB(v: u32): void {
  refreshTime();
  collectSeconds();
  collectPeriods();
  const was = cmos(Rtc.B);
  // SET stops updates and clears UIE. MC146818A data sheet, register B.
  setCmos(Rtc.B, v & RtcB.SET ? v & ~(<u32>RtcB.UIE) : v);
  if (was & RtcB.SET && !isHeld()) adoptTime();
  updateLine();
  armPeriodic();
  armUpdate();
}

function readRtc(dev: usize, offset: u32, bytes: u32): u64 {
  switch (offset) {
    case 1: return readByte(rtc.index);
    case 3: return cmos(rtc.highIndex);
    // The index registers are write-only.
    default: return 0xff;
  }
}

function writeRtc(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const v = <u32>value;
  switch (offset) {
    // Bit 7 masks NMI; nothing here raises one.
    case 0: rtc.index = v & 0x7f; break;
    case 1: writeByte(rtc.index, v); break;
    case 2: rtc.highIndex = 0x80 | v & 0x7f; break;
    default: setCmos(rtc.highIndex, v);
  }
}

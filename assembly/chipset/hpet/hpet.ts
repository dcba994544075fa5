// The HPET: three timers on a 100 MHz 64-bit counter. IA-PC HPET Specification 1.0a.
//
// While enabled, the counter is the clock's distance from a start; halted, it is the value in its register. A timer
// with its interrupt enabled has a clock timer at the match. An edge interrupt leaves the line up and pulses it low at
// the next match; a level one holds it until the status bit is cleared. A periodic comparator moves on by its period
// until it lies ahead, so missed matches merge; it repeats no faster than MIN_PERIOD_NS. With legacy replacement timers
// 0 and 1 take ISA interrupts 0 and 8 away from PIT and RTC.

import { anew } from "../../base/anew";
import { addSaturating } from "../../base/scale";
import { mapMmio, Width } from "../../memory/bus";
import { bindTimer, cancelTimer, MIN_PERIOD_NS, nowNs, setTimer, Timer } from "../../device/clock";
import { muteLegacyTimers, driveLine, Source } from "../../device/interrupt";
import { Access, Block, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { HPET_BYTES, HPET_STATE } from "../layout";
import { CAP_VALUE, Conf, Hpet, HPET_BASE, ROUTES, TICK_NS, TimerConf } from "./spec";

@unmanaged class HpetState {
  /** Clock time at which the counter was 0, while it runs; wraps. */
  start: u64;
  period0: u64; period1: u64; period2: u64;
  /** Line each timer drives now, plus one; 0 for none. */
  line0: u32; line1: u32; line2: u32;
  /** Cache, set at attach. */
  block: Block;
}
@inline const VALUES: usize = HPET_STATE;
@inline const hpet = changetype<HpetState>(HPET_STATE + 1024);
@inline function periodAt(n: u32): usize { return HPET_STATE + 1024 + offsetof<HpetState>("period0") + (<usize>n << 3); }
@inline function heldAt(n: u32): usize { return HPET_STATE + 1024 + offsetof<HpetState>("line0") + (<usize>n << 2); }

@inline function get(offset: u32): u64 { return load<u64>(VALUES + offset); }
@inline function put(offset: u32, value: u64): void { store<u64>(VALUES + offset, value); }
@inline function timerAt(n: u32): u32 { return Hpet.TIMER + n * Hpet.TIMER_STRIDE; }
@inline function timerOf(offset: u32): u32 { return (offset - Hpet.TIMER) / Hpet.TIMER_STRIDE; }
@inline function configOf(n: u32): u32 { return <u32>get(timerAt(n)); }
@inline function comparatorAt(n: u32): u32 { return timerAt(n) + Hpet.COMPARATOR; }

export function resetHpet(): void {
  const block = hpet.block;
  for (let n: u32 = 0; n < 3; n++) { dropLine(n); cancelTimer(Timer.HPET0 + n); }
  memory.fill(HPET_STATE, 0, HPET_BYTES);
  hpet.block = block;
  resetBlock(block, VALUES);
  muteLegacyTimers(false);
}

export function attachHpet(): void {
  const b = makeBlock(Hpet.BYTES, 16);
  hpet.block = b;
  anew(changetype<usize>(hpet) + offsetof<HpetState>("block"), 4);
  define(b, "capabilities", Hpet.CAP, 8, Access.RO, CAP_VALUE, 0);
  hook(define(b, "configuration", Hpet.CONF, 8, Access.RW, 0, Conf.ENABLE | Conf.LEGACY), 0, writeConf.index);
  hook(define(b, "interrupt status", Hpet.STATUS, 8, Access.W1C, 0, 7), 0, writeStatus.index);
  hook(define(b, "main counter", Hpet.MAIN, 8, Access.RW, 0, u64.MAX_VALUE), readMain.index, writeMain.index);
  for (let n: u32 = 0; n < 3; n++) defineTimer(b, n);
  mapMmio(HPET_BASE, 0x400, 0, readHpet.index, writeHpet.index, "hpet", Width.DWORD | Width.QWORD);
}

function defineTimer(b: Block, n: u32): void {
  const reset = ROUTES << 32 | TimerConf.CAN_REPEAT | TimerConf.IS_64;
  hook(define(b, "timer configuration", timerAt(n), 8, Access.RW, reset, TimerConf.WRITABLE), 0, writeTimer.index);
  hook(define(b, "timer comparator", comparatorAt(n), 8, Access.RW, u64.MAX_VALUE, u64.MAX_VALUE), 0, writeComparator.index);
  define(b, "timer FSB route", timerAt(n) + Hpet.FSB, 8, Access.RO, 0, 0);
  bindTimer(Timer.HPET0 + n, fireTimer.index, n);
}

// --- Counter ---

@inline function isRunning(): bool { return (get(Hpet.CONF) & Conf.ENABLE) != 0; }
function counter(): u64 { return isRunning() ? (nowNs() - hpet.start) / TICK_NS : get(Hpet.MAIN); }

function readMain(dev: usize, offset: u32): void { put(Hpet.MAIN, counter()); }

function writeMain(dev: usize, offset: u32, old: u64, written: u64): void {
  if (isRunning()) startAt(written);
  armAll();
}

function startAt(value: u64): void { hpet.start = nowNs() - value * TICK_NS; }

function writeConf(dev: usize, offset: u32, old: u64, written: u64): void {
  const now = get(Hpet.CONF);
  if (now & ~old & Conf.ENABLE) startAt(get(Hpet.MAIN));
  if (old & ~now & Conf.ENABLE) put(Hpet.MAIN, (nowNs() - hpet.start) / TICK_NS);
  if ((now ^ old) & Conf.LEGACY) {
    for (let n: u32 = 0; n < 3; n++) dropLine(n);
    muteLegacyTimers((now & Conf.LEGACY) != 0);
  }
  armAll();
}

// --- Timers ---

@inline function is32(n: u32): bool { return (configOf(n) & TimerConf.FORCE_32) != 0; }

/** Counts until the comparator matches; 0 is now. */
function countsLeft(n: u32): u64 {
  const left = get(comparatorAt(n)) - counter();
  return is32(n) ? left & 0xffff_ffff : left;
}

function armAll(): void { for (let n: u32 = 0; n < 3; n++) arm(n); }

function arm(n: u32): void {
  if (!isRunning() || !(configOf(n) & TimerConf.ENABLE)) { cancelTimer(Timer.HPET0 + n); return; }
  const left = countsLeft(n);
  if (left > u64.MAX_VALUE / TICK_NS) { cancelTimer(Timer.HPET0 + n); return; }
  // The counter steps at whole multiples of TICK_NS after its start.
  const sinceStep = (nowNs() - hpet.start) % TICK_NS;
  setTimer(Timer.HPET0 + n, addSaturating(nowNs(), max<u64>(left * TICK_NS, sinceStep) - sinceStep));
}

/** The period in counts, in the timer's width; 0 when it does not repeat. */
function periodOf(n: u32): u64 {
  if (!(configOf(n) & TimerConf.PERIODIC)) return 0;
  return is32(n) ? load<u64>(periodAt(n)) & 0xffff_ffff : load<u64>(periodAt(n));
}

function fireTimer(dev: usize): void {
  const n = <u32>dev;
  signal(n);
  if (periodOf(n) == 0) return;
  advance(n);
  arm(n);
}

/** Moves a periodic comparator past the counter by whole periods, at least the floor away. */
function advance(n: u32): void {
  const period = periodOf(n), late = 0 - countsLeft(n), behind = is32(n) ? late & 0xffff_ffff : late;
  let steps = behind / period + 1;
  if (period * TICK_NS < MIN_PERIOD_NS) steps += MIN_PERIOD_NS / TICK_NS / period;
  const next = get(comparatorAt(n)) + steps * period;
  put(comparatorAt(n), is32(n) ? next & 0xffff_ffff : next);
}

/** The line a timer drives: legacy, or its chosen IOAPIC pin. -1 for none. */
function lineOf(n: u32): i32 {
  if (get(Hpet.CONF) & Conf.LEGACY && n < 2) return n == 0 ? 0 : 8;
  const pin = configOf(n) >> TimerConf.ROUTE_SHIFT & 31;
  return (ROUTES >> pin & 1) != 0 ? <i32>pin : -1;
}

function dropLine(n: u32): void {
  const held = load<u32>(heldAt(n));
  if (held) driveLine(held - 1, false, Source.FIRST_HPET + n);
  store<u32>(heldAt(n), 0);
}

function raiseLine(n: u32): void {
  const line = lineOf(n);
  if (line < 0) return;
  driveLine(<u32>line, true, Source.FIRST_HPET + n);
  store<u32>(heldAt(n), <u32>line + 1);
}

function signal(n: u32): void {
  if (configOf(n) & TimerConf.LEVEL) put(Hpet.STATUS, get(Hpet.STATUS) | <u64>1 << n);
  else dropLine(n);
  raiseLine(n);
}

function writeStatus(dev: usize, offset: u32, old: u64, written: u64): void {
  for (let n: u32 = 0; n < 3; n++) if (old & ~get(Hpet.STATUS) & <u64>1 << n) dropLine(n);
}

function writeTimer(dev: usize, offset: u32, old: u64, written: u64): void {
  const n = timerOf(offset), changed = <u32>old ^ configOf(n);
  if (changed & ~(<u32>TimerConf.SET_VALUE)) dropLine(n);
  if (is32(n)) put(comparatorAt(n), get(comparatorAt(n)) & 0xffff_ffff);
  arm(n);
}

/** In periodic mode a write is the period; with SET_VALUE, or otherwise, it is the comparator too. 2.3.9.2.2. */
function writeComparator(dev: usize, offset: u32, old: u64, written: u64): void {
  const n = timerOf(offset), config = configOf(n);
  const value = is32(n) ? get(offset) & 0xffff_ffff : get(offset), periodic = (config & TimerConf.PERIODIC) != 0;
  put(offset, !periodic || config & TimerConf.SET_VALUE ? value : old);
  if (periodic) store<u64>(periodAt(n), value);
  put(timerAt(n), get(timerAt(n)) & ~<u64>TimerConf.SET_VALUE);
  arm(n);
}

function readHpet(dev: usize, offset: u32, bytes: u32): u64 { return guestRead(hpet.block, VALUES, 0, offset, bytes); }
function writeHpet(dev: usize, offset: u32, bytes: u32, value: u64): void { guestWrite(hpet.block, VALUES, 0, offset, bytes, value); }

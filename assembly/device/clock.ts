// Virtual time and timers.
//
// now = anchorNs + ((ticks - anchorTicks) * rate + remainder) / 2^RATE_SHIFT + charges + jumps: instructions times a rate, plus
// what boundary crossings and devices are charged, plus skips over idle time. It is exact at the instruction in hand and
// never runs backward; a change of the rate carries the remainder on, so that nothing is lost by changing it often. A timer is an id
// (timers.ts) with a deadline in ns; its handler (dev: usize) => void is bound at attach. The loop stops at control.limit (refreshLimit) and calls runTimers.
// Timers due together fire by deadline, then by id. Guests choose periods, so devices hold periodic ones to at least
// MIN_PERIOD_NS and re-arm past now: one call of runTimers fires a bounded number.
// Every counter of the machine (TSC, PIT, HPET, PM timer, RTC, APIC timer) reads this one clock: they keep their ratios whatever the rate.
//
// The TSC counts 5/2 of the ns, plus an offset. Intel SDM vol. 3, 17.17. Not 1 GHz: a kernel that measures a little less overflows the
// 32-bit factor 2^32 * 10^9 / Hz. Nor 2 GHz, where that factor lies at the sign bit.
//
// Wall time is bootSeconds + wallNs + now. What the guest is to sleep through without noticing (the host was asleep, the machine stood
// paused) moves wallNs alone.

import { control, leaveBlock, ticks } from "../base/control";
import { machine } from "../base/machine";
import { Counter, count } from "../base/counters";
import { addSaturating } from "../base/scale";
import { RateUnit } from "../surface/clock";
import { ARMED, CLOCK_WORDS, DEADLINES, MAX_TIMERS, TIMER_SLOTS } from "./layout";
import { slots } from "./slots";

export { Timer } from "./timers";

@inline export const NEVER: u64 = u64.MAX_VALUE;
/** Floor of a periodic timer. */
@inline export const MIN_PERIOD_NS: u64 = 1000;
@inline export const TSC_HZ: u64 = 2_500_000_000;
/** ns = ((tsc >> 1) * TSC_TO_NS) >> 32, TSC_TO_NS being 0.8 rounded down: the form in which paravirtual clocks take it. */
@inline export const TSC_TO_NS: u32 = <u32>((<u64>8 << 32) / 10);
@inline export const RATE_SHIFT: u64 = <u64>RateUnit.SHIFT;
@inline const RATE_ONE: u64 = 1 << RATE_SHIFT;
@inline const RATE_MASK: u64 = RATE_ONE - 1;
/** 65,536 ns a tick: the product of a rate and a fraction stays below 2^64. */
@inline const MAX_RATE: u64 = RATE_ONE << 16;
@inline const NS: i64 = 1_000_000_000;
/** Timers fired by one call of runTimers; a handler that keeps arming the past waits for the next. */
@inline const MAX_FIRED: u32 = 256;

@unmanaged export class Clock {
  anchorTicks: u64;
  anchorNs: u64;
  /** ns a tick, in units of 2^-RATE_SHIFT ns; 0 until the machine is made. */
  rate: u64;
  /** What anchorNs lacks, in the same units, below one ns. */
  remainder: u64;
  /** ns charged for crossings and service. */
  charges: u64;
  /** ns skipped while idle, or to keep up with the wall. */
  jumps: u64;
  tscOffset: u64;
  /** IA32_TSC_ADJUST. */
  tscAdjust: u64;
  /** Wall time at virtual time 0 in seconds since 1970 (UTC, unless the RTC is to show another); the host sets it before reset. */
  bootSeconds: u64;
  /** ns of wall time beyond bootSeconds and virtual time: the fraction at the start, and every gap since. */
  wallNs: i64;
  /** What of the clock and the processor guests are not shown: Hidden bits of surface/clock.ts. */
  hidden: u32;
  pad0: u32;
  /** The earliest deadline, NEVER when nothing is armed. */
  next: u64;
}
@inline export const clock = changetype<Clock>(CLOCK_WORDS);
/** One bit an armed timer. */
@unmanaged class Armed { low: u64; high: u64; }
@inline const armed = changetype<Armed>(ARMED);
@inline const LAST_ID: u32 = MAX_TIMERS - 1;
/** When an armed timer is due. */
@inline export function deadlineOf(id: u32): u64 { return load<u64>(DEADLINES + (<usize>id << 3)); }

/** A reset: no timers, the TSC at zero. Time goes on; in a new machine it starts at 0 with a tick to the ns. */
export function resetClock(): void {
  if (clock.rate == 0) clock.rate = RATE_ONE;
  armed.low = 0; armed.high = 0;
  clock.next = NEVER;
  clock.tscOffset = 0 - tscOf(nowNs());
  clock.tscAdjust = 0;
}

/** Virtual time in ns, exact at the instruction in hand. */
export function nowNs(): u64 {
  const passed = ticks() - clock.anchorTicks;
  return clock.anchorNs + wholePart(passed) + (fraction(passed) >> RATE_SHIFT) + clock.charges + clock.jumps;
}

// Ticks times rate, in two parts that cannot overflow: whole ns, and the rest with the remainder, below 2^57 units.
@inline function wholePart(passed: u64): u64 { return (passed >> RATE_SHIFT) * clock.rate; }
@inline function fraction(passed: u64): u64 { return (passed & RATE_MASK) * clock.rate + clock.remainder; }

/** From here on a tick takes `rate` / 2^RATE_SHIFT ns. False for a rate that is 0 or above MAX_RATE. */
export function setRate(rate: u64): bool {
  if (rate == 0 || rate > MAX_RATE) return false;
  const now = ticks(), passed = now - clock.anchorTicks, rest = fraction(passed);
  clock.anchorTicks = now;
  clock.anchorNs += wholePart(passed) + (rest >> RATE_SHIFT);
  clock.remainder = rest & RATE_MASK;
  clock.rate = rate;
  lowerLimit();
  return true;
}

/** Adds ns to the clock for a boundary crossing or a device's service time. */
export function charge(ns: u64): void {
  clock.charges += ns;
  lowerLimit();
}

/** Skips forward to `ns`; the past and NEVER are ignored. */
export function jumpTo(ns: u64): void {
  const now = nowNs();
  if (ns <= now || ns == NEVER) return;
  clock.jumps += ns - now;
  lowerLimit();
}

// --- Timers ---

/** Ties a timer to its handler (dev: usize) => void; at attach. */
export function bindTimer(id: u32, onFire: u32, dev: usize): void {
  store<u32>(TIMER_SLOTS + (<usize>(id & LAST_ID) << 3), onFire);
  store<u32>(TIMER_SLOTS + (<usize>(id & LAST_ID) << 3), <u32>dev, 4);
}

/** Arms a timer for `deadlineNs`, replacing its old deadline. NEVER disarms. */
export function setTimer(id: u32, deadlineNs: u64): void {
  if (deadlineNs == NEVER) { cancelTimer(id); return; }
  store<u64>(DEADLINES + (<usize>(id & LAST_ID) << 3), deadlineNs);
  setArmed(id & LAST_ID);
  refreshNext();
  lowerLimit();
}

export function cancelTimer(id: u32): void {
  if (!timerArmed(id)) return;
  disarm(id & LAST_ID);
  refreshNext();
}

@inline export function timerArmed(id: u32): bool { return ((id & 64 ? armed.high : armed.low) >> (id & 63) & 1) != 0; }
function setArmed(id: u32): void {
  const bit = <u64>1 << (id & 63);
  if (id & 64) armed.high |= bit; else armed.low |= bit;
}
function disarm(id: u32): void {
  const bit = <u64>1 << (id & 63);
  if (id & 64) armed.high &= ~bit; else armed.low &= ~bit;
}

/** The earliest armed timer, MAX_TIMERS when there is none. Lower ids win ties. */
function earliest(): u32 {
  let best: u32 = MAX_TIMERS, at = NEVER;
  for (let left = armed.low; left; left &= left - 1) {
    const id = <u32>ctz(left);
    if (deadlineOf(id) < at) { at = deadlineOf(id); best = id; }
  }
  for (let left = armed.high; left; left &= left - 1) {
    const id = 64 + <u32>ctz(left);
    if (deadlineOf(id) < at) { at = deadlineOf(id); best = id; }
  }
  return best;
}

function refreshNext(): void {
  const id = earliest();
  clock.next = id < MAX_TIMERS ? deadlineOf(id) : NEVER;
}

/** The next deadline in ns, NEVER when nothing is armed: what idle jumps to. */
@inline export function nextDeadlineNs(): u64 { return clock.next; }

/** The first tick at which the next deadline has been reached, saturating. */
export function nextDeadline(): u64 {
  if (clock.next == NEVER) return NEVER;
  const start = clock.anchorNs + clock.charges + clock.jumps;
  if (clock.next <= start) return clock.anchorTicks;
  return addSaturating(clock.anchorTicks, ticksFor(clock.next - start));
}

/** The fewest ticks after the anchor in which `ns`, not 0, pass, saturating: ceil((ns * 2^RATE_SHIFT - remainder) / rate). */
function ticksFor(ns: u64): u64 {
  const rate = clock.rate;
  if (rate == RATE_ONE) return ns;
  const whole = (ns - 1) / rate, rest = (ns - 1) % rate + 1;
  if (whole >> (64 - RATE_SHIFT)) return NEVER;
  return addSaturating(whole << RATE_SHIFT, ((rest << RATE_SHIFT) - clock.remainder + rate - 1) / rate);
}

/** Makes the loop stop in time for the next deadline. */
function lowerLimit(): void {
  const tick = nextDeadline();
  if (tick < control.limit) { control.limit = tick; leaveBlock(); }
}

/** Where the loop must stop next: at a deadline, a boundary, where the host wants it, or to yield. */
export function refreshLimit(): void {
  const yieldAt = <u64>max<i64>(control.yieldAt, 0);
  control.limit = min(min(control.until, machine.boundary), min(nextDeadline(), yieldAt));
}

/** Fires what is due and sets the loop's next limit. */
export function runTimers(): void {
  for (let fired: u32 = 0; fired < MAX_FIRED; fired++) {
    const id = earliest();
    if (id == MAX_TIMERS || deadlineOf(id) > nowNs()) break;
    fire(id);
  }
  refreshNext();
  refreshLimit();
}

function fire(id: u32): void {
  disarm(id);
  count(Counter.TIMERS_FIRED);
  const onFire = load<u32>(TIMER_SLOTS + (<usize>id << 3));
  if (onFire) call_indirect<void>(onFire, <usize>load<u32>(TIMER_SLOTS + (<usize>id << 3), 4));
}

/**
 * Makes a boundary right after the instruction in hand, so that the host can drain a ring or answer a disk. The guest alone decides where
 * that is. While the host serves a boundary it asks for none: the host looks at everything then.
 */
export function endSlice(): void {
  machine.boundary = min(machine.boundary, ticks());
  control.limit = min(control.limit, machine.boundary);
  leaveBlock();
}

// --- The time-stamp counter ---

/** What a TSC that started with the clock shows at `ns`. */
@inline function tscOf(ns: u64): u64 { return (ns << 1) + (ns >> 1); }

@inline export function readTsc(): u64 { return tscOf(nowNs()) + clock.tscOffset; }

/** The time at which the TSC reaches `value`; now if it has, NEVER if out of reach. */
export function tscToNs(value: u64): u64 {
  const now = nowNs(), counted = tscOf(now), tsc = counted + clock.tscOffset;
  if (value <= tsc) return now;
  const target = addSaturating(counted, value - tsc);
  return target / 5 * 2 + (target % 5 * 2 + 4) / 5;
}

/** WRMSR to IA32_TSC moves IA32_TSC_ADJUST along. */
export function writeTsc(value: u64): void { writeTscAdjust(clock.tscAdjust + (value - readTsc())); }

export function writeTscAdjust(value: u64): void {
  clock.tscOffset += value - clock.tscAdjust;
  clock.tscAdjust = value;
  if (slots.tscChanged) call_indirect<void>(slots.tscChanged);
}
@inline export function readTscAdjust(): u64 { return clock.tscAdjust; }

// --- Wall time ---

/** ns since 1970 by the machine's own wall clock; wraps after 2554. */
export function wallNow(): u64 { return clock.bootSeconds * <u64>NS + <u64>clock.wallNs + nowNs(); }

/** Seconds since 1970 at virtual time 0 with all gaps, and the ns beyond: wall time less virtual time. */
export function wallBaseSeconds(): i64 { return <i64>clock.bootSeconds + floorSeconds(clock.wallNs); }
export function wallBaseNs(): u32 { return <u32>(clock.wallNs - floorSeconds(clock.wallNs) * NS); }
function floorSeconds(ns: i64): i64 { return ns >= 0 ? ns / NS : -((NS - 1 - ns) / NS); }

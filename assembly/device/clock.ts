// Virtual time and timers.
//
// now = anchorNs + (ticks - anchorTicks) * rateNum / rateDen + charges + jumps: instructions times a rational rate, plus
// what boundary crossings and devices are charged, plus skips over idle time. It is exact at the instruction in hand and
// never runs backward. A timer is one of 64 fixed ids with a deadline in ns; its handler (dev: usize) => void is bound
// at attach. The loop stops at control.limit, the earlier of the slice's end and the next deadline, and calls runTimers.
// Timers due together fire by deadline, then by id. Guests choose periods, so devices hold periodic ones to at least
// MIN_PERIOD_NS and re-arm past now: one call of runTimers fires a bounded number.
// The TSC counts at 1 GHz: the clock plus an offset. Intel SDM vol. 3, 17.17.

import { CLOCK } from "../base/layout";
import { control, leaveBlock, ticks } from "../base/control";
import { Counter, count } from "../base/counters";
import { addSaturating, scaleDown, scaleUp } from "../base/scale";
import { slots, TIMER_SLOTS } from "./slots";

export const enum Timer {
  PIT, RTC_PERIODIC, RTC_UPDATE, LAPIC, HPET0, HPET1, HPET2, PM, UART0, UART1, UART2, UART3,
  /** The peers inside the module (lab.ts). */
  LAB,
  /** Cards, virtio and disks use ids from here to 63. */
  FIRST_CARD = 16,
}

@inline export const NEVER: u64 = u64.MAX_VALUE;
/** Floor of a periodic timer. */
@inline export const MIN_PERIOD_NS: u64 = 1000;
@inline export const TSC_HZ: u64 = 1_000_000_000;
/** Timers fired by one call of runTimers; a handler that keeps arming the past waits for the next. */
@inline const MAX_FIRED: u32 = 256;

@unmanaged export class Clock {
  anchorTicks: u64;
  anchorNs: u64;
  rateNum: u64;
  rateDen: u64;
  /** ns charged for crossings and service. */
  charges: u64;
  /** ns skipped while idle, or to keep up with the wall. */
  jumps: u64;
  tscOffset: u64;
  /** IA32_TSC_ADJUST. */
  tscAdjust: u64;
  /** Seconds since 1970 (UTC) at virtual time 0, for the RTC; the host sets it before reset. */
  bootSeconds: u64;
  /** One bit an armed timer. */
  armed: u64;
  /** The earliest deadline, NEVER when nothing is armed. */
  next: u64;
}
@inline export const clock = changetype<Clock>(CLOCK);
@inline const DEADLINES: usize = CLOCK + 256;
@inline function deadlineOf(id: u32): u64 { return load<u64>(DEADLINES + (<usize>id << 3)); }

/** A reset: no timers, the TSC at zero. Time goes on; in a new machine it starts at 0 with a tick to the ns. */
export function resetClock(): void {
  if (clock.rateDen == 0) { clock.rateNum = 1; clock.rateDen = 1; }
  clock.armed = 0;
  clock.next = NEVER;
  clock.tscOffset = 0 - nowNs();
  clock.tscAdjust = 0;
}

/** Virtual time in ns, exact at the instruction in hand. */
export function nowNs(): u64 {
  return clock.anchorNs + scaleDown(ticks() - clock.anchorTicks, clock.rateNum, clock.rateDen) + clock.charges + clock.jumps;
}

/** ns a tick, from here on: num / den, both below 2^32. A zero is refused. */
export function setRate(num: u32, den: u32): bool {
  if (num == 0 || den == 0) return false;
  const now = nowNs() - clock.charges - clock.jumps;
  clock.anchorTicks = ticks();
  clock.anchorNs = now;
  clock.rateNum = num; clock.rateDen = den;
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
  store<u32>(TIMER_SLOTS + (<usize>(id & 63) << 3), onFire);
  store<u32>(TIMER_SLOTS + (<usize>(id & 63) << 3), <u32>dev, 4);
}

/** Arms a timer for `deadlineNs`, replacing its old deadline. NEVER disarms. */
export function setTimer(id: u32, deadlineNs: u64): void {
  if (deadlineNs == NEVER) { cancelTimer(id); return; }
  store<u64>(DEADLINES + (<usize>(id & 63) << 3), deadlineNs);
  clock.armed |= <u64>1 << (id & 63);
  refreshNext();
  lowerLimit();
}

export function cancelTimer(id: u32): void {
  clock.armed &= ~(<u64>1 << (id & 63));
  refreshNext();
}

export function timerArmed(id: u32): bool { return (clock.armed >> (id & 63) & 1) != 0; }

/** The earliest armed timer, 64 when there is none. Lower ids win ties. */
function earliest(): u32 {
  let best: u32 = 64, at = NEVER;
  for (let left = clock.armed; left; left &= left - 1) {
    const id = <u32>ctz(left);
    if (deadlineOf(id) < at) { at = deadlineOf(id); best = id; }
  }
  return best;
}

function refreshNext(): void {
  const id = earliest();
  clock.next = id < 64 ? deadlineOf(id) : NEVER;
}

/** The next deadline in ns, NEVER when nothing is armed: what idle jumps to. */
@inline export function nextDeadlineNs(): u64 { return clock.next; }

/** The first tick at which the next deadline has been reached, saturating. */
export function nextDeadline(): u64 {
  if (clock.next == NEVER) return NEVER;
  const start = clock.anchorNs + clock.charges + clock.jumps;
  if (clock.next <= start) return clock.anchorTicks;
  return addSaturating(clock.anchorTicks, scaleUp(clock.next - start, clock.rateDen, clock.rateNum));
}

/** Makes the loop stop in time for the next deadline. */
function lowerLimit(): void {
  const tick = nextDeadline();
  if (tick < control.limit) { control.limit = tick; leaveBlock(); }
}

/** Where the loop must stop next: the slice's end or the next deadline. */
export function refreshLimit(): void { control.limit = min(control.sliceEnd, nextDeadline()); }

/** Fires what is due and sets the loop's next limit. */
export function runTimers(): void {
  for (let fired: u32 = 0; fired < MAX_FIRED; fired++) {
    const id = earliest();
    if (id == 64 || deadlineOf(id) > nowNs()) break;
    fire(id);
  }
  refreshNext();
  refreshLimit();
}

function fire(id: u32): void {
  clock.armed &= ~(<u64>1 << id);
  count(Counter.TIMERS_FIRED);
  const onFire = load<u32>(TIMER_SLOTS + (<usize>id << 3));
  if (onFire) call_indirect<void>(onFire, <usize>load<u32>(TIMER_SLOTS + (<usize>id << 3), 4));
}

/** Ends the slice after the instruction in hand, so that the host can drain a ring. */
export function endSlice(): void {
  control.sliceEnd = ticks();
  control.limit = min(control.limit, control.sliceEnd);
  leaveBlock();
}

// --- The time-stamp counter ---

@inline export function readTsc(): u64 { return nowNs() + clock.tscOffset; }

/** The time at which the TSC reaches `value`; now if it has, NEVER if out of reach. */
export function tscToNs(value: u64): u64 {
  const now = nowNs(), tsc = now + clock.tscOffset;
  return value <= tsc ? now : addSaturating(now, value - tsc);
}

/** WRMSR to IA32_TSC moves IA32_TSC_ADJUST along. */
export function writeTsc(value: u64): void { writeTscAdjust(clock.tscAdjust + (value - readTsc())); }

export function writeTscAdjust(value: u64): void {
  clock.tscOffset += value - clock.tscAdjust;
  clock.tscAdjust = value;
  if (slots.tscChanged) call_indirect<void>(slots.tscChanged);
}
@inline export function readTscAdjust(): u64 { return clock.tscAdjust; }

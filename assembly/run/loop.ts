// The loop: takes what is due, runs blocks. A run ends at a boundary, when the machine idles or stops, after
// the ticks the host asked for, or with a turn's work (base/control.ts). Time is control.base plus the records done in the block in hand (step.ts).

import { control, clearEvent, spend, Event, Work, NO_YIELD, YIELD_UNITS } from "../base/control";
import { links, machine, placeBoundary } from "../base/machine";
import { addSaturating } from "../base/scale";
import { Counter, addCount, count, countUnretired } from "../base/counters";
import { isTraced, noteEvent } from "../base/trace";
import { acknowledge } from "../device/interrupt";
import { chargeInterrupt } from "../device/charges";
import { nextDeadlineNs, nowNs, refreshLimit, runTimers, NEVER } from "../device/clock";
import { cpu, Flag, Vector } from "../cpu/state";
import { deliverException, deliverInterrupt, Kind } from "../cpu/delivery";
import { Power, StopReason } from "../surface/run";
import { TraceKind } from "../surface/trace";
import { raiseTraps, runInShadow, trace } from "./single-step";
import { after, before, beginRun, isAsked } from "../profile/step";
import { keepPace } from "./pace";
import { step } from "./step";

/** Runs up to `budget` ticks; says why it stopped. */
export function runFor(budget: u64): u32 {
  const start = control.base;
  control.until = addSaturating(start, budget);
  control.yieldAt = <i64>start + YIELD_UNITS;
  refreshLimit();
  if (links.translating) keepPace();
  if (links.profiling) { beginRun(); control.events |= Event.PROFILE; }
  const why = runOn();
  control.turn = <u64>(<i64>(control.base + YIELD_UNITS) - control.yieldAt);
  control.yieldAt = NO_YIELD;
  clearEvent(Event.YIELD | Event.PROFILE);
  addCount(Counter.TICKS, control.base - start);
  addCount(Counter.INSTRUCTIONS, control.base - start);
  return why;
}

function runOn(): u32 {
  let why: u32 = 0;
  while (!why) {
    if (control.base >= control.limit) {
      runTimers();
      if (control.base >= control.until) return StopReason.BUDGET;
      if (control.base >= machine.boundary) return StopReason.BOUNDARY;
      if (<i64>control.base >= control.yieldAt) return StopReason.YIELD;
    }
    if (control.events) why = control.events & Event.PROFILE ? attendProfiled() : attend(~0);
    else step(~0);
  }
  return why;
}

/** The host has served a boundary: the next is a whole number of quanta after power-up. */
export function leaveBoundary(): void {
  count(Counter.BOUNDARIES);
  if (control.events & Event.HALTED) count(Counter.HALTS);
  placeBoundary(control.base);
}

/** The same with what is run attributed; the event itself is held down meanwhile, so that all else goes as without. */
function attendProfiled(): u32 {
  if (isAsked()) return StopReason.REGION;
  clearEvent(Event.PROFILE);
  const events = control.events, most = before((events & (Event.EXCEPTION | Event.YIELD | Event.REGION)) == Event.EXCEPTION);
  let why: u32 = StopReason.REGION;
  if (most) {
    why = 0;
    if (events) why = attend(most); else step(most);
    after();
  }
  control.events |= Event.PROFILE;
  return why;
}

/** Whatever is due before the next instruction; then at most so many. 0 to go on, or why the slice ends. */
function attend(most: u64): u32 {
  const events = control.events;
  if (events & Event.YIELD) { count(Counter.YIELDS); return StopReason.YIELD; }
  if (events & Event.REGION) { clearEvent(Event.REGION); return StopReason.REGION; }
  if (events & Event.EXCEPTION) { takeException(); return 0; }
  if (events & Event.STOP) return stopped();
  if (events & Event.SHADOW) { clearEvent(Event.SHADOW); runInShadow((events & Event.TRACE) != 0); return 0; }
  if (events & Event.TRACE && raiseTraps(0)) return 0;
  if (events & Event.NMI && !cpu.nmiBlocked) { wake(); clearEvent(Event.NMI); deliverInterrupt(Vector.NMI, Kind.NMI); return 0; }
  if (events & Event.INTR && cpu.flags & Flag.IF) { takeInterrupt(); return 0; }
  if (events & Event.HALTED) return idle();
  if (events & Event.TRACE) trace();
  else step(most);
  return 0;
}

@inline function wake(): void { clearEvent(Event.HALTED); }

/** A delivery counts one tick: a handler that faults at its first instruction would otherwise never let the slice end. */
function takeException(): void {
  count(Counter.EXCEPTIONS);
  spend(Work.DELIVERY);
  clearEvent(Event.SHADOW);
  control.base++;
  countUnretired(1);
  cpu.watched = 0; // what waits behind MOV SS is lost with a fault of the instruction in its shadow
  deliverException();
}

function takeInterrupt(): void {
  const vector = acknowledge();
  if (vector < 0) { clearEvent(Event.INTR); return; }
  wake();
  count(Counter.INTERRUPTS_TAKEN);
  spend(Work.DELIVERY);
  chargeInterrupt();
  deliverInterrupt(vector, Kind.EXTERNAL);
  if (isTraced()) noteEvent(TraceKind.TAKEN, vector, cpu.rip, 0);
}

function stopped(): u32 {
  clearEvent(Event.STOP);
  switch (machine.stop) {
    case Power.OFF: return StopReason.POWEROFF;
    case Power.RESET: return StopReason.RESET;
    case Power.EXIT: return StopReason.DEBUG_EXIT;
    case Power.PANIC: return StopReason.PANIC;
    default: return StopReason.SHUTDOWN;
  }
}

/** Halted: nothing to do until a timer or the host. With IF clear only an NMI could wake it. */
function idle(): u32 {
  return cpu.flags & Flag.IF ? StopReason.IDLE : StopReason.HALT;
}

/** ns until the next timer is due; NEVER when none is armed. */
export function idleNs(): u64 {
  const next = nextDeadlineNs(), now = nowNs();
  return next == NEVER ? NEVER : next > now ? next - now : 0;
}

// The loop: finds the block at rip, runs its records, takes what is due. A run ends at a boundary, when the machine idles or stops, after
// the ticks the host asked for, or with a turn's work (base/control.ts). Time is control.base plus the records done in the block in hand.
//
// A block runs in one function that is entered anew each time: V8 replaces Wasm code only at function entry.
// It is cut where the next timer or boundary lies, so timers and interrupts fall on exact instructions; anything that
// wants attention earlier stores 0 in control.end and the block is left after the instruction in hand.
//
// Where a run is cut is invisible. Every block begins with a look-up of its page; in the middle of one that look-up must hit, because what
// empties the TLB leaves its block (cpu/tlb.ts), and a hit has no side effect. So blocks may be cut, and be of any length, anywhere.

import { control, clearEvent, spend, Event, Work, NO_YIELD, RECORD, YIELD_UNITS } from "../base/control";
import { links, machine, placeBoundary } from "../base/machine";
import { addSaturating } from "../base/scale";
import { Counter, addCount, count } from "../base/counters";
import { acknowledge } from "../device/interrupt";
import { nextDeadlineNs, nowNs, refreshLimit, runTimers, NEVER } from "../device/clock";
import { Power } from "../device/power";
import { cpu, gpr, segment, Flag, Mode, Seg, Vector, RIP_REGISTER } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { fetchAt } from "../cpu/memory";
import { raise } from "../cpu/exceptions";
import { deliverException, deliverInterrupt, Kind } from "../cpu/delivery";
import { Block, decodeBlock, firstRecord, lookUp } from "../decode/cache";
import { Insn } from "../decode/record";
import { executeHot } from "../isa/hot";
import { interpretBlock } from "../isa/execute";
import { StopReason } from "./surface";
import { raiseTraps, runInShadow, trace } from "./trace";
import { runTranslated } from "./translations";

/** Runs up to `budget` ticks; says why it stopped. */
export function runFor(budget: u64): u32 {
  const before = control.base;
  control.until = addSaturating(before, budget);
  control.yieldAt = <i64>before + YIELD_UNITS;
  refreshLimit();
  const why = runOn();
  control.turn = <u64>(<i64>(control.base + YIELD_UNITS) - control.yieldAt);
  control.yieldAt = NO_YIELD;
  clearEvent(Event.YIELD);
  addCount(Counter.INSTRUCTIONS, control.base - before);
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
    if (control.events) why = attend();
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

/** Whatever is due before the next instruction; then that instruction. 0 to go on, or why the slice ends. */
function attend(): u32 {
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
  else step(~0);
  return 0;
}

@inline function wake(): void { clearEvent(Event.HALTED); }

/** A delivery counts one tick: a handler that faults at its first instruction would otherwise never let the slice end. */
function takeException(): void {
  count(Counter.EXCEPTIONS);
  spend(Work.DELIVERY);
  clearEvent(Event.SHADOW);
  control.base++;
  cpu.watched = 0; // what waits behind MOV SS is lost with a fault of the instruction in its shadow
  deliverException();
}

function takeInterrupt(): void {
  const vector = acknowledge();
  if (vector < 0) { clearEvent(Event.INTR); return; }
  wake();
  count(Counter.INTERRUPTS_TAKEN);
  spend(Work.DELIVERY);
  deliverInterrupt(vector, Kind.EXTERNAL);
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

/** One instruction; what it raises stays raised (cpu.raised), for a debugger or an oracle to look at. */
export function stepUndelivered(): void {
  control.limit = control.base + 1;
  control.events &= ~(<u32>Event.EXCEPTION);
  cpu.raised = 0;
  step(1);
}

/** One tick: one instruction, or one iteration of a repetition. */
export function stepOne(): void {
  control.limit = control.base + 1;
  step(1);
  refreshLimit();
}

/** Runs the block at rip, or its first `most` records. */
function step(most: u64): void {
  const b = blockHere();
  if (!changetype<usize>(b)) return;
  if (links.translating && most == ~0 && b.host && !links.throughIr && runTranslated(b)) return;
  const first = firstRecord(b), room = min(control.limit - control.base, most);
  control.first = first;
  control.end = room < <u64>b.count ? first + <u32>room * RECORD : b.end;
  const page = load<u64>(gpr(RIP_REGISTER));
  if (!(cpu.mode & Mode.LONG) && wrapRip(page + b.after - 1) > <u64>segment(Seg.CS).limit && !cutAtLimit(b, page)) return;
  cpu.rip = wrapRip(page + b.after);
  const last = links.throughIr ? interpretBlock(first, control.end) : runRecords(first);
  if (cpu.raised) return leaveAtFault(page);
  control.base += <u64>((last - first) / RECORD);
  // The block's records are counted in base now: between blocks ticks() must not count them again.
  control.first = control.current;
  if (last != b.end && !control.again) cpu.rip = wrapRip(page + changetype<Insn>(<usize>last).offset);
  control.again = 0;
}

/**
 * Ends the block in hand before the first record that lies (partly) beyond the code segment's limit; false, after #GP(0), if that is the
 * one at rip. Offsets do not wrap at 64 KiB: 16-bit code that runs off its end faults.
 */
function cutAtLimit(b: Block, page: u64): bool {
  const limit = <u64>segment(Seg.CS).limit, first = firstRecord(b);
  for (let p = first; p < control.end; p += RECORD) {
    const i = changetype<Insn>(<usize>p);
    if (wrapRip(page + i.offset + i.length - 1) <= limit) continue;
    // Nothing of the block has run: ticks() counts from `first`, which is this block's by now.
    if (p == first) { control.current = first; raise(Vector.GP, 0); return false; }
    control.end = p;
    break;
  }
  return true;
}

@inline function wrapRip(rip: u64): u64 { return cpu.mode & Mode.LONG ? rip : rip & 0xffff_ffff; }

/** The instruction in hand has raised: rip is its own, and it does not count. */
function leaveAtFault(page: u64): void {
  cpu.rip = wrapRip(page + changetype<Insn>(<usize>control.current).offset);
  control.base += <u64>((control.current - control.first) / RECORD);
  control.first = control.current;
  control.again = 0;
}

/** The block at rip, decoded if need be; null after raising a fault. */
export function blockHere(): Block {
  const mode = cpu.mode, rip = cpu.rip;
  let linear = rip;
  // What is raised before a block runs is raised at rip itself.
  control.current = control.first;
  if (!(mode & Mode.LONG)) {
    if (rip > <u64>segment(Seg.CS).limit) { raise(Vector.GP, 0); return changetype<Block>(0); }
    linear = (rip + segment(Seg.CS).base) & 0xffff_ffff;
  }
  const e = entryAt(cpu.tlbExec, linear);
  const host = load<u64>(e) == (linear & ~0xfff) ? <u32>linear + load<u32>(e, 8) : <u32>fetchAt(linear);
  if (!host) return changetype<Block>(0);
  store<u64>(gpr(RIP_REGISTER), rip - (linear & 0xfff));
  const b = lookUp(host, mode);
  return changetype<usize>(b) ? b : decodeBlock(host, linear, mode);
}

/** The interpreter's inner loop; the address past the last record run. */
function runRecords(first: u32): u32 {
  let p = first;
  do {
    control.current = p;
    executeHot(changetype<Insn>(<usize>p));
    p += RECORD;
  } while (p < control.end);
  return p;
}


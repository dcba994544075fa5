// A step: finds the block at rip and runs its records; and, while nothing wants the loop, those of the blocks behind it in the same function.
//
// That function ends with each run at the latest, and mostly much earlier: V8 replaces Wasm code only at function entry.
// A block is cut where the next timer or boundary lies, so timers and interrupts fall on exact instructions; anything that
// wants attention earlier stores 0 in control.end and the block is left after the instruction in hand.
//
// Where a run is cut is invisible. Every block begins with a look-up of its page; in the middle of one that look-up must hit, because what
// empties the TLB leaves its block (cpu/tlb.ts), and a hit has no side effect. So blocks may be cut, and be of any length, anywhere.

import { control, Event, RECORD } from "../base/control";
import { links } from "../base/machine";
import { count } from "../base/counters";
import { refreshLimit } from "../device/clock";
import { cpu, gpr, segment, Mode, Seg, Vector, RIP_REGISTER } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { fetchAt } from "../cpu/memory";
import { raise } from "../cpu/exceptions";
import { Block, decodeBlock, firstRecord, guessBehind, lookBehind } from "../decode/cache";
import { Insn } from "../decode/record";
import { executeHot } from "../isa/dispatch-hot";
import { interpretBlock } from "../isa/execute";
import { desk } from "./batches";
import { isDue, runTranslated } from "./translations";

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

/** Runs the block at rip, or its first `most` records; with nothing to limit it and nothing to attend to, those behind it, too. */
export function step(most: u64): void {
  let b = blockHere();
  if (!changetype<usize>(b)) return;
  if (links.translating && most == ~0) {
    if (isCool(b)) warm(b);
    else if (b.host && !links.throughIr && runTranslated(b)) return;
  }
  let page = load<u64>(gpr(RIP_REGISTER));
  const room = min(control.limit - control.base, most);
  begin(b, page);
  if (room < <u64>b.count) control.end = control.first + <u32>room * RECORD;
  if (!(cpu.mode & Mode.LONG) && wrapRip(page + b.after - 1) > <u64>segment(Seg.CS).limit && !cutAtLimit(b, page)) return;
  const last = links.throughIr ? interpretBlock(control.first, control.end) : runRecords(b, most == ~0 && !control.events);
  if (!last) return;
  // Where it ended is another block, perhaps.
  b = changetype<Block>(<usize>control.last);
  page = load<u64>(gpr(RIP_REGISTER));
  if (cpu.raised) return leaveAtFault(page);
  finish(<u64>((last - control.first) / RECORD));
  if (last != b.end && !control.again) cpu.rip = wrapRip(page + changetype<Insn>(<usize>last).offset);
  control.again = 0;
}

/** A block of so little heat is no translation's business, unless an indirect jump led here that is to be learned. */
@inline function isCool(b: Block): bool { return b.heat < links.translating && !desk.from; }
@inline function warm(b: Block): void { b.heat += b.count; }

/** A block is about to run: `rip` is behind it, where it falls through. */
@inline function begin(b: Block, page: u64): void {
  control.first = firstRecord(b);
  control.end = b.end;
  cpu.rip = wrapRip(page + b.after);
}
/** So many of its records have. They are counted in base now: between blocks ticks() must not count them again. */
@inline function finish(records: u64): void {
  control.base += records;
  control.first = control.current;
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
  let b = lookBehind(host, mode);
  if (!changetype<usize>(b)) b = decodeBlock(host, linear, mode);
  if (changetype<usize>(b)) control.last = <u32>changetype<usize>(b);
  return b;
}

/**
 * The interpreter's inner loop: the records of `b`, begun, and with `more` the blocks behind it for as long as nothing wants the loop. The address past
 * the last record run, in the block that is `control.last`; 0 when that has run to its end and is finished.
 */
function runRecords(b: Block, more: bool): u32 {
  while (changetype<usize>(b)) {
    let p = firstRecord(b);
    do {
      control.current = p;
      executeHot(changetype<Insn>(<usize>p));
      p += RECORD;
    } while (p < control.end);
    // Cut, or left: an event, something raised, another mode, an emptied TLB.
    if (control.end != b.end || !more) return p;
    finish(b.count);
    b = blockBehind(b);
    if (changetype<usize>(b)) begin(b, load<u64>(gpr(RIP_REGISTER)));
  }
  return 0;
}

/**
 * The block at rip, behind one that ran undisturbed, if it can be run as it stands: found without a walk and without decoding, whole before the next
 * timer, without limits to hold it to, and no business of the translator's. 0: the loop finds out. The look-up of a page that code stays in would
 * hit, so it is not made.
 */
@inline function blockBehind(b: Block): Block {
  const none = changetype<Block>(0), rip = cpu.rip, mode = cpu.mode;
  if (!(mode & (Mode.LONG | Mode.FLAT))) return none;
  let host = b.host & ~0xfff;
  if (host && (rip & ~0xfff) == load<u64>(gpr(RIP_REGISTER))) host += <u32>rip & 0xfff;
  else {
    const e = entryAt(cpu.tlbExec, rip);
    if (load<u64>(e) != (rip & ~0xfff)) return none;
    host = <u32>rip + load<u32>(e, 8);
    store<u64>(gpr(RIP_REGISTER), rip & ~0xfff);
  }
  const next = guessBehind(b, host, mode);
  if (!changetype<usize>(next) || control.limit - control.base < <u64>next.count) return none;
  if (links.translating) {
    if (isCool(next)) warm(next);
    else if (isDue(next)) return none;
  }
  control.last = <u32>changetype<usize>(next);
  return next;
}

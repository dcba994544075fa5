// A step: finds the block at rip and runs its records.
//
// A block runs in one function that is entered anew each time: V8 replaces Wasm code only at function entry.
// It is cut where the next timer or boundary lies, so timers and interrupts fall on exact instructions; anything that
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
import { Block, decodeBlock, firstRecord, lookBehind } from "../decode/cache";
import { Insn } from "../decode/record";
import { executeHot } from "../isa/dispatch-hot";
import { interpretBlock } from "../isa/execute";
import { desk } from "./batches";
import { runTranslated } from "./translations";

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
export function step(most: u64): void {
  const b = blockHere();
  if (!changetype<usize>(b)) return;
  if (links.translating && most == ~0) {
    if (b.heat < links.translating && !desk.from) b.heat += b.count;
    else if (b.host && !links.throughIr && runTranslated(b)) return;
  }
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
  let b = lookBehind(host, mode);
  if (!changetype<usize>(b)) b = decodeBlock(host, linear, mode);
  if (changetype<usize>(b)) control.last = <u32>changetype<usize>(b);
  return b;
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

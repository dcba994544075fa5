// Entering a region and leaving it: its budget, what its way out says, where it has led. From one region to the next nothing is done that the next
// would undo: flags stay as kind and operands (live.ts) until the last is left.

import { control } from "../base/control";
import { links } from "../base/machine";
import { cpu, segment, Mode, Seg } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { Block, lookBehind } from "../decode/cache";
import { Insn } from "../decode/record";
import { forgetFlags, noteRounding, settleFlags } from "../translate/helpers";
import { BY_RECORD, live } from "../translate/live";
import { DESK, ripOf } from "../translate/places";
import { Region } from "../translate/regions";
import { Desk, desk } from "./batches";

/** Ticks that one call may take at most. */
@inline const MOST: u64 = 0x4000_0000;
/** Ticks of a small region, and what leaving it for code outside counts as, before a large one is made where it is entered. */
@inline export const MUCH: u32 = 64_000_000;
@inline const LEAVING: u32 = 32;
/** Left with so many ticks of its budget or fewer, a region left for want of them. */
@inline const FEW: u32 = 2048;

/** Why a region was left: raised something; an event; a device, a store to code, or another thing that must be looked at; budget; code outside. */
export const enum Exit { RAISED, EVENT, LOOK, BUDGET, OUTSIDE, /** It was not entered: the budget does not suffice for the longest way through it. */ NOT }

/** Before the first of the regions that follow one another, and behind the last. */
export function beginRegions(): void { forgetFlags(); noteRounding(); }
export function endRegions(): void { settleFlags(); }

/** Enters a region that is current; why it was left. Exit.NOT: nothing has happened. */
export function enter(r: Region): Exit {
  const room = <u32>min<u64>(control.limit - control.base, MOST);
  live.endTick = control.base + room;
  control.again = 0;
  control.end = ~0;
  live.from = 0;
  const given = call_indirect<u32>(r.slot, room);
  if (given == room && !cpu.raised) return Exit.NOT;
  if (given == BY_RECORD) leaveByRecord(r); else control.base = live.endTick - given;
  const left = <u32>(live.endTick - control.base);
  control.first = control.current;
  control.again = 0;
  desk.calls++; desk.ticks += room - left;
  const why = countExit(left);
  r.spent = min(r.spent + min<u32>(room - left, MUCH) + (why == Exit.OUTSIDE ? LEAVING : 0), MUCH);
  return why;
}

/** The slow path that led out has noted its instruction, and its tick: rip is there, or behind it when nothing was raised. */
function leaveByRecord(r: Region): void {
  const at = r.rip & ~0xffff_ffff | ripOf(control.current);
  if (cpu.raised) { cpu.rip = at; return; }
  const next = at + <u64>changetype<Insn>(<usize>control.current).length;
  cpu.rip = cpu.mode & Mode.LONG ? next : next & 0xffff_ffff;
  control.base++;
}

function countExit(left: u32): Exit {
  const why = cpu.raised ? Exit.RAISED : control.events ? Exit.EVENT : !control.end ? Exit.LOOK : left <= FEW ? Exit.BUDGET : Exit.OUTSIDE;
  const at = DESK + offsetof<Desk>("exits") + <usize>why * 8;
  store<u64>(at, load<u64>(at) + 1);
  return why;
}

/** The block at rip, when all that it takes to know that is there; null otherwise, and nothing has happened. */
export function blockAhead(): Block {
  const none = changetype<Block>(0), mode = cpu.mode, rip = cpu.rip;
  let linear = rip;
  if (!(mode & Mode.LONG)) {
    if (rip > <u64>segment(Seg.CS).limit) return none;
    linear = (rip + segment(Seg.CS).base) & 0xffff_ffff;
  }
  const e = entryAt(cpu.tlbExec, linear);
  if (!links.translations || load<u64>(e) != (linear & ~0xfff)) return none;
  const b = lookBehind(<u32>linear + load<u32>(e, 8), mode);
  if (changetype<usize>(b)) control.last = <u32>changetype<usize>(b);
  return b;
}

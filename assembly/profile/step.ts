// One step of the loop attributed: what is known before it, and what has become of it. A step is a part of one function's block, so that what
// it retires and accesses is that function's; what it has done to the stack comes after.

import { control, RECORD } from "../base/control";
import { Counter, readCount } from "../base/counters";
import { cpu, gpr } from "../cpu/state";
import { Block, firstRecord } from "../decode/cache";
import { H } from "../decode/handlers";
import { Insn, Is } from "../decode/record";
import { S } from "../decode/system-handlers";
import { knownHere, linearRip } from "./blocks";
import { unwind } from "./frames";
import { asksForCode, isLeft, isProgram, spaceNow } from "./programs";
import { BOTTOM, frameAt, Known, KnownIs, Node, nodeAt, Profile, profile } from "./state";
import { beginStack, enter, leaveTo, move, pushCall } from "./stacks";
import { markAt, numberAt, startOf } from "./symbols";
import { Trait, traitsAt, traitsOf } from "./traits";
import { child, ROOT } from "./tree";

@inline function accessCount(): u64 { return readCount(Counter.PORT_READS) + readCount(Counter.PORT_WRITES) + readCount(Counter.MMIO_READS) + readCount(Counter.MMIO_WRITES); }
@inline function functionAt(linear: u64): u64 { const start = startOf(linear); return start ? start : numberAt(linear); }

/** The loop begins: what the host has served since was asked for by the code that ran last. */
export function beginRun(): void {
  const p = profile(), served = readCount(Counter.BOUNDARIES);
  if (!p.top) beginStack(child(ROOT, functionAt(linearRip()), spaceNow(), cpu.cpl), 0);
  nodeAt(frameAt(p.top).node).crossings += served - p.crossings;
  p.crossings = served;
}

/** A mark waits for the host. */
export function isAsked(): bool { return profile().asked != 0; }

/** Before a step: the records that it may take at most, 0 where it begins at a mark that the host must see first, or in code that it must tell of. `exception`: one is delivered instead. */
export function before(exception: bool): u64 {
  const p = profile(), rip = linearRip(), k = knownHere(rip);
  p.rip = rip; p.cpl = cpu.cpl; p.space = spaceNow(); p.rsp = load<u64>(gpr(4)); p.counter = load<u64>(gpr(1));
  p.ticks = control.base; p.unretired = readCount(Counter.INSTRUCTIONS); p.accesses = accessCount();
  p.block = <u32>changetype<usize>(k); p.exception = exception ? 1 : 0;
  if (isProgram(p) && !exception && (!changetype<usize>(k) || k.flags & KnownIs.UNPLACED) && asksForCode(p, rip)) return 0;
  settle(p, changetype<usize>(k) ? k.start : startOf(rip));
  const known = changetype<usize>(k) != 0, mark = known ? <u32>k.mark : markAt(rip);
  if (mark && !p.openMark && !exception) { p.asked = mark; p.openMark = mark; p.openFrame = p.top; return 0; }
  return known ? <u64>k.count : 1;
}

/** The top frame becomes that of the code at hand: a function that was jumped to has its caller's caller. */
function settle(p: Profile, start: u64): void {
  if (!p.top) return beginStack(child(ROOT, start ? start : numberAt(p.rip), p.space, p.cpl), 0);
  const f = frameAt(p.top), node = nodeAt(f.node);
  const address = start ? start : p.below || node.cpl != p.cpl || node.space != p.space || isProgram(p) && isLeft(p.rip, node.address) ? numberAt(p.rip) : node.address;
  p.below = 0;
  if (node.address == address && node.cpl == p.cpl && node.space == p.space) return;
  f.node = child(node.parent, address, p.space, p.cpl);
  if (numberAt(p.rip) == address) nodeAt(f.node).calls++;
}


/** After it. */
export function after(): void {
  const p = profile(), node = nodeAt(frameAt(p.top).node), done = control.base - p.ticks;
  node.instructions += done + (readCount(Counter.INSTRUCTIONS) - p.unretired);
  node.accesses += accessCount() - p.accesses;
  const ran = done != 0 && !p.exception;
  if (ran) countAccesses(p, node, <u32>done);
  follow(p, ran);
}

function countAccesses(p: Profile, node: Node, done: u32): void {
  const k = changetype<Known>(<usize>p.block);
  if (!changetype<usize>(k)) return addTraits(node, traitsOf(changetype<Insn>(<usize>control.current)), p.counter, done);
  if (k.flags & KnownIs.REPEATS) return addTraits(node, load<u16>(traitsAt(recordOf(k, 0))), p.counter, done);
  if (done == k.count) { node.loads += k.loads; node.stores += k.stores; return; }
  for (let n: u32 = 0; n < done; n++) addTraits(node, load<u16>(traitsAt(recordOf(k, n))), 1, 1);
}
@inline function recordOf(k: Known, n: u32): u32 { return firstRecord(changetype<Block>(<usize>k.block)) + n * RECORD; }

/** `counter`: RCX before, for a repetition, of which each iteration is a tick; one with nothing to do has a tick, too. */
function addTraits(node: Node, traits: u32, counter: u64, ticks: u32): void {
  const times: u64 = !(traits & Trait.REPEATS) ? 1 : isNone(counter) ? 0 : ticks;
  node.loads += times * (traits & Trait.COUNT);
  node.stores += times * (traits >> Trait.STORES_SHIFT & Trait.COUNT);
}
function isNone(counter: u64): bool {
  const i = changetype<Insn>(<usize>control.current);
  return (i.flags & Is.ADDR16 ? counter & 0xffff : i.flags & Is.ADDR32 ? counter & 0xffff_ffff : counter) == 0;
}

/** Where control and stack have gone. */
function follow(p: Profile, ran: bool): void {
  const rip = linearRip();
  if (!ran) { if (rip != p.rip || cpu.cpl != p.cpl) enter(functionAt(rip), spaceNow()); return; }
  const h = cpu.raised ? 0 : <i32>changetype<Insn>(<usize>control.current).handler;
  if (cpu.cpl < p.cpl || h >= S.INT && h <= S.INT1 && rip != nextOf(p)) return enter(functionAt(rip), spaceNow());
  if (cpu.cpl > p.cpl) return leaveTo(spaceNow(), functionAt(rip));
  if (h == H.CALL || h == H.CALL_R || h == H.CALL_M || h == S.FAR_CALL || h == S.FAR_CALL_M) return call(p, rip);
  const rsp = load<u64>(gpr(4));
  if (rsp == p.rsp || p.leaving) return;
  if (movedStack(p, h)) return move(spaceNow(), functionAt(rip));
  if (rsp > p.rsp) returnTo(p, rsp, h);
}

function call(p: Profile, rip: u64): void {
  const rsp = load<u64>(gpr(4));
  // A frame at the same place has returned: its address is written over.
  unwind(rsp + 1);
  const node = child(frameAt(p.top).node, functionAt(rip), spaceNow(), cpu.cpl);
  nodeAt(node).calls++;
  pushCall(node, rsp);
}

function returnTo(p: Profile, rsp: u64, h: i32): void {
  const top = p.top;
  unwind(rsp);
  if (p.top == top && frameAt(top).slot == BOTTOM && (h == H.RET || h == H.RET_I)) p.below = 1;
}

/** Linear address behind the instruction that has run; INTO that does nothing goes there. */
function nextOf(p: Profile): u64 {
  const i = changetype<Insn>(<usize>control.current);
  return (p.rip & ~0xfff) + i.offset + i.length;
}

/** The instruction that has run gives RSP a value of its own; IRET and far returns may. */
function movedStack(p: Profile, h: i32): bool {
  if (h == S.IRET || h == S.FAR_RET || h == S.FAR_RET_I) return true;
  const traits = p.block ? <u32>load<u16>(traitsAt(control.current)) : traitsOf(changetype<Insn>(<usize>control.current));
  return (traits & Trait.MOVES_STACK) != 0;
}

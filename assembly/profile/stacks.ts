// Which stack the guest is on. A stack that it leaves is suspended under the value that RSP had then, because that is what brings it back: a
// switch of tasks loads what the other task's switch has saved. For code of privilege 3 the address space belongs to the key; the kernel's
// stacks are the same in all.
//
// A stack nobody knows is either a step down on the way (an interrupt stack, the stack of an entry from user code), whose callers are those of the
// one that was left, or another thread's first, whose callers are nobody's. It is the former where the processor has made the step, where it is
// the first move after that, or where the way back is laid at once: RBP or the word that RSP points to holds what RSP was.

import { cpu, gpr } from "../cpu/state";
import { peek } from "../cpu/paging";
import { ramAt } from "../memory/ram";
import { frameAt, BOTTOM, Profile, profile, SETS, Suspended, suspendedAt, WAYS } from "./state";
import { giveAll, takeFrame, unwind } from "./frames";
import { child, ROOT } from "./tree";

/** As far as this a stack pointer that is set anew may still be on the same stack. */
@inline const NEAR_UP: u64 = 16384;
@inline const NEAR_DOWN: u64 = 4096;
@inline const RBP: u32 = 5;

// --- The stack in hand ---

/** Begins a stack with one frame. */
export function beginStack(node: u32, origin: u64): void {
  const p = profile();
  p.top = 0;
  p.top = frameOver(node, BOTTOM);
  p.origin = origin; p.from = 0; p.fromSpace = 0; p.fromCpl = 0; p.fresh = 0; p.leaving = 0; p.below = 0;
}

/** A frame over the top; where there is no room, what is suspended is forgotten, and at last what lies below. */
function frameOver(node: u32, slot: u64): u32 {
  const p = profile();
  let n = takeFrame(node, slot, p.top);
  if (n) return n;
  p.lost++;
  forgetSuspended();
  n = takeFrame(node, slot, p.top);
  if (n) return n;
  giveAll(p.top);
  return takeFrame(node, BOTTOM, 0);
}

export function pushCall(node: u32, slot: u64): void {
  const p = profile();
  p.top = frameOver(node, slot);
}

// --- Suspended stacks ---

@inline function spaceOf(cpl: u32, space: u64): u64 { return cpl == 3 ? space : 0; }
@inline function setOf(space: u64, rsp: u64, cpl: u32): u32 { return <u32>(((rsp >> 3) ^ (space >> 12) ^ cpl) * 0x9e37_79b9 >> 16) & (SETS - 1); }

export function clearStacks(): void { memory.fill(changetype<usize>(suspendedAt(0)), 0, offsetof<Suspended>() * <usize>(SETS * WAYS)); }

function forgetSuspended(): void {
  for (let n: u32 = 0; n < SETS * WAYS; n++) {
    const s = suspendedAt(n);
    if (s.top) giveAll(s.top);
    s.top = 0;
  }
}

function find(space: u64, rsp: u64, cpl: u32): Suspended {
  const first = setOf(space, rsp, cpl) * WAYS;
  for (let k: u32 = 0; k < WAYS; k++) {
    const s = suspendedAt(first + k);
    if (s.top && s.rsp == rsp && s.cpl == cpl && s.space == space) return s;
  }
  return changetype<Suspended>(0);
}

/** A place for a stack under a key: that of an older one under it, an empty one, or one whose turn it is to be forgotten. */
function placeFor(space: u64, rsp: u64, cpl: u32): Suspended {
  const first = setOf(space, rsp, cpl) * WAYS, old = find(space, rsp, cpl);
  if (changetype<usize>(old)) { giveAll(old.top); return old; }
  for (let k: u32 = 0; k < WAYS; k++) if (!suspendedAt(first + k).top) return suspendedAt(first + k);
  const s = suspendedAt(first + (profile().turn++ & (WAYS - 1)));
  giveAll(s.top);
  return s;
}

function suspend(p: Profile, space: u64, rsp: u64, cpl: u32): void {
  const s = placeFor(space, rsp, cpl);
  s.space = space; s.rsp = rsp; s.cpl = cpl;
  s.top = p.top; s.origin = p.origin; s.from = p.from; s.fromSpace = p.fromSpace; s.fromCpl = p.fromCpl; s.fresh = p.fresh;
  p.top = 0;
}

function resume(p: Profile, s: Suspended): void {
  p.top = s.top; p.origin = s.origin; p.from = s.from; p.fromSpace = s.fromSpace; p.fromCpl = s.fromCpl; p.fresh = s.fresh;
  p.leaving = 0; p.below = 0;
  s.top = 0;
}

// --- Moves ---

/** A stack below the one in hand, which is suspended as it was before: `node` is what runs there. */
function beginBelow(p: Profile, node: u32, rsp: u64, cpl: u32, origin: u64): void {
  const space = spaceOf(cpl, p.space);
  suspend(p, space, rsp, cpl);
  beginStack(node, origin);
  p.from = rsp; p.fromSpace = space; p.fromCpl = cpl;
}

/** The processor has entered a handler at `address`. */
export function enter(address: u64, space: u64): void {
  const p = profile(), now = load<u64>(gpr(4)), node = child(frameAt(p.top).node, address, space, cpu.cpl);
  if (cpu.cpl == p.cpl && now <= p.rsp && p.rsp - now <= 512) return pushCall(node, now);
  beginBelow(p, node, p.rsp, p.cpl, 0);
  p.fresh = cpu.cpl != p.cpl ? 1 : 0;
}

/** Control has returned to outer code: to a stack that was left for this one's sake, or to one that nobody has seen. */
export function leaveTo(space: u64, address: u64): void {
  const p = profile(), s = find(spaceOf(cpu.cpl, space), load<u64>(gpr(4)), cpu.cpl);
  giveAll(p.top);
  p.top = 0;
  if (changetype<usize>(s)) resume(p, s);
  else beginStack(child(ROOT, address, space, cpu.cpl), 0);
}

/** RSP has been given a value that does not come from its old one. */
export function move(space: u64, address: u64): void {
  const p = profile(), old = p.rsp, now = load<u64>(gpr(4)), cpl = cpu.cpl;
  // On its way to user code, whose stack has been loaded already: from the kernel's half of addresses to the other.
  if (cpl != 3 && old >> 63 && !(now >> 63)) { p.leaving = 1; return; }
  if (p.from == now && p.fromCpl == cpl && p.from != 0) return goBack(p, now, cpl);
  if (p.origin != 0 && now > old && now <= p.origin) return unwind(now);
  const key = spaceOf(cpl, space), s = find(key, now, cpl);
  if (changetype<usize>(s)) {
    const top = s.top;
    s.top = 0;
    suspendAndTake(p, key, old, cpl, s, top);
  } else if (p.fresh) { keepBottom(p); p.fresh = 0; p.origin = now; }
  else if (now > old ? p.origin == 0 && now - old < NEAR_UP : old - now < NEAR_DOWN) unwind(now);
  else if (load<u64>(gpr(RBP)) == old || wordAt(now) == old) beginBelow(p, frameAt(p.top).node, old, cpl, now);
  else { suspend(p, key, old, cpl); beginStack(child(ROOT, address, space, cpl), 0); }
}

/** To the stack that this one was a step down from: this one is done with. */
function goBack(p: Profile, rsp: u64, cpl: u32): void {
  const s = find(p.fromSpace, rsp, cpl);
  if (!changetype<usize>(s)) return;
  giveAll(p.top);
  resume(p, s);
}

/** The place of `s` may be what the old stack is suspended in: it is emptied first. */
function suspendAndTake(p: Profile, space: u64, rsp: u64, cpl: u32, s: Suspended, top: u32): void {
  const origin = s.origin, from = s.from, fromSpace = s.fromSpace, fromCpl = s.fromCpl, fresh = s.fresh;
  suspend(p, space, rsp, cpl);
  p.top = top; p.origin = origin; p.from = from; p.fromSpace = fromSpace; p.fromCpl = fromCpl; p.fresh = fresh;
  p.leaving = 0; p.below = 0;
}

function keepBottom(p: Profile): void { while (frameAt(p.top).slot != BOTTOM) p.top = giveTop(p.top); }
function giveTop(top: u32): u32 {
  const below = frameAt(top).below;
  frameAt(top).below = 0;
  giveAll(top);
  return below;
}

/** The word at a linear address, 0 where there is none: nothing of the guest's is touched. */
function wordAt(linear: u64): u64 {
  const gpa = linear & 7 ? ~(<u64>0) : peek(linear), host: usize = gpa == ~0 ? 0 : ramAt(gpa, 8);
  return host ? load<u64>(host) : 0;
}

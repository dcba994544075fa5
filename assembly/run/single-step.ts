// The loop while TF is set or a breakpoint armed (Event.TRACE): breakpoints before an instruction, traps after it, the resume
// flag between them, and the shadow of MOV SS over all of them. Intel SDM vol. 3, 6.8.3, 17.2 and 17.3.1; AMD APM vol. 2, 13.1.
//
// What an instruction has touched gathers in cpu.watched, at the places of DR6, and is raised after it. After MOV SS or
// POP SS it waits for the next instruction, and the single step between the two does not come at all.

import { control, Event } from "../base/control";
import { cpu, segment, Flag, Mode, Seg } from "../cpu/state";
import { isArmed, raiseBreakpoint, Status } from "../cpu/debug-registers";
import { raiseDebug } from "../cpu/exceptions";
import { Shadow } from "../cpu/shadow";
import { does, Trait } from "../base/vendor";
import { Insn, Is } from "../decode/record";
import { H } from "../decode/handlers";
import { S } from "../decode/system-handlers";
import { ownRip } from "../isa/operands";
import { stepOne } from "./step";

/** One instruction with TF set or a breakpoint armed. RF keeps breakpoints from stopping before it. */
export function trace(): void {
  if (isArmed() && !(cpu.flags & Flag.RF) && raiseBreakpoint(linearRip())) return;
  single();
}

/** The instruction in a shadow: no interrupt is taken before it, and after MOV SS no breakpoint on it stops unless the vendor's do. */
export function runInShadow(traced: bool): void {
  const overTraps = cpu.shadow == Shadow.TRAPS;
  cpu.shadow = Shadow.NONE;
  if (!traced) stepOne();
  else if (overTraps && !does(Trait.SHADOW_KEEPS_BREAKPOINTS)) single();
  else trace();
}

/** Raises what waits in cpu.watched, with `more`; false if there is nothing. */
export function raiseTraps(more: u32): bool {
  const bits = cpu.watched | more;
  cpu.watched = 0;
  if (bits) raiseDebug(bits);
  return bits != 0;
}

function linearRip(): u64 {
  return cpu.mode & Mode.LONG ? cpu.rip : (segment(Seg.CS).base + cpu.rip) & 0xffff_ffff;
}

/** One instruction, with the traps after it. */
function single(): void {
  const stepped = (cpu.flags & Flag.TF) != 0;
  stepOne();
  if (cpu.raised) return;
  settleResumeFlag();
  if (control.events & Event.SHADOW && cpu.shadow == Shadow.TRAPS) return;
  raiseTraps(stepped && !hasEntered() ? Status.BS : 0);
}

@inline function executed(): Insn { return changetype<Insn>(<usize>control.current); }

/** An instruction that went to a handler with TF clear is not trapped after: INT n and its kin, and SYSCALL. */
function hasEntered(): bool {
  const h = <i32>executed().handler;
  return h >= S.INT && h <= S.SYSCALL && !(cpu.flags & Flag.TF);
}

/** RF ends with its instruction; a repetition keeps it up until its last iteration; IRET and a new task have just loaded it. */
function settleResumeFlag(): void {
  if (isRepeating()) cpu.flags |= Flag.RF;
  else if (!isArmed() || !hasLoadedFlags()) cpu.flags &= ~(<u64>Flag.RF);
}

function isRepeating(): bool {
  const i = executed(), h = <i32>i.handler;
  const repeats = h >= H.MOVS && h <= H.SCAS || h == S.INS || h == S.OUTS;
  return repeats && (i.flags & (Is.REP | Is.REPNE)) != 0 && cpu.rip == ownRip(i);
}

function hasLoadedFlags(): bool {
  const h = <i32>executed().handler;
  return h == S.IRET || h >= S.FAR_CALL && h < S.IRET && cpu.switched != 0;
}

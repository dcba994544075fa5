// Near JMP, Jcc, CALL, RET, LOOP, JCXZ. SDM vol. 2. Far transfers are in far-*.ts.

import { Insn, Is } from "../decode/record";
import {
  Val, lit, add, sub, xor, and, getReg, setReg, faulted, condition, holds, branch, jump, jumpIndirect, callIndirect, callKnown, returnTo, zeroExtend, eq,
  choose, running,
} from "../ir/words";
import { cpu } from "../cpu/state";
import { pushValue } from "./stack";
import { checkTarget, moveStack, nextRip, readRm, relativeTarget, top, R } from "./operands";
import { loadFast } from "../ir/words-memory";

@inline export function jcc<M>(i: Insn, code: u32): void {
  if (running<M>() && !holds(code)) return;
  if (!running<M>()) return branchIf<M>(i, condition<M>(code), relativeTarget<M>(i));
  jmp<M>(i);
}
@inline export function jmp<M>(i: Insn): void {
  const t = relativeTarget<M>(i);
  checkTarget<M>(t);
  if (faulted<M>()) return;
  jump<M>(t);
}
@inline export function call<M>(i: Insn): void {
  const t = relativeTarget<M>(i), back = pushReturn<M>(i, t);
  if (faulted<M>()) return;
  callKnown<M>(t, back);
}

/** The return address, pushed; the target is checked before. */
@inline function pushReturn<M>(i: Insn, t: Val): Val {
  const back = nextRip<M>(i);
  checkTarget<M>(t);
  if (faulted<M>()) return back;
  pushValue<M>(back, i.bits);
  return back;
}
export function callRm<M>(i: Insn): void {
  const t = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  if (running<M>()) cpu.stackAccess = 1;
  const back = pushReturn<M>(i, t);
  if (running<M>()) cpu.stackAccess = 0;
  if (faulted<M>()) return;
  callIndirect<M>(t, back);
}
export function jmpRm<M>(i: Insn): void {
  const t = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  checkTarget<M>(t);
  if (faulted<M>()) return;
  jumpIndirect<M>(t);
}
/** `extra` bytes are released above the return address. */
@inline export function ret<M>(i: Insn, extra: u32): void {
  if (i.bits != 64) return retSlow<M>(i, extra);
  const sp = getReg<M>(R.SP, 64), t = loadFast<M>(sp, 8);
  if (faulted<M>()) return;
  checkTarget<M>(t);
  if (faulted<M>()) return;
  setReg<M>(R.SP, add<M>(sp, lit<M>(8 + extra)), 64);
  returnTo<M>(t);
}
function retSlow<M>(i: Insn, extra: u32): void {
  const t = top<M>(i.bits);
  if (faulted<M>()) return;
  checkTarget<M>(t);
  if (faulted<M>()) return;
  moveStack<M>((i.bits >> 3) + extra);
  returnTo<M>(t);
}

/** Width of the counter rCX: the address size. */
function countBitsOf(i: Insn): u32 { return i.flags & Is.ADDR16 ? 16 : i.flags & Is.ADDR32 ? 32 : 64; }

/** LOOPNE, LOOPE, LOOP as `kind` 0, 1, 2. */
export function loop<M>(i: Insn): void {
  const bits = countBitsOf(i), n = zeroExtend<M>(sub<M>(getReg<M>(R.CX, bits), lit<M>(1)), bits);
  const t = relativeTarget<M>(i);
  let taken = xor<M>(eq<M>(n, lit<M>(0)), lit<M>(1));
  if (i.kind == 0) taken = and<M>(taken, condition<M>(5));
  if (i.kind == 1) taken = and<M>(taken, condition<M>(4));
  checkTaken<M>(taken, t);
  if (faulted<M>()) return;
  setReg<M>(R.CX, n, bits);
  branch<M>(taken, t, nextRip<M>(i));
}
export function jcxz<M>(i: Insn): void {
  const bits = countBitsOf(i), t = relativeTarget<M>(i), taken = eq<M>(getReg<M>(R.CX, bits), lit<M>(0));
  branchIf<M>(i, taken, t);
}
/** #GP when the branch is taken to outside the segment; one that is not taken checks 0, which always passes. */
function checkTaken<M>(taken: Val, t: Val): void { checkTarget<M>(choose<M>(taken, t, lit<M>(0))); }
function branchIf<M>(i: Insn, taken: Val, t: Val): void {
  checkTaken<M>(taken, t);
  if (faulted<M>()) return;
  branch<M>(taken, t, nextRip<M>(i));
}

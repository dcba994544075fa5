// PUSH, POP, PUSHA, POPA, ENTER, LEAVE, PUSH of segments. SDM vol. 2. RSP moves only when nothing can fault any more.

import { spend, Work } from "../base/control";
import { does, Trait } from "../base/vendor";
import { Insn } from "../decode/record";
import { Val, Run, lit, add, sub, getReg, setReg, faulted, zeroExtend, running } from "../ir/words";
import { loadFast, loadMem, storeStack, linearIn, throughSegment } from "../ir/words-memory";
import { loadLinear, storeLinear, probeLinear } from "../cpu/memory";
import { cpu, segment, Mode, Seg } from "../cpu/state";
import { recordRun } from "./effects";
import { push, top, moveStack, readRm, writeRm, stackAddress, stackBits, R } from "./operands";

/** Pushes `v`; in 64-bit code the stack is flat and 64 bits wide. */
@inline export function pushValue<M>(v: Val, bits: u32): void {
  if (!(cpu.mode & Mode.LONG)) return push<M>(v, bits);
  const bytes = bits >> 3, sp = sub<M>(getReg<M>(R.SP, 64), lit<M>(bytes));
  storeStack<M>(sp, bytes, v);
  if (faulted<M>()) return;
  setReg<M>(R.SP, sp, 64);
}
@inline export function pushR<M>(i: Insn, bits: u32): void { pushValue<M>(getReg<M>(i.dst, bits), bits); }
@inline export function pushI<M>(i: Insn, bits: u32): void { pushValue<M>(lit<M>(<u64>i.imm), bits); }
/** POP rSP takes the value, not the moved pointer: the pointer moves first. */
@inline export function popR<M>(i: Insn, bits: u32): void {
  if (!(cpu.mode & Mode.LONG)) return popSlow<M>(i, bits);
  const sp = getReg<M>(R.SP, 64), v = loadFast<M>(sp, bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(R.SP, add<M>(sp, lit<M>(bits >> 3)), 64);
  setReg<M>(i.dst, v, bits);
}
function popSlow<M>(i: Insn, bits: u32): void {
  const v = top<M>(bits);
  if (faulted<M>()) return;
  moveStack<M>(bits >> 3);
  setReg<M>(i.dst, v, bits);
}
export function pushM<M>(i: Insn): void {
  const v = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  if (running<M>()) cpu.stackAccess = 1;
  push<M>(v, i.bits);
  if (running<M>()) cpu.stackAccess = 0;
}
/** POP m: an address on RSP counts from the pointer after the pop; on a fault the pointer is as before. */
export function popM<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  cpu.stackAccess = 1;
  const v = top<Run>(i.bits);
  cpu.stackAccess = 0;
  if (faulted<Run>()) return;
  const sp = getReg<Run>(R.SP, 64);
  moveStack<Run>(i.bits >> 3);
  writeRm<Run>(i, i.bits, v);
  if (faulted<Run>()) setReg<Run>(R.SP, sp, 64);
}

/** AX CX DX BX SP BP SI DI. All eight stores are probed before the first. */
export function pushAll<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bits = <u32>i.bits, bytes = bits >> 3;
  for (let r: u32 = 0; r < 8; r++) {
    if (!probeLinear(stackAddress<Run>(-<i32>((r + 1) * bytes), bytes, true), bytes)) return;
  }
  for (let r: u32 = 0; r < 8; r++) storeLinear(stackAddress<Run>(-<i32>((r + 1) * bytes), bytes, true), bytes, getReg<Run>(r << 3, bits));
  moveStack<Run>(-<i32>(8 * bytes));
}
export function popAll<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bits = <u32>i.bits, bytes = bits >> 3;
  for (let r: u32 = 0; r < 8; r++) { loadLinear(stackAddress<Run>(r * bytes, bytes, false), bytes); if (faulted<Run>()) return; }
  for (let r: u32 = 0; r < 8; r++) {
    if (r == 3) continue; // the stored SP is skipped
    setReg<Run>((7 - r) << 3, loadLinear(stackAddress<Run>(r * bytes, bytes, false), bytes), bits);
  }
  moveStack<Run>(8 * bytes);
}
/** The selector goes out as a 16-bit store, whatever the operand size: recent processors leave the rest of the slot alone. SDM: PUSH. */
export function pushSegment<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bytes = <i32>(i.bits >> 3);
  if (!storeLinear(stackAddress<Run>(-bytes, bytes, true), 2, segment(i.kind).selector)) return;
  moveStack<Run>(-bytes);
}
export function leave<M>(i: Insn): void {
  const wide = stackBits(cpu.mode), bits = <u32>i.bits;
  const bp = getReg<M>(R.BP, wide);
  const v = loadMem<M>(cpu.mode & (Mode.LONG | Mode.FLAT) ? bp : inStack<M>(bp, bits >> 3), bits >> 3);
  if (faulted<M>()) return;
  setReg<M>(R.SP, zeroExtend<M>(add<M>(bp, lit<M>(bits >> 3)), wide), wide);
  setReg<M>(R.BP, v, bits);
}
function inStack<M>(offset: Val, bytes: u32): Val { return throughSegment<M>(Seg.SS, offset, bytes, false); }

/** ENTER: `imm` holds the frame's size and, from bit 16, the nesting level modulo 32. */
export function enter<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bits = <u32>i.bits, bytes = bits >> 3, wide = stackBits(cpu.mode);
  const size = <i32>(i.imm & 0xffff), level = <u32>(i.imm >> 16) & 31;
  const sp = getReg<Run>(R.SP, 64), bp = getReg<Run>(R.BP, 64);
  spend(level * Work.LEVEL);
  push<Run>(getReg<Run>(R.BP, bits), bits);
  // RSP as the push left it: on a 16-bit stack SP has wrapped alone, and the upper half of a 32-bit frame is ESP's. SDM: ENTER.
  const frame = does(Trait.ENTER_BORROWS) ? sp - bytes : getReg<Run>(R.SP, 64);
  for (let k: u32 = 1; k < level && !cpu.raised; k++) {
    setReg<Run>(R.BP, getReg<Run>(R.BP, wide) - bytes, wide);
    const v = loadLinear(stackAt(getReg<Run>(R.BP, wide), bytes), bytes);
    if (!cpu.raised) push<Run>(v, bits);
  }
  if (level && !cpu.raised) push<Run>(frame, bits);
  // The new top must be writable, though nothing is stored there. SDM: ENTER.
  if (!cpu.raised) probeLinear(stackAddress<Run>(-size, bytes, true), bytes);
  if (cpu.raised) { setReg<Run>(R.SP, sp, 64); setReg<Run>(R.BP, bp, 64); return; }
  setReg<Run>(R.BP, frame, bits);
  moveStack<Run>(-size);
}
function stackAt(offset: u64, bytes: u32): u64 {
  return cpu.mode & (Mode.LONG | Mode.FLAT) ? offset : linearIn(Seg.SS, offset, bytes, false);
}

// Operands of a decoded instruction, in Run and Build: addresses, reads and writes of r/m, the stack, branch targets.

import { Insn, Is } from "../decode/record";
import {
  Run, Val, running, lit, add, and, shl, getReg, setReg, segmentBase, faulted, zeroExtend,
} from "../ir/words";
import { aim, loadAimed, loadMem, storeAimed, storeMem, storeStack, throughSegment } from "../ir/words-memory";
import { checkAligned } from "../ir/words-vector";
import { Op } from "../ir/ops";
import { record } from "../ir/block";
import { does, Trait } from "../base/vendor";
import { cpu, gpr, Seg, Mode, RIP_REGISTER, NO_REGISTER } from "../cpu/state";
import { checkTargetIn } from "../ir/target";

/** base + index x 2^scale + displacement, not yet wrapped. */
@inline export function sum<M>(i: Insn): Val {
  if (running<M>()) return load<u64>(gpr(i.base)) + (load<u64>(gpr(i.index)) << <u64>i.scale) + <u64>i.disp;
  return buildSum<M>(i);
}
function buildSum<M>(i: Insn): Val {
  let v = lit<M>(<u64>i.disp);
  if (i.base != NO_REGISTER) v = add<M>(v, getReg<M>(<u32>i.base << 3, 64));
  if (i.index != NO_REGISTER) v = add<M>(v, shl<M>(getReg<M>(<u32>i.index << 3, 64), lit<M>(i.scale)));
  return v;
}

/** The effective address, wrapped to the address size: LEA's result. */
@inline export function effective<M>(i: Insn): Val {
  const v = sum<M>(i);
  if (i.flags & (Is.ADDR32 | Is.ADDR16)) return and<M>(v, lit<M>(i.flags & Is.ADDR16 ? 0xffff : 0xffff_ffff));
  return v;
}

/** Linear address of the memory operand; NOWHERE after a segment fault was raised (Run). */
@inline export function address<M>(i: Insn, bytes: u32, write: bool): Val {
  if (i.flags & Is.FAR) return addressFar<M>(i, bytes, write);
  return sum<M>(i);
}
export function addressFar<M>(i: Insn, bytes: u32, write: bool): Val { return inSegment<M>(i, effective<M>(i), bytes, write); }

/** Linear address of `offset` in the operand's segment. */
export function inSegment<M>(i: Insn, offset: Val, bytes: u32, write: bool): Val {
  if (i.seg == Seg.NONE) return offset;
  // In 64-bit code only FS and GS come here, and segments have no limits.
  if (i.flags & Is.LONG_SEGMENT) return add<M>(segmentBase<M>(i.seg), offset);
  return throughSegment<M>(i.seg, offset, bytes, write);
}

/** Linear address of sixteen bytes that must be aligned; #GP(0) for that comes before what the segment raises (#SS past its limit). */
export function alignedAddress<M>(i: Insn, write: bool): Val {
  if (i.seg != Seg.NONE && !(i.flags & Is.LONG_SEGMENT)) checkAligned<M>(add<M>(segmentBase<M>(i.seg), effective<M>(i)));
  const a = address<M>(i, 16, write);
  checkAligned<M>(a);
  return a;
}

/** Linear address of the part of a memory operand `delta` bytes in: the offset wraps to the address size again. */
export function partAddress(i: Insn, delta: u32, bytes: u32, write: bool): u64 {
  if (!(i.flags & Is.FAR)) return sum<Run>(i) + delta;
  const mask: u64 = i.flags & Is.ADDR16 ? 0xffff : i.flags & Is.ADDR32 ? 0xffff_ffff : ~0;
  return inSegment<Run>(i, (effective<Run>(i) + delta) & mask, bytes, write);
}

/** Bytes of the offset in a far pointer in memory; the selector follows it. */
export function farOffsetBytes(i: Insn): u32 { return min<u32>(<u32>i.bits >> 3, does(Trait.FAR_POINTER_32) ? 4 : 8); }

/** Reads the r/m operand of `bits`, zero-extended. */
export function readRm<M>(i: Insn, bits: u32): Val {
  if (!(i.flags & Is.MEMORY)) return getReg<M>(i.src, bits);
  return loadMem<M>(address<M>(i, bits >> 3, false), bits >> 3);
}

// Read-modify-write of r/m (in `dst`): where it is, what is aimed at there (ir/words-memory.ts), its value; for a register both are 0.
@inline export function targetOf<M>(i: Insn, bits: u32): Val { return i.flags & Is.MEMORY ? address<M>(i, bits >> 3, true) : 0; }
export function aimTarget<M>(i: Insn, a: Val, bits: u32): Val {
  return i.flags & Is.MEMORY ? aim<M>(a, bits >> 3, (i.flags & Is.LOCK) != 0) : 0;
}
/** May fault; nothing after it does. */
export function readTarget<M>(i: Insn, aimed: Val, a: Val, bits: u32): Val {
  return i.flags & Is.MEMORY ? loadAimed<M>(aimed, a, bits >> 3) : getReg<M>(i.dst, bits);
}
export function writeTarget<M>(i: Insn, aimed: Val, a: Val, bits: u32, v: Val): void {
  if (i.flags & Is.MEMORY) storeAimed<M>(aimed, a, bits >> 3, v); else setReg<M>(i.dst, v, bits);
}
/** Writes r/m without reading it (MOV, SETcc): may fault, commits nothing else. */
export function writeRm<M>(i: Insn, bits: u32, v: Val): void {
  if (i.flags & Is.MEMORY) storeMem<M>(address<M>(i, bits >> 3, true), bits >> 3, v);
  else setReg<M>(i.dst, v, bits);
}

// --- the stack ----------------------------------------------------------------------------------------------------

/** Width of the stack pointer in bits in mode `mode`. */
@inline export function stackBits(mode: u32): u32 { return mode & Mode.LONG ? 64 : mode & Mode.STACK32 ? 32 : 16; }
@inline const RSP: u32 = 32;

/** Linear address of `offset` from the stack pointer, wrapped to the stack's width. */
export function stackAddress<M>(offset: i32, bytes: u32, write: bool): Val {
  const bits = stackBits(cpu.mode);
  const v = zeroExtend<M>(add<M>(getReg<M>(RSP, bits), lit<M>(<u64>offset)), bits);
  if (cpu.mode & (Mode.LONG | Mode.FLAT)) return v;
  return throughSegment<M>(Seg.SS, v, bytes, write);
}
export function moveStack<M>(offset: i32): void {
  const bits = stackBits(cpu.mode);
  setReg<M>(RSP, add<M>(getReg<M>(RSP, bits), lit<M>(<u64>offset)), bits);
}
/** Pushes `v`; on a fault RSP is unmoved. */
export function push<M>(v: Val, bits: u32): void {
  const bytes = <i32>(bits >> 3);
  storeStack<M>(stackAddress<M>(-bytes, bytes, true), bytes, v);
  if (faulted<M>()) return;
  moveStack<M>(-bytes);
}
/** The value at the top of the stack; the caller moves the stack once nothing can fault. */
export function top<M>(bits: u32): Val { return loadMem<M>(stackAddress<M>(0, bits >> 3, false), bits >> 3); }

// --- branches -----------------------------------------------------------------------------------------------------

/** rip of the instruction's page: what offsets and relative targets count from. */
@inline export function pageRip<M>(): Val { return getReg<M>(RIP_REGISTER << 3, 64); }
/** A near branch's target, cut to its operand size: 64 bits in 64-bit code, but for AMD's 66. */
@inline export function wrapRip<M>(v: Val, i: Insn): Val { return i.bits == 64 ? v : zeroExtend<M>(v, i.bits); }
/** Address after the instruction. */
@inline export function nextRip<M>(i: Insn): Val {
  const v = add<M>(pageRip<M>(), lit<M>(<u64>i.offset + <u64>i.length));
  return cpu.mode & Mode.LONG ? v : zeroExtend<M>(v, 32);
}
/** Address of the instruction itself: where a repetition that is not finished goes on. */
export function ownRip(i: Insn): u64 {
  const v = load<u64>(gpr(RIP_REGISTER)) + i.offset;
  return cpu.mode & Mode.LONG ? v : v & 0xffff_ffff;
}
/** Target of a relative branch: the decoder put offset + length + displacement in `imm`. */
@inline export function relativeTarget<M>(i: Insn): Val { return wrapRip<M>(add<M>(pageRip<M>(), lit<M>(<u64>i.imm)), i); }

/** #GP(0) for a target outside the code segment, or not canonical. */
@inline export function checkTarget<M>(t: Val): void {
  if (running<M>()) checkTargetIn(t); else record(Op.CHECK_TARGET, t, 0, 0, 0);
}
/** Bytes register file offset of RAX, RCX, RDX, RBX... for implicit operands. */
export const enum R { AX = 0, CX = 8, DX = 16, BX = 24, SP = 32, BP = 40, SI = 48, DI = 56, AH = 1 }

// ModRM, SIB and displacement. Intel SDM vol. 2, 2.1.5 and 2.2.1.

import { Mode, Seg, RIP_REGISTER } from "../cpu/state";
import { Insn, Is, mark, USES_STACK } from "./record";
import { d, nextByte, nextSigned } from "./decoder";

/** Reads the ModRM byte; reg and rm without their REX bits, which the operands add. */
export function readModRm(): void {
  const b = nextByte();
  d.hasModRm = 1; d.mod = b >> 6; d.reg = (b >> 3) & 7; d.rm = b & 7;
}

@inline export function rexR(): u32 { return (d.rex & 4) << 1; }
@inline export function rexX(): u32 { return (d.rex & 2) << 2; }
@inline export function rexB(): u32 { return (d.rex & 1) << 3; }

/** Reads the memory operand of mod < 3 into the record. */
export function readMemory(i: Insn): void {
  mark(i, Is.MEMORY);
  let stack = false;
  if (d.addressBits == 16) stack = readMemory16(i);
  else if (d.rm == 4) stack = readSib(i);
  else if (d.rm == 5 && d.mod == 0) {
    i.disp = nextSigned(4);
    if (d.mode & Mode.LONG) i.base = <u8>RIP_REGISTER;
  } else {
    i.base = <u8>(d.rm | rexB());
    stack = d.rm == 5 && !(d.rex & 1);
    readDisplacement(i);
  }
  setSegment(i, stack);
}

function readSib(i: Insn): bool {
  const sib = nextByte(), base = sib & 7, index = (sib >> 3) & 7 | rexX();
  i.scale = <u8>(sib >> 6);
  if (index != 4) i.index = <u8>index;
  if (base == 5 && d.mod == 0) { i.disp = nextSigned(4); return false; }
  i.base = <u8>(base | rexB());
  readDisplacement(i);
  return !(d.rex & 1) && (base == 4 || base == 5);
}

function readDisplacement(i: Insn): void {
  if (d.mod == 1) i.disp = nextSigned(1);
  else if (d.mod == 2) i.disp = nextSigned(4);
}

/** Table 2-1: BX+SI BX+DI BP+SI BP+DI SI DI BP BX. */
function readMemory16(i: Insn): bool {
  const rm = d.rm;
  if (rm == 6 && d.mod == 0) { i.disp = nextSigned(2); return false; }
  i.base = rm < 2 || rm == 7 ? 3 : rm == 2 || rm == 3 || rm == 6 ? 5 : rm == 4 ? 6 : 7;
  if (rm < 4) i.index = rm & 1 ? 7 : 6;
  if (d.mod == 1) i.disp = nextSigned(1);
  else if (d.mod == 2) i.disp = nextSigned(2);
  return i.base == 5;
}

/** Decides whether the address needs a segment's base, a limit check or wrapping. `stack`: the default segment is SS. */
export function setSegment(i: Insn, stack: bool): void {
  if (stack && d.seg == Seg.NONE || d.seg == Seg.SS) i.uses = <u8>(i.uses | USES_STACK);
  let seg = d.seg != Seg.NONE ? d.seg : stack ? Seg.SS : Seg.DS;
  if (d.mode & Mode.LONG) {
    seg = d.seg;
    if (seg != Seg.NONE) mark(i, Is.LONG_SEGMENT | Is.FAR);
    if (d.addressBits == 32) mark(i, Is.ADDR32 | Is.FAR);
  } else {
    // A code segment is never writable, flat or not.
    if (d.mode & Mode.FLAT && seg < <u32>Seg.FS && seg != Seg.CS) seg = Seg.NONE;
    // 32-bit sums wrap; even flat addresses must, for base + index + displacement can pass 4 GiB.
    mark(i, Is.FAR | (d.addressBits == 16 ? Is.ADDR16 : Is.ADDR32));
  }
  i.seg = <u8>seg;
}

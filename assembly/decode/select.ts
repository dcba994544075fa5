// From a row to operands and a handler of its family.
//
// Families by size (BY_SIZE) are four handlers: base + log2(bits / 8). Families by place (BY_PLACE) hold, a step apart,
// the forms that the operands' places ask for: see handlerOf.

import { H } from "./handlers";
import { Mode } from "../cpu/state";
import { does, Trait } from "../base/vendor";
import { Insn, Is, mark, USES_STACK } from "./record";
import { Form } from "./forms";
import { isNear, Row } from "./rows";
import { d, nextByte, nextSigned } from "./decoder";
import { readMemory, rexB, rexR, setSegment } from "./modrm";

/** Operand size in bits by the row and the prefixes. */
function sizeOf(r: Row): u32 {
  const form = r.form;
  if (form & Form.BYTE) return 8;
  if (form & Form.FIXED32) return 32;
  if (form & Form.SIZE_W) return d.rex & 8 ? 64 : 32;
  if (d.mode & Mode.LONG) {
    if (form & Form.FORCE64) return isNarrowBranch(r) ? 16 : 64;
    if (form & Form.DEF64) return d.opsize && !(d.rex & 8) ? 16 : 64;
  }
  return d.bits;
}

/** 66 before a near branch of 64-bit code: the two vendors part here. REX.W overrides it. */
function isNarrowBranch(r: Row): bool { return isNear(r.flow) && d.opsize != 0 && !(d.rex & 8) && does(Trait.NEAR_BRANCH_16); }

/** Byte offset of general register `n` as an operand of `bits`: without REX, byte registers 4-7 are AH CH DH BH. */
function place(n: u32, bits: u32): u8 {
  if (bits == 8 && !d.rexSeen && n >= 4) return <u8>((n - 4) << 3 | 1);
  return <u8>(n << 3);
}

export function select(i: Insn, r: Row): void {
  const form = r.form;
  i.bits = <u8>sizeOf(r);
  i.kind = r.kind; i.uses = r.uses;
  if (form & Form.OPREG) i.dst = place(d.opcode & 7 | rexB(), i.bits);
  if (d.hasModRm) readOperands(i, form);
  else markAddressSize(i);
  // Pushes, pops, calls and returns whose only memory is the stack.
  if (form & (Form.DEF64 | Form.FORCE64) && !(i.flags & Is.MEMORY)) i.uses = <u8>(i.uses | USES_STACK);
  readImmediate(i, form);
  i.handler = <u16>handlerOf(i, r);
}

/** LOOP, JCXZ, string instructions: the width of their implicit registers. */
function markAddressSize(i: Insn): void {
  if (d.addressBits != 64) mark(i, d.addressBits == 16 ? Is.ADDR16 : Is.ADDR32);
}

function readOperands(i: Insn, form: u32): void {
  const bits = <u32>i.bits;
  const rmBits = form & Form.RM_BYTE ? 8 : form & Form.RM_WORD ? 16 : bits;
  const reg: u8 = form & Form.REG_PLAIN ? <u8>(d.reg | rexR()) : form & Form.REG_VECTOR ? <u8>vector(d.reg, rexR(), form) : place(d.reg | rexR(), bits);
  if (form & Form.RM_DST) i.src = reg; else i.dst = reg;
  if (d.mod != 3) { readMemory(i); return; }
  const rm: u8 = form & Form.RM_VECTOR ? <u8>vector(d.rm, rexB(), form) : place(d.rm | rexB(), rmBits);
  if (form & Form.RM_DST) i.dst = rm; else i.src = rm;
}
/** MMX has eight registers: REX bits do not count. */
function vector(n: u32, rex: u32, form: u32): u32 { return form & Form.MMX ? n : n | rex; }

function readImmediate(i: Insn, form: u32): void {
  switch (form & Form.IMM_MASK) {
    case Form.IMM8: i.imm = nextSigned(1) & 0xff; break;
    case Form.IMM8S: i.imm = nextSigned(1); break;
    case Form.IMM16: i.imm = nextSigned(2) & 0xffff; break;
    case Form.IMMZ: i.imm = nextSigned(i.bits == 16 ? 2 : i.bits == 8 ? 1 : 4); break;
    case Form.IMMV: i.imm = nextSigned(i.bits >> 3); break;
    case Form.MOFFS: readOffset(i); break;
    case Form.FARPTR: readFarPointer(i); break;
    case Form.STRING: setSegment(i, false); break;
    case Form.ENTER: { const n = nextSigned(2) & 0xffff; i.imm = n | <i64>nextByte() << 16; break; }
  }
}

/** MOV moffs: an address alone, of the address size. */
function readOffset(i: Insn): void {
  i.disp = d.addressBits == 64 ? nextSigned(8) : nextSigned(d.addressBits >> 3) & (d.addressBits == 16 ? 0xffff : 0xffff_ffff);
  mark(i, Is.MEMORY);
  setSegment(i, false);
}

/** CALL and JMP ptr16:16, ptr16:32: the offset in `imm`, the selector in `disp`. */
function readFarPointer(i: Insn): void {
  i.imm = nextSigned(i.bits == 16 ? 2 : 4) & (i.bits == 16 ? 0xffff : 0xffff_ffff);
  i.disp = nextSigned(2) & 0xffff;
}

function log2Bytes(bits: u32): u32 { return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3; }

function handlerOf(i: Insn, r: Row): u32 {
  const size = log2Bytes(i.bits), memory = (i.flags & Is.MEMORY) != 0;
  const h = <u32>r.handler;
  if (!(r.form & Form.BY_PLACE)) return r.form & Form.BY_SIZE ? h + size : h;
  switch (h) {
    case H.ALU_RI: return (memory ? H.ALU_MI : H.ALU_RI) + (r.kind << 2) + size;
    case H.ALU_RR: return (memory ? (r.form & Form.RM_DST ? H.ALU_MR : H.ALU_RM) : H.ALU_RR) + (r.kind << 2) + size;
    case H.MOV_RR: return (memory ? (r.form & Form.RM_DST ? H.MOV_MR : H.MOV_RM) : H.MOV_RR) + size;
    case H.MOV_RI: return (memory ? H.MOV_MI : H.MOV_RI) + size;
    case H.TEST_RR: return (memory ? H.TEST_MR : H.TEST_RR) + size;
    case H.TEST_RI: return (memory ? H.TEST_MI : H.TEST_RI) + size;
    case H.MOVZX8_R: case H.MOVZX16_R: case H.MOVSX8_R: case H.MOVSX16_R: case H.MOVSXD_R: return h + (memory ? 4 : 0) + size;
    case H.INC_R: return memory ? H.INC_M : h + size;
    case H.DEC_R: return memory ? H.DEC_M : h + size;
    case H.SHIFT_RI: return memory ? H.SHIFT_RM_IMM : h + (r.kind << 2) + size;
    case H.CMOV_R: return memory ? H.CMOV_M + size : h + size;
    case H.SETCC_R: return memory ? H.SETCC : h;
    case H.JMP_R: return memory ? H.JMP_M : h;
    case H.CALL_R: return memory ? H.CALL_M : h;
    case H.PUSH_R: return memory ? H.PUSH_M : h + size;
    case H.POP_R: return memory ? H.POP_M : h + size;
  }
  return h;
}

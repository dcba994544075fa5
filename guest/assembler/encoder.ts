/**
 * Encoding of one instruction for 16-, 32- and 64-bit code: prefixes, REX, ModRM, SIB, displacement, immediate.
 * Intel SDM vol. 2, chapter 2.
 */
import { Code } from './code.js';
import type { Bits, Immediate, Memory, Operand, Register } from './operands.js';

/** What to encode; `size` is the operand size in bits, 0 for one that has none. */
export interface Form {
  opcode: readonly number[];
  size?: number;
  /** Already the size in 64-bit mode without REX.W (PUSH, near branches...). */
  default64?: boolean;
  /** F2, F3 or 66 before the opcode. */
  mandatory?: number;
  /** The reg field: a register's number or an opcode extension. */
  reg?: number;
  regRegister?: Register;
  rm?: Register | Memory;
  immediate?: Immediate;
  immediateBytes?: number;
}

const OVERRIDES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
/** Segment overrides for string instructions' prefixes, in the order of the segment registers. */
export const segmentPrefix = (segment: number): number => OVERRIDES[segment]!;

export class Encoder extends Code {
  bits: Bits = 16;

  /** A number or a label's address, low `bytes` of it. */
  immediate(value: Immediate, bytes: number): void {
    if (value.label === undefined) this.number(value.value, bytes);
    else this.reference(value.label, bytes, false, Number(value.value));
  }

  encode(form: Form): void {
    this.prefixes(form);
    this.bytes(...form.opcode);
    if (form.rm?.kind === 'register') this.bytes(0xc0 | (regField(form) & 7) << 3 | (form.rm.number & 7));
    else if (form.rm) this.address(form.rm, regField(form) & 7);
    if (form.immediate) this.immediate(form.immediate, form.immediateBytes ?? 1);
  }

  private prefixes(form: Form): void {
    const memory = form.rm?.kind === 'memory' ? form.rm : undefined, size = form.size ?? 0;
    if (memory && memory.segment >= 0) this.bytes(segmentPrefix(memory.segment));
    if (memory && memory.addressBits !== 0 && memory.addressBits !== this.bits) this.bytes(0x67);
    if (this.bits === 16 ? size === 32 : size === 16) this.bytes(0x66);
    if (form.mandatory !== undefined) this.bytes(form.mandatory);
    const rex = rexOf(form, size);
    if (rex !== 0 && this.bits !== 64) throw new Error('an operand of 64-bit code in other code');
    if (rex !== 0) this.bytes(0x40 | rex);
  }

  private address(memory: Memory, reg: number): void {
    const bits = memory.addressBits === 0 ? this.bits : memory.addressBits;
    if (bits === 16) return this.shortAddress(memory, reg);
    const { base, index, displacement } = memory;
    if (base < 0) {
      // Absolute, or an index alone: a SIB byte without base; 32-bit code has a form without SIB.
      if (index < 0 && this.bits !== 64) this.bytes(reg << 3 | 5);
      else this.bytes(reg << 3 | 4, sib(memory, 5));
      return this.immediate(displacement, 4);
    }
    const bytes = displacementBytes(memory, 4, (base & 7) === 5), mod = bytes === 4 ? 0x80 : bytes === 1 ? 0x40 : 0;
    if (index >= 0 || (base & 7) === 4) this.bytes(mod | reg << 3 | 4, sib(memory, base & 7));
    else this.bytes(mod | reg << 3 | (base & 7));
    if (bytes > 0) this.immediate(displacement, bytes);
  }

  private shortAddress(memory: Memory, reg: number): void {
    if (memory.base < 0) {
      this.bytes(reg << 3 | 6);
      return this.immediate(memory.displacement, 2);
    }
    const bytes = displacementBytes(memory, 2, memory.base === 6);
    this.bytes((bytes === 2 ? 0x80 : bytes === 1 ? 0x40 : 0) | reg << 3 | memory.base);
    if (bytes > 0) this.immediate(memory.displacement, bytes);
  }
}

function regField(form: Form): number {
  return form.regRegister?.number ?? form.reg ?? 0;
}

/** W, R, X, B in place; 0x40 alone for a byte register that wants REX. */
function rexOf(form: Form, size: number): number {
  let rex = size === 64 && !form.default64 ? 8 : 0;
  if (regField(form) >= 8) rex |= 4;
  if (form.rm?.kind === 'register' && form.rm.number >= 8) rex |= 1;
  if (form.rm?.kind === 'memory' && form.rm.addressBits > 16) rex |= (form.rm.base >= 8 ? 1 : 0) | (form.rm.index >= 8 ? 2 : 0);
  const bare = form.regRegister?.wantsRex === true || form.rm?.kind === 'register' && form.rm.wantsRex;
  return rex === 0 && bare ? 0x40 : rex;
}

function sib({ index, scale }: Memory, base: number): number {
  return Math.log2(scale) << 6 | (index < 0 ? 4 : index & 7) << 3 | base;
}

/** 0, 1 or `most`; some bases have no form without displacement. */
function displacementBytes({ displacement: { label, value } }: Memory, most: number, needsOne: boolean): number {
  if (label !== undefined || value < -128n || value > 127n) return most;
  return value === 0n && !needsOne ? 0 : 1;
}

export const isGeneral = (operand: Operand | undefined): operand is Register => operand?.kind === 'register' && operand.class === 'general';
export const isRm = (operand: Operand | undefined): operand is Register | Memory => isGeneral(operand) || operand?.kind === 'memory';

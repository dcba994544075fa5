/**
 * A very small assembler for 32-bit code: the instructions that the built-in guest needs, with labels. Intel SDM vol. 2.
 * References to labels are 32 bits wide everywhere, so that one pass and one list of places to fill is enough.
 */
import { Code } from './code.js';

/** Registers in encoding order. */
export const enum Reg { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI }

/** Condition codes in encoding order. */
export const enum Cond { B = 2, AE = 3, E = 4, NE = 5, BE = 6, A = 7, S = 8 }

/** A number, or a label standing for its address. */
export type Operand = number | string;

export class Assembler extends Code {
  /** Text with a NUL after it. */
  text(value: string): void {
    this.bytes(...new TextEncoder().encode(value), 0);
  }

  dword(value: Operand): void {
    this.immediate(value);
  }

  private immediate(value: Operand): void {
    if (typeof value === 'string') this.reference(value, 4);
    else this.number(value, 4);
  }

  // Moves. `load` and `save` take an absolute address; `loadAt` a register and a displacement.
  set(to: Reg, value: Operand): void { this.bytes(0xb8 + to); this.immediate(value); }
  copy(to: Reg, from: Reg): void { this.bytes(0x89, 0xc0 | (from << 3) | to); }
  load(to: Reg, address: Operand): void { this.bytes(0x8b, 0x05 | (to << 3)); this.immediate(address); }
  save(address: Operand, from: Reg): void { this.bytes(0x89, 0x05 | (from << 3)); this.immediate(address); }
  loadAt(to: Reg, base: Reg, displacement: number): void { this.bytes(0x8b, 0x80 | (to << 3) | base); this.immediate(displacement); }
  /** AL from the byte at ESI, or a byte to the address in EDI; both step. */
  loadByteStep(): void { this.bytes(0xac); }
  saveByteStep(): void { this.bytes(0xaa); }
  saveDwordStep(): void { this.bytes(0xab); }
  /** CL or AL from the byte at a register. */
  loadByte(to: Reg, base: Reg): void { this.bytes(0x8a, (to << 3) | base); }
  push(from: Reg): void { this.bytes(0x50 + from); }
  pop(to: Reg): void { this.bytes(0x58 + to); }

  // Arithmetic on 32 bits; `Imm` with a number or the address of a label.
  addImm(to: Reg, value: Operand): void { this.bytes(0x81, 0xc0 | to); this.immediate(value); }
  andImm(to: Reg, value: number): void { this.bytes(0x81, 0xe0 | to); this.immediate(value); }
  orImm(to: Reg, value: number): void { this.bytes(0x81, 0xc8 | to); this.immediate(value); }
  compareImm(to: Reg, value: Operand): void { this.bytes(0x81, 0xf8 | to); this.immediate(value); }
  add(to: Reg, from: Reg): void { this.bytes(0x01, 0xc0 | (from << 3) | to); }
  addCarry(to: Reg, from: Reg): void { this.bytes(0x11, 0xc0 | (from << 3) | to); }
  clear(to: Reg): void { this.bytes(0x31, 0xc0 | (to << 3) | to); }
  test(a: Reg): void { this.bytes(0x85, 0xc0 | (a << 3) | a); }
  increment(to: Reg): void { this.bytes(0x40 + to); }
  decrement(to: Reg): void { this.bytes(0x48 + to); }
  /** EDX:EAX by a register: quotient in EAX, remainder in EDX. */
  divide(by: Reg): void { this.bytes(0xf7, 0xf0 | by); }
  multiplyImm(to: Reg, value: number): void { this.bytes(0x69, 0xc0 | (to << 3) | to); this.immediate(value); }
  rotateLeft(to: Reg, count: number): void { this.bytes(0xc1, 0xc0 | to, count); }
  shiftRight(to: Reg, count: number): void { this.bytes(0xc1, 0xe8 | to, count); }
  /** Shifts bits from `from` into the top of `to`. */
  shiftRightDouble(to: Reg, from: Reg, count: number): void { this.bytes(0x0f, 0xac, 0xc0 | (from << 3) | to, count); }
  compareAl(value: number): void { this.bytes(0x3c, value); }
  testAl(value: number): void { this.bytes(0xa8, value); }
  /** AL against CL. */
  compareAlCl(): void { this.bytes(0x38, 0xc8); }

  // Control.
  jump(to: string): void { this.bytes(0xe9); this.relativeTo(to); }
  jumpIf(condition: Cond, to: string): void { this.bytes(0x0f, 0x80 | condition); this.relativeTo(to); }
  jumpFar(selector: number, to: string): void { this.bytes(0xea); this.reference(to, 4); this.bytes(selector & 0xff, selector >> 8); }
  call(to: string): void { this.bytes(0xe8); this.relativeTo(to); }
  callRegister(to: Reg): void { this.bytes(0xff, 0xd0 | to); }
  ret(): void { this.bytes(0xc3); }
  interruptReturn(): void { this.bytes(0xcf); }
  private relativeTo(label: string): void { this.reference(label, 4, true); }

  // Ports (DX), and the system.
  inAl(): void { this.bytes(0xec); }
  outAl(): void { this.bytes(0xee); }
  outAx(): void { this.bytes(0x66, 0xef); }
  outImm(port: number, value: number): void { this.bytes(0xb0, value, 0xe6, port); }
  cli(): void { this.bytes(0xfa); }
  sti(): void { this.bytes(0xfb); }
  hlt(): void { this.bytes(0xf4); }
  cpuid(): void { this.bytes(0x0f, 0xa2); }
  rdtsc(): void { this.bytes(0x0f, 0x31); }
  loadGdt(address: Operand): void { this.bytes(0x0f, 0x01, 0x15); this.immediate(address); }
  loadIdt(address: Operand): void { this.bytes(0x0f, 0x01, 0x1d); this.immediate(address); }
  /** AX into ES, SS, DS, FS or GS (0, 2, 3, 4, 5). */
  setSegment(segment: number): void { this.bytes(0x8e, 0xc0 | (segment << 3)); }
}

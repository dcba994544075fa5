/**
 * A very small assembler for 16-bit real-mode code: bytes, labels, and jumps of 16 bits between them. Intel SDM vol. 2.
 * Instructions are written by their bytes, with a word saying which they are; there are few of them.
 */
import { Code } from './code.js';

/** Second bytes of Jcc with a 16-bit displacement. */
export const enum Jump { B = 0x82, AE = 0x83, E = 0x84, NE = 0x85 }

export class RealAssembler extends Code {
  /** An instruction by its bytes; the text is for the reader. */
  op(_text: string, ...bytes: number[]): void {
    this.bytes(...bytes);
  }

  word(value: number | string): void {
    if (typeof value === 'string') this.reference(value, 2);
    else this.number(value, 2);
  }

  jump(label: string): void {
    this.bytes(0xe9);
    this.reference(label, 2, true);
  }

  jumpIf(condition: Jump, label: string): void {
    this.bytes(0x0f, condition);
    this.reference(label, 2, true);
  }

  /** CMP AH, value; JE label. */
  ifAh(value: number, label: string): void {
    this.op('cmp ah, value', 0x80, 0xfc, value);
    this.jumpIf(Jump.E, label);
  }

  /** CMP AX, value; JE label. */
  ifAx(value: number, label: string): void {
    this.op('cmp ax, value', 0x3d, value & 0xff, value >> 8);
    this.jumpIf(Jump.E, label);
  }
}

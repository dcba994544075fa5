/**
 * A very small assembler for 16-bit real-mode code: bytes, labels, and jumps of 16 bits between them. Intel SDM vol. 2.
 * Instructions are written by their bytes, with a word saying which they are; there are few of them.
 */

/** Second bytes of Jcc with a 16-bit displacement. */
export const enum Jump { B = 0x82, AE = 0x83, E = 0x84, NE = 0x85 }

export class RealAssembler {
  private readonly code: number[] = [];
  private readonly labels = new Map<string, number>();
  private readonly fixups: { at: number; label: string; relative: boolean }[] = [];

  /** `base`: offset of the first byte in its segment. */
  constructor(private readonly base: number) {}

  get here(): number {
    return this.base + this.code.length;
  }

  label(name: string): void {
    if (this.labels.has(name)) throw new Error(`label ${name} is defined twice`);
    this.labels.set(name, this.here);
  }

  /** Offset of a label; after everything is written. */
  offsetOf(name: string): number {
    const offset = this.labels.get(name);
    if (offset === undefined) throw new Error(`label ${name} is not defined`);
    return offset;
  }

  /** An instruction by its bytes; the text is for the reader. */
  op(_text: string, ...bytes: number[]): void {
    this.code.push(...bytes);
  }

  word(value: number | string): void {
    if (typeof value === 'string') this.fixups.push({ at: this.code.length, label: value, relative: false });
    const number = typeof value === 'string' ? 0 : value;
    this.code.push(number & 0xff, (number >> 8) & 0xff);
  }

  jump(label: string): void {
    this.code.push(0xe9);
    this.relative(label);
  }

  jumpIf(condition: Jump, label: string): void {
    this.code.push(0x0f, condition);
    this.relative(label);
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

  assemble(): Uint8Array {
    const out = Uint8Array.from(this.code);
    const view = new DataView(out.buffer);
    for (const { at, label, relative } of this.fixups) {
      const offset = this.offsetOf(label);
      view.setUint16(at, relative ? (offset - (this.base + at + 2)) & 0xffff : offset, true);
    }
    return out;
  }

  private relative(label: string): void {
    this.fixups.push({ at: this.code.length, label, relative: true });
    this.code.push(0, 0);
  }
}

/**
 * What the assemblers of this folder share: bytes from a base address on, labels, and the places that wait for a label's address.
 * A reference is filled in at the end, so a label may stand behind its uses.
 */

interface Fixup {
  at: number;
  width: number;
  label: string;
  addend: number;
  relative: boolean;
}

function put(out: Uint8Array, { at, width, label, relative }: Fixup, value: number): void {
  if (relative && width === 1 && (value < -128 || value > 127)) throw new Error(`label ${label} is ${value} bytes away: too far for a short jump`);
  let rest = value;
  for (let i = 0; i < width; i++) {
    out[at + i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
}

export class Code {
  private readonly out: number[] = [];
  private readonly labels = new Map<string, number>();
  private readonly fixups: Fixup[] = [];

  /** `base`: address (or offset in its segment) of the first byte. */
  constructor(protected readonly base: number) {}

  get here(): number {
    return this.base + this.out.length;
  }

  label(name: string): void {
    if (this.labels.has(name)) throw new Error(`label ${name} is defined twice`);
    this.labels.set(name, this.here);
  }

  addressOf(name: string): number {
    const address = this.labels.get(name);
    if (address === undefined) throw new Error(`label ${name} is not defined`);
    return address;
  }

  bytes(...values: number[]): void {
    for (const value of values) this.out.push(value);
  }

  /** A number of `width` bytes, little-endian. */
  number(value: number | bigint, width: number): void {
    let rest = BigInt(value);
    for (let i = 0; i < width; i++, rest >>= 8n) this.out.push(Number(rest & 0xffn));
  }

  /** The address of a label, or with `relative` its distance from the end of the reference, in `width` bytes. */
  reference(label: string, width: number, relative = false, addend = 0): void {
    this.fixups.push({ at: this.out.length, width, label, addend, relative });
    this.reserve(width);
  }

  align(to: number): void {
    while (this.here % to !== 0) this.bytes(0);
  }

  reserve(count: number): void {
    for (let i = 0; i < count; i++) this.out.push(0);
  }

  /** The bytes, with every reference filled in. */
  assemble(): Uint8Array {
    const out = Uint8Array.from(this.out);
    for (const fixup of this.fixups) {
      const address = this.addressOf(fixup.label) + fixup.addend;
      put(out, fixup, fixup.relative ? address - (this.base + fixup.at + fixup.width) : address);
    }
    return out;
  }
}

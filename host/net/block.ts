/**
 * Small pieces of bytes kept as one: what a piece of its own costs (an array, its buffer, a place in a list) is hundreds of bytes,
 * so that one byte a piece would hold hundreds of times what it counts. A block doubles until it is `MOST_BYTES` long.
 */

/** What an array of bytes costs beside its bytes, counted wherever one is kept. */
export const PIECE_COST = 256;
const LEAST_BYTES = 64;
const MOST_BYTES = 16 << 10;

export class Block {
  /** Its first `length` bytes are in use. */
  private bytes: Uint8Array;
  length: number;

  /** Copies. */
  constructor(first: Uint8Array) {
    this.bytes = new Uint8Array(Math.max(LEAST_BYTES, first.length));
    this.bytes.set(first);
    this.length = first.length;
  }

  /** What it holds of memory. */
  get cost(): number {
    return this.bytes.length + PIECE_COST;
  }

  get text(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Copies bytes to the end. False: it has become long enough. */
  append(more: Uint8Array): boolean {
    const length = this.length + more.length;
    if (length > MOST_BYTES) return false;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.min(MOST_BYTES, Math.max(length, 2 * this.bytes.length)));
      larger.set(this.text);
      this.bytes = larger;
    }
    this.bytes.set(more, this.length);
    this.length = length;
    return true;
  }
}

/** DEFLATE (RFC 1951), all at once: what a page has of its own for it gives its answer only later. */

import { LimitError } from '../../boot/unpack/budget.js';
import { StreamError } from '../../boot/unpack/stream-error.js';

const MAX_BITS = 15;
const END = 256;
/** Bases and extra bits of lengths (257 to 285) and distances (3.2.5). */
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/** The order in which the lengths of the code for code lengths come (3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A code as a table by the next bits: symbol << 4 | length; 0 where no code begins so. */
interface Code {
  table: Uint16Array;
  bits: number;
}

function reverse(value: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i++) out |= ((value >> i) & 1) << (bits - 1 - i);
  return out;
}

/** Canonical codes of these lengths (3.2.2). */
function makeCode(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]!]!++;
  counts[0] = 0;
  const next = new Uint16Array(MAX_BITS + 2);
  let bits = 1;
  for (let length = 1; length <= MAX_BITS; length++) {
    const first = (next[length - 1]! + counts[length - 1]!) << 1;
    if (first + counts[length]! > 1 << length) throw new StreamError('has more codes than fit');
    next[length] = first;
    if (counts[length]! > 0) bits = length;
  }
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    for (let at = reverse(next[length]!++, length); at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  }
  return { table, bits };
}

let fixed: [Code, Code] | undefined;

function fixedCodes(): [Code, Code] {
  const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return (fixed ??= [makeCode(lengths), makeCode(new Array(30).fill(5))]);
}

class Inflate {
  out: Uint8Array;
  written = 0;
  private hold = 0;
  private held = 0;

  /** `at`: where the stream begins. */
  constructor(private readonly bytes: Uint8Array, public at: number, private readonly room: number, hint: number) {
    this.out = new Uint8Array(Math.min(room, Math.max(hint, 1024)));
  }

  run(): void {
    for (let last = 0; last === 0; ) {
      last = this.take(1);
      const type = this.take(2);
      if (type === 0) this.stored();
      else if (type === 1) this.packed(...fixedCodes());
      else if (type === 2) this.packed(...this.ownCodes());
      else throw new StreamError('has a block of no known type');
    }
    // Whole bytes that were taken ahead are the next reader's.
    this.at -= this.held >> 3;
  }

  /** Sees that so many bits are held; behind the end they are zeros, which only a look ahead may see. */
  private need(count: number): void {
    while (this.held < count) {
      this.hold |= (this.bytes[this.at++] ?? 0) << this.held;
      this.held += 8;
    }
    if (this.at - (this.held >> 3) > this.bytes.length) throw new StreamError('ends too early');
  }

  private take(count: number): number {
    if (count === 0) return 0;
    this.need(count);
    const value = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.held -= count;
    return value;
  }

  private symbol({ table, bits }: Code): number {
    while (this.held < bits) {
      this.hold |= (this.bytes[this.at++] ?? 0) << this.held;
      this.held += 8;
    }
    const entry = table[this.hold & ((1 << bits) - 1)]!;
    const length = entry & 15;
    if (length === 0) throw new StreamError('has a code that stands for nothing');
    this.hold >>>= length;
    this.held -= length;
    if (this.at - (this.held >> 3) > this.bytes.length) throw new StreamError('ends too early');
    return entry >> 4;
  }

  private makeRoom(more: number): void {
    const needed = this.written + more;
    if (needed <= this.out.length) return;
    if (needed > this.room) throw new LimitError(`unpacks to more than ${this.room} bytes`);
    const grown = new Uint8Array(Math.min(this.room, Math.max(needed, this.out.length * 2)));
    grown.set(this.out.subarray(0, this.written));
    this.out = grown;
  }

  private stored(): void {
    this.take(this.held & 7);
    const length = this.take(16);
    if ((this.take(16) ^ 0xffff) !== length) throw new StreamError('has a stored block of contradictory length');
    this.at -= this.held >> 3;
    this.hold = this.held = 0;
    if (this.at + length > this.bytes.length) throw new StreamError('ends too early');
    this.makeRoom(length);
    this.out.set(this.bytes.subarray(this.at, this.at + length), this.written);
    this.written += length;
    this.at += length;
  }

  private ownCodes(): [Code, Code] {
    const literals = this.take(5) + 257;
    const distances = this.take(5) + 1;
    const lengths = new Uint8Array(19);
    for (let i = 0, count = this.take(4) + 4; i < count; i++) lengths[ORDER[i]!] = this.take(3);
    const all = this.codeLengths(makeCode(lengths), literals + distances);
    return [makeCode(all.subarray(0, literals)), makeCode(all.subarray(literals))];
  }

  /** Lengths in run-length form (3.2.7). */
  private codeLengths(code: Code, count: number): Uint8Array {
    const lengths = new Uint8Array(count);
    for (let i = 0; i < count; ) {
      const symbol = this.symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw new StreamError('repeats a length before the first');
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const times = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
      if (i + times > count) throw new StreamError('has more lengths than it says');
      lengths.fill(value, i, i + times);
      i += times;
    }
    return lengths;
  }

  private packed(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === END) return;
      if (symbol < END) {
        this.makeRoom(1);
        this.out[this.written++] = symbol;
      } else this.copy(symbol - 257, distances);
    }
  }

  private copy(index: number, distances: Code): void {
    if (index >= LENGTH_BASE.length) throw new StreamError('has a length that stands for nothing');
    const length = LENGTH_BASE[index]! + this.take(LENGTH_EXTRA[index]!);
    const which = this.symbol(distances);
    if (which >= DISTANCE_BASE.length) throw new StreamError('has a distance that stands for nothing');
    const distance = DISTANCE_BASE[which]! + this.take(DISTANCE_EXTRA[which]!);
    if (distance > this.written) throw new StreamError('refers to bytes before its start');
    this.makeRoom(length);
    const { out } = this;
    for (let i = 0, to = this.written; i < length; i++, to++) out[to] = out[to - distance]!;
    this.written += length;
  }
}

/** What a stream at `at` unpacks to, and where it ends. `hint`: how much that may be. Throws StreamError, LimitError past `room`. */
export function inflate(bytes: Uint8Array, at: number, room: number, hint = bytes.length * 4): { data: Uint8Array; end: number } {
  const stream = new Inflate(bytes, at, room, hint);
  stream.run();
  return { data: stream.out.subarray(0, stream.written), end: stream.at };
}

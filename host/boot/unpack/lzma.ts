/**
 * LZMA decoding: the range coder and the match model that .lzma and LZMA2 (inside .xz) share.
 *
 * Follows the LZMA specification of the LZMA SDK. The output buffer is its own dictionary: everything decoded since the
 * last dictionary reset stays in it, so a distance is an offset into what has been written. The coder's two words live
 * in a Uint32Array because a mutable closure variable above 2^31 would be boxed on every store.
 */

import { StreamError } from './stream-error.js';

const PROB_ONE_HALF = 1024;
const STATES = 12;
const MATCH_MIN = 2;

// One array holds every probability; these are where each table starts.
const IS_MATCH = 0;
const IS_REP = IS_MATCH + (STATES << 4);
const IS_REP_G0 = IS_REP + STATES;
const IS_REP_G1 = IS_REP_G0 + STATES;
const IS_REP_G2 = IS_REP_G1 + STATES;
const IS_REP0_LONG = IS_REP_G2 + STATES;
const POS_SLOT = IS_REP0_LONG + (STATES << 4);
const POS_SPECIAL = POS_SLOT + 4 * 64;
const POS_ALIGN = POS_SPECIAL + 115;
const LENGTH = POS_ALIGN + 16;
const LENGTH_SIZE = 2 + 2 * (16 * 8) + 256;
const REP_LENGTH = LENGTH + LENGTH_SIZE;
const LITERAL = REP_LENGTH + LENGTH_SIZE;

export interface LzmaDecoder {
  /** Bytes written so far. */
  readonly length: number;
  /** Everything written so far. */
  result(): Uint8Array;
  /** A byte of lc, lp and pb, packed as both containers pack it. */
  setProperties(packed: number): void;
  /** Forgets the model: probabilities, state and repeated distances. */
  resetState(): void;
  /** From here on, distances cannot reach back beyond this point. */
  resetDictionary(): void;
  /** Copies bytes that are stored uncompressed. */
  store(bytes: Uint8Array): void;
  /**
   * Decodes until `count` more bytes are out, or until the end marker when `count` is negative.
   * Returns where in `input` it stopped.
   */
  decode(input: Uint8Array, start: number, end: number, count: number): number;
}

/** A decoder that writes at most `limit` bytes. */
export function createLzmaDecoder(sizeHint: number, limit: number): LzmaDecoder {
  let out = new Uint8Array(Math.max(1 << 16, Math.min(sizeHint, limit)));
  let length = 0;
  let dictionaryStart = 0;
  let probs = new Uint16Array(LITERAL);
  let lc = 0;
  let literalMask = 0;
  let positionMask = 0;
  let state = 0;
  let rep0 = 0;
  let rep1 = 0;
  let rep2 = 0;
  let rep3 = 0;
  const coder = new Uint32Array(2); // range, code
  let source: Uint8Array = new Uint8Array(0);
  let position = 0;

  function reserve(more: number): void {
    if (length + more <= out.length) return;
    if (length + more > limit) throw new StreamError(`unpacks to more than ${limit} bytes`);
    const grown = new Uint8Array(Math.min(limit, Math.max(out.length * 2, length + more)));
    grown.set(out.subarray(0, length));
    out = grown;
  }

  function bit(index: number): number {
    const prob = probs[index]!;
    const range = coder[0]!;
    const bound = Math.imul(range >>> 11, prob) >>> 0;
    let next: number;
    let value: number;
    if (coder[1]! < bound) {
      next = bound;
      probs[index] = prob + ((2048 - prob) >> 5);
      value = 0;
    } else {
      next = range - bound;
      coder[1] = coder[1]! - bound;
      probs[index] = prob - (prob >> 5);
      value = 1;
    }
    if (next < 0x1000000) {
      coder[0] = next << 8;
      coder[1] = (coder[1]! << 8) | source[position++]!;
    } else {
      coder[0] = next;
    }
    return value;
  }

  function directBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const half = coder[0]! >>> 1;
      const one = coder[1]! >= half ? 1 : 0;
      if (one !== 0) coder[1] = coder[1]! - half;
      if (half < 0x1000000) {
        coder[0] = half << 8;
        coder[1] = (coder[1]! << 8) | source[position++]!;
      } else {
        coder[0] = half;
      }
      value = (value << 1) | one;
    }
    return value >>> 0;
  }

  function tree(base: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | bit(base + node);
    return node - (1 << bits);
  }

  function reverseTree(base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const one = bit(base + node);
      node = (node << 1) | one;
      value |= one << i;
    }
    return value;
  }

  function matchLength(base: number, positionState: number): number {
    if (bit(base) === 0) return MATCH_MIN + tree(base + 2 + (positionState << 3), 3);
    if (bit(base + 1) === 0) return MATCH_MIN + 8 + tree(base + 2 + 128 + (positionState << 3), 3);
    return MATCH_MIN + 16 + tree(base + 2 + 256, 8);
  }

  function matchDistance(matched: number): number {
    const slot = tree(POS_SLOT + (Math.min(matched - MATCH_MIN, 3) << 6), 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const top = (2 | (slot & 1)) << bits;
    if (slot < 14) return top + reverseTree(POS_SPECIAL + top - slot - 1, bits);
    const middle = directBits(bits - 4);
    return ((top >>> 0) + middle * 16 + reverseTree(POS_ALIGN, 4)) >>> 0;
  }

  function literal(): void {
    const before = length > dictionaryStart ? out[length - 1]! : 0;
    const context = (((length - dictionaryStart) & literalMask) << lc) + (before >> (8 - lc));
    const base = LITERAL + 0x300 * context;
    let node = 1;
    if (state >= 7) {
      let expected = out[length - rep0 - 1]!;
      while (node < 0x100) {
        const guess = (expected >> 7) & 1;
        expected <<= 1;
        const one = bit(base + ((1 + guess) << 8) + node);
        node = (node << 1) | one;
        if (guess !== one) break;
      }
    }
    while (node < 0x100) node = (node << 1) | bit(base + node);
    out[length++] = node & 0xff;
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  /** The length of the next match or repeat, its distance left in rep0; 0 for the end marker. */
  function match(positionState: number): number {
    if (bit(IS_REP + state) === 0) {
      rep3 = rep2;
      rep2 = rep1;
      rep1 = rep0;
      const size = matchLength(LENGTH, positionState);
      state = state < 7 ? 7 : 10;
      rep0 = matchDistance(size);
      return rep0 === 0xffffffff ? 0 : size;
    }
    if (bit(IS_REP_G0 + state) === 0) {
      if (bit(IS_REP0_LONG + (state << 4) + positionState) === 0) {
        state = state < 7 ? 9 : 11;
        return 1;
      }
    } else {
      let distance = rep1;
      if (bit(IS_REP_G1 + state) !== 0) {
        distance = rep2;
        if (bit(IS_REP_G2 + state) !== 0) {
          distance = rep3;
          rep3 = rep2;
        }
        rep2 = rep1;
      }
      rep1 = rep0;
      rep0 = distance;
    }
    state = state < 7 ? 8 : 11;
    return matchLength(REP_LENGTH, positionState);
  }

  function copyMatch(size: number): void {
    if (rep0 >= length - dictionaryStart) throw new StreamError('a match reaches back before the data');
    const to = length;
    const from = to - rep0 - 1;
    if (rep0 + 1 >= size) out.copyWithin(to, from, from + size);
    else for (let i = 0; i < size; i++) out[to + i] = out[from + i]!;
    length += size;
  }

  function decode(input: Uint8Array, start: number, end: number, count: number): number {
    if (end - start < 5 || input[start] !== 0) throw new StreamError('the range coder does not start with a zero byte');
    source = input;
    coder[0] = 0xffffffff;
    coder[1] = (input[start + 1]! << 24) | (input[start + 2]! << 16) | (input[start + 3]! << 8) | input[start + 4]!;
    position = start + 5;
    const stop = count < 0 ? Infinity : length + count;
    while (length < stop) {
      if (position > end) throw new StreamError('ends in the middle of its data');
      reserve(Math.min(stop - length, 273));
      const positionState = (length - dictionaryStart) & positionMask;
      if (bit(IS_MATCH + (state << 4) + positionState) === 0) {
        literal();
        continue;
      }
      const size = match(positionState);
      if (size === 0) {
        if (count >= 0) throw new StreamError('ends before its stated size');
        break;
      }
      if (length + size > stop) throw new StreamError('a match runs past the stated size');
      copyMatch(size);
    }
    if (position > end) throw new StreamError('ends in the middle of its data');
    return position;
  }

  return {
    get length() {
      return length;
    },
    result: () => out.subarray(0, length),
    setProperties(packed) {
      if (packed >= 9 * 5 * 5) throw new StreamError(`has an impossible properties byte ${packed}`);
      lc = packed % 9;
      const lp = Math.floor(packed / 9) % 5;
      literalMask = (1 << lp) - 1;
      positionMask = (1 << Math.floor(packed / 45)) - 1;
      const size = LITERAL + (0x300 << (lc + lp));
      if (probs.length < size) probs = new Uint16Array(size);
    },
    resetState() {
      probs.fill(PROB_ONE_HALF);
      state = 0;
      rep0 = rep1 = rep2 = rep3 = 0;
    },
    resetDictionary() {
      dictionaryStart = length;
    },
    store(bytes) {
      reserve(bytes.length);
      out.set(bytes, length);
      length += bytes.length;
    },
    decode,
  };
}

/** Unpacks the older .lzma container: 13 bytes of header, then one LZMA stream. */
export function unpackLzma(packed: Uint8Array, limit: number): Uint8Array {
  if (packed.length < 18) throw new StreamError('is too short for its header');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const low = view.getUint32(5, true);
  const high = view.getUint32(9, true);
  const unknown = low === 0xffffffff && high === 0xffffffff;
  const size = unknown ? -1 : high * 0x1_0000_0000 + low;
  if (size > limit) throw new StreamError(`states a size of ${size} bytes, more than ${limit}`);
  const decoder = createLzmaDecoder(unknown ? packed.length * 8 : size, limit);
  decoder.setProperties(packed[0]!);
  decoder.resetState();
  decoder.decode(packed, 13, packed.length, size);
  return decoder.result();
}

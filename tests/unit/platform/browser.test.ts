/** What the browser's platform does by itself, held against Node's own: digests, gzip with every kind of block, damage and bombs. */
import { createHash, randomBytes } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LimitError } from '../../../host/boot/unpack/budget.js';
import { StreamError } from '../../../host/boot/unpack/stream-error.js';
import { gunzip } from '../../../host/platform/browser/gunzip.js';
import { sha256, sha256Of } from '../../../host/platform/browser/sha256.js';
import { seededRandom } from '../../../host/net/random.js';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('SHA-256', () => {
  it('is Node’s, at every length around a block and however the bytes are cut', () => {
    for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_003]) {
      const bytes = randomBytes(length);
      for (const cut of [0, 1, 63, 64, 65, length]) expect(sha256Of([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(digest(bytes));
    }
  });

  it('is the same by the browser’s own, for a single part', async () => {
    const bytes = randomBytes(5000);
    expect([await sha256([bytes]), await sha256([bytes.subarray(0, 7), bytes.subarray(7)])]).toEqual([digest(bytes), digest(bytes)]);
  });
});

/** Text that repeats itself now and then. */
function sample(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const from = Math.floor(random() * at);
    const count = Math.min(length - at, 1 + Math.floor(random() * 300));
    if (random() < 0.5) out.copyWithin(at, from, Math.min(at, from + count));
    else for (let i = 0; i < count; i++) out[at + i] = random() * 40;
    at += count;
  }
  return out;
}

describe('gzip', () => {
  it.each([
    ['stored', { level: 0 }], ['fixed codes', { level: 9, strategy: constants.Z_FIXED }], ['own codes', { level: 9 }], ['literals alone', { level: 6, strategy: constants.Z_HUFFMAN_ONLY }],
    ['small windows', { level: 1, windowBits: 9 }],
  ])('unpacks %s', (_name, options) => {
    for (const length of [0, 1, 1000, 70_000, 300_000]) {
      const bytes = sample(length, length + 1);
      expect(Buffer.compare(gunzip(gzipSync(bytes, options), 1 << 20), bytes)).toBe(0);
    }
  });

  it('unpacks members one after the other, with padding behind them', () => {
    const packed = Buffer.concat([gzipSync('one '), gzipSync('two'), Buffer.alloc(700)]);
    expect(Buffer.from(gunzip(packed, 100)).toString()).toBe('one two');
  });

  it('stops at its bound', () => {
    expect(() => gunzip(gzipSync(new Uint8Array(10 << 20)), 1 << 20)).toThrow(LimitError);
    expect(gunzip(gzipSync(new Uint8Array(1 << 20)), 1 << 20)).toHaveLength(1 << 20);
  });

  it('refuses whatever Node refuses, with a StreamError, wherever it is cut or damaged', () => {
    const random = seededRandom(7);
    const whole = gzipSync(sample(5000, 3));
    for (let length = 0; length < whole.length; length += 7) expect(() => gunzip(whole.subarray(0, Math.max(1, length)), 1 << 20)).toThrow(StreamError);
    for (let round = 0; round < 400; round++) {
      const damaged = Buffer.from(whole);
      const at = 10 + Math.floor(random() * (whole.length - 10));
      damaged[at]! ^= 1 << Math.floor(random() * 8);
      expect(() => gunzipSync(damaged)).toThrow();
      expect(() => gunzip(damaged, 1 << 20)).toThrow(StreamError);
    }
  });
});

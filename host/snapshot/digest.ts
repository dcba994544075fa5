/**
 * The digest of a snapshot's parts: 128 bits in four lanes of 32, each the round of xxHash32 over every fourth word. A round can be undone,
 * given the word, and so can the last mix: bytes that differ in one word never have the same digest, and others with a chance of 2^-128. It
 * finds damage, not malice. In plain JavaScript, because a page that is touched must be judged at once, and a browser's own digests answer later.
 */

export const DIGEST_BYTES = 16;
const LANES = 4;

const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;

const round = (lane: number, word: number): number => {
  const sum = (lane + Math.imul(word, P2)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), P1);
};

/** Spreads a lane's bits; can be undone. */
function mix(lane: number): number {
  let x = lane ^ (lane >>> 15);
  x = Math.imul(x, P2);
  x ^= x >>> 13;
  x = Math.imul(x, P3);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Words at any address; bytes that do not start at a multiple of four are copied. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) {
    const padded = new Uint8Array((bytes.length + 3) & ~3);
    padded.set(bytes);
    return new Uint32Array(padded.buffer);
  }
  const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(own.buffer, own.byteOffset, own.length / 4);
}

/** Writes the digest of `bytes` as four words at `out[at]`. */
export function digestInto(bytes: Uint8Array, out: Uint32Array, at: number): void {
  const words = wordsOf(bytes);
  let a = bytes.length ^ P1, b = bytes.length ^ P2, c = bytes.length ^ P3, d = bytes.length;
  const whole = words.length & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) {
    a = round(a, words[i]!);
    b = round(b, words[i + 1]!);
    c = round(c, words[i + 2]!);
    d = round(d, words[i + 3]!);
  }
  if (whole < words.length) a = round(a, words[whole]!);
  if (whole + 1 < words.length) b = round(b, words[whole + 1]!);
  if (whole + 2 < words.length) c = round(c, words[whole + 2]!);
  out[at] = mix(a);
  out[at + 1] = mix(b);
  out[at + 2] = mix(c);
  out[at + 3] = mix(d);
}

const scratch = new Uint32Array(LANES);

/** Whether the digest of `bytes` is that at `digests[at]`. */
export function hasDigest(bytes: Uint8Array, digests: Uint32Array, at: number): boolean {
  digestInto(bytes, scratch, 0);
  return scratch[0] === digests[at] && scratch[1] === digests[at + 1] && scratch[2] === digests[at + 2] && scratch[3] === digests[at + 3];
}

/** The digest in hex. */
export function digestHex(bytes: Uint8Array): string {
  digestInto(bytes, scratch, 0);
  return [...scratch].map((word) => word.toString(16).padStart(8, '0')).join('');
}

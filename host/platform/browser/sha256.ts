/**
 * SHA-256 (FIPS 180-4). The browser's own wants a secure page and all bytes in one buffer; so it does single parts where it is there, and
 * this does the rest, piece by piece.
 */

const ROUNDS = 64;
const BLOCK = 64;

/** Fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8 (4.2.2, 5.3.3). */
const [K, START] = constants();

function constants(): [Uint32Array, Uint32Array] {
  const primes: number[] = [];
  for (let n = 2; primes.length < ROUNDS; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return [Uint32Array.from(primes, (prime) => fractionOfRoot(prime, 3n)), Uint32Array.from(primes.slice(0, 8), (prime) => fractionOfRoot(prime, 2n))];
}

/** The first 32 bits behind the point of a root: the root of n * 2^(32 * degree), by bisection. */
function fractionOfRoot(n: number, degree: bigint): number {
  const target = BigInt(n) << (32n * degree);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffff_ffffn);
}

const W = new Int32Array(ROUNDS);

/** One block into the state (6.2.2). */
function compress(state: Uint32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++) {
    const i = at + t * 4;
    W[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  }
  for (let t = 16; t < ROUNDS; t++) {
    const x = W[t - 15]!;
    const y = W[t - 2]!;
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (W[t - 16]! + small0 + W[t - 7]! + small1) | 0;
  }
  let a = state[0]! | 0, b = state[1]! | 0, c = state[2]! | 0, d = state[3]! | 0;
  let e = state[4]! | 0, f = state[5]! | 0, g = state[6]! | 0, h = state[7]! | 0;
  for (let t = 0; t < ROUNDS; t++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + big1 + ((e & f) ^ (~e & g)) + K[t]! + W[t]!) | 0;
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = state[i]! + value));
}

/** The last blocks: what is left, a one, zeros, and the length in bits (5.1.1). */
function padding(rest: Uint8Array, total: number): Uint8Array {
  const out = new Uint8Array(rest.length + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  out.set(rest);
  out[rest.length] = 0x80;
  new DataView(out.buffer).setBigUint64(out.length - 8, BigInt(total) * 8n);
  return out;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** All parts one after the other, in hex. */
export function sha256Of(parts: readonly Uint8Array[]): string {
  const state = START.slice();
  const rest = new Uint8Array(BLOCK);
  let held = 0;
  let total = 0;
  for (const part of parts) {
    total += part.length;
    let at = 0;
    if (held > 0) {
      const taken = Math.min(BLOCK - held, part.length);
      rest.set(part.subarray(0, taken), held);
      held += taken;
      at = taken;
      if (held < BLOCK) continue;
      compress(state, rest, 0);
    }
    for (; at + BLOCK <= part.length; at += BLOCK) compress(state, part, at);
    held = part.length - at;
    rest.set(part.subarray(at));
  }
  const last = padding(rest.subarray(0, held), total);
  for (let at = 0; at < last.length; at += BLOCK) compress(state, last, at);
  const view = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => view.setUint32(i * 4, word));
  return hex(new Uint8Array(view.buffer));
}

export async function sha256(parts: readonly Uint8Array[]): Promise<string> {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0 && globalThis.crypto?.subtle !== undefined) {
    return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', only as BufferSource)));
  }
  return sha256Of(parts);
}

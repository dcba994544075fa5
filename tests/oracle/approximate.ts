/** Whether a value is close enough to the processor's, where the manual gives a bound instead of a result. */
import type { Bound } from './undefined.js';

const MIN_NORMAL_SINGLE = 2 ** -126;

function sameBytes(a: Uint8Array, b: Uint8Array, from: number): boolean {
  for (let i = from; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Reciprocals: a result at the edge of the denormals may be flushed. NaN, infinity and zero must be equal. */
function closeSingle(wantBits: number, gotBits: number, want: number, got: number, relative: number): boolean {
  if (wantBits === gotBits) return true;
  if (!Number.isFinite(want) || !Number.isFinite(got) || ((wantBits ^ gotBits) & 0x8000_0000) !== 0) return false;
  if (Math.abs(want) < MIN_NORMAL_SINGLE && Math.abs(got) < MIN_NORMAL_SINGLE) return true;
  return Math.abs(want - got) <= Math.abs(want) * relative;
}

function singlesWithin(want: Uint8Array, got: Uint8Array, lanes: number, relative: number): boolean {
  const a = new DataView(want.buffer, want.byteOffset, 16);
  const b = new DataView(got.buffer, got.byteOffset, 16);
  for (let at = 0; at < 4 * lanes; at += 4) {
    if (!closeSingle(a.getUint32(at, true), b.getUint32(at, true), a.getFloat32(at, true), b.getFloat32(at, true), relative)) return false;
  }
  return sameBytes(want, got, 4 * lanes);
}

interface Extended {
  readonly negative: boolean;
  readonly exponent: number;
  readonly significand: bigint;
}

function extendedOf(bytes: Uint8Array): Extended {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  const top = view.getUint16(8, true);
  return { negative: top >= 0x8000, exponent: Math.max(top & 0x7fff, 1), significand: view.getBigUint64(0, true) };
}

/** The difference in units of the last place of `want`. */
function ulpsApart(want: Extended, got: Extended): number {
  const shift = got.exponent - want.exponent;
  if (Math.abs(shift) > 64) return Infinity;
  const base = BigInt(Math.max(-shift, 0));
  const a = (want.significand << base) * (want.negative ? -1n : 1n);
  const b = (got.significand << (base + BigInt(shift))) * (got.negative ? -1n : 1n);
  return Math.abs(Number(a - b)) / 2 ** Number(base);
}

function extendedWithin(want: Uint8Array, got: Uint8Array, ulps: number, absolute: number): boolean {
  if (sameBytes(want, got, 0)) return true;
  const [a, b] = [extendedOf(want), extendedOf(got)];
  if (a.exponent === 0x7fff || b.exponent === 0x7fff) return false;
  const apart = ulpsApart(a, b);
  return apart <= ulps || apart * 2 ** (a.exponent - 0x3fff - 63) <= absolute;
}

export function withinBound(want: Uint8Array, got: Uint8Array, bound: Bound): boolean {
  if (bound.kind === 'single') return singlesWithin(want, got, bound.lanes, bound.relative);
  return extendedWithin(want, got, bound.ulps, bound.absolute);
}

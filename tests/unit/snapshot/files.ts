/** Small snapshot files of no machine, for the tests of the format. */
import { encodePlain, join, packSnapshot, type Part } from '../../../host/snapshot/index.js';

/** xorshift32. */
export function numbers(seed: number): (below: number) => number {
  let x = seed | 1;
  return (below) => {
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** Noise, zeros and a repeated page, of lengths that are whole pages and not. */
export function someParts(): Part[] {
  const next = numbers(7);
  const noise = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => next(256));
  const page = noise(4096);
  return [
    { name: 'about', version: 1, content: new TextEncoder().encode(JSON.stringify({ build: 'b', places: {}, memoryMiB: 16, cards: [], agentReady: false, shown: [0, 0, 0, 0, 0], disks: [] })) },
    { name: 'words', version: 3, content: noise(10) },
    { name: 'ram', version: 1, content: join([page, new Uint8Array(8192), noise(4096), page, new Uint8Array(4095), Uint8Array.of(1)]) },
  ];
}

export const plainFile = (parts: readonly Part[] = someParts()): Uint8Array => join(encodePlain(parts));
export const packedFile = (parts: readonly Part[] = someParts()): Promise<Uint8Array> => packSnapshot(plainFile(parts));

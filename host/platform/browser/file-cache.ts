/** Fetched files by digest, in Cache Storage; where that is missing (no secure page) or full, nothing is kept. */

import type { FileCache } from '../platform.js';

const NAME = 'pintail-files';
/** Not an address of anything: the cache wants one. */
const keyOf = (sha256: string): string => `https://pintail.invalid/${sha256}`;

export function fileCache(): FileCache | undefined {
  if (typeof caches === 'undefined') return undefined;
  return {
    async get(sha256) {
      try {
        const kept = await (await caches.open(NAME)).match(keyOf(sha256));
        return kept === undefined ? undefined : new Uint8Array(await kept.arrayBuffer());
      } catch {
        return undefined;
      }
    },
    async put(sha256, bytes) {
      try {
        await (await caches.open(NAME)).put(keyOf(sha256), new Response(bytes as BufferSource));
      } catch {
        // Without room it is fetched again the next time.
      }
    },
  };
}

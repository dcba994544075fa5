/**
 * A snapshot at an address, read by range requests (RFC 9110, 14): first a look at how large it is, then, when the guest touches what lies there, pieces at once.
 * How a request is waited for is the platform's. Each page has its own digest, so a file that was replaced meanwhile is noticed whatever the server says of it.
 */

import { SnapshotError } from './errors.js';
import { readByPieces } from './pieces.js';
import type { ByteSource } from './source.js';

export interface RangedFile {
  address: string;
  bytes: number;
  /** A strong validator, where the server has one. */
  etag: string | undefined;
}

/** The first request asks for so much. */
const FIRST_BYTES = 4096;
/** A request has its price: larger pieces than of a file. */
const PIECES = { bytes: 64 << 10, kept: 64 };
/** What one request may bring. */
export const MOST_BYTES = 1 << 20;

/** What the server says of the file; undefined where it gives whole files only. Rejected with an Error in words where it gives none. */
export async function lookAt(address: URL): Promise<RangedFile | undefined> {
  const gone = new AbortController();
  const response = await fetch(address, { headers: { range: `bytes=0-${FIRST_BYTES - 1}` }, signal: gone.signal });
  const total = /^bytes 0-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const etag = response.headers.get('etag') ?? undefined;
  gone.abort();
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trimEnd());
  if (response.status !== 206 || total === undefined) return undefined;
  return { address: address.href, bytes: Number(total), etag: etag?.startsWith('W/') === true ? undefined : etag };
}

/** `request` fills `to`, at most MOST_BYTES, from an offset, before it returns; it throws an Error in words where it cannot. */
export function rangeSource({ address, bytes }: RangedFile, request: (to: Uint8Array, offset: number) => void, close: () => void): ByteSource {
  const fill = (to: Uint8Array, offset: number): number => {
    for (let done = 0; done < to.length; done += MOST_BYTES) {
      try {
        request(to.subarray(done, done + MOST_BYTES), offset + done);
      } catch (error) {
        throw new SnapshotError(`${address} can no longer be read, at offset ${offset + done}: ${(error as Error).message}.`, undefined, offset + done);
      }
    }
    return to.length;
  };
  return {
    bytes,
    name: address,
    read(offset, count) {
      const out = new Uint8Array(Math.max(0, Math.min(count, bytes - offset)));
      fill(out, offset);
      return out;
    },
    readInto: readByPieces(fill, bytes, PIECES),
    close,
  };
}

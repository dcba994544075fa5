/** A snapshot by range requests, in a page: a worker may wait for a request (XMLHttpRequest, open() with async false), a page's own thread may not. */

import { lookAt, rangeSource } from '../../snapshot/ranges.js';
import type { ByteSource } from '../../snapshot/source.js';

export async function openAddress(address: URL): Promise<ByteSource | undefined> {
  if (typeof document !== 'undefined' || typeof XMLHttpRequest === 'undefined') return undefined;
  const file = await lookAt(address);
  if (file === undefined) return undefined;
  const request = (to: Uint8Array, offset: number): void => {
    const asked = new XMLHttpRequest();
    asked.open('GET', file.address, false);
    asked.responseType = 'arraybuffer';
    asked.setRequestHeader('Range', `bytes=${offset}-${offset + to.length - 1}`);
    asked.send();
    const got = new Uint8Array((asked.response ?? new ArrayBuffer(0)) as ArrayBuffer);
    if (asked.status !== 206) throw new Error(`the server answers ${asked.status} ${asked.statusText}`.trimEnd());
    if (got.length !== to.length) throw new Error(`${to.length} bytes were asked for and ${got.length} came`);
    to.set(got);
  };
  return rangeSource(file, request, () => undefined);
}

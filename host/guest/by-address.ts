/**
 * A guest on a web server: the folder that `pintail guest build --out` wrote, served as it is. Files are held against the manifest, and kept
 * by their digests where the platform has a place for that, so that a second start fetches the manifest alone.
 */

import { platform } from '#platform';
import { GuestError } from './errors.js';
import { checkDigest, checkLength, MANIFEST_NAME, parseManifest, type ManifestFile } from './manifest.js';
import type { OpenGuest } from './open.js';

/** How far the fetching of a guest's files is, in bytes; what was kept is there at once. */
export interface TransferProgress {
  file: string;
  done: number;
  total: number;
}

export interface AddressOptions {
  onTransfer?: (progress: TransferProgress) => void;
  signal?: AbortSignal;
}

const LOOK = 'Look whether the server has the folder, and lets this page read it (CORS).';

async function open(url: URL, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new GuestError(`${url.href} cannot be fetched: ${error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)}`, LOOK);
  }
  if (response.ok) return response;
  throw new GuestError(`${url.href} cannot be fetched: the server answers ${`${response.status} ${response.statusText}`.trimEnd()}`, LOOK);
}

/** The whole of an answer of known length, told piece by piece; more than that is not taken. */
async function readBody(url: URL, row: ManifestFile, response: Response, tell: (done: number) => void): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const bytes = new Uint8Array(row.bytes);
  let done = 0;
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) break;
    if (done + piece.value.length > row.bytes) {
      await reader?.cancel();
      checkLength(url.href, row, done + piece.value.length);
    }
    bytes.set(piece.value, done);
    done += piece.value.length;
    tell(done);
  }
  checkLength(url.href, row, done);
  return bytes;
}

async function readFile(url: URL, row: ManifestFile, { onTransfer, signal }: AddressOptions): Promise<Uint8Array> {
  const tell = (done: number): void => onTransfer?.({ file: row.name, done, total: row.bytes });
  const kept = await platform.cache?.get(row.sha256);
  if (kept !== undefined && kept.length === row.bytes && (await platform.sha256([kept])) === row.sha256) {
    tell(row.bytes);
    return kept;
  }
  const bytes = await readBody(url, row, await open(url, signal), tell);
  checkDigest(url.href, row, await platform.sha256([bytes]));
  await platform.cache?.put(row.sha256, bytes);
  return bytes;
}

/** Reads the manifest at an address. Rejected with GuestError. */
export async function openGuestAt(folder: URL, options: AddressOptions = {}): Promise<OpenGuest> {
  const base = new URL(folder.href.endsWith('/') ? folder.href : `${folder.href}/`);
  const place = new URL(MANIFEST_NAME, base);
  const manifest = parseManifest(await (await open(place, options.signal)).text(), place.href);
  const addressOf = (row: ManifestFile): URL => new URL(encodeURIComponent(row.name), base);
  return { manifest, nameOf: (row) => addressOf(row).href, read: (row) => readFile(addressOf(row), row, options) };
}

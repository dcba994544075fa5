/**
 * Snapshots of guests that are up and wait, in the user's cache folder: what the next start goes on from. Each is named by a digest of all that decides
 * it. Those used longest ago go when there are too many bytes.
 *
 *     CACHE/waiting/0123456789abcdef0123456789abcdef.snapshot
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../snapshot-file.js';

const ENDING = '.snapshot';
/** All of them together. */
const MOST_BYTES = 2 ** 30;
/** A leftover of a writer that was killed. */
const HOUR_MS = 3600 * 1000;

/** Where the snapshot lies, or is to lie, that everything in `deciding` decides. */
export function keptPath(cacheDir: string, deciding: unknown): string {
  const key = createHash('sha256').update(JSON.stringify(deciding)).digest('hex').slice(0, 32);
  return join(cacheDir, 'waiting', `${key}${ENDING}`);
}

/** Notes that a snapshot was used. */
export function noteUse(path: string, now = new Date()): void {
  try {
    utimesSync(path, now, now);
  } catch {
    // It went meanwhile, or the cache cannot be written to.
  }
}

/** Writes one, and removes what is too much. Throws the system's error. */
export function keep(path: string, parts: readonly Uint8Array[], mostBytes = MOST_BYTES): void {
  const folder = join(path, '..');
  mkdirSync(folder, { recursive: true });
  writeWhole(path, parts);
  dropOld(folder, path, mostBytes);
}

/** Removes the snapshots used longest ago until the others fit, and leftovers. */
function dropOld(folder: string, own: string, mostBytes: number): void {
  const all = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const it = statSync(path, { throwIfNoEntry: false });
    return it === undefined ? [] : [{ path, bytes: it.size, used: it.mtimeMs, whole: name.endsWith(ENDING) }];
  });
  for (const { path, used } of all.filter(({ whole }) => !whole)) if (Date.now() - used > HOUR_MS) rmSync(path, { force: true });
  let left = mostBytes;
  for (const { path, bytes } of all.filter(({ whole }) => whole).sort((a, b) => Number(b.path === own) - Number(a.path === own) || b.used - a.used)) {
    left -= bytes;
    if (left < 0 && path !== own) rmSync(path, { force: true });
  }
}

export const dropKept = (path: string): void => rmSync(path, { force: true });

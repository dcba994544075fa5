/**
 * A snapshot's file. It is read through a descriptor that stays open, so that one which is replaced meanwhile goes on being the old one; and
 * written aside, synced and renamed, so that whatever happens there is the old file or the new one.
 */

import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readByPieces } from '../../snapshot/pieces.js';
import type { ByteSource } from '../../snapshot/source.js';

function readAll(fd: number, to: Uint8Array, offset: number): number {
  let done = 0;
  while (done < to.length) {
    const bytes = readSync(fd, to, done, to.length - done, offset + done);
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}

const PIECES = { bytes: 16 << 10, kept: 64 };

/** Throws the system's error where it cannot be opened. */
export function fileSource(path: string): ByteSource {
  const fd = openSync(path, constants.O_RDONLY);
  const size = fstatSync(fd).size;
  let open = true;
  return {
    bytes: size,
    name: path,
    read(offset, bytes) {
      const out = new Uint8Array(bytes);
      return out.subarray(0, readAll(fd, out, offset));
    },
    readInto: readByPieces((to, offset) => readAll(fd, to, offset), size, PIECES),
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

let written = 0;

/** The folder's own entry, so that the new name outlives a power cut; some systems sync no folders. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // The file itself is synced.
  }
}

/** Puts `content` at `path`, which holds what it held until all is written. Throws the system's error; then nothing has changed. */
export function writeWhole(path: string, content: readonly Uint8Array[]): void {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}-${written++}.tmp`);
  try {
    const fd = openSync(aside, 'wx', 0o600);
    try {
      for (const part of content) for (let done = 0; done < part.length; ) done += writeSync(fd, part, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * A snapshot's file. It is read through a descriptor that stays open, so that one which is replaced meanwhile goes on being the old one; and
 * written aside, synced and renamed, so that whatever happens there is the old file or the new one.
 */

import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

/** A file is read in pieces of this size, because pages that are used together lie together; so many pieces are kept. */
const PIECE = 16 << 10;
const KEPT = 64;

/** Reads small parts of a file by way of larger ones. */
function pieces(fd: number, size: number): (to: Uint8Array, offset: number) => void {
  const kept = new Map<number, Uint8Array>();
  const pieceAt = (number: number): Uint8Array => {
    const known = kept.get(number);
    if (known !== undefined) return known;
    const [oldest] = kept.keys();
    const buffer = kept.size < KEPT ? new Uint8Array(PIECE) : kept.get(oldest!)!;
    if (kept.size >= KEPT) kept.delete(oldest!);
    const there = readAll(fd, buffer.subarray(0, Math.min(PIECE, Math.max(size - number * PIECE, 0))), number * PIECE);
    kept.set(number, buffer.fill(0, there));
    return buffer;
  };
  return (to, offset) => {
    for (let done = 0; done < to.length; ) {
      const at = offset + done, from = at % PIECE, bytes = Math.min(PIECE - from, to.length - done);
      to.set(pieceAt((at - from) / PIECE).subarray(from, from + bytes), done);
      done += bytes;
    }
  };
}

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
    // What is not there any more is zeros, and has another digest.
    readInto: pieces(fd, size),
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

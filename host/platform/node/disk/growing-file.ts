/** A file that grows where it is written to behind its end: what images with a format of their own are kept in. */

import { fdatasync } from 'node:fs';
import { promisify } from 'node:util';
import { holdImage, transfer } from './file.js';

const fdatasyncLater = promisify(fdatasync);

export interface GrowingFile {
  readonly path: string;
  /** Bytes that it has now. */
  size(): number;
  /** What is behind the end is zeros. */
  read(at: number, into: Uint8Array): Promise<void>;
  write(at: number, from: Uint8Array): Promise<void>;
  /** Done when everything written will survive a loss of power. */
  sync(): Promise<void>;
  close(): void;
}

/** Throws DiskError. */
export function openGrowingFile(path: string, { readOnly, locking }: { readOnly: boolean; locking: boolean }): GrowingFile {
  const { fd, bytes, close } = holdImage(path, { readOnly, locking, ownFormat: true });
  let size = bytes;
  return {
    path,
    size: () => size,
    async read(at, into) {
      const there = Math.max(0, Math.min(into.length, size - at));
      into.fill(0, there);
      if (there > 0) await transfer(fd, into.subarray(0, there), at, false);
    },
    async write(at, from) {
      await transfer(fd, from, at, true);
      size = Math.max(size, at + from.length);
    },
    sync: () => fdatasyncLater(fd),
    close,
  };
}

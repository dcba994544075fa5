/**
 * A raw image. What is written goes to the file at once (the host's cache has it when the guest is told), `flush` is fdatasync. Short
 * transfers are done on the spot; long ones, and whatever waits for the disk itself, by the thread pool.
 */

import { spawn } from 'node:child_process';
import { closeSync, fdatasync, fstatSync, openSync, read, readSync, write, writeSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import type { Disk, Done } from '../../../disk/disk.js';
import { DiskError } from '../../../disk/errors.js';
import type { FileDiskOptions } from '../../platform.js';
import { checkUnlocked, lockImage } from './lock.js';
import { SECTOR_BYTES } from '../../../disk/sector.js';

const readLater = promisify(read);
const writeLater = promisify(write);
const fdatasyncLater = promisify(fdatasync);

/** Longer transfers do not hold up the thread. */
const AT_ONCE = 65536;
const ZEROS = new Uint8Array(1 << 20);

/** Reads or writes all of `data` at `at`, on the spot. */
export function transferNow(fd: number, data: Uint8Array, at: number, writing: boolean): void {
  for (let done = 0; done < data.length; ) {
    const count = writing ? writeSync(fd, data, done, data.length - done, at + done) : readSync(fd, data, done, data.length - done, at + done);
    if (count === 0) throw new DiskError('the image has become shorter');
    done += count;
  }
}

async function transferLater(fd: number, data: Uint8Array, at: number, writing: boolean): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { length } = data;
    const count = writing
      ? (await writeLater(fd, data, done, length - done, at + done)).bytesWritten
      : (await readLater(fd, data, done, length - done, at + done)).bytesRead;
    if (count === 0) throw new DiskError('the image has become shorter');
    done += count;
  }
}

export function transfer(fd: number, data: Uint8Array, at: number, writing: boolean): Done {
  if (data.length > AT_ONCE) return transferLater(fd, data, at, writing);
  transferNow(fd, data, at, writing);
}

async function writeZeros(fd: number, at: number, bytes: number): Promise<void> {
  for (let done = 0; done < bytes; done += ZEROS.length) await transferLater(fd, ZEROS.subarray(0, bytes - done), at + done, true);
}

/** util-linux's fallocate, by which alone a program without system calls of its own can make holes. False where it is not or cannot. */
function punch(fd: number, at: number, bytes: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('fallocate', ['--punch-hole', '--offset', String(at), '--length', String(bytes), '/dev/fd/3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** Opens an image and looks whether it can be one; `ownFormat`: its bytes are not the disk's. Throws DiskError. */
export function openImage(path: string, readOnly: boolean, ownFormat = false): { fd: number; bytes: number } {
  const fd = openOrExplain(path, readOnly);
  const stats = fstatSync(fd);
  const wrong = wrongWith(stats, ownFormat);
  if (wrong === undefined) return { fd, bytes: stats.size };
  closeSync(fd);
  throw new DiskError(`${path} ${wrong}`);
}

function wrongWith(stats: Stats, ownFormat: boolean): string | undefined {
  if (!stats.isFile()) return 'is no regular file.';
  if (stats.size === 0) return 'is empty: truncate -s 64M FILE makes a blank disk.';
  if (stats.size % SECTOR_BYTES !== 0 && !ownFormat) return `has ${stats.size} bytes, which is no multiple of ${SECTOR_BYTES}: truncate -s %512 FILE fills it up.`;
  return undefined;
}

function openOrExplain(path: string, readOnly: boolean): number {
  try {
    return openSync(path, readOnly ? 'r' : 'r+');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT') throw new DiskError(`${path} is not there. truncate -s 64M FILE makes a blank disk.`);
    if (!readOnly && (code === 'EACCES' || code === 'EROFS')) throw new DiskError(`${path} cannot be written to (${code}); readonly=on or snapshot=on would do without.`);
    throw new DiskError(`${path} cannot be opened: ${code}.`);
  }
}

/** An image that is this process's until it is closed, once: the number may be another file's by then. */
export interface HeldImage {
  fd: number;
  bytes: number;
  close(): void;
}

/** Opens an image and locks it, or, to be read only, sees that nobody writes to it. Throws DiskError. */
export function holdImage(path: string, { readOnly, locking, ownFormat = false }: { readOnly: boolean; locking: boolean; ownFormat?: boolean }): HeldImage {
  const { fd, bytes } = openImage(path, readOnly, ownFormat);
  let unlock = (): void => undefined;
  let isClosed = false;
  try {
    if (locking && readOnly) checkUnlocked(path);
    else if (locking) unlock = lockImage(path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    fd,
    bytes,
    close() {
      if (isClosed) return;
      isClosed = true;
      closeSync(fd);
      unlock();
    },
  };
}

export function openFileDisk(path: string, { readOnly, unmap, locking }: FileDiskOptions): Disk {
  const { fd, bytes, close } = holdImage(path, { readOnly, locking });
  return {
    bytes,
    readOnly,
    read: (at, into) => transfer(fd, into, at, false),
    write: (at, from) => transfer(fd, from, at, true),
    flush: () => fdatasyncLater(fd),
    async zero(at, length, mayUnmap) {
      if (mayUnmap && unmap && (await punch(fd, at, length))) return;
      await writeZeros(fd, at, length);
    },
    async discard(at, length) {
      if (unmap) await punch(fd, at, length);
    },
    async close() {
      close();
    },
  };
}

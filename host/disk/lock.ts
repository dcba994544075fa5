/**
 * One machine at a time writes to an image. The lock is a file beside it, `IMAGE.lock`, that names its owner: the process id and, where
 * the system tells, when that process started, so that an id used again is no owner. What a killed process left is taken over.
 *
 * Where the image's folder cannot be written to, the file is in the system's folder for temporary files, by device and inode.
 */

import { linkSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskError } from './errors.js';

let taken = 0;

/** Field 22 of /proc/PID/stat, after the program's name in parentheses: start time since boot. Empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(owner: string): boolean {
  const [pid = '', start = ''] = owner.trim().split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(Number(pid));
  return start === '' || now === '' || start === now;
}

function readOwner(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return undefined;
  }
}

/** Makes the lock, whole at once: written under a name of its own and then linked. False when it is there already. */
function make(lock: string): boolean {
  const own = `${lock}.${process.pid}.${taken++}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx' });
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes a dead owner's lock away. Another process may have done the same and made its own meanwhile: that one is put back. */
function clear(lock: string, dead: string): void {
  const aside = `${lock}.${process.pid}.${taken++}`;
  try {
    renameSync(lock, aside);
    if (readOwner(aside) !== dead) linkSync(aside, lock);
  } catch {
    // It is gone, or made again: the next attempt sees.
  }
  rmSync(aside, { force: true });
}

function take(lock: string, path: string): void {
  for (let attempt = 0; attempt < 8; attempt++) {
    if (make(lock)) return;
    const owner = readOwner(lock);
    if (owner === undefined) continue;
    if (isAlive(owner)) throw busy(path, lock, owner);
    clear(lock, owner);
  }
  throw new DiskError(`${path} cannot be locked: ${lock} comes and goes.`);
}

function busy(path: string, lock: string, owner: string): DiskError {
  return new DiskError(`${path} is in use by another machine (process ${owner.trim().split(' ')[0]}); close that one, or use snapshot=on once it is closed. The lock is ${lock}.`);
}

/** Where the lock of an image may be. */
function places(path: string): [string, string] {
  const real = realpathSync(path);
  const { dev, ino } = statSync(real);
  return [`${real}.lock`, join(tmpdir(), `pintail-${dev}-${ino}.lock`)];
}

const NO_ROOM = ['EACCES', 'EPERM', 'EROFS', 'ENOTSUP'];

/** Locks an image for writing; gives the function that unlocks it. Throws DiskError when it is locked. */
export function lockImage(path: string): () => void {
  const [beside, elsewhere] = places(path);
  let lock = beside;
  try {
    take(beside, path);
  } catch (error) {
    if (!NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    take((lock = elsewhere), path);
  }
  return () => rmSync(lock, { force: true });
}

/** Throws DiskError when a machine writes to the image. */
export function checkUnlocked(path: string): void {
  for (const lock of places(path)) {
    const owner = readOwner(lock);
    if (owner !== undefined && isAlive(owner)) throw busy(path, lock, owner);
  }
}

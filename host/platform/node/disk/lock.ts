/**
 * One machine at a time writes to an image. A lock is a file that names its owner: the process id and, where the system tells, when that
 * process started, so that an id used again is no owner. What a killed process left, and what is no owner at all, is taken over.
 *
 * An image has two: one in the system's folder for temporary files, by device and inode, so that a second name of the image (a hard link)
 * is the same image; and one beside it, `IMAGE.lock`, for machines that share the image's folder and not that one. Where either folder
 * cannot be written to, the other lock alone must do.
 */

import { linkSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskError } from '../../../disk/errors.js';

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

/** A process of this number is there, whoever's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Who a lock says its owner is; undefined where it says nothing that could be one (0 and negative numbers are groups of processes). */
function readOwner(text: string): { pid: number; start: string } | undefined {
  const match = /^([1-9]\d{0,9})(?: (\d*))?\s*$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), start: match[2] ?? '' };
}

function isAlive(text: string): boolean {
  const owner = readOwner(text);
  if (owner === undefined || !isRunning(owner.pid)) return false;
  const now = startOf(owner.pid);
  return owner.start === '' || now === '' || owner.start === now;
}

/** What the lock says; undefined when there is none. Throws DiskError where that cannot be known. */
function readLock(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new DiskError(`the lock ${lock} cannot be read: ${code === 'EISDIR' ? 'it is a folder' : (code ?? String(error))}.`);
  }
}

/** Makes the lock, whole at once: written under a name of its own and then linked. False when it is there already. */
function make(lock: string): boolean {
  const own = `${lock}.${process.pid}.${taken++}`;
  try {
    writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx' });
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
    if (readLock(aside) !== dead) linkSync(aside, lock);
  } catch {
    // It is gone, or made again: the next attempt sees.
  }
  rmSync(aside, { force: true });
}

function take(lock: string, path: string): void {
  for (let attempt = 0; attempt < 8; attempt++) {
    if (make(lock)) return;
    const owner = readLock(lock);
    if (owner === undefined) continue;
    if (isAlive(owner)) throw busy(path, lock, owner);
    clear(lock, owner);
  }
  throw new DiskError(`${path} cannot be locked: ${lock} comes and goes, or is of a process that ended and cannot be removed.`);
}

function busy(path: string, lock: string, owner: string): DiskError {
  return new DiskError(`${path} is in use by another machine (process ${owner.trim().split(' ')[0]}); close that one, or use snapshot=on once it is closed. The lock is ${lock}.`);
}

/** Where the locks of an image are. */
function places(path: string): [string, string] {
  const real = realpathSync(path);
  const { dev, ino } = statSync(real);
  return [join(tmpdir(), `pintail-${dev}-${ino}.lock`), `${real}.lock`];
}

const NO_ROOM = ['EACCES', 'EPERM', 'EROFS', 'ENOTSUP', 'ENOENT', 'ENOSPC', 'EDQUOT'];

/** Takes one of the two; false where its folder has no room for it. */
function tryTake(lock: string, path: string): boolean {
  try {
    take(lock, path);
    return true;
  } catch (error) {
    if (!NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}

/** Locks that this thread holds, and who is told when they change. */
const ours = new Set<string>();
let tell: ((held: string[]) => void) | undefined;

/** Tells `listener` which locks this thread holds, whenever that changes: for who may end the thread before it has unlocked. */
export function watchLocks(listener: (held: string[]) => void): void {
  tell = listener;
}

/** Unlocks what a thread of this process held that has been ended. */
export function breakLocks(held: readonly string[]): void {
  for (const lock of held) rmSync(lock, { force: true });
}

/** Locks an image for writing; gives the function that unlocks it. Throws DiskError when it is locked. */
export function lockImage(path: string): () => void {
  const held: string[] = [];
  const unlock = (): void => {
    if (held.length === 0) return;
    held.forEach((lock) => ours.delete(lock));
    breakLocks(held.splice(0));
    tell?.([...ours]);
  };
  try {
    for (const lock of places(path)) if (tryTake(lock, path)) held.push(lock);
  } catch (error) {
    unlock();
    throw error;
  }
  if (held.length === 0) throw new DiskError(`${path} cannot be locked: neither ${places(path).join(' nor ')} can be written. locking=off would do without.`);
  held.forEach((lock) => ours.add(lock));
  tell?.([...ours]);
  return unlock;
}

/** Throws DiskError when a machine writes to the image. */
export function checkUnlocked(path: string): void {
  for (const lock of places(path)) {
    const owner = readLock(lock);
    if (owner !== undefined && isAlive(owner)) throw busy(path, lock, owner);
  }
}

/**
 * Files and folders of the host for a guest's initial file system (`--add HOST[:GUEST]`), as an archive to append.
 *
 * Modes and symbolic links inside a folder stay as they are; owners become root. The path itself may be a link: what it
 * leads to is added.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeCpio } from './cpio.js';
import { GuestError } from './errors.js';
import { directory, file, type FileEntry } from './files.js';

/** By its path on this machine, or by its content; with its absolute path in the guest. */
export type Addition = { host: string; guest: string } | { content: Uint8Array; guest: string; mode?: number };

/** The path, where it leads nowhere but down. */
export function checkGuestPath(guest: string): string {
  if (guest.split('/').includes('..')) throw new GuestError(`The guest path ${guest} has ".." in it`, 'Write it without.');
  return guest;
}

/**
 * Reads HOST[:GUEST]. GUEST is absolute; with a slash at its end the thing goes into it under its own name; without
 * GUEST it goes to the root.
 */
export function parseAddition(text: string): { host: string; guest: string } {
  const match = /^(.+?):(\/.*)$/.exec(text);
  // A single letter before the colon is a drive.
  const split = match !== null && !(process.platform === 'win32' && match[1]!.length === 1);
  const host = split ? match[1]! : text;
  const guest = split ? match[2]! : '/';
  if (host === '') throw new GuestError('There is nothing to add: the path is empty', 'Write --add HOST or --add HOST:/GUEST.');
  checkGuestPath(guest);
  return { host, guest: guest.endsWith('/') ? `${guest}${basename(resolve(host))}` : guest };
}

function relative(path: string): string {
  return path.split('/').filter((part) => part !== '' && part !== '.').join('/');
}

async function readTree(host: string, path: string, status: Stats): Promise<FileEntry[]> {
  const mode = status.mode & 0o7777;
  if (status.isFile()) return [{ path, kind: 'file', mode, data: await readFile(host) }];
  if (status.isSymbolicLink()) return [{ path, kind: 'symlink', mode: 0o777, target: await readlink(host) }];
  if (!status.isDirectory()) return []; // sockets, pipes and devices of the host mean nothing in the guest
  const own: FileEntry[] = path === '' ? [] : [{ path, kind: 'directory', mode }];
  for (const name of (await readdir(host)).sort()) {
    const child = join(host, name);
    own.push(...(await readTree(child, path === '' ? name : `${path}/${name}`, await lstat(child))));
  }
  return own;
}

/** The kernel sets the mode of each folder an archive names, also of one that is there: /tmp must keep its own. */
function parentsOf(entries: FileEntry[]): FileEntry[] {
  return entries.some((entry) => entry.path.startsWith('tmp/')) ? [directory('tmp', 0o1777)] : [];
}

/** The archive of all additions; a later one wins where two name the same path. */
export async function addFiles(additions: readonly Addition[]): Promise<Uint8Array> {
  const entries: FileEntry[] = [];
  for (const addition of additions) {
    const { guest } = addition;
    if ('content' in addition) {
      entries.push(file(relative(guest), addition.content, addition.mode));
      continue;
    }
    const { host } = addition;
    let found: FileEntry[];
    try {
      found = await readTree(host, relative(guest), await stat(host));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new GuestError(`Cannot add ${host}: ${code === 'ENOENT' ? 'it does not exist' : String(code ?? cause)}`, 'Look at the --add options.');
    }
    if (found.length === 0 && relative(guest) !== '') throw new GuestError(`Cannot add ${host}: it is no file, folder or link`, 'Look at the --add options.');
    entries.push(...found);
  }
  return writeCpio([...parentsOf(entries), ...entries]);
}

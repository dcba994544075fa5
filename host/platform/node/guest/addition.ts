/**
 * Files and folders of the host for a guest's initial file system (`--add HOST[:GUEST]`).
 *
 * Modes and symbolic links inside a folder stay as they are. The path itself may be a link: what it leads to is added.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GuestError } from '../../../guest/errors.js';
import type { FileEntry } from '../../../guest/files.js';
import { checkGuestPath, relativePath } from '../../../guest/paths.js';

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

/** What a path of this machine holds, at its place in the guest. Rejected with GuestError. */
export async function readAddition({ host, guest }: { host: string; guest: string }): Promise<FileEntry[]> {
  let found: FileEntry[];
  try {
    found = await readTree(host, relativePath(guest), await stat(host));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new GuestError(`Cannot add ${host}: ${code === 'ENOENT' ? 'it does not exist' : String(code ?? cause)}`, 'Look at the --add options.');
  }
  if (found.length === 0 && relativePath(guest) !== '') throw new GuestError(`Cannot add ${host}: it is no file, folder or link`, 'Look at the --add options.');
  return found;
}

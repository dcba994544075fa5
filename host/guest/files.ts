/** What a guest's file system is made of, before it is an archive. */

import { Budget } from '../boot/unpack/budget.js';
import { StreamError } from '../boot/unpack/stream-error.js';

export type FileKind = 'directory' | 'file' | 'symlink' | 'character' | 'block' | 'fifo';

export interface FileEntry {
  /** From the root, without a leading slash: `bin/busybox`. */
  path: string;
  kind: FileKind;
  /** Permission bits, with set-uid, set-gid and sticky. */
  mode: number;
  /** Contents of a file. */
  data?: Uint8Array;
  /** What a symbolic link says. */
  target?: string;
  /** Major and minor number of a device node. */
  device?: readonly [major: number, minor: number];
  /** Numbers of its user and group; root's where nothing is said. */
  owner?: readonly [user: number, group: number];
  /** Seconds since 1970. */
  modified?: number;
}

const text = new TextEncoder();

export function directory(path: string, mode = 0o755): FileEntry {
  return { path, kind: 'directory', mode };
}

export function file(path: string, data: Uint8Array | string, mode = 0o644): FileEntry {
  return { path, kind: 'file', mode, data: typeof data === 'string' ? text.encode(data) : data };
}

export function symlink(path: string, target: string): FileEntry {
  return { path, kind: 'symlink', mode: 0o777, target };
}

/**
 * Adds the directories that the paths need and that are not there, each an entry from `budget`: a deep path makes thousands. Later entries
 * win over earlier ones of the same path.
 */
export function completeTree(entries: Iterable<FileEntry>, budget = new Budget()): FileEntry[] {
  const tree = new Map<string, FileEntry>();
  for (const entry of entries) tree.set(entry.path, entry);
  for (const path of [...tree.keys()]) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      const above = tree.get(parent);
      // A link may lead to a directory (bin -> usr/bin); under anything else the guest would lose the file without a word.
      if (above !== undefined && above.kind !== 'directory' && above.kind !== 'symlink') throw new StreamError(`has a ${above.kind} ${parent} and, as if it were a directory, ${path}`);
      if (above !== undefined) break; // and with it what is above it
      budget.spendEntry(parent);
      tree.set(parent, directory(parent));
    }
  }
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

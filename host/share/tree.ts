/**
 * What a shared folder is to the machine that shares it: files by their paths. A program brings its own by implementing this; folder.ts has
 * a folder of the host, memory.ts one that is only in memory. Every call may answer at once or by a promise; the guest's time stands still
 * meanwhile. What cannot be done throws TreeError with the number that the guest is to see.
 */

/** Names from the root down, none of them empty, `.`, `..` or with a slash. Bytes as they are, one a character (latin1). */
export type TreePath = readonly string[];
export type Awaitable<T> = T | Promise<T>;

/** Linux's numbers for what went wrong (include/uapi/asm-generic/errno.h). */
export const Errno = {
  EPERM: 1, ENOENT: 2, EIO: 5, ENXIO: 6, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19, ENOTDIR: 20, EISDIR: 21, EINVAL: 22,
  ENFILE: 23, EMFILE: 24, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, EROFS: 30, EMLINK: 31, ENAMETOOLONG: 36, ENOTEMPTY: 39, ELOOP: 40, EPROTO: 71, EOPNOTSUPP: 95, ESTALE: 116, EDQUOT: 122,
} as const;

export class TreeError extends Error {
  constructor(readonly errno: number, message = `errno ${errno}`) {
    super(message);
    this.name = 'TreeError';
  }
}

/** Kinds of files, as the upper bits of a mode have them. */
export const Kind = { FIFO: 0o010000, CHARACTER: 0o020000, FOLDER: 0o040000, BLOCK: 0o060000, FILE: 0o100000, LINK: 0o120000, SOCKET: 0o140000, MASK: 0o170000 } as const;

export interface TreeStat {
  /** The same for as long as the file lives. */
  id: bigint;
  /** Kind and permissions. */
  mode: number;
  uid: number;
  gid: number;
  links: bigint;
  /** Bytes. */
  size: bigint;
  /** Of 512 bytes. */
  blocks: bigint;
  /** ns since 1970. */
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

/** What is not there stays as it is. Times in ns since 1970, or 'now'. */
export interface TreeChanges {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: bigint;
  accessed?: bigint | 'now';
  modified?: bigint | 'now';
}

export interface TreeOpening {
  read: boolean;
  write: boolean;
  truncate: boolean;
  /** Made when it is not there, with these permissions; `exclusive`: EEXIST when it is. */
  create?: { mode: number; exclusive: boolean };
}

/** A file that is open: it lives on when its name is gone. */
export interface TreeFile {
  stat(): Awaitable<TreeStat>;
  /** Bytes read; 0 at the end. */
  read(at: number, into: Uint8Array): Awaitable<number>;
  /** Bytes written, at least one. */
  write(at: number, from: Uint8Array): Awaitable<number>;
  resize(bytes: number): Awaitable<void>;
  sync(): Awaitable<void>;
  close(): Awaitable<void>;
}

export interface TreeSpace {
  blockBytes: number;
  blocks: bigint;
  free: bigint;
  files: bigint;
  freeFiles: bigint;
}

/** Symbolic links are never followed: they are the guest's to read. */
export interface SharedTree {
  stat(path: TreePath): Awaitable<TreeStat>;
  list(path: TreePath): Awaitable<string[]>;
  open(path: TreePath, how: TreeOpening): Awaitable<TreeFile>;
  change(path: TreePath, changes: TreeChanges): Awaitable<void>;
  readLink(path: TreePath): Awaitable<string>;
  makeFolder(path: TreePath, mode: number): Awaitable<void>;
  makeLink(path: TreePath, target: string): Awaitable<void>;
  /** Another name for a file. */
  link(from: TreePath, to: TreePath): Awaitable<void>;
  rename(from: TreePath, to: TreePath): Awaitable<void>;
  /** A file, or a folder that is empty. */
  remove(path: TreePath, folder: boolean): Awaitable<void>;
  space(): Awaitable<TreeSpace>;
  close(): Awaitable<void>;
}

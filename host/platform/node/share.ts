/**
 * A folder of the host, shared. Nothing the guest asks leads out of it: each name of a path is opened by itself, as a folder and not
 * through a link, from the folder before it, by that folder's descriptor (/proc/self/fd), so that it does not matter what is renamed
 * meanwhile. Where the host has no such paths (macOS, Windows) the path's real name must lie in the folder at each call, which a rename in
 * between could deceive: docs/security.md says so.
 */

import * as fs from 'node:fs';
import { Errno, Kind, TreeError, type SharedTree, type TreeChanges, type TreeFile, type TreeOpening, type TreePath, type TreeSpace, type TreeStat } from '../../share/tree.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW = 0, O_DIRECTORY = 0, O_NONBLOCK = 0 } = fs.constants;
/** Linux's O_PATH: a place in the tree, with no right to read. */
const O_PATH = 0o10000000;
const NS_IN_S = 1e9;

function toStat(s: fs.BigIntStats): TreeStat {
  return {
    id: s.ino ^ (s.dev << 48n), mode: Number(s.mode), uid: Number(s.uid), gid: Number(s.gid), links: s.nlink, size: s.size, blocks: s.blocks,
    accessed: s.atimeNs, modified: s.mtimeNs, changed: s.ctimeNs,
  };
}

class HostFile implements TreeFile {
  constructor(private readonly fd: number) {}
  stat(): TreeStat { return toStat(fs.fstatSync(this.fd, { bigint: true })); }
  read(at: number, into: Uint8Array): number { return into.length === 0 ? 0 : fs.readSync(this.fd, into, 0, into.length, at); }
  write(at: number, from: Uint8Array): number { return fs.writeSync(this.fd, from, 0, from.length, at); }
  resize(bytes: number): void { fs.ftruncateSync(this.fd, bytes); }
  sync(): void { fs.fsyncSync(this.fd); }
  close(): void { fs.closeSync(this.fd); }
}

/** A name below a descriptor: Linux gives each its path. */
const below = (fd: number, name: string): Buffer => Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), Buffer.from(name, 'latin1')]);

export class HostFolder implements SharedTree {
  private readonly root: number;

  /** Throws what the host says where `folder` is none. */
  constructor(private readonly folder: string) {
    this.root = fs.openSync(folder, O_RDONLY | O_DIRECTORY);
  }

  /** Calls `act` with a path for the host that leads to `path` and nowhere else; its last name may be a link, which must not be followed. */
  private at<T>(path: TreePath, act: (place: Buffer) => T): T {
    if (process.platform !== 'linux') return act(this.checked(path));
    if (path.length === 0) return act(Buffer.from(`/proc/self/fd/${this.root}/.`));
    let fd = this.root;
    try {
      for (const name of path.slice(0, -1)) {
        const next = fs.openSync(below(fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (fd !== this.root) fs.closeSync(fd);
        fd = next;
      }
      return act(below(fd, path.at(-1)!));
    } finally {
      if (fd !== this.root) fs.closeSync(fd);
    }
  }

  private checked(path: TreePath): Buffer {
    const real = fs.realpathSync(this.folder);
    if (path.length === 0) return Buffer.from(real);
    const names = path.map((name) => Buffer.from(name, 'latin1').toString());
    const parent = fs.realpathSync([real, ...names.slice(0, -1)].join('/'));
    if (parent !== [real, ...names.slice(0, -1)].join('/')) throw new TreeError(Errno.ENOENT, 'a link stands in the path');
    return Buffer.from(`${parent}/${names.at(-1)!}`);
  }

  stat(path: TreePath): TreeStat {
    return this.at(path, (place) => toStat(fs.lstatSync(place, { bigint: true })));
  }

  list(path: TreePath): string[] {
    return this.at(path, (place) => {
      if (!fs.lstatSync(place).isDirectory()) throw new TreeError(Errno.ENOTDIR);
      return fs.readdirSync(place, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    });
  }

  /** Files only: to open a device or a pipe of the host's does something there. */
  open(path: TreePath, { read, write, truncate, create }: TreeOpening): TreeFile {
    const flags = (write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY) | (truncate ? O_TRUNC : 0) | (create ? O_CREAT : 0) | (create?.exclusive ? O_EXCL : 0) | O_NOFOLLOW | O_NONBLOCK;
    return this.at(path, (place) => {
      const there = fs.lstatSync(place, { throwIfNoEntry: false });
      if (there !== undefined && !there.isFile()) throw new TreeError(there.isDirectory() ? Errno.EISDIR : there.isSymbolicLink() ? Errno.ELOOP : Errno.EPERM);
      const fd = fs.openSync(place, flags, create?.mode);
      if (fs.fstatSync(fd).isFile()) return new HostFile(fd);
      fs.closeSync(fd);
      throw new TreeError(Errno.EPERM, 'not a file');
    });
  }

  change(path: TreePath, { mode, uid, gid, size, accessed, modified }: TreeChanges): void {
    this.at(path, (place) => {
      const now = fs.lstatSync(place, { bigint: true });
      if (size !== undefined) this.resize(place, Number(size));
      if (uid !== undefined || gid !== undefined) this.own(place, uid ?? Number(now.uid), gid ?? Number(now.gid));
      // There is no chmod of a link itself; what has become one meanwhile is left alone.
      if (mode !== undefined && (Number(now.mode) & Kind.MASK) !== Kind.LINK) this.permit(place, mode);
      if (accessed === undefined && modified === undefined) return;
      const seconds = (time: bigint | 'now' | undefined, old: bigint): number => (time === 'now' ? Date.now() / 1000 : Number(time ?? old) / NS_IN_S);
      fs.lutimesSync(place, seconds(accessed, now.atimeNs), seconds(modified, now.mtimeNs));
    });
  }

  private resize(place: Buffer, bytes: number): void {
    if (!fs.lstatSync(place).isFile()) throw new TreeError(Errno.EINVAL, 'only files have a size to change');
    const fd = fs.openSync(place, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      fs.ftruncateSync(fd, bytes);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** By a descriptor, so that no link is followed; on Linux by one that needs no right to read. */
  private permit(place: Buffer, mode: number): void {
    const linux = process.platform === 'linux';
    const fd = fs.openSync(place, (linux ? O_PATH : O_RDONLY | O_NONBLOCK) | O_NOFOLLOW);
    try {
      if (linux) fs.chmodSync(`/proc/self/fd/${fd}`, mode);
      else fs.fchmodSync(fd, mode);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Without the right to it owners stay as they are: files belong to who runs the machine (QEMU's security_model=none). */
  private own(place: Buffer, uid: number, gid: number): void {
    try {
      fs.lchownSync(place, uid, gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    }
  }

  readLink(path: TreePath): string {
    return this.at(path, (place) => fs.readlinkSync(place, { encoding: 'buffer' }).toString('latin1'));
  }

  makeFolder(path: TreePath, mode: number): void {
    this.at(path, (place) => fs.mkdirSync(place, { mode }));
  }

  makeLink(path: TreePath, target: string): void {
    this.at(path, (place) => fs.symlinkSync(Buffer.from(target, 'latin1'), place));
  }

  link(from: TreePath, to: TreePath): void {
    this.at(from, (old) => this.at(to, (place) => fs.linkSync(old, place)));
  }

  rename(from: TreePath, to: TreePath): void {
    this.at(from, (old) => this.at(to, (place) => fs.renameSync(old, place)));
  }

  remove(path: TreePath, folder: boolean): void {
    this.at(path, (place) => (folder ? fs.rmdirSync(place) : fs.unlinkSync(place)));
  }

  space(): TreeSpace {
    const s = fs.statfsSync(this.folder, { bigint: true });
    return { blockBytes: Number(s.bsize), blocks: s.blocks, free: s.bavail, files: s.files, freeFiles: s.ffree };
  }

  close(): void {
    fs.closeSync(this.root);
  }
}

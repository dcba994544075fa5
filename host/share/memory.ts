/** A shared folder that is only in memory: for pages, tests, and programs that hand a guest files and take some back. */

import { Errno, Kind, TreeError, type SharedTree, type TreeChanges, type TreeFile, type TreeOpening, type TreePath, type TreeSpace, type TreeStat } from './tree.js';

const BLOCK_BYTES = 4096;
const NS_IN_MS = 1_000_000n;

interface Node {
  id: bigint;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
  /** Of a file; longer than `size` where it has been growing. */
  data: Uint8Array;
  size: number;
  /** Of a folder. */
  names: Map<string, Node>;
  /** Of a link. */
  target: string;
}

const isFolder = ({ mode }: Node): boolean => (mode & Kind.MASK) === Kind.FOLDER;
const now = (): bigint => BigInt(Date.now()) * NS_IN_MS;

export interface MemoryFolderOptions {
  /** Bytes of content that it takes before the guest is told that the disk is full. Default 256 MiB. */
  maxBytes?: number;
}

export class MemoryFolder implements SharedTree {
  private readonly root: Node;
  private made = 0n;
  private held = 0;
  private readonly maxBytes: number;

  constructor({ maxBytes = 256 * 2 ** 20 }: MemoryFolderOptions = {}) {
    this.maxBytes = maxBytes;
    this.root = this.make(Kind.FOLDER | 0o755);
  }

  // --- For the program ---

  /** Puts a file there, with the folders it lies in: `/a/b.txt`. */
  put(path: string, content: Uint8Array | string): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const names = namesOf(path);
    const folder = names.slice(0, -1).reduce((at, name) => {
      const next = at.names.get(name) ?? this.enter(at, name, this.make(Kind.FOLDER | 0o755));
      if (!isFolder(next)) throw new TreeError(Errno.ENOTDIR, `${path}: ${name} is no folder`);
      return next;
    }, this.root);
    const name = names.at(-1);
    if (name === undefined) throw new TreeError(Errno.EISDIR, `"${path}" names no file`);
    const node = folder.names.get(name) ?? this.enter(folder, name, this.make(Kind.FILE | 0o644));
    this.resize(node, 0);
    this.write(node, 0, bytes);
  }

  /** A copy of what is in a file; undefined when there is none. */
  get(path: string): Uint8Array | undefined {
    try {
      const node = this.find(namesOf(path));
      return isFolder(node) ? undefined : node.data.slice(0, node.size);
    } catch {
      return undefined;
    }
  }

  // --- For the guest ---

  stat(path: TreePath): TreeStat {
    return this.statOf(this.find(path));
  }

  list(path: TreePath): string[] {
    return [...this.folder(path).names.keys()];
  }

  open(path: TreePath, { truncate, create }: TreeOpening): TreeFile {
    const [folder, name] = this.parent(path);
    let node = folder.names.get(name);
    if (node !== undefined && create?.exclusive) throw new TreeError(Errno.EEXIST);
    if (node === undefined && create === undefined) throw new TreeError(Errno.ENOENT);
    node ??= this.enter(folder, name, this.make(Kind.FILE | create!.mode));
    if ((node.mode & Kind.MASK) !== Kind.FILE) throw new TreeError(isFolder(node) ? Errno.EISDIR : Errno.ELOOP);
    if (truncate) this.resize(node, 0);
    return this.fileOf(node);
  }

  change(path: TreePath, { mode, uid, gid, size, accessed, modified }: TreeChanges): void {
    const node = this.find(path);
    if (size !== undefined) this.resize(node, Number(size));
    if (mode !== undefined) node.mode = (node.mode & Kind.MASK) | mode;
    if (uid !== undefined) node.uid = uid;
    if (gid !== undefined) node.gid = gid;
    if (accessed !== undefined) node.accessed = accessed === 'now' ? now() : accessed;
    if (modified !== undefined) node.modified = modified === 'now' ? now() : modified;
    node.changed = now();
  }

  readLink(path: TreePath): string {
    const node = this.find(path);
    if ((node.mode & Kind.MASK) !== Kind.LINK) throw new TreeError(Errno.EINVAL);
    return node.target;
  }

  makeFolder(path: TreePath, mode: number): void {
    this.add(path, this.make(Kind.FOLDER | mode));
  }

  makeLink(path: TreePath, target: string): void {
    this.add(path, Object.assign(this.make(Kind.LINK | 0o777), { target, size: target.length }));
  }

  link(from: TreePath, to: TreePath): void {
    const node = this.find(from);
    if (isFolder(node)) throw new TreeError(Errno.EPERM);
    this.add(to, node);
    node.links++;
  }

  rename(from: TreePath, to: TreePath): void {
    const [oldFolder, oldName] = this.parent(from);
    const node = oldFolder.names.get(oldName);
    if (node === undefined) throw new TreeError(Errno.ENOENT);
    if (to.length >= from.length && from.every((name, i) => to[i] === name)) {
      if (to.length === from.length) return;
      throw new TreeError(Errno.EINVAL, 'a folder cannot move into itself');
    }
    const [folder, name] = this.parent(to);
    const there = folder.names.get(name);
    if (there === node) return;
    if (there !== undefined) this.replace(to, there, isFolder(node));
    oldFolder.names.delete(oldName);
    this.enter(folder, name, node);
    oldFolder.modified = now();
  }

  private replace(path: TreePath, there: Node, byFolder: boolean): void {
    if (isFolder(there) !== byFolder) throw new TreeError(byFolder ? Errno.ENOTDIR : Errno.EISDIR);
    this.remove(path, byFolder);
  }

  remove(path: TreePath, folder: boolean): void {
    const [parent, name] = this.parent(path);
    const node = parent.names.get(name);
    if (node === undefined) throw new TreeError(Errno.ENOENT);
    if (isFolder(node) !== folder) throw new TreeError(folder ? Errno.ENOTDIR : Errno.EISDIR);
    if (node.names.size > 0) throw new TreeError(Errno.ENOTEMPTY);
    parent.names.delete(name);
    parent.modified = now();
    node.links--;
    // An open file keeps its bytes; they count no more.
    if (node.links === 0) this.held -= node.data.length;
  }

  space(): TreeSpace {
    const blocks = BigInt(Math.floor(this.maxBytes / BLOCK_BYTES));
    return { blockBytes: BLOCK_BYTES, blocks, free: blocks - BigInt(Math.ceil(this.held / BLOCK_BYTES)), files: 1n << 20n, freeFiles: (1n << 20n) - this.made };
  }

  close(): void {
    // What is in it may still be wanted.
  }

  // --- Nodes ---

  private make(mode: number): Node {
    const time = now();
    return { id: ++this.made, mode, uid: 0, gid: 0, links: 1, accessed: time, modified: time, changed: time, data: new Uint8Array(0), size: 0, names: new Map(), target: '' };
  }

  private enter(folder: Node, name: string, node: Node): Node {
    folder.names.set(name, node);
    folder.modified = now();
    return node;
  }

  private add(path: TreePath, node: Node): void {
    const [folder, name] = this.parent(path);
    if (folder.names.has(name)) throw new TreeError(Errno.EEXIST);
    this.enter(folder, name, node);
  }

  private find(path: TreePath): Node {
    return path.reduce((at, name) => {
      if (!isFolder(at)) throw new TreeError(Errno.ENOTDIR);
      const next = at.names.get(name);
      if (next === undefined) throw new TreeError(Errno.ENOENT);
      return next;
    }, this.root);
  }

  private folder(path: TreePath): Node {
    const node = this.find(path);
    if (!isFolder(node)) throw new TreeError(Errno.ENOTDIR);
    return node;
  }

  private parent(path: TreePath): [Node, string] {
    const name = path.at(-1);
    if (name === undefined) throw new TreeError(Errno.EBUSY, 'the root has no name');
    return [this.folder(path.slice(0, -1)), name];
  }

  private statOf(node: Node): TreeStat {
    const { id, mode, uid, gid, size, accessed, modified, changed } = node;
    return { id, mode, uid, gid, links: BigInt(node.links), size: BigInt(size), blocks: BigInt(Math.ceil(size / 512)), accessed, modified, changed };
  }

  private fileOf(node: Node): TreeFile {
    return {
      stat: () => this.statOf(node),
      read: (at, into) => {
        const part = node.data.subarray(Math.min(at, node.size), Math.min(at + into.length, node.size));
        into.set(part);
        return part.length;
      },
      write: (at, from) => this.write(node, at, from),
      resize: (bytes) => this.resize(node, bytes),
      sync: () => {},
      close: () => {},
    };
  }

  private write(node: Node, at: number, from: Uint8Array): number {
    this.reserve(node, at + from.length);
    if (at > node.size) node.data.fill(0, node.size, at);
    node.data.set(from, at);
    node.size = Math.max(node.size, at + from.length);
    node.modified = now();
    return from.length;
  }

  private resize(node: Node, bytes: number): void {
    if ((node.mode & Kind.MASK) !== Kind.FILE) throw new TreeError(Errno.EINVAL);
    this.reserve(node, bytes);
    if (bytes > node.size) node.data.fill(0, node.size, bytes);
    node.size = bytes;
    node.modified = now();
  }

  /** Room for so many bytes, by half as much again where there is none. */
  private reserve(node: Node, bytes: number): void {
    if (bytes <= node.data.length) return;
    const room = this.maxBytes - this.held + node.data.length;
    if (bytes > room) throw new TreeError(Errno.ENOSPC, 'the folder holds as much as it may');
    const wanted = Math.min(Math.max(bytes, Math.ceil(node.data.length * 1.5)), room);
    const grown = new Uint8Array(wanted);
    grown.set(node.data.subarray(0, node.size));
    this.held += wanted - node.data.length;
    node.data = grown;
  }
}

/** UTF-8 as the guest has it, a byte a character. */
function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '').map((name) => String.fromCharCode(...new TextEncoder().encode(name)));
}

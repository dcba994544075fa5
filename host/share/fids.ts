/** What a mount has in hand: each fid is a path, and what is open of it. */

import { Errno, TreeError, type SharedTree, type TreeFile, type TreePath, type TreeStat } from './tree.js';

export interface Fid {
  path: TreePath;
  file?: TreeFile;
  /** A folder's names, as they were when its listing began. */
  names?: string[];
  writes?: boolean;
}

/** More than any client holds; each may be an open file of the host. */
const MOST = 65536;

export class Fids {
  private readonly all = new Map<number, Fid>();

  constructor(private readonly tree: SharedTree) {}

  get(number: number): Fid {
    const fid = this.all.get(number);
    if (fid === undefined) throw new TreeError(Errno.EBADF, `fid ${number} is not in use`);
    return fid;
  }

  /** `number` may be its own: a walk may move a fid. */
  add(number: number, path: TreePath, own?: number): void {
    if (this.all.has(number) && number !== own) throw new TreeError(Errno.EBADF, `fid ${number} is in use`);
    if (this.all.size >= MOST) throw new TreeError(Errno.ENFILE, 'too many fids');
    this.all.set(number, { path });
  }

  async drop(number: number): Promise<void> {
    const fid = this.get(number);
    this.all.delete(number);
    await fid.file?.close();
  }

  async dropAll(): Promise<void> {
    const fids = [...this.all.values()];
    this.all.clear();
    for (const { file } of fids) await file?.close();
  }

  /** A mount holds something. */
  get inUse(): boolean {
    return this.all.size > 0;
  }

  stat({ path, file }: Fid): TreeStat | Promise<TreeStat> {
    return file === undefined ? this.tree.stat(path) : file.stat();
  }

  /** What was below `from` is below `to` now. */
  moved(from: TreePath, to: TreePath): void {
    for (const fid of this.all.values()) {
      if (fid.path.length >= from.length && from.every((name, i) => fid.path[i] === name)) fid.path = [...to, ...fid.path.slice(from.length)];
    }
  }
}

/** The options of a disk, in the API's words. */

import type { Bytes } from '../bytes/view.js';
import type { Disk } from './disk.js';

/** What is behind a disk. */
export interface DriveOptions {
  id: string;
  /** A raw image by path; or its content, which the guest's writes change; or storage of the program's own (not with `worker`). */
  source: string | Bytes | Disk;
  /** What the image is: its bytes are the disk's (`raw`), or QEMU's qcow2 (a path, in Node). Default by the name: `qcow2` where it ends so. */
  format?: 'raw' | 'qcow2';
  readOnly?: boolean;
  /** Writes are kept in memory and forgotten with the machine. */
  snapshot?: boolean;
  /** Writes are kept in this file, which is made when it is not there; the image stays as it is (docs/disks.md). Node only. */
  overlay?: string;
  /**
   * `writeback` (default): the guest has a write cache and its flushes reach the disk. `writethrough`: every write does before it is
   * acknowledged, unless the guest turns the cache on. `unsafe`: flushes are ignored. `none` and `directsync` are as `writeback` and
   * `writethrough`: the host's own cache cannot be left out.
   */
  cache?: 'writeback' | 'writethrough' | 'none' | 'directsync' | 'unsafe';
  /** What becomes of discarded ranges of an image file: `ignore` (default) leaves them, `unmap` gives them back to the file system. */
  discard?: 'ignore' | 'unmap';
  /** Refuse an image that another machine writes to. Default true. */
  locking?: boolean;
}

/** A name that ends in it says that it is one; what is inside does not: a guest may have written it. */
export const formatOf = (source: DriveOptions['source'], format: DriveOptions['format']): 'raw' | 'qcow2' => format ?? (typeof source === 'string' && /\.qcow2?$/i.test(source) ? 'qcow2' : 'raw');

/**
 * An overlay in a file: what is written over another image, which stays as it is. It survives the machine. overlay-file.ts has its layout.
 *
 * A cluster's byte in the file's map is written by `flush` only, after its data have reached the disk: so the map never points at data that
 * a loss of power took, and a loss of power takes nothing that was flushed. The backing image must not change while it has an overlay: its
 * size and time are compared.
 */

import { closeSync, fdatasync } from 'node:fs';
import { promisify } from 'node:util';
import { eachPart, type Disk, type Done } from '../../../disk/disk.js';
import { DiskError } from '../../../disk/errors.js';
import { openFileDisk, transfer } from './file.js';
import { lockImage } from './lock.js';
import { CLUSTER } from '../../../disk/memory.js';
import { clustersOf, dataStart, MAP_AT, openOverlayFile, Place } from './overlay-file.js';

/** The map is written in pieces of this size. */
const PIECE = 4096;

const fdatasyncLater = promisify(fdatasync);

/** What an overlay is kept in: a file, and in tests something that loses power. */
export interface Store {
  read(at: number, into: Uint8Array): Done;
  write(at: number, from: Uint8Array): Done;
  /** Done when everything written will survive a loss of power. */
  sync(): Promise<void>;
  close(): void;
}

function fileStore(fd: number, unlock: () => void): Store {
  return {
    read: (at, into) => transfer(fd, into, at, false),
    write: (at, from) => transfer(fd, from, at, true),
    sync: () => fdatasyncLater(fd),
    close() {
      closeSync(fd);
      unlock();
    },
  };
}

/** Opens an overlay over a raw image, or makes one. Throws DiskError. */
export async function openOverlay(path: string, backing: string, locking: boolean): Promise<Disk> {
  const below = openFileDisk(backing, { readOnly: true, unmap: false, locking });
  let fd: number | undefined;
  let unlock = (): void => undefined;
  try {
    fd = openOverlayFile(path, below.bytes, backing);
    if (locking) unlock = lockImage(path);
    return await overlayIn(fileStore(fd, unlock), below, path);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    unlock();
    await below.close();
    throw error;
  }
}

/** The disk that a store holds over `below`. Throws DiskError where its map is none; `path` is for that. */
export async function overlayIn(store: Store, below: Disk, path: string): Promise<Disk> {
  const map = new Uint8Array(clustersOf(below.bytes));
  await store.read(MAP_AT, map);
  const wrong = map.findIndex((place) => place > Place.ZERO);
  if (wrong >= 0) throw new DiskError(`${path} is an overlay whose map is damaged at byte ${MAP_AT + wrong}: ${map[wrong]} is no place.`);
  return new Overlay(store, below, map);
}

class Overlay implements Disk {
  readonly readOnly = false;
  readonly bytes: number;
  private readonly start: number;
  /** Pieces of the map that the file does not have yet. */
  private readonly dirty = new Set<number>();
  private isClosed = false;

  constructor(private readonly store: Store, private readonly below: Disk, private readonly map: Uint8Array) {
    this.bytes = below.bytes;
    this.start = dataStart(map.length);
  }

  read(at: number, into: Uint8Array): Done {
    return eachPart(CLUSTER, at, into.length, (index, _offset, from, to) => {
      const part = into.subarray(from, to);
      if (this.map[index] === Place.ZERO) part.fill(0);
      else if (this.map[index] === Place.HERE) return this.store.read(this.start + at + from, part);
      else return this.below.read(at + from, part);
    });
  }

  write(at: number, data: Uint8Array): Done {
    return eachPart(CLUSTER, at, data.length, (index, offset, from, to) => {
      const part = data.subarray(from, to);
      if (this.map[index] === Place.HERE) return this.store.write(this.start + at + from, part);
      return this.bring(index, offset, part);
    });
  }

  /** Data first, then the map that points at them. A piece stays dirty until it is safe: a flush that failed is tried again by the next. */
  async flush(): Promise<void> {
    await this.store.sync();
    if (this.dirty.size === 0) return;
    const pieces = [...this.dirty];
    for (const piece of pieces) await this.store.write(MAP_AT + piece * PIECE, this.map.slice(piece * PIECE, (piece + 1) * PIECE));
    await this.store.sync();
    for (const piece of pieces) this.dirty.delete(piece);
  }

  zero(at: number, bytes: number): Done {
    return this.clear(at, bytes, true);
  }

  discard(at: number, bytes: number): Done {
    return this.clear(at, bytes, false);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      await this.flush();
    } finally {
      this.store.close();
      await this.below.close();
    }
  }

  /** Whole clusters become zeros by the map; the edges, where they matter, by writing. */
  private clear(at: number, bytes: number, edges: boolean): Done {
    return eachPart(CLUSTER, at, bytes, (index, _offset, from, to) => {
      if (to - from >= this.lengthOf(index)) this.mark(index, Place.ZERO);
      else if (edges) return this.write(at + from, new Uint8Array(to - from));
    });
  }

  /** The first write to a cluster: all of it comes over. */
  private bring(index: number, offset: number, part: Uint8Array): Done {
    const cluster = new Uint8Array(CLUSTER);
    const put = (): Done => {
      cluster.set(part, offset);
      const wait = this.store.write(this.start + index * CLUSTER, cluster);
      if (wait !== undefined) return wait.then(() => this.mark(index, Place.HERE));
      this.mark(index, Place.HERE);
    };
    if (this.map[index] === Place.ZERO || part.length >= this.lengthOf(index)) return put();
    const wait = this.below.read(index * CLUSTER, cluster.subarray(0, this.lengthOf(index)));
    return wait === undefined ? put() : wait.then(put);
  }

  private lengthOf(index: number): number {
    return Math.min(CLUSTER, this.bytes - index * CLUSTER);
  }

  private mark(index: number, as: Place): void {
    this.map[index] = as;
    this.dirty.add(Math.floor(index / PIECE));
  }
}

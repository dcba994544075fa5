/**
 * An overlay in a file: what is written over another image, which stays as it is. It survives the machine.
 *
 *     0        4096                  data, at the next multiple of 64 KiB
 *     | header | map, one byte a cluster | clusters of 64 KiB, each at its own place; what was never written is a hole |
 *
 *     header: "PINTOVER" | version u32 = 1 | cluster bytes u32 | disk bytes u64 | backing's mtime in ms, f64 | bytes of its path u32 | path
 *     map:    0 the backing image has the cluster    1 it is here    2 it is zeros
 *
 * Numbers are little-endian. A cluster's byte in the file's map is written by `flush` only, after its data have reached the disk: so the
 * map never points at data that a loss of power took, and a loss of power takes nothing that was flushed. The backing image must not
 * change while it has an overlay: its size and time are compared.
 */

import { closeSync, existsSync, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { eachPart, type Disk, type Done } from './disk.js';
import { DiskError } from './errors.js';
import { openFileDisk, transfer, transferNow } from './file.js';
import { lockImage } from './lock.js';
import { CLUSTER } from './memory.js';

const MAGIC = 'PINTOVER';
const VERSION = 1;
const MAP_AT = 4096;
const HEADER_BYTES = 40;
const BELOW = 0;
const HERE = 1;
const ZERO = 2;
/** The map is written in pieces of this size. */
const PIECE = 4096;

const fdatasyncLater = promisify(fdatasync);

function headerOf(bytes: number, backing: string): Uint8Array {
  const path = new TextEncoder().encode(resolve(backing));
  if (HEADER_BYTES + path.length > MAP_AT) throw new DiskError(`the path of ${backing} is too long for an overlay.`);
  const header = new Uint8Array(MAP_AT);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, CLUSTER, true);
  view.setBigUint64(16, BigInt(bytes), true);
  view.setFloat64(24, statSync(backing).mtimeMs, true);
  view.setUint32(32, path.length, true);
  header.set(path, HEADER_BYTES);
  return header;
}

const dataStart = (clusters: number): number => Math.ceil((MAP_AT + clusters) / CLUSTER) * CLUSTER;

function create(path: string, bytes: number, backing: string): number {
  const fd = openSync(path, 'wx+');
  const clusters = Math.ceil(bytes / CLUSTER);
  ftruncateSync(fd, dataStart(clusters) + clusters * CLUSTER);
  transferNow(fd, headerOf(bytes, backing), 0, true);
  fdatasyncSync(fd);
  return fd;
}

/** Refuses what is no overlay, or one of another image. */
function check(fd: number, path: string, bytes: number, backing: string): void {
  const header = new Uint8Array(MAP_AT);
  readSync(fd, header, 0, MAP_AT, 0);
  const view = new DataView(header.buffer);
  const wanted = headerOf(bytes, backing);
  const clusters = Math.ceil(bytes / CLUSTER);
  if (new TextDecoder().decode(header.subarray(0, 8)) !== MAGIC) throw new DiskError(`${path} is there and is no overlay of this kind; name a file that is not there yet.`);
  if (view.getUint32(8, true) !== VERSION) throw new DiskError(`${path} is an overlay of version ${view.getUint32(8, true)}; this build reads version ${VERSION}.`);
  if (view.getBigUint64(16, true) !== BigInt(bytes)) throw new DiskError(`${path} is an overlay of a disk of ${view.getBigUint64(16, true)} bytes, ${backing} has ${bytes}.`);
  if (view.getFloat64(24, true) !== new DataView(wanted.buffer).getFloat64(24, true)) throw new DiskError(`${backing} has changed since ${path} was made over it; with that, what the overlay holds makes no sense.`);
  if (fstatSync(fd).size < dataStart(clusters) + clusters * CLUSTER) throw new DiskError(`${path} is an overlay that has been cut short.`);
}

function open(path: string, bytes: number, backing: string): number {
  if (!existsSync(path)) return create(path, bytes, backing);
  const fd = openSync(path, 'r+');
  try {
    check(fd, path, bytes, backing);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** Opens an overlay over a raw image, or makes one. Throws DiskError. */
export function openOverlay(path: string, backing: string, locking: boolean): Disk {
  const below = openFileDisk(backing, { readOnly: true, unmap: false, locking });
  let fd: number | undefined;
  try {
    const isNew = !existsSync(path);
    fd = open(path, below.bytes, backing);
    const unlock = locking ? lockImage(path) : (): void => undefined;
    return new Overlay(fd, below, unlock, isNew);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    void below.close();
    throw error;
  }
}

class Overlay implements Disk {
  readonly readOnly = false;
  readonly bytes: number;
  private readonly map: Uint8Array;
  private readonly start: number;
  /** Pieces of the map that the file does not have yet. */
  private readonly dirty = new Set<number>();

  constructor(
    private readonly fd: number,
    private readonly below: Disk,
    private readonly unlock: () => void,
    isNew: boolean,
  ) {
    this.bytes = below.bytes;
    const clusters = Math.ceil(below.bytes / CLUSTER);
    this.map = new Uint8Array(Math.ceil(clusters / PIECE) * PIECE);
    this.start = dataStart(clusters);
    if (!isNew) transferNow(fd, this.map.subarray(0, clusters), MAP_AT, false);
  }

  read(at: number, into: Uint8Array): Done {
    return eachPart(CLUSTER, at, into.length, (index, _offset, from, to) => {
      const part = into.subarray(from, to);
      if (this.map[index] === ZERO) part.fill(0);
      else if (this.map[index] === HERE) return transfer(this.fd, part, this.start + at + from, false);
      else return this.below.read(at + from, part);
    });
  }

  write(at: number, data: Uint8Array): Done {
    return eachPart(CLUSTER, at, data.length, (index, offset, from, to) => {
      const part = data.subarray(from, to);
      if (this.map[index] === HERE) return transfer(this.fd, part, this.start + at + from, true);
      return this.bring(index, offset, part);
    });
  }

  async flush(): Promise<void> {
    await fdatasyncLater(this.fd);
    if (this.dirty.size === 0) return;
    for (const piece of this.dirty) transferNow(this.fd, this.mapPiece(piece), MAP_AT + piece * PIECE, true);
    this.dirty.clear();
    await fdatasyncLater(this.fd);
  }

  zero(at: number, bytes: number): Done {
    return this.clear(at, bytes, true);
  }

  discard(at: number, bytes: number): Done {
    return this.clear(at, bytes, false);
  }

  async close(): Promise<void> {
    await this.flush();
    closeSync(this.fd);
    this.unlock();
    await this.below.close();
  }

  /** Whole clusters become zeros by the map; the edges, where they matter, by writing. */
  private clear(at: number, bytes: number, edges: boolean): Done {
    return eachPart(CLUSTER, at, bytes, (index, _offset, from, to) => {
      if (to - from >= this.lengthOf(index)) this.mark(index, ZERO);
      else if (edges) return this.write(at + from, new Uint8Array(to - from));
    });
  }

  /** The first write to a cluster: all of it comes over. */
  private bring(index: number, offset: number, part: Uint8Array): Done {
    const cluster = new Uint8Array(CLUSTER);
    const put = (): void => {
      cluster.set(part, offset);
      transferNow(this.fd, cluster, this.start + index * CLUSTER, true);
      this.mark(index, HERE);
    };
    if (this.map[index] === ZERO || part.length >= this.lengthOf(index)) return put();
    const wait = this.below.read(index * CLUSTER, cluster.subarray(0, this.lengthOf(index)));
    return wait === undefined ? put() : wait.then(put);
  }

  private lengthOf(index: number): number {
    return Math.min(CLUSTER, this.bytes - index * CLUSTER);
  }

  private mark(index: number, as: typeof BELOW | typeof HERE | typeof ZERO): void {
    this.map[index] = as;
    this.dirty.add(Math.floor(index / PIECE));
  }

  /** The last piece ends with the map: data may follow. */
  private mapPiece(piece: number): Uint8Array {
    return this.map.subarray(piece * PIECE, Math.min((piece + 1) * PIECE, Math.ceil(this.bytes / CLUSTER)));
  }
}

/**
 * The file of an overlay: making it, and refusing what is none. overlay.ts is the disk over it.
 *
 *     0        4096                  data, at the next multiple of 64 KiB
 *     | header | map, one byte a cluster | clusters of 64 KiB, each at its own place; what was never written is a hole |
 *
 *     header: "PINTOVER" | version u32 = 1 | cluster bytes u32 | disk bytes u64 | backing's mtime in ms, f64 | bytes of its path u32 | 0 u32 | path
 *     map:    0 the backing image has the cluster    1 it is here    2 it is zeros
 *
 * Numbers are little-endian. A new one is made under a name of its own, synced, and then linked to its place: what a killed or a full host
 * leaves is no overlay by that name, and is taken away by the next that is made there.
 */

import { closeSync, existsSync, fdatasyncSync, fstatSync, ftruncateSync, linkSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { DiskError } from '../../../disk/errors.js';
import { transferNow } from './file.js';
import { isRunning } from './lock.js';
import { CLUSTER } from '../../../disk/memory.js';

const MAGIC = 'PINTOVER';
const VERSION = 1;
export const MAP_AT = 4096;
const HEADER_BYTES = 40;
const PATH_AT = 32;

/** Where a cluster is, by the map. */
export const enum Place {
  BELOW,
  HERE,
  ZERO,
}

/** Byte of the file at which cluster 0 is. */
export const dataStart = (clusters: number): number => Math.ceil((MAP_AT + clusters) / CLUSTER) * CLUSTER;
export const clustersOf = (bytes: number): number => Math.ceil(bytes / CLUSTER);

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
  view.setUint32(PATH_AT, path.length, true);
  header.set(path, HEADER_BYTES);
  return header;
}

/** Names under which `path` is being made: `.NAME.PID.new`. */
const asideOf = (path: string): string => join(dirname(path), `.${basename(path)}.${process.pid}.new`);

function removeLeftovers(path: string): void {
  const start = `.${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(start) ? /^(\d+)\.new$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dirname(path), name), { force: true });
  }
}

/** Makes an overlay of `bytes` over `backing` at `path`, unless one came there meanwhile. Leaves nothing where it fails. */
function create(path: string, bytes: number, backing: string): void {
  removeLeftovers(path);
  const header = headerOf(bytes, backing);
  const aside = asideOf(path);
  try {
    const fd = openSync(aside, 'w');
    try {
      ftruncateSync(fd, dataStart(clustersOf(bytes)) + clustersOf(bytes) * CLUSTER);
      transferNow(fd, header, 0, true);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new DiskError(`the overlay ${path} cannot be made: ${code === 'ENOSPC' ? 'the disk of the host is full' : (code ?? String(error))}.`);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** The image that an overlay says it is over is another file than the one given. One that is gone has been moved: its size and time decide. */
function isOverOther(stated: string, backing: string): boolean {
  if (!existsSync(stated)) return false;
  const [a, b] = [statSync(stated), statSync(backing)];
  return a.dev !== b.dev || a.ino !== b.ino;
}

/** The header's fields against what they must be; what is wrong, or nothing. */
function wrongWith(header: Uint8Array, path: string, bytes: number, backing: string): string | undefined {
  const view = new DataView(header.buffer);
  const wanted = new DataView(headerOf(bytes, backing).buffer);
  if (new TextDecoder().decode(header.subarray(0, 8)) !== MAGIC) return `${path} is there and is no overlay of this kind; name a file that is not there yet.`;
  if (view.getUint32(8, true) !== VERSION) return `${path} is an overlay of version ${view.getUint32(8, true)}; this build reads version ${VERSION}.`;
  if (view.getUint32(12, true) !== CLUSTER) return `${path} is an overlay with clusters of ${view.getUint32(12, true)} bytes; this build has ${CLUSTER}.`;
  if (view.getBigUint64(16, true) !== BigInt(bytes)) return `${path} is an overlay of a disk of ${view.getBigUint64(16, true)} bytes, ${backing} has ${bytes}.`;
  if (view.getFloat64(24, true) !== wanted.getFloat64(24, true)) return `${backing} has changed since ${path} was made over it; with that, what the overlay holds makes no sense.`;
  const length = view.getUint32(PATH_AT, true);
  const damaged = `${path} is an overlay whose header is damaged`;
  if (length === 0 || length > MAP_AT - HEADER_BYTES) return `${damaged}: it says that the path of its image has ${length} bytes (at byte ${PATH_AT}).`;
  const stated = new TextDecoder().decode(header.subarray(HEADER_BYTES, HEADER_BYTES + length));
  if (!isAbsolute(stated) || stated.includes('\0')) return `${damaged}: the path of its image (at byte ${HEADER_BYTES}) is none.`;
  if (view.getUint32(36, true) !== 0 || header.subarray(HEADER_BYTES + length).some((byte) => byte !== 0)) return `${damaged}: there is something where nothing belongs.`;
  return isOverOther(stated, backing) ? `${path} is an overlay over ${stated}, not over ${backing}.` : undefined;
}

function check(fd: number, path: string, bytes: number, backing: string): void {
  const header = new Uint8Array(MAP_AT);
  readSync(fd, header, 0, MAP_AT, 0);
  const wrong = wrongWith(header, path, bytes, backing);
  if (wrong !== undefined) throw new DiskError(wrong);
  const clusters = clustersOf(bytes);
  if (fstatSync(fd).size < dataStart(clusters) + clusters * CLUSTER) throw new DiskError(`${path} is an overlay that has been cut short.`);
}

/** Opens the overlay's file, or makes it. Throws DiskError. */
export function openOverlayFile(path: string, bytes: number, backing: string): number {
  if (!existsSync(path)) create(path, bytes, backing);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r+');
    check(fd, path, bytes, backing);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof DiskError) throw error;
    throw new DiskError(`${path} cannot be opened: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
}

/**
 * The header of a qcow2 image, read and checked: QEMU's docs/interop/qcow2.txt (versions 2 and 3). Numbers are big-endian. Nothing that it says is believed before it
 * has been held against the file: an image may come from anybody.
 */

import { DiskError } from '../../../disk/errors.js';

const MAGIC = 0x514649fb;
const HEADER2_BYTES = 72;
const HEADER3_BYTES = 104;
const MOST_L1_BYTES = 32 << 20;
const MOST_REFCOUNT_TABLE_BYTES = 8 << 20;
const MOST_NAME_BYTES = 1023;
const MOST_EXTENSIONS = 64;
const EXTENSION_FORMAT = 0xe2792aca;

export const enum Incompatible {
  DIRTY = 1,
  CORRUPT = 2,
  DATA_FILE = 4,
  COMPRESSION = 8,
  EXTENDED_L2 = 16,
}

export interface Header {
  version: number;
  clusterBits: number;
  /** Bytes of the disk. */
  bytes: number;
  l1Entries: number;
  l1At: number;
  refcountTableAt: number;
  refcountTableClusters: number;
  /** Bits of a refcount, as a power of two. */
  refcountOrder: number;
  isDirty: boolean;
  isCorrupt: boolean;
  compression: 'zlib' | 'zstd';
  /** The image below, as it is written there, and its format where that is said. */
  backing: { name: string; format: string | undefined } | undefined;
}

/** What is read before anything of the header is known. */
export const HEADER_AREA = 65536;

/** Throws DiskError with the field that is wrong. `area` is the start of the file, `fileBytes` all of it. */
export function readHeader(path: string, area: Uint8Array, fileBytes: number): Header {
  const wrong = (what: string): never => {
    throw new DiskError(`${path} is a damaged qcow2 image: ${what}.`);
  };
  if (area.length < HEADER2_BYTES) wrong('its header is cut short');
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  const wide = (name: string, at: number): number => {
    const value = view.getBigUint64(at);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? wrong(`${name} (byte ${at}) is ${value}`) : Number(value);
  };
  if (view.getUint32(0) !== MAGIC) throw new DiskError(`${path} is no qcow2 image.`);
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw new DiskError(`${path} is a qcow2 image of version ${version}; versions 2 and 3 are read.`);
  const clusterBits = view.getUint32(20);
  if (clusterBits < 9 || clusterBits > 21) wrong(`cluster_bits (byte 20) is ${clusterBits}, not 9 to 21`);
  const cluster = 2 ** clusterBits;
  const bytes = wide('size', 24);
  if (bytes === 0 || bytes % 512 !== 0) wrong(`size (byte 24) is ${bytes}, no whole number of sectors`);
  if (view.getUint32(32) !== 0) throw new DiskError(`${path} is encrypted (crypt_method ${view.getUint32(32)}); qemu-img convert makes one that is not.`);
  const place = (name: string, at: number, length: number): number => {
    const value = wide(name, at);
    return value % cluster !== 0 || value === 0 || value + length > fileBytes + cluster ? wrong(`${name} (byte ${at}) is ${value}, which is no place in the file`) : value;
  };
  const l1Entries = view.getUint32(36);
  const needed = Math.ceil(bytes / (cluster * (cluster / 8)));
  if (l1Entries < needed || l1Entries * 8 > MOST_L1_BYTES) wrong(`l1_size (byte 36) is ${l1Entries}; the disk needs ${needed}`);
  const l1At = place('l1_table_offset', 40, l1Entries * 8);
  const refcountTableClusters = view.getUint32(56);
  if (refcountTableClusters === 0 || refcountTableClusters * cluster > MOST_REFCOUNT_TABLE_BYTES) wrong(`refcount_table_clusters (byte 56) is ${refcountTableClusters}`);
  const refcountTableAt = place('refcount_table_offset', 48, refcountTableClusters * cluster);
  const more = version === 3 ? readMore(path, view, wrong) : { length: HEADER2_BYTES, incompatible: 0, refcountOrder: 4, compression: 'zlib' as const };
  const header: Header = {
    version, clusterBits, bytes, l1Entries, l1At, refcountTableAt, refcountTableClusters, refcountOrder: more.refcountOrder, compression: more.compression,
    isDirty: (more.incompatible & Incompatible.DIRTY) !== 0, isCorrupt: (more.incompatible & Incompatible.CORRUPT) !== 0, backing: undefined,
  };
  header.backing = readBacking(area, view, more.length, wide('backing_file_offset', 8), wrong);
  return header;
}

function readMore(path: string, view: DataView, wrong: (what: string) => never): { length: number; incompatible: number; refcountOrder: number; compression: 'zlib' | 'zstd' } {
  if (view.byteLength < HEADER3_BYTES) wrong('its header is cut short');
  const features = view.getBigUint64(72), length = view.getUint32(100), refcountOrder = view.getUint32(96);
  if (length < HEADER3_BYTES || length % 8 !== 0 || length > view.byteLength) wrong(`header_length (byte 100) is ${length}`);
  if (refcountOrder > 6) wrong(`refcount_order (byte 96) is ${refcountOrder}`);
  const unknown = features & ~BigInt(Incompatible.DIRTY | Incompatible.CORRUPT | Incompatible.COMPRESSION);
  if (unknown & BigInt(Incompatible.DATA_FILE)) throw new DiskError(`${path} keeps its data in a file of its own; qemu-img convert -O qcow2 makes one that does not.`);
  if (unknown & BigInt(Incompatible.EXTENDED_L2)) throw new DiskError(`${path} has subclusters (extended_l2); qemu-img convert -O qcow2 makes one without.`);
  if (unknown !== 0n) throw new DiskError(`${path} has features that are not known here (incompatible_features 0x${features.toString(16)}).`);
  const type = length > HEADER3_BYTES ? view.getUint8(HEADER3_BYTES) : 0;
  if (type > 1) wrong(`compression_type (byte 104) is ${type}`);
  return { length, incompatible: Number(features), refcountOrder, compression: type === 1 ? 'zstd' : 'zlib' };
}

function readBacking(area: Uint8Array, view: DataView, from: number, at: number, wrong: (what: string) => never): Header['backing'] {
  if (at === 0) return undefined;
  const length = view.getUint32(16);
  if (length === 0 || length > MOST_NAME_BYTES || at + length > area.length) wrong(`backing_file_size (byte 16) is ${length} at ${at}`);
  const text = (start: number, bytes: number): string => new TextDecoder().decode(area.subarray(start, start + bytes));
  const name = text(at, length);
  if (name.includes('\0')) wrong('the name of its backing file has a zero byte');
  let format: string | undefined;
  for (let i = 0, next = from; i < MOST_EXTENSIONS && next + 8 <= Math.min(at, area.length); i++) {
    const kind = view.getUint32(next), bytes = view.getUint32(next + 4);
    if (kind === 0) break;
    if (next + 8 + bytes > area.length) wrong(`a header extension (byte ${next}) is cut short`);
    if (kind === EXTENSION_FORMAT) format = text(next + 8, bytes);
    next += 8 + Math.ceil(bytes / 8) * 8;
  }
  return { name, format };
}

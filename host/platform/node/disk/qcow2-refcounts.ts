/**
 * How often each cluster of a qcow2 image is used: a table of blocks of numbers (docs/interop/qcow2.txt, "Host cluster management"). New clusters are taken at the end of
 * the file. A number is written before whatever refers to its cluster, and a cluster is given back after: what is cut off between the two is lost room, no damage.
 */

import { DiskError } from '../../../disk/errors.js';
import type { GrowingFile } from './growing-file.js';
import type { Header } from './qcow2-header.js';

const TABLE_ENTRY_BYTES = 8;
const OFFSET = 0x00ff_ffff_ffff_fe00n;

export class Refcounts {
  private readonly cluster: number;
  /** Numbers of a block. */
  private readonly perBlock: number;
  private table: DataView;
  private tableAt: number;
  /** The block in hand. */
  private block: { index: number; bytes: Uint8Array } | undefined;
  /** The first cluster that was never used. */
  private next: number;

  private constructor(private readonly file: GrowingFile, private readonly header: Header, table: Uint8Array) {
    this.cluster = 2 ** header.clusterBits;
    this.perBlock = (this.cluster * 8) / 2 ** header.refcountOrder;
    this.table = new DataView(table.buffer, table.byteOffset, table.byteLength);
    this.tableAt = header.refcountTableAt;
    this.next = Math.ceil(file.size() / this.cluster);
  }

  static async open(file: GrowingFile, header: Header): Promise<Refcounts> {
    const table = new Uint8Array(header.refcountTableClusters * 2 ** header.clusterBits);
    await file.read(header.refcountTableAt, table);
    return new Refcounts(file, header, table);
  }

  /** A cluster at the end of the file, used once; where it is. */
  async take(): Promise<number> {
    return this.takeRun(1);
  }

  /** Another user less of the cluster at a place. */
  async giveBack(at: number): Promise<void> {
    const index = Math.floor(at / this.cluster);
    const count = await this.get(index);
    if (count > 0) await this.set(index, count - 1);
  }

  private async takeRun(clusters: number): Promise<number> {
    const first = this.next;
    this.next += clusters;
    for (let i = 0; i < clusters; i++) await this.set(first + i, 1);
    return first * this.cluster;
  }

  private blockAt(index: number): number {
    if ((index + 1) * TABLE_ENTRY_BYTES > this.table.byteLength) return 0;
    const at = Number(this.table.getBigUint64(index * TABLE_ENTRY_BYTES) & OFFSET);
    if (at % this.cluster !== 0 || at > this.file.size()) throw new DiskError(`${this.file.path}: entry ${index} of its refcount table is no place in the file`);
    return at;
  }

  private async load(index: number): Promise<Uint8Array | undefined> {
    if (this.block?.index === index) return this.block.bytes;
    const at = this.blockAt(index);
    if (at === 0) return undefined;
    const bytes = new Uint8Array(this.cluster);
    await this.file.read(at, bytes);
    this.block = { index, bytes };
    return bytes;
  }

  private async get(clusterIndex: number): Promise<number> {
    const bytes = await this.load(Math.floor(clusterIndex / this.perBlock));
    return bytes === undefined ? 0 : getNumber(bytes, clusterIndex % this.perBlock, this.header.refcountOrder);
  }

  private async set(clusterIndex: number, count: number): Promise<void> {
    const index = Math.floor(clusterIndex / this.perBlock), within = clusterIndex % this.perBlock;
    const bytes = (await this.load(index)) ?? (await this.addBlock(index));
    setNumber(bytes, within, this.header.refcountOrder, count);
    const from = Math.floor((within * 2 ** this.header.refcountOrder) / 8), to = Math.ceil(((within + 1) * 2 ** this.header.refcountOrder) / 8);
    await this.file.write(this.blockAt(index) + from, bytes.slice(from, to));
  }

  /** A new block: its own cluster may be among those it counts. */
  private async addBlock(index: number): Promise<Uint8Array> {
    if ((index + 1) * TABLE_ENTRY_BYTES > this.table.byteLength) await this.growTable(index);
    const place = this.next++;
    const bytes = new Uint8Array(this.cluster);
    if (Math.floor(place / this.perBlock) === index) setNumber(bytes, place % this.perBlock, this.header.refcountOrder, 1);
    await this.file.write(place * this.cluster, bytes);
    this.table.setBigUint64(index * TABLE_ENTRY_BYTES, BigInt(place * this.cluster));
    await this.file.write(this.tableAt + index * TABLE_ENTRY_BYTES, new Uint8Array(this.table.buffer, this.table.byteOffset + index * TABLE_ENTRY_BYTES, TABLE_ENTRY_BYTES).slice());
    this.block = { index, bytes };
    if (Math.floor(place / this.perBlock) !== index) {
      await this.set(place, 1);
      return (await this.load(index))!;
    }
    return bytes;
  }

  /** A longer table elsewhere; the header leads to it when it is whole. */
  private async growTable(index: number): Promise<void> {
    const old = { at: this.tableAt, clusters: this.table.byteLength / this.cluster };
    const clusters = Math.max(old.clusters * 2, Math.ceil(((index + 2) * TABLE_ENTRY_BYTES) / this.cluster));
    const grown = new Uint8Array(clusters * this.cluster);
    grown.set(new Uint8Array(this.table.buffer, this.table.byteOffset, this.table.byteLength));
    const first = this.next;
    this.next += clusters;
    await this.file.write(first * this.cluster, grown);
    this.table = new DataView(grown.buffer);
    this.tableAt = first * this.cluster;
    for (let i = 0; i < clusters; i++) await this.set(first + i, 1);
    const pointer = new DataView(new ArrayBuffer(12));
    pointer.setBigUint64(0, BigInt(this.tableAt));
    pointer.setUint32(8, clusters);
    await this.file.write(48, new Uint8Array(pointer.buffer));
    for (let i = 0; i < old.clusters; i++) await this.giveBack(old.at + i * this.cluster);
  }
}

/** Number `i` of a block whose numbers have 2^`order` bits: big-endian in bytes, the lowest bits first within one. */
export function getNumber(bytes: Uint8Array, i: number, order: number): number {
  if (order < 3) {
    const bits = 2 ** order, at = i * bits;
    return (bytes[at >> 3]! >> (at & 7)) & (2 ** bits - 1);
  }
  const size = 2 ** (order - 3);
  let value = 0;
  for (let k = 0; k < size; k++) value = value * 256 + bytes[i * size + k]!;
  return value;
}

export function setNumber(bytes: Uint8Array, i: number, order: number, value: number): void {
  if (order < 3) {
    const bits = 2 ** order, at = i * bits, mask = (2 ** bits - 1) << (at & 7);
    bytes[at >> 3] = (bytes[at >> 3]! & ~mask) | (value << (at & 7));
    return;
  }
  const size = 2 ** (order - 3);
  for (let k = size - 1, left = value; k >= 0; k--, left = Math.floor(left / 256)) bytes[i * size + k] = left % 256;
}

/**
 * A qcow2 image as a disk: QEMU's docs/interop/qcow2.txt, versions 2 and 3, with compressed clusters (zlib, zstd), clusters that are zeros, a backing image, and clusters
 * that snapshots share. Two tables lead to a cluster; one that nobody has written is the backing image's, or zeros.
 *
 * What is written goes to the file at once and in an order in which this process may be killed anywhere: the count of a new cluster, its data, the entry that leads to it, and
 * only then the count of the one that it takes the place of. What a loss of the host's power leaves of unflushed writes may take `qemu-img check -r leaks`.
 */

import { inflateRawSync } from 'node:zlib';
import { unpackFirstFrame } from '../../../boot/unpack/zstd.js';
import { eachPart, type Disk, type Done } from '../../../disk/disk.js';
import { DiskError } from '../../../disk/errors.js';
import type { GrowingFile } from './growing-file.js';
import type { Header } from './qcow2-header.js';
import { Refcounts } from './qcow2-refcounts.js';

const OFFSET = 0x00ff_ffff_ffff_fe00n;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;
const SECTOR = 512;
/** Second-level tables that are kept in memory, in bytes. */
const CACHE_BYTES = 16 << 20;

interface Table {
  at: number;
  entries: DataView;
}

export class Qcow2 implements Disk {
  readonly bytes: number;
  private readonly cluster: number;
  /** Entries of a second-level table. */
  private readonly perTable: number;
  private readonly tables = new Map<number, Table>();
  private isClosed = false;

  private constructor(
    private readonly file: GrowingFile, private readonly header: Header, private readonly l1: DataView, private readonly refcounts: Refcounts | undefined,
    private readonly below: Disk | undefined,
  ) {
    this.bytes = header.bytes;
    this.cluster = 2 ** header.clusterBits;
    this.perTable = this.cluster / 8;
  }

  get readOnly(): boolean {
    return this.refcounts === undefined;
  }

  /** Throws DiskError. `below` is the backing image. */
  static async open(file: GrowingFile, header: Header, readOnly: boolean, below: Disk | undefined): Promise<Qcow2> {
    if (!readOnly && (header.isDirty || header.isCorrupt)) {
      throw new DiskError(`${file.path} was not closed, or is marked as damaged: qemu-img check -r all ${file.path} mends it; readonly=on or snapshot=on would do without.`);
    }
    const l1 = new Uint8Array(header.l1Entries * 8);
    await file.read(header.l1At, l1);
    return new Qcow2(file, header, new DataView(l1.buffer), readOnly ? undefined : await Refcounts.open(file, header), below);
  }

  read(at: number, into: Uint8Array): Done {
    return eachPart(this.cluster, at, into.length, (index, offset, from, to) => this.readPart(index, offset, into.subarray(from, to)));
  }

  write(at: number, data: Uint8Array): Done {
    return eachPart(this.cluster, at, data.length, (index, offset, from, to) => this.writePart(index, offset, data.subarray(from, to)));
  }

  zero(at: number, bytes: number): Done {
    return eachPart(this.cluster, at, bytes, (index, offset, from, to) => (to - from === this.cluster ? this.clear(index, true) : this.writePart(index, offset, new Uint8Array(to - from))));
  }

  discard(at: number, bytes: number): Done {
    return eachPart(this.cluster, at, bytes, (index, _offset, from, to) => (to - from === this.cluster ? this.clear(index, false) : undefined));
  }

  flush(): Promise<void> {
    return this.file.sync();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      if (!this.readOnly) await this.file.sync();
    } finally {
      this.file.close();
      await this.below?.close();
    }
  }

  // --- Where a cluster is ---

  /** The table of a cluster; undefined where there is none, unless it is to be `own`: then it is made, or copied from one that is shared. */
  private async tableOf(index: number, own: boolean): Promise<Table | undefined> {
    const slot = Math.floor(index / this.perTable), entry = this.l1.getBigUint64(slot * 8), at = this.placeOf(entry, `entry ${slot} of its first table`);
    const kept = this.tables.get(slot);
    if (kept !== undefined && kept.at === at && (!own || (entry & COPIED) !== 0n)) return kept;
    if (at === 0 && !own) return undefined;
    const bytes = new Uint8Array(this.cluster);
    if (at !== 0) await this.file.read(at, bytes);
    const table: Table = { at, entries: new DataView(bytes.buffer) };
    if (own && (at === 0 || (entry & COPIED) === 0n)) {
      table.at = await this.refcounts!.take();
      await this.file.write(table.at, bytes);
      this.l1.setBigUint64(slot * 8, BigInt(table.at) | COPIED);
      await this.writeEntry(this.header.l1At + slot * 8, this.l1.getBigUint64(slot * 8));
      if (at !== 0) await this.refcounts!.giveBack(at);
    }
    this.keep(slot, table);
    return table;
  }

  private keep(slot: number, table: Table): void {
    this.tables.delete(slot);
    while ((this.tables.size + 1) * this.cluster > CACHE_BYTES && this.tables.size > 0) this.tables.delete(this.tables.keys().next().value!);
    this.tables.set(slot, table);
  }

  private placeOf(entry: bigint, what: string): number {
    const at = Number(entry & OFFSET);
    if (at % this.cluster !== 0 || at >= Math.max(this.file.size(), 1)) throw new DiskError(`${this.file.path} is damaged: ${what} is no place in the file.`);
    return at;
  }

  private async writeEntry(at: number, entry: bigint): Promise<void> {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigUint64(0, entry);
    await this.file.write(at, new Uint8Array(bytes.buffer));
  }

  private async setEntry(table: Table, index: number, entry: bigint): Promise<void> {
    const at = (index % this.perTable) * 8;
    await this.writeEntry(table.at + at, entry);
    table.entries.setBigUint64(at, entry);
  }

  // --- Reading ---

  private async readPart(index: number, offset: number, into: Uint8Array): Promise<void> {
    const table = await this.tableOf(index, false);
    await this.readEntry(table?.entries.getBigUint64((index % this.perTable) * 8) ?? 0n, index, offset, into);
  }

  private async readEntry(entry: bigint, index: number, offset: number, into: Uint8Array): Promise<void> {
    if (entry & COMPRESSED) {
      into.set((await this.unpack(entry)).subarray(offset, offset + into.length));
      return;
    }
    const isZero = this.header.version === 3 && (entry & ZERO) !== 0n, at = isZero ? 0 : this.placeOf(entry, `the entry of cluster ${index}`);
    if (at !== 0) await this.file.read(at + offset, into);
    else if (isZero || this.below === undefined) into.fill(0);
    else await readBelow(this.below, index * this.cluster + offset, into);
  }

  /** Where compressed data lie, and how many sectors they touch ("Compressed Clusters Descriptor"). */
  private packedAt(entry: bigint): { at: number; bytes: number } {
    const bits = BigInt(62 - (this.header.clusterBits - 8));
    const at = Number(entry & ((1n << bits) - 1n)), sectors = Number((entry & ~(COPIED | COMPRESSED)) >> bits) + 1;
    return { at, bytes: sectors * SECTOR - (at % SECTOR) };
  }

  private async unpack(entry: bigint): Promise<Uint8Array> {
    const { at, bytes } = this.packedAt(entry);
    if (at >= this.file.size()) throw new DiskError(`${this.file.path} is damaged: a compressed cluster lies behind its end.`);
    const packed = new Uint8Array(bytes);
    await this.file.read(at, packed);
    const out = this.header.compression === 'zstd' ? unpackFirstFrame(packed, this.cluster) : inflateRawSync(packed, { maxOutputLength: this.cluster, finishFlush: 2 });
    if (out.length !== this.cluster) throw new DiskError(`${this.file.path} is damaged: a compressed cluster has ${out.length} bytes.`);
    return out;
  }

  // --- Writing ---

  private async writePart(index: number, offset: number, data: Uint8Array): Promise<void> {
    if (this.refcounts === undefined) throw new DiskError(`${this.file.path} is open for reading.`);
    const table = (await this.tableOf(index, true))!, entry = table.entries.getBigUint64((index % this.perTable) * 8);
    if ((entry & COPIED) !== 0n && (entry & (COMPRESSED | (this.header.version === 3 ? ZERO : 0n))) === 0n) {
      await this.file.write(this.placeOf(entry, `the entry of cluster ${index}`) + offset, data);
      return;
    }
    const whole = new Uint8Array(this.cluster);
    if (data.length < this.cluster) await this.readEntry(entry, index, 0, whole);
    whole.set(data, offset);
    const at = await this.refcounts.take();
    await this.file.write(at, whole);
    await this.setEntry(table, index, BigInt(at) | COPIED);
    await this.release(entry);
  }

  /** A whole cluster becomes zeros, or with a discard whatever is simplest. */
  private async clear(index: number, mustBeZero: boolean): Promise<void> {
    if (this.header.version === 2 || this.below !== undefined || this.refcounts === undefined) {
      if (mustBeZero) await this.writePart(index, 0, new Uint8Array(this.cluster));
      return;
    }
    const table = await this.tableOf(index, false);
    const entry = table?.entries.getBigUint64((index % this.perTable) * 8) ?? 0n;
    if (entry === 0n || entry === ZERO) return;
    await this.setEntry((await this.tableOf(index, true))!, index, ZERO);
    await this.release(entry);
  }

  /** What an entry led to has a user less. */
  private async release(entry: bigint): Promise<void> {
    if (entry & COMPRESSED) {
      const { at, bytes } = this.packedAt(entry);
      for (let c = Math.floor(at / this.cluster); c <= Math.floor((at + bytes - 1) / this.cluster); c++) await this.refcounts!.giveBack(c * this.cluster);
      return;
    }
    const at = Number(entry & OFFSET);
    if (at !== 0) await this.refcounts!.giveBack(at);
  }
}

/** A backing image may be shorter than what is over it: zeros follow. */
async function readBelow(below: Disk, at: number, into: Uint8Array): Promise<void> {
  const there = Math.max(0, Math.min(into.length, below.bytes - at));
  into.fill(0, there);
  if (there > 0) await below.read(at, into.subarray(0, there));
}

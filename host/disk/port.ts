/**
 * Answers a virtual disk's requests between slices. The table's layout is that of assembly/device/blocks.ts: a count, and from
 * byte 64 on 32 bytes each: type, answer, sector (8), bytes, address of the data.
 */

import type { ModuleInstance } from '../machine/module.js';
import type { Disk } from './disk.js';
import { SECTOR_BYTES } from './sector.js';

const FIRST = 64;
const ENTRY = 32;
const MOST = 64;
/** Request types and answers (virtio 1.2, 5.2.6). */
const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const DISCARD = 11;
const WRITE_ZEROES = 13;
const OK = 0;
const IOERR = 1;
const UNSUPP = 2;

const ID_BYTES = 20;
const RANGE_BYTES = 16;
const ZEROS = new Uint8Array(65536);

export class DiskPort {
  private pending = false;

  constructor(
    private readonly instance: ModuleInstance,
    /** Address of the disk's table. */
    private readonly table: number,
    private readonly disk: Disk,
    private readonly serial: string,
  ) {}

  get busy(): boolean {
    return this.pending;
  }

  beforeSlice(): boolean {
    const look = this.pending;
    this.pending = false;
    return look;
  }

  afterSlice(): void {
    const { view } = this.instance;
    const count = Math.min(view.getUint32(this.table, true), MOST);
    for (let i = 0; i < count; i++) {
      const at = this.table + FIRST + i * ENTRY;
      view.setUint32(at + 4, this.answer(at), true);
    }
    if (count > 0) this.pending = true;
  }

  private answer(at: number): number {
    const { view, bytes } = this.instance;
    const from = Number(view.getBigUint64(at + 8, true)) * SECTOR_BYTES;
    const start = view.getUint32(at + 20, true);
    const data = bytes.subarray(start, start + view.getUint32(at + 16, true));
    try {
      return this.serve(view.getUint32(at, true), from, data);
    } catch {
      return IOERR;
    }
  }

  private serve(type: number, from: number, data: Uint8Array): number {
    const { disk } = this;
    switch (type) {
      case IN:
        disk.read(from, data);
        return OK;
      case OUT:
        if (disk.readOnly) return IOERR;
        disk.write(from, data);
        return OK;
      case FLUSH:
        disk.flush();
        return OK;
      case GET_ID:
        data.fill(0);
        new TextEncoder().encodeInto(this.serial, data.subarray(0, ID_BYTES));
        return OK;
      case DISCARD:
        // A hint: what is discarded may keep its content (5.2.6.2).
        return disk.readOnly ? IOERR : OK;
      case WRITE_ZEROES:
        return disk.readOnly ? IOERR : this.zero(data);
      default:
        return UNSUPP;
    }
  }

  private zero(ranges: Uint8Array): number {
    const view = new DataView(ranges.buffer, ranges.byteOffset, ranges.byteLength);
    for (let i = 0; i + RANGE_BYTES <= ranges.length; i += RANGE_BYTES) {
      const at = Number(view.getBigUint64(i, true)) * SECTOR_BYTES;
      const end = at + view.getUint32(i + 8, true) * SECTOR_BYTES;
      for (let here = at; here < end; here += ZEROS.length) this.disk.write(here, ZEROS.subarray(0, Math.min(ZEROS.length, end - here)));
    }
    return OK;
  }
}

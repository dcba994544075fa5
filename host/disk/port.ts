/**
 * Answers a virtual disk's requests while the guest's time stands still. The table's layout is that of assembly/device/blocks.ts: a
 * count, and from byte 64 on 64 bytes each: type, answer, sector (8), bytes, address of the data, flags. Requests are served in their
 * order, one after the other, so that a flush covers what was written before it.
 */

import type { HostPort } from '../machine/engine.js';
import type { ModuleInstance } from '../machine/module.js';
import type { Counter } from '../machine/types.js';
import type { Disk, Done } from './disk.js';
import type { Drive } from './open.js';
import { SECTOR_BYTES } from './sector.js';

const FIRST = 64;
const ENTRY = 64;
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
/** What stands for an answer until there is one (assembly/device/blocks.ts). */
const UNANSWERED = 0xff;
/** AskedFlag of assembly/device/blocks.ts. */
const STABLE = 1;
/** Flag of a range (5.2.6). */
const UNMAP = 1;

const ID_BYTES = 20;
const RANGE_BYTES = 16;

interface Entry {
  /** Where the answer goes. */
  answerAt: number;
  type: number;
  at: number;
  data: Uint8Array;
  stable: boolean;
}

interface Counts {
  batches: bigint;
  waits: bigint;
  flushes: bigint;
  errors: bigint;
}

export class DiskPort implements HostPort {
  private readonly disk: Disk;
  private readonly counts: Counts = { batches: 0n, waits: 0n, flushes: 0n, errors: 0n };

  constructor(
    private readonly instance: ModuleInstance,
    /** Address of the disk's table. */
    private readonly table: number,
    private readonly drive: Drive,
    private readonly serial: string,
    private readonly name: string,
  ) {
    this.disk = drive.disk;
  }

  /** Requests wait for the host. They are in the machine's state, so that a snapshot has them too. */
  get busy(): boolean {
    return this.instance.view.getUint32(this.table, true) > 0;
  }

  beforeSlice(): boolean {
    return false;
  }

  afterSlice(): void {
    // answer() does it, before the next instruction.
  }

  /** Answers every request; nothing is returned when that was possible on the spot. */
  answer(): Done {
    this.counts.batches++;
    const wait = this.serveFrom(0, this.entries());
    if (wait !== undefined) this.counts.waits++;
    return wait;
  }

  counters(): Counter[] {
    const one = (what: string, unit: string, value: bigint): Counter => ({ name: `${this.name} ${what}`, unit, value });
    const { batches, waits, flushes, errors } = this.counts;
    return [
      one('batches answered', 'events', batches), one('batches waited for', 'events', waits),
      one('flushes of the image', 'system calls', flushes), one('errors of the image', 'requests', errors),
    ];
  }

  private entries(): Entry[] {
    const { view, bytes } = this.instance;
    const count = Math.min(view.getUint32(this.table, true), MOST);
    const places = Array.from({ length: count }, (_, i) => this.table + FIRST + i * ENTRY);
    return places.filter((at) => view.getUint32(at + 4, true) === UNANSWERED).map((at) => {
      const data = view.getUint32(at + 20, true);
      return {
        answerAt: at + 4,
        type: view.getUint32(at, true),
        at: Number(view.getBigUint64(at + 8, true)) * SECTOR_BYTES,
        data: bytes.subarray(data, data + view.getUint32(at + 16, true)),
        stable: (view.getUint32(at + 24, true) & STABLE) !== 0,
      };
    });
  }

  private serveFrom(first: number, entries: Entry[]): Done {
    for (let i = first; i < entries.length; i++) {
      const wait = this.serve(entries[i]!);
      if (wait !== undefined) return wait.then(() => this.serveFrom(i + 1, entries));
    }
    return this.settle(entries.filter((entry) => entry.stable && this.answerOf(entry) === OK));
  }

  /** One flush makes all writes of the batch that want it stable. */
  private settle(entries: Entry[]): Done {
    if (entries.length === 0) return;
    return this.guarded(() => this.flush(), (answer) => entries.forEach((entry) => this.setAnswer(entry, answer)));
  }

  private serve(entry: Entry): Done {
    const known = [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES].includes(entry.type);
    if (!known) return this.setAnswer(entry, UNSUPP);
    return this.guarded(() => this.act(entry), (answer) => this.setAnswer(entry, answer));
  }

  /** Does something that the host may refuse, now or later. */
  private guarded(act: () => Done, tell: (answer: number) => void): Done {
    const failed = (): void => {
      this.counts.errors++;
      tell(IOERR);
    };
    try {
      const wait = act();
      if (wait !== undefined) return wait.then(() => tell(OK), failed);
      tell(OK);
    } catch {
      failed();
    }
  }

  private act({ type, at, data }: Entry): Done {
    switch (type) {
      case IN: return this.disk.read(at, data);
      case OUT: return this.disk.write(at, data);
      case FLUSH: return this.flush();
      case GET_ID: return this.identify(data);
      default: return this.eachRange(type, data, 0);
    }
  }

  private flush(): Done {
    if (this.drive.unsafe) return;
    this.counts.flushes++;
    return this.disk.flush();
  }

  private identify(data: Uint8Array): void {
    data.fill(0);
    new TextEncoder().encodeInto(this.serial, data.subarray(0, ID_BYTES));
  }

  private eachRange(type: number, data: Uint8Array, from: number): Done {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = from; i + RANGE_BYTES <= data.length; i += RANGE_BYTES) {
      const at = Number(view.getBigUint64(i, true)) * SECTOR_BYTES;
      const bytes = view.getUint32(i + 8, true) * SECTOR_BYTES;
      const unmap = (view.getUint32(i + 12, true) & UNMAP) !== 0;
      const wait = type === DISCARD ? this.disk.discard(at, bytes) : this.disk.zero(at, bytes, unmap);
      if (wait !== undefined) return wait.then(() => this.eachRange(type, data, i + RANGE_BYTES));
    }
  }

  private answerOf(entry: Entry): number {
    return this.instance.view.getUint32(entry.answerAt, true);
  }

  private setAnswer(entry: Entry, answer: number): void {
    this.instance.view.setUint32(entry.answerAt, answer, true);
  }
}

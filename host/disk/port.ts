/**
 * Answers a virtual disk's requests (host/rings/blocks.ts) while the guest's time stands still. They are served in their order, one
 * after the other, so that a flush covers what was written before it.
 */

import { Answer, Range, Request, RequestType } from '../../assembly/surface/blocks.js';
import { answerOf, isAsked, readAsked, setAnswer, type Asked } from '../rings/blocks.js';
import type { Counter } from '../rings/counter.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { HostPort } from '../rings/port.js';
import type { Disk, Done } from './disk.js';
import type { Drive } from './open.js';

const KNOWN: readonly RequestType[] = [RequestType.IN, RequestType.OUT, RequestType.FLUSH, RequestType.GET_ID, RequestType.DISCARD, RequestType.WRITE_ZEROES];

interface Counts {
  batches: bigint;
  waits: bigint;
  flushes: bigint;
  errors: bigint;
}

export class DiskPort implements HostPort {
  private disk: Disk;
  private readonly counts: Counts = { batches: 0n, waits: 0n, flushes: 0n, errors: 0n };

  constructor(
    private readonly instance: ModuleInstance,
    /** Address of the disk's table. */
    private readonly table: number,
    private drive: Drive,
    private readonly serial: string,
    private readonly name: string,
  ) {
    this.disk = drive.disk;
  }

  /** Another medium, while nothing waits. */
  put(drive: Drive): void {
    this.drive = drive;
    this.disk = drive.disk;
  }

  /** Requests wait for the host. */
  get busy(): boolean {
    return isAsked(this.instance, this.table);
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
    const wait = this.serveFrom(0, readAsked(this.instance, this.table));
    if (wait !== undefined) this.counts.waits++;
    return wait;
  }

  counters(): Counter[] {
    const one = (what: string, unit: string, value: bigint): Counter => ({ name: `${this.name} ${what}`, unit, value, owner: this.name });
    const { batches, waits, flushes, errors } = this.counts;
    return [
      one('batches answered', 'events', batches), one('batches waited for', 'events', waits),
      one('flushes of the image', 'system calls', flushes), one('errors of the image', 'requests', errors),
    ];
  }

  private serveFrom(first: number, entries: Asked[]): Done {
    for (let i = first; i < entries.length; i++) {
      const wait = this.serve(entries[i]!);
      if (wait !== undefined) return wait.then(() => this.serveFrom(i + 1, entries));
    }
    return this.settle(entries.filter((entry) => entry.stable && answerOf(this.instance, entry) === Answer.OK));
  }

  /** One flush makes all writes of the batch that want it stable. */
  private settle(entries: Asked[]): Done {
    if (entries.length === 0) return;
    return this.guarded(() => this.flush(), (answer) => entries.forEach((entry) => setAnswer(this.instance, entry, answer)));
  }

  private serve(entry: Asked): Done {
    if (!KNOWN.includes(entry.type)) return setAnswer(this.instance, entry, Answer.UNSUPP);
    return this.guarded(() => this.act(entry), (answer) => setAnswer(this.instance, entry, answer));
  }

  /** Does something that the host may refuse, now or later. */
  private guarded(act: () => Done, tell: (answer: Answer) => void): Done {
    const failed = (): void => {
      this.counts.errors++;
      tell(Answer.IOERR);
    };
    try {
      const wait = act();
      if (wait !== undefined) return wait.then(() => tell(Answer.OK), failed);
      tell(Answer.OK);
    } catch {
      failed();
    }
  }

  private act({ type, at, data }: Asked): Done {
    switch (type) {
      case RequestType.IN: return this.disk.read(at, data);
      case RequestType.OUT: return this.disk.write(at, data);
      case RequestType.FLUSH: return this.flush();
      case RequestType.GET_ID: return this.identify(data);
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
    new TextEncoder().encodeInto(this.serial, data.subarray(0, Request.ID_BYTES));
  }

  private eachRange(type: RequestType, data: Uint8Array, from: number): Done {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = from; i + Range.BYTES <= data.length; i += Range.BYTES) {
      const at = Number(view.getBigUint64(i + Range.SECTOR, true)) * Request.SECTOR_BYTES;
      const bytes = view.getUint32(i + Range.COUNT, true) * Request.SECTOR_BYTES;
      const unmap = (view.getUint32(i + Range.FLAGS, true) & Range.UNMAP) !== 0;
      const wait = type === RequestType.DISCARD ? this.disk.discard(at, bytes) : this.disk.zero(at, bytes, unmap);
      if (wait !== undefined) return wait.then(() => this.eachRange(type, data, i + Range.BYTES));
    }
  }
}

/**
 * A console port from the host's side (assembly/device/bytes.ts): two byte rings, the words that say who listens, and the link behind
 * them. What the link cannot take stays in the ring, and the guest waits; what the ring cannot take stays here, and the link is paused.
 */

import { RingId, StreamWord } from '../../assembly/surface/rings.js';
import type { HostPort } from '../rings/port.js';
import type { ModuleInstance } from '../rings/instance.js';
import { dropBytes, fillOf, placeOf, putBytes, takeBytes } from '../rings/bytes.js';
import type { Link } from './link.js';

/** More waits for the guest than this: the link is paused. */
const ENOUGH = 65536;

export class StreamPort implements HostPort {
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private paused = false;
  private look = false;
  /** Something waits in the ring for the link to have room. */
  private held = false;
  private readonly words: number;
  private readonly toHost: number;
  private readonly toGuest: number;

  constructor(
    private readonly instance: ModuleInstance,
    stream: number,
    private readonly link: Link,
    wake: () => void,
  ) {
    this.words = instance.exports.stream(stream) >>> 0;
    this.toHost = RingId.FIRST_STREAM + 2 * stream;
    this.toGuest = this.toHost + 1;
    link.listen({
      data: (bytes) => {
        this.push(bytes);
        wake();
      },
      changed: () => {
        this.tell();
        this.look = true;
        wake();
      },
      room: wake,
      drop: () => this.drop(),
    });
    this.tell();
  }

  /** There is something for the link, and the link has no room. */
  get blocked(): boolean {
    return this.link.connected && !this.link.room && this.bytesIn(this.toHost) > 0;
  }

  get busy(): boolean {
    return this.look || (this.waiting.length > 0 && this.roomForGuest > 0) || (this.held && this.link.room);
  }

  beforeSlice(): boolean {
    const moved = this.deliver();
    const look = this.look || moved;
    this.look = false;
    return look;
  }

  afterSlice(): void {
    this.held = this.blocked;
    if (this.link.connected && !this.link.room) return;
    const bytes = takeBytes(this.instance, this.toHost);
    if (bytes === undefined) return;
    // Where nobody is at the other end, it is as with a line that is not plugged in.
    if (this.link.connected) this.link.write(bytes);
    // The ring was full: the card waits for room.
    if (bytes.length === placeOf(this.instance, this.toHost).size) this.look = true;
  }

  /** The host's side, for the driver: whether somebody listens, and the size of a terminal. Where that is as it was, nothing needs a look. */
  private tell(): void {
    const { view } = this.instance;
    const before = view.getBigUint64(this.words, true);
    const size = this.link.size();
    view.setUint32(this.words + StreamWord.HOST_LISTENS, this.link.connected ? 1 : 0, true);
    view.setUint16(this.words + StreamWord.COLUMNS, Math.min(size?.columns ?? 0, 0xffff), true);
    view.setUint16(this.words + StreamWord.ROWS, Math.min(size?.rows ?? 0, 0xffff), true);
    if (view.getBigUint64(this.words, true) !== before) this.look = true;
  }

  private push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > ENOUGH && !this.paused) {
      this.paused = true;
      this.link.pause();
    }
  }

  /** Forgets what waits for the guest, here and in the ring. */
  private drop(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
    dropBytes(this.instance, this.toGuest);
    if (!this.paused) return;
    this.paused = false;
    this.link.resume();
  }

  /** Moves what fits into the ring; true when anything moved. */
  private deliver(): boolean {
    let moved = 0;
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const count = putBytes(this.instance, this.toGuest, first);
      moved += count;
      if (count < first.length) {
        this.waiting[0] = first.subarray(count);
        break;
      }
      this.waiting.shift();
    }
    this.waitingBytes -= moved;
    if (this.paused && this.waitingBytes <= ENOUGH / 2) {
      this.paused = false;
      this.link.resume();
    }
    return moved > 0;
  }

  private bytesIn(ring: number): number {
    return fillOf(this.instance, placeOf(this.instance, ring));
  }

  private get roomForGuest(): number {
    return placeOf(this.instance, this.toGuest).size - this.bytesIn(this.toGuest);
  }
}

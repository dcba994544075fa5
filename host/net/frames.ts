/**
 * A card's frame rings (host/rings/frames.ts) between slices, and the backend behind them.
 *
 * A frame that the backend refuses stays in its ring until it signals room; a frame that the ring has no room for stays with the backend
 * until the guest has taken some. A look at the ring hands over so many frames at most, so that a ring full of small ones does not hold up
 * the thread: the rest waits for the next.
 */

import { Accepts } from '../../assembly/surface/rings.js';
import { fillOf, placeOf, type RingPlace } from '../rings/bytes.js';
import { entryBytes, putFrame, receivedRing, roomOf, sentRing, takeFrames } from '../rings/frames.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { FrameSink, NetBackend, Offload, OffloadSupport } from './backend.js';

/** Frames handed over at one look: a few milliseconds of a backend's work. */
const DRAIN_FRAMES = 1024;

/** One card's rings, and what the engine asks between slices. */
export class FramePort implements FrameSink {
  private readonly sent: RingPlace;
  private readonly received: RingPlace;
  private readonly acceptsAt: number;
  private sendRefused = false;
  /** Bytes that a frame refused needs, 0 when none was. At first the backend may hold what it could not deliver before. */
  private refusedBytes = entryBytes(0);
  /** Something was put for the guest that the module has not looked at. */
  private pending = false;
  /** Frames are left that a look had no time for. */
  private unfinished = false;

  constructor(
    private readonly instance: ModuleInstance,
    port: number,
    private backend: NetBackend,
    /** Ends the host's sleep. */
    private readonly wake: () => void,
  ) {
    this.sent = placeOf(instance, sentRing(port));
    this.received = placeOf(instance, receivedRing(port));
    this.acceptsAt = instance.exports.framePort(port) >>> 0;
    // A snapshot was taken with frames in the ring: nobody else will look.
    this.pending = fillOf(instance, this.received) > 0;
    backend.attach(this);
  }

  /** Between two frames: another backend around the one there is. */
  rewire(backend: NetBackend): void {
    this.backend = backend;
    backend.attach(this);
  }

  get accepts(): OffloadSupport {
    const bits = this.instance.view.getUint32(this.acceptsAt, true);
    return { csum: (bits & Accepts.CSUM) !== 0, tso4: (bits & Accepts.TSO4) !== 0, tso6: (bits & Accepts.TSO6) !== 0 };
  }

  /** Frames wait for the guest or for the next look: the engine must not sleep. */
  get busy(): boolean {
    return this.pending || this.unfinished;
  }

  /** Before a slice: true when the module should look at its rings. */
  beforeSlice(): boolean {
    const look = this.pending;
    this.pending = false;
    return look;
  }

  /** After a slice: hands the backend what the guest sent, and tells it of room. */
  afterSlice(): void {
    this.drain();
    // Where it would wrap it needs as much again; a frame refused twice is asked for twice.
    if (this.refusedBytes === 0 || !this.linkUp || roomOf(this.instance, this.received) < this.refusedBytes) return;
    this.refusedBytes = 0;
    this.backend.roomForDeliver();
  }

  roomForSend(): void {
    this.sendRefused = false;
    this.drain();
    this.wake();
  }

  deliver(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (!this.linkUp || !putFrame(this.instance, this.received, frame, offload)) {
      this.refusedBytes = entryBytes(frame.length);
      return false;
    }
    this.pending = true;
    this.wake();
    return true;
  }

  /** The guest's driver is going. */
  private get linkUp(): boolean {
    return (this.instance.view.getUint32(this.acceptsAt, true) & Accepts.LINK_UP) !== 0;
  }

  /** Offers the backend what waits, as long as it takes any. */
  private drain(): void {
    if (this.sendRefused) {
      this.unfinished = false;
      return;
    }
    const moved = takeFrames(this.instance, this.sent, DRAIN_FRAMES, (frame, offload) => this.offer(frame, offload));
    this.unfinished = !this.sendRefused && fillOf(this.instance, this.sent) > 0;
    if (moved === 0) return;
    // The card may be waiting for the room.
    this.pending = true;
    this.backend.flush();
  }

  private offer(frame: Uint8Array, offload: Offload): boolean {
    if (this.backend.send(frame, offload)) return true;
    this.sendRefused = true;
    return false;
  }
}

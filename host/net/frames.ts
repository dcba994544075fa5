/**
 * A card's frame rings from the host's side (assembly/device/frames.ts), between slices, and the backend behind them.
 *
 * Ring 16 + 2n carries what card n sends, the next one what it receives. An entry is 16 bytes of length and offload fields and
 * the frame, padded to 16; it never wraps, SKIP fills what is left before the end. A frame that the backend refuses stays in
 * its ring until it signals room; a frame that the ring has no room for stays with the backend until the guest has taken some. A look
 * at the ring hands over so many frames at most, so that a ring full of small ones does not hold up the thread: the rest waits for the next.
 */

import { RingPart } from '../machine/rings.js';
import type { ModuleInstance } from '../machine/module.js';
import type { FrameSink, NetBackend, Offload, OffloadSupport } from './backend.js';

const FIRST_FRAME = 16;
const HEADER = 16;
const SKIP = 0xffff_ffff;
const PORTS_AT = 1024;
const PORT_BYTES = 64;
/** Frames handed over at one look: a few milliseconds of a backend's work. */
const DRAIN_FRAMES = 1024;
/** Accepts of assembly/device/frames.ts. */
const CSUM = 1;
const TSO4 = 2;
const TSO6 = 4;
const LINK_UP = 8;

interface Ring {
  data: number;
  size: number;
  /** Addresses of the counts. */
  head: number;
  tail: number;
}

function ringOf(instance: ModuleInstance, id: number): Ring {
  const part = (which: number): number => instance.exports.ringAt(id, which) >>> 0;
  return { data: part(RingPart.Data), size: part(RingPart.Bytes), head: part(RingPart.Head), tail: part(RingPart.Tail) };
}

const padded = (bytes: number): number => HEADER + ((bytes + 15) & ~15);

/** One card's rings, and what the engine asks between slices. */
export class FramePort implements FrameSink {
  private readonly sent: Ring;
  private readonly received: Ring;
  private readonly acceptsAt: number;
  private sendRefused = false;
  /** Bytes that a frame refused needs, 0 when none was. At first the backend may hold what it could not deliver before. */
  private refusedBytes = HEADER;
  /** Something was put for the guest that the module has not looked at. */
  private pending = false;
  /** Frames are left that a look had no time for. */
  private unfinished = false;

  constructor(
    private readonly instance: ModuleInstance,
    port: number,
    rings: number,
    readonly backend: NetBackend,
    /** Ends the host's sleep. */
    private readonly wake: () => void,
  ) {
    this.sent = ringOf(instance, FIRST_FRAME + 2 * port);
    this.received = ringOf(instance, FIRST_FRAME + 2 * port + 1);
    this.acceptsAt = rings + PORTS_AT + port * PORT_BYTES;
    // A snapshot was taken with frames in the ring: nobody else will look.
    const { view } = instance;
    this.pending = view.getUint32(this.received.head, true) !== view.getUint32(this.received.tail, true);
    backend.attach(this);
  }

  get accepts(): OffloadSupport {
    const bits = this.instance.view.getUint32(this.acceptsAt, true);
    return { csum: (bits & CSUM) !== 0, tso4: (bits & TSO4) !== 0, tso6: (bits & TSO6) !== 0 };
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
    if (this.refusedBytes === 0 || !this.linkUp || this.room() < this.refusedBytes) return;
    this.refusedBytes = 0;
    this.backend.roomForDeliver();
  }

  roomForSend(): void {
    this.sendRefused = false;
    this.drain();
    this.wake();
  }

  deliver(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    const { view, bytes } = this.instance;
    const at = this.linkUp ? this.reserve(padded(frame.length)) : undefined;
    if (at === undefined) {
      this.refusedBytes = padded(frame.length);
      return false;
    }
    view.setUint32(at, frame.length, true);
    view.setUint8(at + 4, offload.flags);
    view.setUint8(at + 5, offload.gsoType);
    view.setUint16(at + 6, offload.hdrLen, true);
    view.setUint16(at + 8, offload.gsoSize, true);
    view.setUint16(at + 10, offload.csumStart, true);
    view.setUint16(at + 12, offload.csumOffset, true);
    view.setUint16(at + 14, 0, true);
    bytes.set(frame, at + HEADER);
    view.setUint32(this.received.head, (view.getUint32(this.received.head, true) + padded(frame.length)) >>> 0, true);
    this.pending = true;
    this.wake();
    return true;
  }

  /** The guest's driver is going. */
  private get linkUp(): boolean {
    return (this.instance.view.getUint32(this.acceptsAt, true) & LINK_UP) !== 0;
  }

  private room(): number {
    const { view } = this.instance;
    const { head, tail, size } = this.received;
    return size - ((view.getUint32(head, true) - view.getUint32(tail, true)) >>> 0);
  }

  /** Address of an entry of `need` bytes, after a SKIP where it would wrap; undefined when there is no room. */
  private reserve(need: number): number | undefined {
    const { view } = this.instance;
    const { head, size, data } = this.received;
    const count = view.getUint32(head, true);
    const at = (count & (size - 1)) >>> 0;
    const skip = size - at < need ? size - at : 0;
    if (this.room() < need + skip) return undefined;
    if (skip === 0) return data + at;
    view.setUint32(data + at, SKIP, true);
    view.setUint32(head, (count + skip) >>> 0, true);
    return data;
  }

  /** Offers the backend what waits, as long as it takes any. */
  private drain(): void {
    const { view } = this.instance;
    const { head, tail, size, data } = this.sent;
    let at = view.getUint32(tail, true);
    const end = view.getUint32(head, true);
    const started = at;
    let left = DRAIN_FRAMES;
    while (at !== end && !this.sendRefused && left > 0) {
      const entry = data + ((at & (size - 1)) >>> 0);
      const length = view.getUint32(entry, true);
      if (length === SKIP) at += size - (at & (size - 1));
      else if (this.offer(entry, length)) {
        at += padded(length);
        left--;
      } else break;
      at >>>= 0;
      view.setUint32(tail, at, true);
    }
    this.unfinished = at !== end && !this.sendRefused;
    if (at === started) return;
    // The card may be waiting for the room.
    this.pending = true;
    this.backend.flush();
  }

  private offer(entry: number, length: number): boolean {
    const { view, bytes } = this.instance;
    const offload: Offload = {
      flags: view.getUint8(entry + 4),
      gsoType: view.getUint8(entry + 5),
      hdrLen: view.getUint16(entry + 6, true),
      gsoSize: view.getUint16(entry + 8, true),
      csumStart: view.getUint16(entry + 10, true),
      csumOffset: view.getUint16(entry + 12, true),
    };
    if (this.backend.send(bytes.subarray(entry + HEADER, entry + HEADER + length), offload)) return true;
    this.sendRefused = true;
    return false;
  }
}

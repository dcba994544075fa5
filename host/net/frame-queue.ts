/** Frames that wait for room: copies in order, bounded in the bytes of memory that they hold. */

import type { Offload } from './backend.js';
import { PIECE_COST } from './block.js';

export interface QueuedFrame {
  frame: Uint8Array;
  offload: Readonly<Offload>;
}

export class FrameQueue {
  private readonly frames: QueuedFrame[] = [];
  private bytes = 0;

  constructor(private readonly limit: number) {}

  get length(): number {
    return this.frames.length;
  }

  /** Copies a frame in. One frame always fits in an empty queue. */
  push(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    const cost = frame.length + PIECE_COST;
    if (this.bytes > 0 && this.bytes + cost > this.limit) return false;
    this.bytes += cost;
    this.frames.push({ frame: frame.slice(), offload: { ...offload } });
    return true;
  }

  /** Offers the first; it goes if it is taken. False: refused, or there is none. */
  offerFirst(offer: (frame: Uint8Array, offload: Readonly<Offload>) => boolean): boolean {
    const first = this.frames[0];
    if (first === undefined || !offer(first.frame, first.offload)) return false;
    this.frames.shift();
    this.bytes -= first.frame.length + PIECE_COST;
    return true;
  }

  /** Offers frames in order until one is refused. True: the queue is empty. */
  drain(offer: (frame: Uint8Array, offload: Readonly<Offload>) => boolean): boolean {
    while (this.frames.length > 0) if (!this.offerFirst(offer)) return false;
    return true;
  }

  clear(): void {
    this.frames.length = 0;
    this.bytes = 0;
  }
}

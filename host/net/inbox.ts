/** The way to the guest for backends that cannot hold back who sends (datagrams, messages of pages): what comes while the guest has no room waits in a bounded queue, past which it is dropped. */

import { DETACHED, NO_OFFLOAD, type FrameSink } from './backend.js';
import { FrameQueue } from './frame-queue.js';

const QUEUE_BYTES = 1 << 20;

/** What is counted on the way. */
export const INBOX_UNITS = { framesOut: 'frames', bytesOut: 'bytes', queueDropped: 'frames' } as const;

interface Counts {
  add(name: keyof typeof INBOX_UNITS, count?: number): void;
}

export class Inbox {
  sink: FrameSink = DETACHED;
  private readonly queue = new FrameQueue(QUEUE_BYTES);

  constructor(private readonly counts: Counts) {}

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.drain();
  }

  /** Hands a frame to the guest, behind those that wait. */
  receive(frame: Uint8Array): void {
    if (this.queue.length === 0 && this.deliver(frame)) return;
    if (!this.queue.push(frame, NO_OFFLOAD)) this.counts.add('queueDropped');
  }

  /** The guest has room. */
  drain(): void {
    this.queue.drain((frame) => this.deliver(frame));
  }

  clear(): void {
    this.queue.clear();
  }

  private deliver(frame: Uint8Array): boolean {
    if (!this.sink.deliver(frame, NO_OFFLOAD)) return false;
    this.counts.add('framesOut');
    this.counts.add('bytesOut', frame.length);
    return true;
  }
}

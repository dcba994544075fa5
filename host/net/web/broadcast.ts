/**
 * `-netdev broadcast,channel=NAME`: one wire for all machines of an origin that name it, in whatever tab or worker (in Node: thread of the process)
 * they are: a BroadcastChannel, each message one frame. Every port gets every frame, as on a hub, and its card keeps what is its own.
 *
 * A channel cannot be held back: what comes while the guest has no room waits in a bounded queue, past which it is dropped and counted.
 */

import { DETACHED, MAX_FRAME, NO_OFFLOAD, NO_SUPPORT, type FrameSink, type NetBackend } from '../backend.js';
import { CounterSet } from '../counters.js';
import type { Counter } from '../../rings/counter.js';
import { FrameQueue } from '../frame-queue.js';

const QUEUE_BYTES = 1 << 20;
const UNITS = { framesIn: 'frames', framesOut: 'frames', bytesIn: 'bytes', bytesOut: 'bytes', queueDropped: 'frames', malformed: 'frames' } as const;

export function createBroadcast(name: string, channel: string): NetBackend {
  return new Broadcast(name, new BroadcastChannel(`pintail wire ${channel}`));
}

class Broadcast implements NetBackend {
  readonly accepts = NO_SUPPORT;
  private readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly queue = new FrameQueue(QUEUE_BYTES);
  private sink: FrameSink = DETACHED;
  private closed = false;

  constructor(readonly name: string, private readonly channel: BroadcastChannel) {
    this.counts = new CounterSet(name, UNITS);
    channel.onmessage = ({ data }: MessageEvent) => this.receive(data);
    // In Node a channel would keep the process.
    (channel as unknown as { unref?(): void }).unref?.();
  }

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.roomForDeliver();
  }

  send(frame: Uint8Array): boolean {
    if (this.closed) return true;
    this.channel.postMessage(frame.slice());
    this.counts.add('framesIn');
    this.counts.add('bytesIn', frame.length);
    return true;
  }

  flush(): void {}

  roomForDeliver(): void {
    this.queue.drain((frame) => this.deliver(frame));
  }

  counters(): Counter[] {
    return this.counts.list();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.queue.clear();
    this.channel.close();
  }

  /** Anything of this origin may write to the channel. */
  private receive(data: unknown): void {
    if (this.closed) return;
    if (!(data instanceof Uint8Array) || data.length < 14 || data.length > MAX_FRAME) return this.counts.add('malformed');
    if (this.queue.length === 0 && this.deliver(data)) return;
    if (!this.queue.push(data, NO_OFFLOAD)) this.counts.add('queueDropped');
  }

  private deliver(frame: Uint8Array): boolean {
    if (!this.sink.deliver(frame, NO_OFFLOAD)) return false;
    this.counts.add('framesOut');
    this.counts.add('bytesOut', frame.length);
    return true;
  }
}

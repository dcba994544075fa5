/**
 * `-netdev broadcast,channel=NAME`: one wire for all machines of an origin that name it, in whatever tab or worker (in Node: thread of the process)
 * they are: a BroadcastChannel, each message one frame. Every port gets every frame, as on a hub, and its card keeps what is its own.
 */

import { MAX_FRAME, NO_SUPPORT, type FrameSink, type NetBackend } from '../backend.js';
import { CounterSet } from '../counters.js';
import type { Counter } from '../../rings/counter.js';
import { Inbox, INBOX_UNITS } from '../inbox.js';

const UNITS = { framesIn: 'frames', bytesIn: 'bytes', ...INBOX_UNITS, malformed: 'frames' } as const;

export function createBroadcast(name: string, channel: string): NetBackend {
  return new Broadcast(name, new BroadcastChannel(`pintail wire ${channel}`));
}

class Broadcast implements NetBackend {
  readonly accepts = NO_SUPPORT;
  private readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly inbox: Inbox;
  private closed = false;

  constructor(readonly name: string, private readonly channel: BroadcastChannel) {
    this.counts = new CounterSet(name, UNITS);
    this.inbox = new Inbox(this.counts);
    channel.onmessage = ({ data }: MessageEvent) => this.receive(data);
    // In Node a channel would keep the process.
    (channel as unknown as { unref?(): void }).unref?.();
  }

  attach(sink: FrameSink): void {
    this.inbox.attach(sink);
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
    this.inbox.drain();
  }

  counters(): Counter[] {
    return this.counts.list();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.inbox.clear();
    this.channel.close();
  }

  /** Anything of this origin may write to the channel. */
  private receive(data: unknown): void {
    if (this.closed) return;
    if (!(data instanceof Uint8Array) || data.length < 14 || data.length > MAX_FRAME) return this.counts.add('malformed');
    this.inbox.receive(data);
  }
}

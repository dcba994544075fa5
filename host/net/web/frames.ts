/**
 * `-netdev websocket`: each binary message one Ethernet frame, as relays of other emulators have it: a port of a switch at the other end
 * (`pintail relay`, /switch/NAME).
 *
 * A page's WebSocket cannot be held back, so what comes while the guest has no room waits in a bounded queue, and past it is dropped and counted;
 * what the guest sends waits with the guest while much is on its way. A connection that ends is made again.
 */

import { MAX_FRAME, NO_SUPPORT, type FrameSink, type NetBackend } from '../backend.js';
import { CounterSet } from '../counters.js';
import type { Counter } from '../../rings/counter.js';
import { Inbox, INBOX_UNITS } from '../inbox.js';
import type { OpenWebSocket, WebSocketLink } from '../web-socket.js';

const MOST_BUFFERED = 1 << 20;
const RETRY_MS = 1000;
/** How often a refused sender is told to look again: sockets of pages do not say that they have room. */
const LOOK_MS = 4;
const UNITS = { framesIn: 'frames', bytesIn: 'bytes', ...INBOX_UNITS, sendRefused: 'frames', sendDropped: 'frames', unconnected: 'frames', malformed: 'frames', connections: 'connections' } as const;

/** Rejects where the first connection cannot be made. */
export async function createFrames(name: string, address: string, open: OpenWebSocket): Promise<NetBackend> {
  const frames = new Frames(name, address, open);
  await frames.connect();
  return frames;
}

/** A connection that somebody else has made: it is not made again. */
export function acceptFrames(name: string, link: WebSocketLink): NetBackend {
  const frames = new Frames(name, '', undefined);
  frames.use(link);
  return frames;
}

class Frames implements NetBackend {
  readonly accepts = NO_SUPPORT;
  private readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly inbox: Inbox;
  private link: WebSocketLink | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(readonly name: string, private readonly address: string, private readonly open: OpenWebSocket | undefined) {
    this.counts = new CounterSet(name, UNITS);
    this.inbox = new Inbox(this.counts);
  }

  async connect(): Promise<void> {
    const link = await this.open!(this.address, []);
    if (this.closed) return link.close();
    this.use(link);
  }

  use(link: WebSocketLink): void {
    this.link = link;
    this.counts.add('connections');
    link.listen({ message: (bytes) => this.receive(bytes), closed: () => this.lose() });
  }

  attach(sink: FrameSink): void {
    this.inbox.attach(sink);
  }

  send(frame: Uint8Array): boolean {
    const { link } = this;
    if (link === undefined) {
      this.counts.add('unconnected');
      return true;
    }
    // A stranger that reads slowly must not hold up the switch.
    if (link.buffered() > MOST_BUFFERED && this.open === undefined) {
      this.counts.add('sendDropped');
      return true;
    }
    if (link.buffered() > MOST_BUFFERED) {
      this.counts.add('sendRefused');
      this.looking ??= setTimeout(() => this.lookForRoom(), LOOK_MS);
      return false;
    }
    link.send(frame);
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
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.looking);
    this.link?.close();
    this.link = undefined;
    this.inbox.clear();
  }

  private lookForRoom(): void {
    this.looking = undefined;
    if ((this.link?.buffered() ?? 0) <= MOST_BUFFERED / 2) this.inbox.sink.roomForSend();
    else this.looking = setTimeout(() => this.lookForRoom(), LOOK_MS);
  }

  private receive(frame: Uint8Array): void {
    if (this.closed) return;
    if (frame.length < 14 || frame.length > MAX_FRAME) return this.counts.add('malformed');
    this.inbox.receive(frame);
  }

  private lose(): void {
    this.link = undefined;
    if (this.looking !== undefined) this.lookForRoom();
    if (!this.closed && this.open !== undefined) this.connectLater();
  }

  private connectLater(): void {
    this.timer = setTimeout(() => void this.connect().catch(() => !this.closed && this.connectLater()), RETRY_MS);
    // Node's timers keep a process, a page's are numbers.
    if (typeof this.timer === 'object') this.timer.unref();
  }
}

/**
 * A backend of a machine that shares its clock with others (host/machine/shared-clock.ts): what the machine sends is held, with the time at which it was
 * sent, until the clock says that it is due. What the other side has no room for stays in front, until there is room and the next time has come.
 */

import { DETACHED, type FrameSink, type NetBackend, type Offload } from './backend.js';
import { FrameQueue } from './frame-queue.js';

/** What may be held; then the machine's card waits. */
const HELD_BYTES = 4 << 20;

export class HeldWire implements NetBackend {
  private readonly queue = new FrameQueue(HELD_BYTES);
  private readonly times: number[] = [];
  private sink: FrameSink = DETACHED;
  private refused = false;
  /** The other side has no room. */
  private blocked = false;

  constructor(
    private readonly inner: NetBackend,
    private readonly now: () => number,
    private readonly closed: () => void,
  ) {}

  get name(): string {
    return this.inner.name;
  }

  get accepts(): NetBackend['accepts'] {
    return this.inner.accepts;
  }

  /** When the oldest frame was sent; undefined where none can go. */
  get due(): number | undefined {
    return this.blocked ? undefined : this.times[0];
  }

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.inner.attach({
      get accepts() {
        return sink.accepts;
      },
      deliver: (frame, offload) => sink.deliver(frame, offload),
      roomForSend: () => void (this.blocked = false),
    });
  }

  send(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (!this.queue.push(frame, offload)) {
      this.refused = true;
      return false;
    }
    this.times.push(this.now());
    return true;
  }

  flush(): void {}

  roomForDeliver(): void {
    this.inner.roomForDeliver();
  }

  /** Hands over the oldest frame. False: there is no room for it. */
  passOne(): boolean {
    // Before it is offered: who refuses may signal room at any time after.
    this.blocked = true;
    if (!this.queue.offerFirst((frame, offload) => this.inner.send(frame, offload))) return false;
    this.blocked = false;
    this.times.shift();
    return true;
  }

  /** Between two windows: the card that was refused may try again. */
  signalRoom(): void {
    if (!this.refused || this.queue.length > 0) return;
    this.refused = false;
    this.sink.roomForSend();
  }

  counters(): ReturnType<NetBackend['counters']> {
    return this.inner.counters();
  }

  async close(): Promise<void> {
    this.queue.clear();
    this.times.length = 0;
    this.closed();
    await this.inner.close();
  }
}

/**
 * Who may put the next frame on the wire to the guest. Whoever has something to send stands in one queue; a turn is one frame, then
 * to the back, so that no flow starves another. When the guest has no room the queue stands still until it has, and whoever found none
 * keeps its place. Frames are made at their turn, not before: what waits is bytes of flows, bounded there, never built frames.
 */

import { Line } from '../line.js';

/** Something with frames for the guest. */
export interface FrameSource {
  /** Sends at most one frame. `more`: wants another turn; `done`: nothing now; `blocked`: the guest had no room, nothing was sent. */
  takeTurn(): 'more' | 'done' | 'blocked';
}

export class Scheduler {
  /** In the order of joining; nobody stands twice. */
  private readonly queue = new Line<FrameSource, true>();
  /** Found no room at its turn: the next turn is its own. Not in the queue meanwhile. */
  private held: FrameSource | undefined;
  private blocked = false;
  private running = false;
  private scheduled = false;
  private closed = false;

  /** `finished`: called after a run, from outside any turn. */
  constructor(private readonly finished: () => void = () => undefined) {}

  /** Joins the queue; frames go out at the next `run`, at the latest when the current turn of the event loop ends. */
  join(source: FrameSource): void {
    if (this.closed) return;
    if (source !== this.held && !this.queue.has(source)) this.queue.put(source, true);
    if (this.scheduled || this.blocked) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.run();
    });
  }

  leave(source: FrameSource): void {
    this.queue.delete(source);
    if (this.held === source) this.held = undefined;
  }

  run(): void {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.blocked && (this.held !== undefined || this.queue.size > 0)) this.turn();
    } finally {
      this.running = false;
    }
    this.finished();
  }

  /** A turn is being taken: its flow is between building a frame and knowing that it was sent. */
  get isRunning(): boolean {
    return this.running;
  }

  unblock(): void {
    this.blocked = false;
    this.run();
  }

  get isBlocked(): boolean {
    return this.blocked;
  }

  close(): void {
    this.closed = true;
    this.queue.clear();
    this.held = undefined;
  }

  private turn(): void {
    const source = this.held ?? this.queue.first!.key;
    this.held = undefined;
    this.queue.delete(source);
    const result = source.takeTurn();
    if (result === 'more' && !this.queue.has(source)) this.queue.put(source, true);
    if (result !== 'blocked') return;
    this.blocked = true;
    this.held = source;
    this.queue.delete(source);
  }
}

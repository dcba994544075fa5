/**
 * Deadlines of thousands of flows over one timer of the clock: a binary heap whose items know their place, so that moving a deadline,
 * which a TCP flow does at every acknowledgement, costs a few swaps and leaves nothing behind.
 */

import type { Cancel, Clock } from '../clock.js';

export class Timer {
  deadline = 0;
  /** Place in the heap; -1: not armed. */
  place = -1;

  constructor(readonly fire: () => void) {}

  get armed(): boolean {
    return this.place >= 0;
  }
}

export class TimerQueue {
  private readonly heap: Timer[] = [];
  private cancelClock: Cancel | undefined;
  private clockDeadline = Infinity;

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  /** Arms or moves a timer. */
  arm(timer: Timer, delayNs: number): void {
    timer.deadline = this.clock.now() + delayNs;
    if (timer.place < 0) {
      timer.place = this.heap.length;
      this.heap.push(timer);
    }
    this.settle(timer);
    this.program();
  }

  cancel(timer: Timer): void {
    const { place } = timer;
    if (place < 0) return;
    const last = this.heap.pop()!;
    timer.place = -1;
    if (last === timer) return;
    this.put(last, place);
    this.settle(last);
  }

  close(): void {
    for (const timer of this.heap) timer.place = -1;
    this.heap.length = 0;
    this.cancelClock?.();
    this.cancelClock = undefined;
  }

  private program(): void {
    const first = this.heap[0];
    // An earlier clock timer than needed is left: it finds nothing due and asks again.
    if (!first || (this.cancelClock && this.clockDeadline <= first.deadline)) return;
    this.cancelClock?.();
    this.clockDeadline = first.deadline;
    this.cancelClock = this.clock.after(first.deadline - this.clock.now(), () => this.expire());
  }

  private expire(): void {
    this.cancelClock = undefined;
    const now = this.clock.now();
    for (let first = this.heap[0]; first && first.deadline <= now; first = this.heap[0]) {
      this.cancel(first);
      first.fire();
    }
    this.program();
  }

  private put(timer: Timer, place: number): void {
    this.heap[place] = timer;
    timer.place = place;
  }

  private settle(timer: Timer): void {
    this.rise(timer);
    this.sink(timer);
  }

  private rise(timer: Timer): void {
    while (timer.place > 0) {
      const parent = this.heap[(timer.place - 1) >> 1]!;
      if (parent.deadline <= timer.deadline) return;
      this.swap(parent, timer);
    }
  }

  private sink(timer: Timer): void {
    for (;;) {
      const left = this.heap[timer.place * 2 + 1];
      const right = this.heap[timer.place * 2 + 2];
      const child = right && left && right.deadline < left.deadline ? right : left;
      if (!child || child.deadline >= timer.deadline) return;
      this.swap(timer, child);
    }
  }

  private swap(upper: Timer, lower: Timer): void {
    const { place } = upper;
    this.put(upper, lower.place);
    this.put(lower, place);
  }
}

/** Time for backends: passed in, so that a test or a virtual-time run owns it. */

/** Cancels a timer that has not fired. */
export type Cancel = () => void;

export interface Clock {
  /** Nanoseconds since the clock's own start: a safe integer for a hundred days. */
  now(): number;
  /** Calls back once, not before `delayNs` from now. */
  after(delayNs: number, callback: () => void): Cancel;
}

export const MICROSECOND = 1_000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;

/** The platform's monotonic clock. Its timers do not keep a Node process alive. */
export function wallClock(): Clock {
  const start = performance.now();
  return {
    now: () => Math.round((performance.now() - start) * MILLISECOND),
    after(delayNs, callback) {
      const timer: unknown = setTimeout(callback, Math.min(Math.ceil(delayNs / MILLISECOND), 0x7fffffff));
      if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref();
      return () => clearTimeout(timer as number);
    },
  };
}

interface ManualTimer {
  at: number;
  callback: () => void;
}

/** A clock that moves only when told to: virtual time, and tests. */
export class ManualClock implements Clock {
  private time = 0;
  private readonly timers = new Set<ManualTimer>();

  now(): number {
    return this.time;
  }

  after(delayNs: number, callback: () => void): Cancel {
    const timer = { at: this.time + Math.max(0, delayNs), callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** When the next timer is due, or undefined. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.timers) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Moves time on, firing timers in their order, each at its own time. */
  advance(ns: number): void {
    this.advanceTo(this.time + ns);
  }

  advanceTo(end: number): void {
    for (;;) {
      let first: ManualTimer | undefined;
      for (const timer of this.timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
      if (!first) break;
      this.timers.delete(first);
      this.time = Math.max(this.time, first.at);
      first.callback();
    }
    this.time = Math.max(this.time, end);
  }
}

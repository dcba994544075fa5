/** A machine's virtual time as the clock of its networks: it moves at boundaries, so a guest that lags sees no timer fire early. */

import { ManualClock, type Cancel, type Clock } from '../net/clock.js';

export class MachineClock implements Clock {
  private readonly clock = new ManualClock();
  /** What virtual time 0 is here: a machine that was reset starts anew, its networks go on. */
  private base = 0;
  private read: () => number = () => 0;

  /** `startNs`: what it shows at first. */
  constructor(startNs = 0) {
    this.clock.advanceTo(startNs);
  }

  now(): number {
    return this.clock.now();
  }

  after(delayNs: number, callback: () => void): Cancel {
    return this.clock.after(delayNs, callback);
  }

  /** A machine takes over, whose virtual time `read` tells. */
  attach(read: () => number): void {
    this.read = read;
    this.base = this.clock.now() - read();
  }

  /** The machine's virtual time 0 is `ns` here. */
  rebase(ns: number): void {
    this.base = ns;
  }

  /** The same time as now(), between two boundaries, too. */
  exactly(): number {
    return this.base + this.read();
  }

  /** At a boundary: fires what is due. */
  advance(virtualNs: number): void {
    this.clock.advanceTo(this.base + virtualNs);
  }

  /** ns from `virtualNs` to the next timer, undefined when none is set. */
  untilNext(virtualNs: number): number | undefined {
    const due = this.clock.nextDue();
    return due === undefined ? undefined : Math.max(due - this.base - virtualNs, 0);
  }
}

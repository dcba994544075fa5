/**
 * So many connections of one origin: the guest's own, each forwarded port's, the program's. Whoever fills its share takes nothing from the
 * others. A full share makes room by one that has ended, or by the one that has been idle longest if that is long enough.
 *
 * `order` says when each was last known to be active. A connection does not move at every segment; the one in front is looked at when
 * room is wanted, and goes to the back if it has been active since. So making room costs no more than the segments before it did.
 */

import { Line } from '../../line.js';

/** What a share knows of a connection: when it was last active, in ns. */
interface Aging {
  readonly lastActive: number;
}

export class FlowShare<Flow extends Aging> {
  /** By last known activity, in ns. */
  private readonly order = new Line<Flow, number>();
  /** In TIME-WAIT: kept only to repeat an acknowledgement. */
  private readonly over = new Line<Flow, true>();

  /** `looked`: told of every connection that was looked at. */
  constructor(
    private readonly limit: number,
    private readonly looked: () => void,
  ) {}

  add(flow: Flow): void {
    this.order.put(flow, flow.lastActive);
  }

  remove(flow: Flow): void {
    this.order.delete(flow);
    this.over.delete(flow);
  }

  /** A connection has gone to TIME-WAIT. */
  end(flow: Flow): void {
    this.over.put(flow, true);
  }

  get isFull(): boolean {
    return this.order.size >= this.limit;
  }

  /**
   * One that is over, or that was last active before `since`; `none`: all are younger. After looking at `most` that are not where they belong it
   * is `unknown`, and the next call goes on from there.
   */
  findOld(since: number, most = Infinity): Flow | 'none' | 'unknown' {
    if (this.over.first) return this.over.first.key;
    let looks = 0;
    for (let first = this.order.first; first; first = this.order.first) {
      if (looks++ === most) return 'unknown';
      this.looked();
      const { key: flow, value: known } = first;
      if (flow.lastActive === known) return known < since ? flow : 'none';
      this.order.put(flow, flow.lastActive);
    }
    return 'none';
  }
}

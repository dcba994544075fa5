/**
 * Round-trip times (RFC 6298) and a congestion window (RFC 5681, RFC 6582) toward the guest. The wire to a card of ours loses nothing,
 * so the window starts wide; it matters when a lossy wrapper or a switch lies between.
 */

import { MILLISECOND, SECOND } from '../../clock.js';

const INITIAL_WINDOW = 128 << 10;
const MAX_WINDOW = 8 << 20;
const INITIAL_RTO = SECOND;
/** A guest is slow and stops between slices: less would only send twice. */
const MIN_RTO = 300 * MILLISECOND;
const MAX_RTO = 30 * SECOND;

export class RoundTrip {
  /** Time-out for the next retransmission, in ns. */
  rto = INITIAL_RTO;
  private smoothed = -1;
  private variation = 0;

  sample(ns: number): void {
    if (this.smoothed < 0) {
      this.smoothed = ns;
      this.variation = ns / 2;
    } else {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - ns);
      this.smoothed = 0.875 * this.smoothed + 0.125 * ns;
    }
    this.rto = Math.min(MAX_RTO, Math.max(MIN_RTO, this.smoothed + 4 * this.variation));
  }

  backOff(): void {
    this.rto = Math.min(MAX_RTO, this.rto * 2);
  }
}

export class CongestionWindow {
  bytes = INITIAL_WINDOW;
  private threshold = MAX_WINDOW;

  grow(acknowledged: number, mss: number): void {
    const step = this.bytes < this.threshold ? acknowledged : Math.max(1, Math.floor((mss * acknowledged) / this.bytes));
    this.bytes = Math.min(MAX_WINDOW, this.bytes + step);
  }

  /** Three duplicate acknowledgements. */
  halve(inFlight: number, mss: number): void {
    this.threshold = Math.max(inFlight / 2, 2 * mss);
    this.bytes = this.threshold + 3 * mss;
  }

  /** Another segment has left the network during recovery. */
  inflate(mss: number): void {
    this.bytes = Math.min(MAX_WINDOW, this.bytes + mss);
  }

  recovered(): void {
    this.bytes = this.threshold;
  }

  collapse(inFlight: number, mss: number): void {
    this.threshold = Math.max(inFlight / 2, 2 * mss);
    this.bytes = 2 * mss;
  }
}

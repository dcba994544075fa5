/**
 * The half of a TCP connection that sends to the guest: what to send next, and what an acknowledgement means. No frames, sockets or
 * timers here; the flow asks `next`, sends, says `sent`, and tells of acknowledgements and time-outs.
 *
 *      una            nxt            max        una + buffer.length
 *       |-- in flight --|-- (again) --|--- not sent ---|FIN
 *
 * A time-out goes back: nxt returns to una, and `max` remembers what acknowledgements may name. Three duplicates send the first
 * segment alone again (`hole`), as does each partial acknowledgement until what was in flight then is acknowledged (`recover`).
 */

import { ByteQueue } from '../../byte-queue.js';
import { CongestionWindow, RoundTrip } from './congestion.js';
import { seqAdd, seqDiff } from './sequence.js';

export interface Sending {
  seq: number;
  /** Bytes, from `una + offset`. */
  offset: number;
  length: number;
  fin: boolean;
  again: boolean;
}

const DUPLICATES = 3;

export class Sender {
  readonly buffer = new ByteQueue();
  readonly roundTrip = new RoundTrip();
  una: number;
  nxt: number;
  mss = 536;
  /** The guest's window in bytes, the widest seen, and the shift that makes it. */
  window = 0;
  scale = 0;
  /** No byte will follow those in the buffer. */
  ended = false;
  finAcked = false;
  /** Time-outs in a row. */
  retries = 0;
  private max: number;
  private widest = 0;
  private windowSeq = 0;
  private readonly congestion = new CongestionWindow();
  private duplicates = 0;
  private hole = false;
  private recovering = false;
  private recover: number;
  private timed: { seq: number; at: number } | undefined;

  constructor(readonly iss: number) {
    this.una = this.nxt = this.max = this.recover = seqAdd(iss, 1);
  }

  get inFlight(): number {
    return seqDiff(this.max, this.una);
  }

  /** Something is in flight, or waits that the window keeps back. */
  get waits(): boolean {
    return this.inFlight > 0 || (!this.finAcked && (this.buffer.length > 0 || this.ended));
  }

  /** The window of the first segment of a connection. */
  openWindow(window: number, seq: number): void {
    this.window = window;
    this.widest = window;
    this.windowSeq = seq;
  }

  /** What to send now, at most `limit` bytes of text. */
  next(limit: number): Sending | undefined {
    if (this.hole) return this.describe(0, Math.min(this.mss, this.buffer.length, limit), true);
    const offset = seqDiff(this.nxt, this.una);
    const unsent = this.buffer.length - offset;
    // Zero with the FIN still to go; less once it has gone.
    if (unsent < 0 || (unsent === 0 && (!this.ended || this.finAcked))) return undefined;
    const usable = Math.min(this.window, this.congestion.bytes) - offset;
    if (unsent === 0) return usable > 0 || offset === 0 ? this.describe(offset, 0, false) : undefined;
    const length = this.chooseLength(unsent, usable, limit);
    return length > 0 ? this.describe(offset, length, false) : undefined;
  }

  /** A byte or more for a guest whose window has been too small for long. */
  probe(limit: number): Sending {
    const length = Math.min(this.buffer.length, limit, this.mss, Math.max(1, this.window));
    return this.describe(0, length, false);
  }

  sent({ seq, length, fin, again }: Sending, now: number): void {
    const end = seqAdd(seq, length + (fin ? 1 : 0));
    if (this.hole && again) this.hole = false;
    else this.nxt = end;
    const isNew = seqDiff(end, this.max) > 0;
    // Karn: what was sent twice is not timed, whoever asked for it.
    if (again && this.timed) this.timed = undefined;
    if (!isNew) return;
    this.max = end;
    if (!again) this.timed ??= { seq: end, at: now };
  }

  /** An acceptable acknowledgement. `pure`: without text, so it may be a duplicate. False: it names what was never sent. */
  acknowledge(ack: number, seq: number, rawWindow: number, pure: boolean, now: number): boolean {
    if (seqDiff(ack, this.max) > 0) return false;
    const window = rawWindow * 2 ** this.scale;
    const advance = seqDiff(ack, this.una);
    if (advance > 0) this.advance(ack, advance, now);
    else if (advance === 0 && pure && window === this.window && this.inFlight > 0) this.duplicate();
    if (advance >= 0) this.updateWindow(window, seq);
    // A guest that answers probes is alive, however long it keeps its window shut (RFC 9293, 3.8.6.1).
    if (this.window === 0) this.retries = 0;
    return true;
  }

  /** The retransmission timer has fired. */
  timeOut(): void {
    // A window that is shut loses nothing.
    if (this.window > 0) this.congestion.collapse(this.inFlight, this.mss);
    this.roundTrip.backOff();
    this.retries++;
    this.recover = this.max;
    this.recovering = false;
    this.duplicates = 0;
    this.hole = false;
    this.nxt = this.una;
  }

  private advance(ack: number, advance: number, now: number): void {
    const bytes = Math.min(advance, this.buffer.length);
    this.buffer.drop(bytes);
    if (advance > bytes) this.finAcked = true;
    this.una = ack;
    if (seqDiff(this.nxt, ack) < 0) this.nxt = ack;
    this.retries = 0;
    this.duplicates = 0;
    this.hole = false;
    if (this.timed && seqDiff(ack, this.timed.seq) >= 0) {
      this.roundTrip.sample(now - this.timed.at);
      this.timed = undefined;
    }
    if (!this.recovering) return this.congestion.grow(advance, this.mss);
    if (seqDiff(ack, this.recover) >= 0) {
      this.recovering = false;
      this.congestion.recovered();
    } else {
      this.hole = true;
    }
  }

  private duplicate(): void {
    this.duplicates++;
    if (this.recovering) return this.congestion.inflate(this.mss);
    // Duplicates of what a time-out sent again are no news (RFC 6582, 4).
    if (this.duplicates !== DUPLICATES || seqDiff(this.una, this.recover) < 0) return;
    this.congestion.halve(this.inFlight, this.mss);
    this.recovering = true;
    this.recover = this.max;
    this.hole = true;
  }

  /** RFC 9293, 3.10.7.4: an older segment must not bring back an older window. (Older by its acknowledgement alone, it does not get here.) */
  private updateWindow(window: number, seq: number): void {
    if (seqDiff(seq, this.windowSeq) < 0) return;
    // What a probe carried was not taken, or it would be acknowledged by now.
    if (this.window === 0 && window > 0) this.nxt = this.una;
    const { widest } = this;
    this.openWindow(window, seq);
    this.widest = Math.max(widest, window);
  }

  private chooseLength(unsent: number, usable: number, limit: number): number {
    const length = Math.min(unsent, usable, limit);
    if (length === unsent) return length;
    // Whole segments, but for a window that is always small (RFC 9293, 3.8.6.2.1).
    if (length >= this.mss) return length - (length % this.mss);
    return length >= this.widest / 2 && length >= 1 ? length : 0;
  }

  private describe(offset: number, length: number, hole: boolean): Sending {
    const seq = seqAdd(this.una, offset);
    const fin = this.ended && offset + length === this.buffer.length;
    return { seq, offset, length, fin, again: hole || seqDiff(seq, this.max) < 0 };
  }
}

/**
 * One WebSocket of a client, whatever is spoken over it: what it has spent, when it has to wait, and whether it is still there.
 *
 * It is held while a reason says so. `rate`: it has spent more than its rate; `peers`: too much waits for slow peers; then nothing is read from it.
 * `client`: too much waits for itself; then nothing is read for it.
 */

import type { WebSocket } from 'ws';
import type { Account } from './accounts.js';
import type { RelayLimits } from './limits.js';

export type Hold = 'rate' | 'peers' | 'client';

export interface ConnectionEvents {
  message(bytes: Uint8Array): void;
  /** It has begun or ended to be held. */
  held(isHeld: boolean): void;
  ended(reason: string): void;
}

export class Connection {
  readonly protocol: string;
  bytesIn = 0;
  bytesOut = 0;
  private readonly holds = new Set<Hold>();
  private events!: ConnectionEvents;
  private timer: NodeJS.Timeout | undefined;
  private alive = true;
  private reason = '';
  private drainedAt: number;

  constructor(private readonly socket: WebSocket, readonly account: Account, private readonly limits: RelayLimits, private readonly now: () => number) {
    this.protocol = socket.protocol;
    this.drainedAt = now();
  }

  listen(events: ConnectionEvents): void {
    this.events = events;
    this.socket.on('message', (data: Buffer, isBinary: boolean) => this.receive(data, isBinary));
    this.socket.on('pong', () => (this.alive = true));
    // A message too long, a frame that is none, a reset.
    this.socket.on('error', (error: Error & { code?: string }) => {
      if (error.code?.startsWith('WS_')) this.account.strike();
      this.reason ||= error.message;
    });
    this.socket.on('close', (code) => {
      clearTimeout(this.timer);
      events.ended(this.reason || `closed (${code})`);
    });
  }

  get isHeld(): boolean {
    return this.holds.size > 0;
  }

  get buffered(): number {
    return this.socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.bytesOut += bytes.length;
    this.socket.send(bytes, () => this.sent());
    if (this.socket.bufferedAmount > this.limits.bufferedBytes) this.hold('client');
    this.spend(bytes.length);
  }

  /** A client that has broken the protocol, or used up what it may. */
  end(reason: string, code = 1008): void {
    this.reason ||= reason;
    this.socket.close(code, reason);
    // One that does not answer the close is not waited for.
    this.timer = setTimeout(() => this.socket.terminate(), 2000);
    this.timer.unref();
  }

  terminate(reason: string): void {
    this.reason ||= reason;
    this.socket.terminate();
  }

  hold(why: Hold): void {
    const before = this.isHeld;
    this.holds.add(why);
    if (why !== 'client') this.socket.pause();
    if (!before) this.events.held(true);
  }

  release(why: Hold): void {
    if (!this.holds.delete(why)) return;
    if (!this.holds.has('rate') && !this.holds.has('peers')) this.socket.resume();
    if (!this.isHeld) this.events.held(false);
  }

  /** Whether it is still there: asked every `pingMs`. */
  ask(): void {
    // What is not read cannot answer.
    if (!this.alive && !this.socket.isPaused) return this.terminate('does not answer');
    this.alive = false;
    this.socket.ping();
  }

  /** A client that takes nothing of what waits for it. */
  sweep(): void {
    if (this.holds.has('client') && this.now() - this.drainedAt > this.limits.stallMs) this.terminate('reads too slowly');
  }

  private receive(data: Buffer, isBinary: boolean): void {
    this.alive = true;
    this.bytesIn += data.length;
    if (!isBinary) {
      this.account.strike();
      return this.end('messages are binary', 1003);
    }
    this.spend(data.length);
    this.events.message(data);
  }

  private sent(): void {
    this.drainedAt = this.now();
    if (this.holds.has('client') && this.socket.bufferedAmount < this.limits.bufferedBytes / 2) this.release('client');
  }

  private spend(bytes: number): void {
    const wait = this.account.spend(bytes);
    if (wait === undefined) return this.end('the bytes of a day are used up');
    if (wait === 0 || this.holds.has('rate')) return;
    this.hold('rate');
    this.timer = setTimeout(() => this.release('rate'), wait);
    this.timer.unref();
  }
}

/**
 * What each client has used: connections, bytes, and what it has done wrong. A client is an IPv4 address or the upper half of an IPv6 one. Those
 * with nothing open are forgotten when there are too many, the longest silent first; who is being refused is not among them.
 */

import { parseAddress, unmapAddress } from '../net/address.js';
import { Line } from '../net/line.js';
import type { RelayLimits } from './limits.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export class Account {
  connections = 0;
  private strikes = 0;
  private minute = 0;
  private day: number;
  private used = 0;
  /** Bytes that may go at once; below 0: owed. */
  private level: number;
  private filledAt: number;

  constructor(readonly client: string, private readonly limits: RelayLimits, private readonly now: () => number) {
    this.level = limits.rate;
    this.filledAt = this.day = now();
  }

  strike(): void {
    const minute = Math.floor(this.now() / MINUTE_MS);
    if (minute !== this.minute) this.strikes = 0;
    this.minute = minute;
    this.strikes++;
  }

  get isShutOut(): boolean {
    return this.strikes >= this.limits.strikes && Math.floor(this.now() / MINUTE_MS) === this.minute;
  }

  /** Milliseconds that the client has to wait after these bytes; undefined: it has used up what a day has. */
  spend(bytes: number): number | undefined {
    const { now, limits } = this;
    const at = now();
    if (at - this.day >= DAY_MS) {
      this.day = at;
      this.used = 0;
    }
    this.used += bytes;
    if (this.used > limits.bytes) return undefined;
    this.level = Math.min(limits.rate, this.level + ((at - this.filledAt) * limits.rate) / 1000) - bytes;
    this.filledAt = at;
    return this.level >= 0 ? 0 : Math.ceil((-this.level * 1000) / limits.rate);
  }

  get isForgettable(): boolean {
    return this.connections === 0 && !this.isShutOut;
  }
}

export class Accounts {
  private readonly known = new Line<string, Account>();

  constructor(private readonly limits: RelayLimits, private readonly now: () => number = Date.now) {}

  /** The account of an address; undefined where there is room for no more. */
  find(address: string): Account | undefined {
    const key = clientOf(address);
    const account = this.known.get(key) ?? (this.makeRoom() ? new Account(key, this.limits, this.now) : undefined);
    if (account !== undefined) this.known.put(key, account);
    return account;
  }

  get size(): number {
    return this.known.size;
  }

  private makeRoom(): boolean {
    if (this.known.size < this.limits.clients) return true;
    for (const [key, account] of this.known) {
      if (!account.isForgettable) continue;
      this.known.delete(key);
      return true;
    }
    return false;
  }
}

/** An IPv4 address as it is; of IPv6 the 64 bits of a network, which one host has whole. */
export function clientOf(text: string): string {
  const address = unmapAddress(parseAddress(text.replace(/%.*$/, '')) ?? new Uint8Array(4));
  if (address.length === 4) return address.join('.');
  return `${Array.from({ length: 4 }, (_, i) => (address[2 * i]! * 256 + address[2 * i + 1]!).toString(16)).join(':')}::/64`;
}

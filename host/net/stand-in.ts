/**
 * Addresses that stand for names, where only whoever carries a connection can look names up: a page's fetch, a relay. The network's name server
 * gives a guest one of 198.18.0.0/15 for a name (RFC 2544 keeps that range for benchmarks, so nothing real is hidden), and a connection there
 * is one to that name. The oldest name gives its address up when all are used.
 */

import { addressKey, parseCidr, type Cidr } from './address.js';
import { Line } from './line.js';

export const STAND_IN_RANGE: Cidr = parseCidr('198.18.0.0/15')!;
const MOST_NAMES = 16384;

export class StandIns {
  private readonly byName = new Line<string, Uint8Array>();
  private readonly byAddress = new Map<string, string>();

  constructor(private readonly most = MOST_NAMES) {}

  addressOf(name: string): Uint8Array {
    const key = name.toLowerCase().replace(/\.$/, '');
    const address = this.byName.get(key) ?? this.take();
    this.byName.put(key, address);
    this.byAddress.set(addressKey(address), key);
    return address;
  }

  nameOf(address: Uint8Array): string | undefined {
    return this.byAddress.get(addressKey(address));
  }

  /** The first that was never given, or the oldest name's. */
  private take(): Uint8Array {
    if (this.byName.size < this.most) {
      const number = this.byName.size + 1;
      return Uint8Array.of(198, 18 + (number >> 16), (number >> 8) & 0xff, number & 0xff);
    }
    const { key, value } = this.byName.first!;
    this.byName.delete(key);
    return value;
  }
}

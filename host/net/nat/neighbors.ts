/** Which MAC has which guest address: learned from ARP, NDP and what the guest sends, bounded, the oldest forgotten first. */

import { addressKey, isUnspecified } from '../address.js';
import { equalBytes } from '../bytes.js';
import { Line } from '../line.js';

export class Neighbors {
  private readonly macs = new Line<string, Uint8Array>();

  constructor(
    private readonly capacity: number,
    private readonly learned: (address: Uint8Array) => void,
  ) {}

  find(address: Uint8Array): Uint8Array | undefined {
    return this.macs.get(addressKey(address));
  }

  learn(address: Uint8Array, mac: Uint8Array): void {
    if (isUnspecified(address) || (mac[0]! & 1) !== 0) return;
    const key = addressKey(address);
    const known = this.macs.get(key);
    if (known && equalBytes(known, mac)) return;
    if (!known && this.macs.size >= this.capacity) this.macs.delete(this.macs.first!.key);
    this.macs.put(key, mac.slice());
    this.learned(address);
  }
}

/**
 * Which client has which IPv4 address.
 *
 *   offered (a minute) --the client takes it--> leased (a day, renewed by asking again)
 *   declined: another has it, so nobody gets it for a while
 *   what has run out is free for others, and stays its client's as long as nobody wants it
 */

import { addressKey, isInside } from '../address.js';
import { equalBytes, get32, put32 } from '../bytes.js';
import { SECOND } from '../clock.js';
import type { NatConfig } from './config.js';

export const LEASE_SECONDS = 86400;
const OFFER = 60 * SECOND;
const DECLINED = 300 * SECOND;
/** Clients remembered, whatever the network's size. */
const MAX_LEASES = 1024;

interface Lease {
  address: Uint8Array;
  client: string;
  until: number;
}

type Network = Pick<NatConfig, 'network' | 'gateway' | 'dns' | 'firstLease'>;

export class Leases {
  private readonly byClient = new Map<string, Lease>();
  private readonly byAddress = new Map<string, Lease>();

  constructor(
    private readonly config: Network,
    private readonly now: () => number,
  ) {}

  /** An address for a client: the one it asks for, its old one, the first that is free. */
  offer(client: string, wanted: Uint8Array | undefined): Uint8Array | undefined {
    const known = this.byClient.get(client);
    const chosen = [wanted, known?.address].find((address) => address && this.isFree(address, client)) ?? this.firstFree(client);
    if (!chosen) return undefined;
    // A lease that runs longer is not cut short by an offer of the same.
    const until = Math.max(this.now() + OFFER, known && equalBytes(known.address, chosen) ? known.until : 0);
    return this.put(client, chosen, until);
  }

  /** The client takes an address for a day; undefined when it cannot have that one. */
  take(client: string, wanted: Uint8Array): Uint8Array | undefined {
    return this.isFree(wanted, client) ? this.put(client, wanted, this.now() + LEASE_SECONDS * SECOND) : undefined;
  }

  release(client: string): void {
    const lease = this.byClient.get(client);
    if (lease) this.remove(lease);
  }

  /** The client has found somebody else at its address (RFC 2131, 4.3.3). */
  decline(client: string): void {
    const lease = this.byClient.get(client);
    if (!lease) return;
    this.remove(lease);
    this.put(`declined ${lease.address.join()}`, lease.address, this.now() + DECLINED);
  }

  private put(client: string, address: Uint8Array, until: number): Uint8Array | undefined {
    for (const old of [this.byClient.get(client), this.byAddress.get(addressKey(address))]) if (old) this.remove(old);
    if (this.byClient.size >= MAX_LEASES && !this.dropOne()) return undefined;
    const lease = { client, address: address.slice(), until };
    this.byClient.set(client, lease);
    this.byAddress.set(addressKey(address), lease);
    return lease.address;
  }

  private remove(lease: Lease): void {
    this.byClient.delete(lease.client);
    this.byAddress.delete(addressKey(lease.address));
  }

  private dropOne(): boolean {
    const now = this.now();
    for (const lease of this.byClient.values()) {
      if (lease.until > now) continue;
      this.remove(lease);
      return true;
    }
    return false;
  }

  private isFree(address: Uint8Array, client: string): boolean {
    const { network, gateway, dns } = this.config;
    const host = hostPart(address, network.bits);
    if (!isInside(address, network) || host === 0 || host === lastHost(network.bits)) return false;
    if (equalBytes(address, gateway) || equalBytes(address, dns)) return false;
    const lease = this.byAddress.get(addressKey(address));
    return !lease || lease.client === client || lease.until <= this.now();
  }

  /** Looks at no more addresses than there are leases, and the network's own. */
  private firstFree(client: string): Uint8Array | undefined {
    const { network, firstLease } = this.config;
    const candidate = firstLease.slice();
    for (let host = hostPart(firstLease, network.bits); host < lastHost(network.bits); host++) {
      if (this.isFree(candidate, client)) return candidate;
      put32(candidate, 0, (get32(candidate, 0) + 1) >>> 0);
    }
    return undefined;
  }
}

function hostPart(address: Uint8Array, bits: number): number {
  return get32(address, 0) % 2 ** (32 - bits);
}

function lastHost(bits: number): number {
  return 2 ** (32 - bits) - 1;
}

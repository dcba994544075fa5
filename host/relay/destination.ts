/** Where a stream may lead: names are looked up here, and the policy of user networks decides about the addresses (net/nat/policy.ts). */

import { parseAddress, type Cidr } from '../net/address.js';
import { defaultNatConfig } from '../net/nat/config.js';
import { translateDestination, type PolicyConfig } from '../net/nat/policy.js';
import { SocketError, type SocketProvider } from '../net/provider.js';

export type FindAddresses = (host: string) => Promise<Uint8Array[]>;

/** Addresses of a name that are tried, one after the other. */
const MOST_TRIED = 3;

/** Rejects with a SocketError: ENOTFOUND, or EACCES where the policy allows none. */
export function findAddresses(provider: SocketProvider, allow: readonly Cidr[]): FindAddresses {
  // The addresses of a user network's own services lead nowhere here.
  const config: PolicyConfig = { ...defaultNatConfig(), loopback: false, allow: [...allow] };
  return async (host) => {
    const literal = parseAddress(host);
    const found = literal === undefined ? await lookUp(provider, host) : [literal];
    const allowed = found.flatMap((address) => translateDestination(address, config, () => provider.ownAddresses()) ?? []);
    if (allowed.length === 0) throw new SocketError('EACCES', `${host} is not reachable from here`);
    return allowed.slice(0, MOST_TRIED);
  };
}

async function lookUp(provider: SocketProvider, name: string): Promise<Uint8Array[]> {
  const found = await Promise.all(([4, 6] as const).map((family) => provider.resolve(name, family).catch(() => [])));
  if (found.flat().length === 0) throw new SocketError('ENOTFOUND', `${name} has no address`);
  return found.flat();
}

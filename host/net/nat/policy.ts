/**
 * Where the guest may go. Applied to the address at the moment of connecting or sending, so a name that resolves to a private
 * address gains nothing. Ranges are those of RFC 6890 that lead into the host or its site, and IPv6 forms that carry an IPv4 address
 * are judged by that address too.
 */

import { familyOf, isInside, parseAddress, parseCidr, unmapAddress, type Cidr } from '../address.js';
import { equalBytes } from '../bytes.js';
import type { NatConfig } from './config.js';

const DENIED: readonly Cidr[] = [
  '0.0.0.0/8', // "this" network, which a host takes for itself
  '10.0.0.0/8',
  '100.64.0.0/10', // shared address space
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, and the metadata services of clouds
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4', // reserved, and the limited broadcast
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10', // site-local, deprecated but still routed by some
  'ff00::/8',
].map((text) => parseCidr(text)!);

/** IPv6 ranges that embed an IPv4 address, and the byte it starts at. */
const EMBEDDED: readonly { range: Cidr; at: number }[] = [
  { range: parseCidr('::ffff:0:0/96')!, at: 12 },
  { range: parseCidr('::/96')!, at: 12 },
  { range: parseCidr('64:ff9b::/96')!, at: 12 }, // NAT64
  { range: parseCidr('2002::/16')!, at: 2 }, // 6to4
];

const LOOPBACK4 = parseAddress('127.0.0.1')!;
const LOOPBACK6 = parseAddress('::1')!;

export type PolicyConfig = Pick<NatConfig, 'restrict' | 'loopback' | 'allow' | 'gateway' | 'gateway6'>;

/** The host's address for a destination of the guest's, or undefined: not allowed. */
export function translateDestination(destination: Uint8Array, config: PolicyConfig, ownAddresses: () => Uint8Array[]): Uint8Array | undefined {
  if (config.restrict) return undefined;
  if (equalBytes(destination, config.gateway)) return config.loopback ? LOOPBACK4 : undefined;
  if (equalBytes(destination, config.gateway6)) return config.loopback ? LOOPBACK6 : undefined;
  const plain = unmapAddress(destination);
  if (config.allow.some((range) => isInside(destination, range) || isInside(plain, range))) return destination;
  if (isDenied(destination)) return undefined;
  // The host's public address reaches what listens on every interface, as loopback does.
  if (!config.loopback && ownAddresses().some((own) => equalBytes(own, plain))) return undefined;
  return destination;
}

/** Whether the ranges forbid an address, whatever was allowed. */
export function isDenied(address: Uint8Array): boolean {
  if (DENIED.some((range) => isInside(address, range))) return true;
  if (familyOf(address) === 4) return false;
  return EMBEDDED.some(({ range, at }) => isInside(address, range) && isDenied(address.subarray(at, at + 4)));
}

/**
 * Addresses that a guest does not reach unless `allow=` says so, each range with where it is set down: IANA's IPv4 and IPv6
 * Special-Purpose Address Registries (RFC 6890, whole, as of November 2026), the multicast registries, and what older standards
 * reserved and hosts still route. A range that the registries call globally reachable is denied too (anycast of protocols, AS112,
 * AMT): no guest needs it and some lead back into the site.
 *
 * Forms of IPv6 that carry an IPv4 address and that a host may really use are judged by that address: `EMBEDDED`.
 */

import { isInside, parseCidr, type Cidr } from '../address.js';

export interface SpecialRange {
  /** ADDRESS/BITS. */
  readonly range: string;
  readonly name: string;
  readonly source: string;
}

export const SPECIAL_RANGES: readonly SpecialRange[] = [
  { range: '0.0.0.0/8', name: 'this network, which a host takes for itself', source: 'RFC 791, 3.2' },
  { range: '10.0.0.0/8', name: 'private use', source: 'RFC 1918' },
  { range: '100.64.0.0/10', name: 'shared address space', source: 'RFC 6598' },
  { range: '127.0.0.0/8', name: 'loopback', source: 'RFC 1122, 3.2.1.3' },
  { range: '169.254.0.0/16', name: 'link-local, and the metadata services of clouds', source: 'RFC 3927' },
  { range: '172.16.0.0/12', name: 'private use', source: 'RFC 1918' },
  { range: '192.0.0.0/24', name: 'IETF protocol assignments: DS-Lite, NAT64 discovery, PCP and TURN anycast', source: 'RFC 6890, 2.1' },
  { range: '192.0.2.0/24', name: 'documentation', source: 'RFC 5737' },
  { range: '192.31.196.0/24', name: 'AS112-v4', source: 'RFC 7535' },
  { range: '192.52.193.0/24', name: 'AMT', source: 'RFC 7450' },
  { range: '192.88.99.0/24', name: '6to4 relay anycast, deprecated', source: 'RFC 7526' },
  { range: '192.168.0.0/16', name: 'private use', source: 'RFC 1918' },
  { range: '192.175.48.0/24', name: 'direct delegation AS112', source: 'RFC 7534' },
  { range: '198.18.0.0/15', name: 'benchmarking', source: 'RFC 2544' },
  { range: '198.51.100.0/24', name: 'documentation', source: 'RFC 5737' },
  { range: '203.0.113.0/24', name: 'documentation', source: 'RFC 5737' },
  { range: '224.0.0.0/4', name: 'multicast', source: 'RFC 5771' },
  { range: '240.0.0.0/4', name: 'reserved, and the limited broadcast', source: 'RFC 1112, 4; RFC 8190' },
  { range: '::/96', name: 'unspecified, loopback, and IPv4-compatible, deprecated', source: 'RFC 4291, 2.5.2, 2.5.3, 2.5.5.1' },
  { range: '::ffff:0:0/96', name: 'IPv4-mapped: a form for programs, not for the wire', source: 'RFC 4291, 2.5.5.2' },
  { range: '::ffff:0:0:0/96', name: 'IPv4-translated (SIIT)', source: 'RFC 2765, 2.1' },
  { range: '64:ff9b:1::/48', name: 'IPv4-IPv6 translation of the site’s own', source: 'RFC 8215' },
  { range: '100::/64', name: 'discard only', source: 'RFC 6666' },
  { range: '100:0:0:1::/64', name: 'dummy prefix', source: 'RFC 9780' },
  { range: '2001::/23', name: 'IETF protocol assignments: Teredo, benchmarking, AMT, AS112-v6, ORCHID, DRIP, anycast', source: 'RFC 2928' },
  { range: '2001:db8::/32', name: 'documentation', source: 'RFC 3849' },
  { range: '2002::/16', name: '6to4, deprecated', source: 'RFC 3056; RFC 7526' },
  { range: '2620:4f:8000::/48', name: 'direct delegation AS112', source: 'RFC 7534' },
  { range: '3ffe::/16', name: '6bone, returned', source: 'RFC 3701' },
  { range: '3fff::/20', name: 'documentation', source: 'RFC 9637' },
  { range: '5f00::/16', name: 'segment routing identifiers', source: 'RFC 9602' },
  { range: 'fc00::/7', name: 'unique local', source: 'RFC 4193' },
  { range: 'fe80::/10', name: 'link-local', source: 'RFC 4291, 2.5.6' },
  { range: 'fec0::/10', name: 'site-local, deprecated but still routed by some', source: 'RFC 3879' },
  { range: 'ff00::/8', name: 'multicast', source: 'RFC 4291, 2.7' },
];

export interface EmbeddedForm {
  readonly name: string;
  readonly source: string;
  matches(address: Uint8Array): boolean;
  /** The byte that the IPv4 address starts at. */
  readonly at: number;
}

const cidr = (text: string): Cidr => parseCidr(text)!;
const within = (text: string): ((address: Uint8Array) => boolean) => {
  const range = cidr(text);
  return (address) => isInside(address, range);
};

export const EMBEDDED: readonly EmbeddedForm[] = [
  { name: 'NAT64', source: 'RFC 6052, 2.1', matches: within('64:ff9b::/96'), at: 12 },
  { name: 'IPv4-mapped', source: 'RFC 4291, 2.5.5.2', matches: within('::ffff:0:0/96'), at: 12 },
  { name: '6to4', source: 'RFC 3056', matches: within('2002::/16'), at: 2 },
  // Any prefix; the interface identifier is 0000:5efe or, with the universal bit, 0200:5efe.
  { name: 'ISATAP', source: 'RFC 5214, 6.1', matches: (a) => a.length === 16 && (a[8]! & ~2) === 0 && a[9] === 0 && a[10] === 0x5e && a[11] === 0xfe, at: 12 },
];

const RANGES: readonly Cidr[] = SPECIAL_RANGES.map(({ range }) => cidr(range));

/** Whether a range of the table holds an address. */
export function isSpecial(address: Uint8Array): boolean {
  return RANGES.some((range) => isInside(address, range));
}

/** The IPv4 addresses that an IPv6 address carries in one of its forms. */
export function embeddedIn(address: Uint8Array): Uint8Array[] {
  if (address.length === 4) return [];
  return EMBEDDED.filter(({ matches }) => matches(address)).map(({ at }) => address.subarray(at, at + 4));
}

/**
 * Where the guest may go. Applied to the address at the moment of connecting or sending, so a name that resolves to a private
 * address gains nothing. The ranges are those of special-ranges.ts.
 */

import { isInside, parseAddress, unmapAddress } from '../address.js';
import { equalBytes } from '../bytes.js';
import type { NatConfig } from './config.js';
import { embeddedIn, isSpecial } from './special-ranges.js';

const LOOPBACK4 = parseAddress('127.0.0.1')!;
const LOOPBACK6 = parseAddress('::1')!;

export type PolicyConfig = Pick<NatConfig, 'restrict' | 'loopback' | 'allow' | 'gateway' | 'gateway6'>;

/** The host's address for a destination of the guest's, or undefined: not allowed. */
export function translateDestination(destination: Uint8Array, config: PolicyConfig, ownAddresses: () => Uint8Array[]): Uint8Array | undefined {
  if (config.restrict) return undefined;
  if (equalBytes(destination, config.gateway)) return config.loopback ? LOOPBACK4 : undefined;
  if (equalBytes(destination, config.gateway6)) return config.loopback ? LOOPBACK6 : undefined;
  const isAllowed = (address: Uint8Array): boolean => config.allow.some((range) => isInside(address, range));
  if (isAllowed(destination) || isAllowed(unmapAddress(destination))) return destination;
  // Where it leads: the address, and any IPv4 address that it carries.
  const names = [destination, ...embeddedIn(destination)];
  if (names.some((name) => isSpecial(name) && !isAllowed(name))) return undefined;
  // The host's public address reaches what listens on every interface, as loopback does.
  if (!config.loopback && ownAddresses().some((own) => names.some((name) => equalBytes(own, name)))) return undefined;
  return destination;
}

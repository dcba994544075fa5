/** IP and Ethernet addresses as bytes. Reading and writing is ipaddr.js's; comparing and ranges are here, for they are done at every packet. */

import ipaddr from 'ipaddr.js';
import { get16 } from './bytes.js';

export interface Cidr {
  readonly address: Uint8Array;
  readonly bits: number;
}

const ANY4 = new Uint8Array(4);
const ANY6 = new Uint8Array(16);

/** 4 or 16 bytes, or undefined. A zone (`%eth0`) is not an address here, nor is IPv4 that is not four decimal numbers. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  // A leading zero is octal to some and decimal to others, so it is neither here.
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) || /(^|\.)0\d/.test(text)) return undefined;
  return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray());
}

function parseIpv6(text: string): Uint8Array | undefined {
  const plain = withoutDotted(text);
  if (plain === undefined || plain.includes('%') || !ipaddr.IPv6.isValid(plain)) return undefined;
  return Uint8Array.from(ipaddr.IPv6.parse(plain).toByteArray());
}

/** A dotted end as two groups: the library would read `::1.2.3.4` as `::ffff:1.2.3.4`. */
function withoutDotted(text: string): string | undefined {
  const at = text.lastIndexOf(':') + 1;
  if (!text.includes('.', at)) return text;
  const tail = parseIpv4(text.slice(at));
  return tail && `${text.slice(0, at)}${get16(tail, 0).toString(16)}:${get16(tail, 2).toString(16)}`;
}

/** IPv6 as RFC 5952 has it. */
export function formatAddress(address: Uint8Array): string {
  return ipaddr.fromByteArray([...address]).toString();
}

/** `10.0.0.0/8`, or a lone address. */
export function parseCidr(text: string): Cidr | undefined {
  const [base = '', length, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (!address || rest.length > 0) return undefined;
  const bits = length === undefined ? address.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return bits < 0 || bits > address.length * 8 ? undefined : { address, bits };
}

/** Asked for at every packet: bytes compared, nothing allocated. */
export function isInside(address: Uint8Array, { address: base, bits }: Cidr): boolean {
  if (address.length !== base.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== base[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ base[whole]!) >> (8 - rest) === 0;
}

export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(':');
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{2}$/i.test(part))) return undefined;
  return Uint8Array.from(parts, (part) => parseInt(part, 16));
}

/** A short string that is equal for equal addresses: a key of a Map. */
export function addressKey(address: Uint8Array): string {
  // Asked for at every packet: without a loop or a spread.
  if (address.length === 4) return String.fromCharCode(get16(address, 0), get16(address, 2));
  const half = (at: number): string => String.fromCharCode(get16(address, at), get16(address, at + 2), get16(address, at + 4), get16(address, at + 6));
  return half(0) + half(8);
}

export function isUnspecified(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0);
}

export function anyAddress(family: 4 | 6): Uint8Array {
  return family === 4 ? ANY4 : ANY6;
}

export function familyOf(address: Uint8Array): 4 | 6 {
  return address.length === 4 ? 4 : 6;
}

/** The IPv4 address inside `::ffff:a.b.c.d`, else the address itself. */
export function unmapAddress(address: Uint8Array): Uint8Array {
  if (address.length !== 16) return address;
  const mapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
  return mapped ? address.subarray(12) : address;
}

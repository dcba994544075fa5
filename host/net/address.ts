/** IP and Ethernet addresses as bytes: reading, writing, comparing, ranges. */

import { get16 } from './bytes.js';

export interface Cidr {
  readonly address: Uint8Array;
  readonly bits: number;
}

const ANY4 = new Uint8Array(4);
const ANY6 = new Uint8Array(16);

/** 4 or 16 bytes, or undefined. A zone (`%eth0`) is not an address here. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of `a:b:c`, whose last group may be a dotted IPv4 address. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const dotted = last && index === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined;
    if (dotted) out.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) out.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 255);
    else return undefined;
  }
  return out;
}

export function formatAddress(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => get16(address, i * 2));
  const { start, length } = longestZeros(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** `10.0.0.0/8`, or a lone address. */
export function parseCidr(text: string): Cidr | undefined {
  const [base, length, ...rest] = text.split('/');
  const address = parseAddress(base ?? '');
  if (!address || rest.length > 0) return undefined;
  const bits = length === undefined ? address.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return bits < 0 || bits > address.length * 8 ? undefined : { address, bits };
}

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

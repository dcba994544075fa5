/**
 * A DHCPv4 server (RFC 2131, options of RFC 2132): one address a client hardware address, from the first lease up, kept for the life
 * of the network. A client gets the address it asks for when that is free and inside.
 */

import { addressKey, isInside, isUnspecified } from '../address.js';
import { equalBytes, get32, put32 } from '../bytes.js';
import { buildUdp } from './udp-header.js';
import type { NatContext } from './context.js';
import { BROADCAST_MAC, PROTOCOL } from './spec.js';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const FIXED_BYTES = 236;
const COOKIE = 0x63825363;
const MIN_REPLY = 300;
const LEASE_SECONDS = 86400;

const OPTION = {
  PAD: 0,
  MASK: 1,
  ROUTER: 3,
  DNS: 6,
  HOST_NAME: 12,
  DOMAIN: 15,
  MTU: 26,
  REQUESTED: 50,
  LEASE: 51,
  TYPE: 53,
  SERVER: 54,
  SEARCH: 119,
  END: 255,
} as const;
const TYPE = { DISCOVER: 1, OFFER: 2, REQUEST: 3, DECLINE: 4, ACK: 5, NAK: 6, RELEASE: 7, INFORM: 8 } as const;

const BROADCAST = new Uint8Array([255, 255, 255, 255]);

interface Request {
  type: number;
  /** The fixed part, copied. */
  fixed: Uint8Array;
  mac: Uint8Array;
  current: Uint8Array;
  requested: Uint8Array | undefined;
  server: Uint8Array | undefined;
}

export class DhcpServer {
  /** Addresses by client MAC and back. */
  private readonly leases = new Map<string, Uint8Array>();
  private readonly holders = new Map<string, string>();

  constructor(private readonly context: NatContext) {}

  receive(payload: Uint8Array): void {
    const request = parseRequest(payload);
    if (!request) return this.context.counts.add('malformed');
    const { gateway } = this.context.config;
    if (request.server && !equalBytes(request.server, gateway)) return;
    switch (request.type) {
      case TYPE.DISCOVER:
        return this.answer(request, TYPE.OFFER, this.choose(request));
      case TYPE.REQUEST:
        return this.receiveRequest(request);
      case TYPE.INFORM:
        return this.answer(request, TYPE.ACK, undefined);
      case TYPE.DECLINE:
      case TYPE.RELEASE:
        return this.forget(request.mac);
    }
  }

  private receiveRequest(request: Request): void {
    const wanted = request.requested ?? request.current;
    const given = this.choose({ ...request, requested: wanted });
    // A client that comes from another network must start again.
    if (!given || !equalBytes(given, wanted)) return this.answer(request, TYPE.NAK, undefined);
    this.answer(request, TYPE.ACK, given);
  }

  private choose({ mac, requested }: Request): Uint8Array | undefined {
    const key = addressKey(mac);
    const known = this.leases.get(key);
    if (known && (!requested || equalBytes(known, requested) || !this.isFree(requested))) return known;
    const chosen = requested && this.isFree(requested) ? requested.slice() : (known ?? this.firstFree());
    if (!chosen) return undefined;
    if (known) this.holders.delete(addressKey(known));
    this.leases.set(key, chosen);
    this.holders.set(addressKey(chosen), key);
    return chosen;
  }

  private isFree(address: Uint8Array): boolean {
    const { network, gateway, dns } = this.context.config;
    const host = hostPart(address, network.bits);
    const last = 2 ** (32 - network.bits) - 1;
    return isInside(address, network) && host > 0 && host < last && !equalBytes(address, gateway) && !equalBytes(address, dns) && !this.holders.has(addressKey(address));
  }

  private firstFree(): Uint8Array | undefined {
    const { network, firstLease } = this.context.config;
    const candidate = firstLease.slice();
    const end = 2 ** (32 - network.bits) - 1;
    for (let host = hostPart(firstLease, network.bits); host < end; host++) {
      if (this.isFree(candidate)) return candidate;
      put32(candidate, 0, (get32(candidate, 0) + 1) >>> 0);
    }
    return undefined;
  }

  private forget(mac: Uint8Array): void {
    const key = addressKey(mac);
    const known = this.leases.get(key);
    if (!known) return;
    this.leases.delete(key);
    this.holders.delete(addressKey(known));
  }

  private answer(request: Request, type: number, given: Uint8Array | undefined): void {
    if (type === TYPE.OFFER && !given) return;
    const { config, output, counts } = this.context;
    counts.add('leases');
    const reply = new Uint8Array(Math.max(MIN_REPLY, FIXED_BYTES + 4 + 512));
    reply[0] = 2;
    // Hardware type and length, transaction, flags and client hardware address come back as they came; hops and seconds do not.
    reply.set(request.fixed.subarray(1, 3), 1);
    reply.set(request.fixed.subarray(4, 8), 4);
    reply.set(request.fixed.subarray(10, 12), 10);
    if (type !== TYPE.NAK) reply.set(request.current, 12);
    if (given) reply.set(given, 16);
    reply.set(config.gateway, 20);
    reply.set(request.fixed.subarray(28, 44), 28);
    put32(reply, FIXED_BYTES, COOKIE);
    const end = this.writeOptions(reply, FIXED_BYTES + 4, type, given !== undefined);
    const message = reply.subarray(0, Math.max(MIN_REPLY, end));
    // Broadcast: the client may have no address yet. The frame still goes to it alone, unless it asked otherwise.
    const wantsBroadcast = type === TYPE.NAK || (request.fixed[10]! & 0x80) !== 0;
    const to = wantsBroadcast ? BROADCAST_MAC : request.mac;
    const destination = wantsBroadcast ? BROADCAST : (given ?? (isUnspecified(request.current) ? BROADCAST : request.current));
    output.sendDatagram({ to, source: config.gateway, destination }, PROTOCOL.UDP, buildUdp(SERVER_PORT, CLIENT_PORT, message), 6);
  }

  private writeOptions(reply: Uint8Array, start: number, type: number, isLease: boolean): number {
    const { config } = this.context;
    let at = start;
    const put = (code: number, value: ArrayLike<number>): void => {
      reply[at] = code;
      reply[at + 1] = value.length;
      reply.set(value, at + 2);
      at += 2 + value.length;
    };
    put(OPTION.TYPE, [type]);
    put(OPTION.SERVER, config.gateway);
    if (type !== TYPE.NAK) {
      put(OPTION.MASK, maskOf(config.network.bits));
      if (isLease) put(OPTION.LEASE, [LEASE_SECONDS >>> 24, (LEASE_SECONDS >>> 16) & 255, (LEASE_SECONDS >>> 8) & 255, LEASE_SECONDS & 255]);
      // A restricted guest has no way out to be told of.
      if (!config.restrict) {
        put(OPTION.ROUTER, config.gateway);
        put(OPTION.DNS, config.dns);
      }
      put(OPTION.MTU, [config.mtu >> 8, config.mtu & 255]);
      if (config.hostname !== '') put(OPTION.HOST_NAME, encodeText(config.hostname));
      if (config.domainName !== '') put(OPTION.DOMAIN, encodeText(config.domainName));
      const search = config.searchDomains.flatMap(encodeName);
      if (search.length > 0 && search.length < 256 - 1) put(OPTION.SEARCH, search);
    }
    reply[at] = OPTION.END;
    return at + 1;
  }
}

function parseRequest(payload: Uint8Array): Request | undefined {
  if (payload.length < FIXED_BYTES + 4 || payload[0] !== 1 || payload[1] !== 1 || payload[2] !== 6) return undefined;
  if (get32(payload, FIXED_BYTES) !== COOKIE) return undefined;
  const fixed = payload.slice(0, FIXED_BYTES);
  const request: Request = { type: 0, fixed, mac: fixed.subarray(28, 34), current: fixed.subarray(12, 16), requested: undefined, server: undefined };
  walkOptions(payload, FIXED_BYTES + 4, (code, value) => {
    if (code === OPTION.TYPE && value.length === 1) request.type = value[0]!;
    if (code === OPTION.REQUESTED && value.length === 4) request.requested = value.slice();
    if (code === OPTION.SERVER && value.length === 4) request.server = value.slice();
  });
  return request.type === 0 ? undefined : request;
}

function walkOptions(payload: Uint8Array, start: number, visit: (code: number, value: Uint8Array) => void): void {
  for (let at = start; at < payload.length && payload[at] !== OPTION.END; ) {
    if (payload[at] === OPTION.PAD) {
      at++;
      continue;
    }
    if (at + 1 >= payload.length) return;
    const next = at + 2 + payload[at + 1]!;
    if (next > payload.length) return;
    visit(payload[at]!, payload.subarray(at + 2, next));
    at = next;
  }
}

function maskOf(bits: number): Uint8Array {
  const mask = new Uint8Array(4);
  put32(mask, 0, bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0);
  return mask;
}

function hostPart(address: Uint8Array, bits: number): number {
  return get32(address, 0) % 2 ** (32 - bits);
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, 63);
}

/** A domain name in DNS's form, uncompressed (RFC 3397 allows that). */
function encodeName(name: string): number[] {
  const labels = name.split('.').filter((label) => label !== '');
  return [...labels.flatMap((label) => [Math.min(label.length, 63), ...encodeText(label)]), 0];
}

/**
 * A DHCPv4 server (RFC 2131, options of RFC 2132): one address a client, from the first lease up (dhcp-leases.ts). A client gets the address
 * it asks for when that is free and inside. What to boot is told both ways, in the fixed part and in options 66 and 67.
 */

import { formatAddress, isUnspecified } from '../address.js';
import { equalBytes, get32, put32 } from '../bytes.js';
import type { NatContext } from './context.js';
import { LEASE_SECONDS, Leases } from './dhcp-leases.js';
import { BROADCAST_MAC, PROTOCOL } from './spec.js';
import { buildUdp } from './udp-header.js';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const FIXED_BYTES = 236;
const COOKIE = 0x63825363;
const MIN_REPLY = 300;
/** Every option at its longest, within the least MTU. */
const MAX_REPLY = 1248;
/** The fixed part's field for what to boot. */
const FILE = { AT: 108, BYTES: 128 } as const;

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
  CLIENT_ID: 61,
  TFTP_SERVER: 66,
  BOOT_FILE: 67,
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
  /** Who asks (RFC 2131, 4.2): the client's identifier when it gives one, else its hardware address. */
  key: string;
  clientId: Uint8Array | undefined;
  current: Uint8Array;
  requested: Uint8Array | undefined;
  server: Uint8Array | undefined;
}

export class DhcpServer {
  private readonly leases: Leases;

  constructor(private readonly context: NatContext) {
    this.leases = new Leases(context.config, () => context.timers.now());
  }

  receive(payload: Uint8Array): void {
    const request = parseRequest(payload);
    if (!request) return this.context.counts.add('malformed');
    const { gateway } = this.context.config;
    if (request.server && !equalBytes(request.server, gateway)) return;
    switch (request.type) {
      case TYPE.DISCOVER:
        return this.answer(request, TYPE.OFFER, this.leases.offer(request.key, request.requested));
      case TYPE.REQUEST:
        return this.receiveRequest(request);
      case TYPE.INFORM:
        return this.answer(request, TYPE.ACK, undefined);
      case TYPE.DECLINE:
        return this.leases.decline(request.key);
      case TYPE.RELEASE:
        return this.leases.release(request.key);
    }
  }

  private receiveRequest(request: Request): void {
    const given = this.leases.take(request.key, request.requested ?? request.current);
    // A client that comes from another network, or that asks for another's address, must start again.
    this.answer(request, given ? TYPE.ACK : TYPE.NAK, given);
  }

  private answer(request: Request, type: number, given: Uint8Array | undefined): void {
    if (type === TYPE.OFFER && !given) return;
    const { config, output, counts } = this.context;
    counts.add('leases');
    const reply = new Uint8Array(MAX_REPLY);
    reply[0] = 2;
    // Hardware type and length, transaction, flags and client hardware address come back as they came; hops and seconds do not.
    reply.set(request.fixed.subarray(1, 3), 1);
    reply.set(request.fixed.subarray(4, 8), 4);
    reply.set(request.fixed.subarray(10, 12), 10);
    if (type !== TYPE.NAK) reply.set(request.current, 12);
    if (given) reply.set(given, 16);
    reply.set(config.gateway, 20);
    reply.set(request.fixed.subarray(28, 44), 28);
    if (type !== TYPE.NAK) reply.set(encodeText(config.bootFile, FILE.BYTES - 1), FILE.AT);
    put32(reply, FIXED_BYTES, COOKIE);
    const end = this.writeOptions(reply, FIXED_BYTES + 4, type, request.clientId, given !== undefined);
    const message = reply.subarray(0, Math.max(MIN_REPLY, end));
    // Broadcast: the client may have no address yet. The frame still goes to it alone, unless it asked otherwise.
    const wantsBroadcast = type === TYPE.NAK || (request.fixed[10]! & 0x80) !== 0;
    const to = wantsBroadcast ? BROADCAST_MAC : request.mac;
    const destination = wantsBroadcast ? BROADCAST : (given ?? (isUnspecified(request.current) ? BROADCAST : request.current));
    output.sendDatagram({ to, source: config.gateway, destination }, PROTOCOL.UDP, buildUdp(SERVER_PORT, CLIENT_PORT, message), 6);
  }

  private writeOptions(reply: Uint8Array, start: number, type: number, clientId: Uint8Array | undefined, isLease: boolean): number {
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
    // RFC 6842: a client that names itself finds its name in every answer.
    if (clientId) put(OPTION.CLIENT_ID, clientId);
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
      const server = config.tftpServerName || formatAddress(config.gateway);
      if (config.bootFile !== '' || config.tftp !== undefined || config.tftpServerName !== '') put(OPTION.TFTP_SERVER, encodeText(server));
      if (config.bootFile !== '') put(OPTION.BOOT_FILE, encodeText(config.bootFile, FILE.BYTES - 1));
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
  const mac = fixed.subarray(28, 34);
  const request: Request = { type: 0, fixed, mac, key: `mac ${mac.join()}`, clientId: undefined, current: fixed.subarray(12, 16), requested: undefined, server: undefined };
  walkOptions(payload, FIXED_BYTES + 4, (code, value) => {
    if (code === OPTION.TYPE && value.length === 1) request.type = value[0]!;
    if (code === OPTION.REQUESTED && value.length === 4) request.requested = value.slice();
    if (code === OPTION.CLIENT_ID && value.length > 1) {
      request.clientId = value.slice();
      request.key = `id ${value.join()}`;
    }
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

function encodeText(text: string, most = 63): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, most);
}

/** A domain name in DNS's form, uncompressed (RFC 3397 allows that). */
function encodeName(name: string): number[] {
  const labels = name.split('.').filter((label) => label !== '');
  return [...labels.flatMap((label) => [Math.min(label.length, 63), ...encodeText(label)]), 0];
}

/**
 * Neighbour discovery (RFC 4861): the network's side of it. Answers solicitations for its own addresses, learns the guests' from theirs,
 * advertises the prefix (RFC 4862: guests choose their addresses) and the name server (RFC 8106), with O set: the rest is in DHCPv6.
 */

import { isUnspecified } from '../address.js';
import { put16, put32 } from '../bytes.js';
import type { NatContext } from './context.js';
import { sendIcmp } from './icmp.js';
import type { IpPacket } from './ip.js';
import { ICMPV6 } from './spec.js';

const OPTION = { SOURCE_MAC: 1, TARGET_MAC: 2, PREFIX: 3, MTU: 5, RDNSS: 25 } as const;
/** RFC 4861 discards what has crossed a router. */
const HOP_LIMIT = 255;
const ROUTER_LIFETIME = 1800;
const PREFIX_LIFETIME = 86400;
export const ALL_NODES = new Uint8Array([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
export const ALL_NODES_MAC = new Uint8Array([0x33, 0x33, 0, 0, 0, 1]);

/** A solicitation or advertisement whose sum has been checked. */
export function receiveNdp(context: NatContext, packet: IpPacket, isOurs: (address: Uint8Array) => boolean): void {
  const { bytes, start, end, source } = packet;
  const type = bytes[start];
  if (packet.hopLimit !== HOP_LIMIT || bytes[start + 1] !== 0) return context.counts.add('malformed');
  if (type === ICMPV6.ROUTER_SOLICITATION) return receiveRouterSolicitation(context, packet);
  if (end - start < 24) return context.counts.add('malformed');
  const target = bytes.slice(start + 8, start + 24);
  if (type === ICMPV6.NEIGHBOR_ADVERTISEMENT) {
    const mac = findMacOption(bytes, start + 24, end, OPTION.TARGET_MAC);
    if (mac && !isOurs(target)) context.neighbors.learn(target, mac);
    return;
  }
  const mac = findMacOption(bytes, start + 24, end, OPTION.SOURCE_MAC);
  if (mac && !isOurs(source)) context.neighbors.learn(source, mac);
  if (isOurs(target)) advertiseNeighbor(context, source, target);
}

/** Asks the guests who has an address. */
export function solicitNeighbor(context: NatContext, target: Uint8Array): void {
  const message = new Uint8Array(32);
  message[0] = ICMPV6.NEIGHBOR_SOLICITATION;
  message.set(target, 8);
  writeMacOption(context, message, 24, OPTION.SOURCE_MAC);
  // The solicited-node group (RFC 4291, 2.7.1) and its MAC.
  const group = new Uint8Array([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, target[13]!, target[14]!, target[15]!]);
  const mac = new Uint8Array([0x33, 0x33, 0xff, target[13]!, target[14]!, target[15]!]);
  sendIcmp(context, mac, context.config.linkLocal6, group, message, HOP_LIMIT);
}

export function advertiseRouter(context: NatContext, to: Uint8Array, destination: Uint8Array): void {
  const { config } = context;
  const message = new Uint8Array(16 + 8 + 8 + 32 + 24);
  message[0] = ICMPV6.ROUTER_ADVERTISEMENT;
  message[4] = 64;
  // O: other configuration by DHCPv6.
  message[5] = 0x40;
  put16(message, 6, ROUTER_LIFETIME);
  writeMacOption(context, message, 16, OPTION.SOURCE_MAC);
  message[24] = OPTION.MTU;
  message[25] = 1;
  put32(message, 28, config.mtu);
  writePrefix(context, message, 32);
  message[64] = OPTION.RDNSS;
  message[65] = 3;
  put32(message, 68, ROUTER_LIFETIME);
  message.set(config.dns6, 72);
  sendIcmp(context, to, config.linkLocal6, destination, message, HOP_LIMIT);
}

function receiveRouterSolicitation(context: NatContext, { bytes, start, end, source }: IpPacket): void {
  const mac = end - start >= 8 ? findMacOption(bytes, start + 8, end, OPTION.SOURCE_MAC) : undefined;
  if (mac) context.neighbors.learn(source, mac);
  advertiseRouter(context, ALL_NODES_MAC, ALL_NODES);
}

function advertiseNeighbor(context: NatContext, asker: Uint8Array, target: Uint8Array): void {
  const message = new Uint8Array(32);
  message[0] = ICMPV6.NEIGHBOR_ADVERTISEMENT;
  // Duplicate detection asks from no address: the answer goes to all, unsolicited.
  const toAll = isUnspecified(asker);
  // Router, solicited, override.
  message[4] = toAll ? 0xa0 : 0xe0;
  message.set(target, 8);
  writeMacOption(context, message, 24, OPTION.TARGET_MAC);
  const mac = toAll ? ALL_NODES_MAC : context.neighbors.find(asker);
  if (mac) sendIcmp(context, mac, target, toAll ? ALL_NODES : asker.slice(), message, HOP_LIMIT);
}

function writePrefix({ config }: NatContext, message: Uint8Array, at: number): void {
  message[at] = OPTION.PREFIX;
  message[at + 1] = 4;
  message[at + 2] = config.prefix6.bits;
  // On-link, autonomous.
  message[at + 3] = 0xc0;
  put32(message, at + 4, PREFIX_LIFETIME);
  put32(message, at + 8, PREFIX_LIFETIME);
  message.set(config.prefix6.address, at + 16);
}

function writeMacOption({ config }: NatContext, message: Uint8Array, at: number, kind: number): void {
  message[at] = kind;
  message[at + 1] = 1;
  message.set(config.mac, at + 2);
}

function findMacOption(bytes: Uint8Array, start: number, end: number, kind: number): Uint8Array | undefined {
  for (let at = start; at + 8 <= end; at += bytes[at + 1]! * 8) {
    // An option of no length would be read for ever.
    if (bytes[at + 1] === 0) return undefined;
    if (bytes[at] === kind) return bytes.subarray(at + 2, at + 8);
  }
  return undefined;
}

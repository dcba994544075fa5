/**
 * ICMP (RFC 792) and the echo part of ICMPv6 (RFC 4443): the network's own addresses answer echoes; for others the platform is asked,
 * where it can send one. What came of a packet that went nowhere (the policy's refusal, a closed port, no route, too many hops) is told as
 * the RFCs say, quoting the packet's head.
 */

import { familyOf } from '../address.js';
import { put16 } from '../bytes.js';
import { addWords, finish, pseudoHeader } from '../checksum.js';
import { SECOND } from '../clock.js';
import { verifyChecksum } from '../offload.js';
import type { NatContext } from './context.js';
import type { IpPacket } from './ip.js';
import { ICMP, ICMP_ERROR, ICMPV6, PROTOCOL } from './spec.js';
import { Timer } from './timers.js';

const HEADER_BYTES = 8;
const PING_TIMEOUT = 10 * SECOND;
/** Echoes on their way to the host at once. */
const MAX_PINGS = 64;
/** An error quotes no more than this of what caused it. */
const QUOTE_BYTES = 512;

const ERRORS4: readonly number[] = [ICMP.UNREACHABLE, ICMP.QUENCH, ICMP.REDIRECT, ICMP.TIME_EXCEEDED, ICMP.PARAMETER];

export type IcmpReason = keyof typeof ICMP_ERROR;

export interface Quote {
  source: Uint8Array;
  destination: Uint8Array;
  head: Uint8Array;
}

export class Icmp {
  private pings = 0;

  constructor(
    private readonly context: NatContext,
    private readonly isOurs: (address: Uint8Array) => boolean,
  ) {}

  receive4(packet: IpPacket): void {
    const { bytes, start, end } = packet;
    if (end - start < HEADER_BYTES) return this.context.counts.add('malformed');
    if (!verifyChecksum(bytes, start, end, 0)) return this.context.counts.add('badSum');
    if (bytes[start] === ICMP.ECHO && bytes[start + 1] === 0) this.echo(packet, ICMP.ECHO_REPLY);
  }

  /** An ICMPv6 echo whose sum has been checked. */
  receiveEcho6(packet: IpPacket): void {
    if (packet.end - packet.start < HEADER_BYTES) return this.context.counts.add('malformed');
    this.echo(packet, ICMPV6.ECHO_REPLY);
  }

  /** Tells the guest what came of a packet of its own. */
  sendError(packet: IpPacket, reason: IcmpReason): void {
    if (isError(packet)) return;
    sendIcmpError(this.context, quoteOf(packet), reason);
  }

  private echo(packet: IpPacket, replyType: number): void {
    const { counts } = this.context;
    counts.add('pings');
    const to = this.context.findMac(packet.source, packet.destination);
    if (!to) return;
    const message = packet.bytes.slice(packet.start, packet.end);
    message[0] = replyType;
    const answer = { ...packet, source: packet.source.slice(), destination: packet.destination.slice() };
    if (this.isOurs(answer.destination)) return this.reply(answer, to, answer.destination, message);
    this.echoThroughHost(answer, to, message, packet);
  }

  private echoThroughHost(answer: IpPacket, to: Uint8Array, message: Uint8Array, original: IpPacket): void {
    const { context } = this;
    const { counts, provider, timers } = context;
    const target = context.routeAddress(answer.destination);
    if (!target || !provider.ping) {
      counts.add(target ? 'pingsUnanswered' : 'denied');
      return this.sendError(original, 'prohibited');
    }
    if (this.pings >= MAX_PINGS) return counts.add('pingsUnanswered');
    this.pings++;
    const abort = new AbortController();
    const timer = new Timer(() => abort.abort());
    timers.arm(timer, PING_TIMEOUT);
    provider
      .ping(target, message.slice(HEADER_BYTES), abort.signal)
      .then(
        (answered) => (answered ? this.reply(answer, to, answer.destination, message) : counts.add('pingsUnanswered')),
        () => counts.add('pingsUnanswered'),
      )
      .finally(() => {
        this.pings--;
        timers.cancel(timer);
      });
  }

  private reply(packet: IpPacket, to: Uint8Array, source: Uint8Array, message: Uint8Array): void {
    sendIcmp(this.context, to, source, packet.source, message);
  }
}

/** The head of a packet that an error quotes, and between whom it was. `short`: no more of the payload than RFC 792 asks for. */
export function quoteOf({ version, source, destination, bytes, header, start, end }: IpPacket, short = version === 4): Quote {
  const most = short ? start - header + 8 : QUOTE_BYTES;
  return { source: source.slice(), destination: destination.slice(), head: bytes.slice(header, Math.min(end, header + most)) };
}

/** A closed port is told in the name of the host that was asked, the rest in the router's. A group gets no answers (RFC 1122, 3.2.2). */
export function sendIcmpError(context: NatContext, { source, destination, head }: Quote, reason: IcmpReason): void {
  const version = familyOf(source);
  const isGroup = version === 4 ? destination[0]! >= 224 : destination[0] === 0xff;
  const to = context.findMac(source, destination);
  if (isGroup || !to) return;
  const message = new Uint8Array(HEADER_BYTES + head.length);
  message.set(ICMP_ERROR[reason][version]);
  message.set(head, HEADER_BYTES);
  const router = version === 4 ? context.config.gateway : context.config.gateway6;
  context.counts.add('icmpErrors');
  sendIcmp(context, to, reason === 'port' ? destination : router, source, message);
}

/** An error is no cause of an error, nor is a piece of a datagram but the first. */
function isError({ version, protocol, bytes, start, end, fragment }: IpPacket): boolean {
  if (fragment && fragment.offset > 0) return true;
  const type = start < end ? bytes[start]! : -1;
  if (version === 6) return protocol === PROTOCOL.ICMPV6 && type < ICMPV6.ECHO;
  return protocol === PROTOCOL.ICMP && ERRORS4.includes(type);
}

/** Sums an ICMP message of either version and queues it. */
export function sendIcmp(context: NatContext, to: Uint8Array, source: Uint8Array, destination: Uint8Array, message: Uint8Array, hopLimit = 64): void {
  const route = { to, source, destination };
  if (source.length === 16) return context.output.sendDatagram(route, PROTOCOL.ICMPV6, message, 2, hopLimit);
  put16(message, 2, 0);
  put16(message, 2, finish(addWords(message, 0, message.length, 0)));
  context.output.sendDatagram(route, PROTOCOL.ICMP, message, -1);
}

export function verifyIcmp6({ bytes, start, end, source, destination }: IpPacket): boolean {
  return verifyChecksum(bytes, start, end, pseudoHeader(source, destination, PROTOCOL.ICMPV6, end - start));
}

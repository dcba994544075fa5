/**
 * ICMP (RFC 792) and the echo part of ICMPv6 (RFC 4443): the network's own addresses answer echoes; for others the platform is asked,
 * where it can send one. Refusals by the policy and closed ports are told as the RFCs say, quoting the packet's head.
 */

import { put16 } from '../bytes.js';
import { addWords, finish, pseudoHeader } from '../checksum.js';
import { SECOND } from '../clock.js';
import { verifyChecksum } from '../offload.js';
import type { NatContext } from './context.js';
import type { IpPacket } from './ip.js';
import { ICMP, ICMPV6, PROTOCOL } from './spec.js';
import { Timer } from './timers.js';

const HEADER_BYTES = 8;
const PING_TIMEOUT = 10 * SECOND;
/** Echoes on their way to the host at once. */
const MAX_PINGS = 64;
/** An error quotes no more than this of what caused it. */
const QUOTE_BYTES = 512;

export type Unreachable = 'prohibited' | 'port';

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

  /** Tells the guest that a packet of its own goes nowhere. */
  sendUnreachable(packet: IpPacket, reason: Unreachable): void {
    // What was reassembled has no header left to quote, and a group gets no answers.
    const isGroup = packet.version === 4 ? packet.destination[0]! >= 224 : packet.destination[0] === 0xff;
    const to = this.context.findMac(packet.source, packet.destination);
    if (packet.header < 0 || isGroup || !to) return;
    const quoted = Math.min(packet.end - packet.header, packet.version === 4 ? packet.start - packet.header + 8 : QUOTE_BYTES);
    const message = new Uint8Array(HEADER_BYTES + quoted);
    message[0] = packet.version === 4 ? ICMP.UNREACHABLE : ICMPV6.UNREACHABLE;
    message[1] = unreachableCode(packet.version, reason);
    message.set(packet.bytes.subarray(packet.header, packet.header + quoted), HEADER_BYTES);
    const own = packet.version === 4 ? this.context.config.gateway : this.context.config.gateway6;
    this.reply(packet, to, own, message);
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
      return this.sendUnreachable(original, 'prohibited');
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

function unreachableCode(version: 4 | 6, reason: Unreachable): number {
  if (version === 4) return reason === 'port' ? ICMP.PORT : ICMP.PROHIBITED;
  return reason === 'port' ? ICMPV6.PORT : ICMPV6.PROHIBITED;
}

/**
 * A guest's UDP port: the sockets of the host that stand for it, the peers that it has sent to, and the datagrams that wait for the guest.
 * udp.ts says how ports come and go.
 */

import { addressKey, familyOf } from '../address.js';
import { NO_OFFLOAD } from '../backend.js';
import { PIECE_COST } from '../block.js';
import { SECOND } from '../clock.js';
import { Line } from '../line.js';
import type { DatagramSocket, Endpoint } from '../provider.js';
import type { NatContext } from './context.js';
import { quoteOf, sendIcmpError, type IcmpReason, type Quote } from './icmp.js';
import type { FrameSource } from './scheduler.js';
import { PROTOCOL } from './spec.js';
import { Timer } from './timers.js';
import { buildUdp, type UdpDatagram } from './udp-header.js';

const LIFETIME = 120 * SECOND;
const SHORT_LIFETIME = 20 * SECOND;
const DNS = 53;
const MAX_PAYLOAD = 65507;

/** How a guest knows a peer. */
interface Peer {
  shown: Endpoint;
  /** Of the last datagram to it, should that go nowhere. */
  quote: Quote;
}

/** What a platform's codes say. */
const REASONS: Readonly<Record<string, IcmpReason>> = { ECONNREFUSED: 'port', EHOSTUNREACH: 'host', ENETUNREACH: 'network', EACCES: 'prohibited', EPERM: 'prohibited' };

interface Waiting {
  bytes: Uint8Array;
  shown: Endpoint;
}

/** What a port needs of its surroundings. */
export interface UdpPorts {
  readonly context: NatContext;
  /** Counts bytes into the bound that all ports share; false when it is reached. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  remove(port: UdpPort): void;
}

/** A guest's port, and what waits for it. */
export class UdpPort implements FrameSource {
  private readonly sockets: { 4?: DatagramSocket; 6?: DatagramSocket } = {};
  private readonly peers = new Line<string, Peer>();
  private readonly queue: Waiting[] = [];
  private queuedBytes = 0;
  /** Fragments of the datagram whose turn it is. */
  private frames: Uint8Array[] = [];
  /** What that datagram counts until the last has gone. */
  private leaving = 0;
  private readonly timer = new Timer(() => this.close());
  private onlyDns = true;

  constructor(
    private readonly table: UdpPorts,
    readonly guest: Endpoint,
  ) {}

  private socketFor({ address }: Endpoint): DatagramSocket {
    const family = familyOf(address);
    const open = (): DatagramSocket =>
      this.table.context.provider.openUdp(family, {
        message: (bytes, from) => this.receive(bytes, from),
        failed: () => undefined,
        // A peer's refusal is not the end of a port that may have others.
        unreachable: (peer, code) => this.tellUnreachable(peer, code),
      });
    return (this.sockets[family] ??= open());
  }

  private tellUnreachable(target: Endpoint, code: string): void {
    const peer = this.peers.get(endpointKey(target));
    const reason = REASONS[code];
    if (peer && reason) sendIcmpError(this.table.context, peer.quote, reason);
  }

  send(datagram: UdpDatagram, target: Endpoint): void {
    const { destination, payload } = datagram;
    const { counts, timers } = this.table.context;
    if (payload.length > MAX_PAYLOAD || target.port === 0) return counts.add('malformed');
    this.onlyDns &&= destination.port === DNS;
    this.remember(datagram, target);
    timers.arm(this.timer, this.onlyDns ? SHORT_LIFETIME : LIFETIME);
    counts.add('udpOut');
    this.socketFor(target).send(payload, target);
  }

  receive(bytes: Uint8Array, from: Endpoint): void {
    const { counts, timers } = this.table.context;
    const peer = this.peers.get(endpointKey(from));
    if (!peer) return counts.add('udpStranger');
    timers.arm(this.timer, this.onlyDns ? SHORT_LIFETIME : LIFETIME);
    this.enqueue(bytes, peer.shown);
  }

  enqueue(bytes: Uint8Array, shown: Endpoint): void {
    const { config, counts, scheduler } = this.table.context;
    const cost = bytes.length + PIECE_COST;
    if (this.queuedBytes + cost > config.limits.udpQueueBytes || !this.table.reserve(cost)) return counts.add('udpDropped');
    this.queuedBytes += cost;
    this.queue.push({ bytes, shown });
    counts.add('udpIn');
    scheduler.join(this);
  }

  takeTurn(): 'more' | 'done' | 'blocked' {
    if (this.frames.length === 0) this.buildNext();
    const frame = this.frames[0];
    if (frame && !this.table.context.output.offer(frame, NO_OFFLOAD)) return 'blocked';
    this.frames.shift();
    if (this.frames.length === 0) this.release(this.leaving);
    return this.frames.length > 0 || this.queue.length > 0 ? 'more' : 'done';
  }

  close(): void {
    const { scheduler, timers } = this.table.context;
    this.sockets[4]?.close();
    this.sockets[6]?.close();
    delete this.sockets[4];
    delete this.sockets[6];
    this.release(this.queuedBytes);
    this.queue.length = 0;
    this.frames = [];
    timers.cancel(this.timer);
    scheduler.leave(this);
    this.table.remove(this);
  }

  private buildNext(): void {
    const next = this.queue.shift();
    if (!next) return;
    this.leaving = next.bytes.length + PIECE_COST;
    const { context } = this.table;
    const to = context.findMac(this.guest.address, next.shown.address);
    if (!to) return context.counts.add('udpDropped');
    const payload = buildUdp(next.shown.port, this.guest.port, next.bytes);
    this.frames = context.output.buildDatagram({ to, source: next.shown.address, destination: this.guest.address }, PROTOCOL.UDP, payload, 6);
  }

  private release(cost: number): void {
    this.queuedBytes -= cost;
    this.table.release(cost);
    this.leaving = 0;
  }

  private remember({ destination, packet }: UdpDatagram, target: Endpoint): void {
    const key = endpointKey(target);
    const known = this.peers.get(key);
    if (!known && this.peers.size >= this.table.context.config.limits.udpPeers) this.peers.delete(this.peers.first!.key);
    const shown = known?.shown ?? { address: destination.address.slice(), port: destination.port };
    this.peers.put(key, { shown, quote: quoteOf(packet, true) });
  }
}

/** A short string that is equal for equal endpoints. */
export function endpointKey({ address, port }: Endpoint): string {
  return `${familyOf(address)}${addressKey(address)}${String.fromCharCode(port)}`;
}

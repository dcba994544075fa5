/**
 * Every TCP connection of the network: finds the flow of a segment, starts flows both ways, answers what belongs to none.
 * Bounded: so many flows of each origin (share.ts), so many of them waiting for the host, and a share of the buffers for each that shrinks
 * as they grow in number.
 */

import { addressKey, familyOf } from '../../address.js';
import { SECOND } from '../../clock.js';
import type { Endpoint, StreamSocket } from '../../provider.js';
import type { NatContext } from '../context.js';
import type { IpPacket } from '../ip.js';
import type { Output } from '../output.js';
import type { Scheduler } from '../scheduler.js';
import { PROTOCOL, TCP_FLAG } from '../spec.js';
import type { TimerQueue } from '../timers.js';
import { buildBare } from './build.js';
import { TcpFlow, type Opening, type TcpHost } from './flow.js';
import { parseSegment, segmentLength, type TcpSegment } from './segment.js';
import { seqAdd, seqDiff } from './sequence.js';
import { FlowShare } from './share.js';

/** An idle flow older than this gives way when the table is full. */
const IDLE = 600 * SECOND;
/** Flows that one segment of the guest's makes this look at: in a table that was full of work, all have moved since it was looked at last. */
const MOST_LOOKS = 64;
const FIRST_EPHEMERAL = 49152;
const EPHEMERALS = 65536 - FIRST_EPHEMERAL;

/** A place for a flow: that of another, which must go. */
type Place = TcpFlow | 'free' | 'none' | 'unknown';

export class TcpTable implements TcpHost {
  readonly scheduler: Scheduler;
  readonly timers: TimerQueue;
  readonly output: Output;
  readonly mtu: number;
  private readonly flows = new Map<string, TcpFlow>();
  /** Those that wait for a guest's MAC, by its address. */
  private readonly awaiting = new Map<string, Set<TcpFlow>>();
  private readonly fromGuest: FlowShare<TcpFlow>;
  private readonly ofProgram: FlowShare<TcpFlow>;
  private connecting = 0;
  private nextPort = 0;

  constructor(private readonly context: NatContext) {
    this.scheduler = context.scheduler;
    this.timers = context.timers;
    this.output = context.output;
    this.mtu = context.config.mtu;
    this.fromGuest = this.createShare(context.config.limits.tcpFlows);
    this.ofProgram = this.createForwardShare();
  }

  /** An equal part of the connections into the guest: for a forwarded port, and one for the program's own. */
  createForwardShare(): FlowShare<TcpFlow> {
    const { hostForwards, limits } = this.context.config;
    const forwards = hostForwards.filter(({ protocol }) => protocol === 'tcp').length;
    return this.createShare(Math.max(1, Math.floor(limits.tcpForwardedFlows / (forwards + 1))));
  }

  /** Bytes of memory that all of them hold. */
  get held(): number {
    let sum = 0;
    for (const flow of this.flows.values()) sum += flow.held;
    return sum;
  }

  get size(): number {
    return this.flows.size;
  }

  receive(packet: IpPacket): void {
    const segment = parseSegment(packet);
    if (segment === 'malformed') return this.context.counts.add('malformed');
    if (segment === 'sum') return this.context.counts.add('badSum');
    const flow = this.flows.get(keyOf(packet.source, segment.sourcePort, packet.destination, segment.destinationPort));
    if (flow && !this.reopens(flow, segment)) return flow.receive(segment);
    flow?.finish();
    const guest = { address: packet.source, port: segment.sourcePort };
    const remote = { address: packet.destination, port: segment.destinationPort };
    if ((segment.flags & TCP_FLAG.RST) !== 0) return;
    if ((segment.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN) return this.open(guest, remote, segment);
    this.refuse(guest, remote, segment);
  }

  /** Opens a connection into the guest for a socket of the host. */
  openToGuest(socket: StreamSocket, guest: Endpoint, remoteAddress: Uint8Array, opening?: Opening, share = this.ofProgram): void {
    const port = this.takePort(guest, remoteAddress);
    if (port === undefined || !this.makeRoom(share)) {
      this.context.counts.add('tcpRefused');
      socket.reset();
      return opening?.failed('EMFILE');
    }
    const remote = { address: remoteAddress, port };
    const flow = this.add(guest, remote, 'synSent', share);
    this.context.counts.add('tcpForwarded');
    flow.startToGuest(socket, opening);
  }

  neighborLearned(address: Uint8Array): void {
    const key = addressKey(address);
    const flows = this.awaiting.get(key);
    this.awaiting.delete(key);
    for (const flow of flows ?? []) {
      this.context.counts.add('tcpLooked');
      flow.sendSynAgain();
    }
  }

  awaitMac(flow: TcpFlow): void {
    const key = addressKey(flow.guest.address);
    const flows = this.awaiting.get(key) ?? new Set();
    this.awaiting.set(key, flows.add(flow));
  }

  share(): number {
    const { limits } = this.context.config;
    return Math.max(limits.tcpFlowMinimum, Math.min(limits.tcpFlowBytes, Math.floor(limits.tcpBytes / (this.flows.size + 1))));
  }

  randomSequence(): number {
    return Math.floor(this.context.random() * 0x1_0000_0000) >>> 0;
  }

  findMac(guest: Uint8Array, asker: Uint8Array): Uint8Array | undefined {
    return this.context.findMac(guest, asker);
  }

  sendReset(guest: Endpoint, remote: Endpoint, seq: number, ack: number): void {
    // Built for nothing otherwise, at every segment of a flood.
    if (!this.output.takesControl()) return;
    const to = this.context.findMac(guest.address, remote.address);
    if (!to) return;
    const header = buildBare({ from: remote.port, to: guest.port, seq, ack, flags: TCP_FLAG.RST | TCP_FLAG.ACK, window: 0, options: undefined });
    this.output.sendDatagram({ to, source: remote.address, destination: guest.address }, PROTOCOL.TCP, header, 16);
    this.context.counts.add('tcpResets');
  }

  remove(flow: TcpFlow): void {
    this.flows.delete(flow.key);
    flow.share.remove(flow);
    const flows = this.awaiting.get(addressKey(flow.guest.address));
    if (flows?.delete(flow) && flows.size === 0) this.awaiting.delete(addressKey(flow.guest.address));
  }

  count(event: 'retransmitted' | 'timeouts'): void {
    this.context.counts.add(event === 'retransmitted' ? 'tcpRetransmitted' : 'tcpTimeouts');
  }

  close(): void {
    for (const flow of [...this.flows.values()]) {
      flow.socket?.reset();
      flow.finish();
    }
  }

  private open(guest: Endpoint, remote: Endpoint, syn: TcpSegment): void {
    const { config, counts } = this.context;
    // A SYN that is not answered comes again: the guest waits instead of hearing a false refusal.
    if (this.connecting >= config.limits.tcpConnecting) return counts.add('tcpPutOff');
    // A flood to a full table is turned away before anybody asks where it goes.
    const place = this.findPlace(this.fromGuest, MOST_LOOKS);
    if (place === 'unknown') return counts.add('tcpPutOff');
    const connect = place === 'none' ? undefined : this.context.routeTcp(remote);
    if (!connect) {
      counts.add(place === 'none' ? 'tcpRefused' : 'denied');
      return this.refuse(guest, remote, syn);
    }
    this.vacate(place);
    const flow = this.add(guest, remote, 'connecting', this.fromGuest);
    counts.add('tcpOpened');
    flow.startFromGuest(syn);
    this.connecting++;
    connect(flow.abort.signal)
      .then(
        (socket) => flow.connected(socket),
        () => flow.refused(),
      )
      .finally(() => this.connecting--);
  }

  private add(guest: Endpoint, remote: Endpoint, state: 'connecting' | 'synSent', share: FlowShare<TcpFlow>): TcpFlow {
    const key = keyOf(guest.address, guest.port, remote.address, remote.port);
    const own = ({ address, port }: Endpoint): Endpoint => ({ address: address.slice(), port });
    const flow = new TcpFlow(this, key, own(guest), own(remote), state, share);
    this.flows.set(key, flow);
    share.add(flow);
    return flow;
  }

  /** A new connection on the ports of one that has ended (RFC 9293, 3.6.1). */
  private reopens(flow: TcpFlow, { flags, seq }: TcpSegment): boolean {
    return flow.state === 'timeWait' && (flags & (TCP_FLAG.SYN | TCP_FLAG.ACK | TCP_FLAG.RST)) === TCP_FLAG.SYN && seqDiff(seq, flow.lastSeq) > 0;
  }

  /** A segment of no connection (RFC 9293, 3.10.7.1). */
  private refuse(guest: Endpoint, remote: Endpoint, segment: TcpSegment): void {
    const acknowledges = (segment.flags & TCP_FLAG.ACK) !== 0;
    this.sendReset(guest, remote, acknowledges ? segment.ack : 0, seqAdd(segment.seq, segmentLength(segment)));
  }

  /** Room for one more flow of an origin, at the cost of one that has ended or long been idle. */
  private makeRoom(share: FlowShare<TcpFlow>): boolean {
    const place = this.findPlace(share);
    this.vacate(place);
    return place !== 'none';
  }

  /** Where one more flow of an origin can go: there is room, or one has ended or long been idle and can give way. */
  private findPlace(share: FlowShare<TcpFlow>, most?: number): Place {
    return share.isFull ? share.findOld(this.timers.now() - IDLE, most) : 'free';
  }

  private vacate(place: Place): void {
    if (typeof place === 'string') return;
    if (place.state === 'timeWait') return place.finish();
    this.context.counts.add('tcpEvicted');
    place.fail('ETIMEDOUT');
  }

  private createShare(limit: number): FlowShare<TcpFlow> {
    return new FlowShare<TcpFlow>(limit, () => this.context.counts.add('tcpLooked'));
  }

  private takePort(guest: Endpoint, remoteAddress: Uint8Array): number | undefined {
    for (let tries = 0; tries < EPHEMERALS; tries++) {
      const port = FIRST_EPHEMERAL + this.nextPort;
      this.nextPort = (this.nextPort + 1) % EPHEMERALS;
      if (!this.flows.has(keyOf(guest.address, guest.port, remoteAddress, port))) return port;
    }
    return undefined;
  }
}

function keyOf(guest: Uint8Array, guestPort: number, remote: Uint8Array, remotePort: number): string {
  return `${familyOf(guest)}${addressKey(guest)}${String.fromCharCode(guestPort)}${addressKey(remote)}${String.fromCharCode(remotePort)}`;
}

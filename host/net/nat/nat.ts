/**
 * The user-mode network (`-netdev user`): a small internet behind one card, whose other end is sockets of the host.
 *
 * A frame from the guest goes down: Ethernet, then ARP or IP (reassembled), then by protocol and address to a server of the network's own
 * (DHCP, names, echo) or to a flow (TCP, UDP) with a socket behind it. Answers and what sockets give stand in the scheduler until their
 * turn. `send` takes every frame that does not come from inside a delivery: what cannot go on is answered (reset, unreachable) or counted,
 * and TCP's windows hold back the guest.
 *
 * Nothing here knows a platform: sockets and names are the provider's, time the clock's, numbers `random`'s.
 */

import { familyOf, isInside } from '../address.js';
import { ALL_SUPPORT, DETACHED, GsoType, OffloadFlag, type FrameSink, type NetBackend, type Offload } from '../backend.js';
import { equalBytes, get16 } from '../bytes.js';
import { SECOND, type Clock } from '../clock.js';
import { CounterSet } from '../counters.js';
import type { Counter } from '../../rings/counter.js';
import { gsoKind } from '../offload.js';
import type { Endpoint, SocketProvider, StreamSocket } from '../provider.js';
import { askForMac, receiveArp } from './arp.js';
import type { NatConfig } from './config.js';
import { NAT_COUNTERS, type NatContext } from './context.js';
import { receiveDhcp6 } from './dhcp6.js';
import { DhcpServer } from './dhcp.js';
import { Forwarder } from './forward.js';
import { Reassembler } from './fragments.js';
import { Icmp, verifyIcmp6 } from './icmp.js';
import { parseIpv4, parseIpv6, type IpPacket } from './ip.js';
import { advertiseRouter, ALL_NODES, ALL_NODES_MAC, receiveNdp, solicitNeighbor } from './ndp.js';
import { NameServer } from './name-server.js';
import { Neighbors } from './neighbors.js';
import { Output } from './output.js';
import { translateDestination } from './policy.js';
import { Scheduler } from './scheduler.js';
import { ETHERNET_BYTES, ETHERTYPE, ICMPV6, PROTOCOL } from './spec.js';
import { TcpTable } from './tcp/table.js';
import type { Opening } from './tcp/flow.js';
import { TftpServer } from './tftp.js';
import { Timer, TimerQueue } from './timers.js';
import { UdpTable } from './udp.js';
import { parseUdp } from './udp-header.js';

export interface NatPlatform {
  provider: SocketProvider;
  clock: Clock;
  /** Numbers in [0, 1) for sequence numbers; Math.random unless given. */
  random?: () => number;
}

/** The network, and what the machine's own program may do with it. */
export interface Nat extends NetBackend {
  /** Connects a stream to a server in the guest; `opening` hears how that went. */
  connectToGuest(socket: StreamSocket, port: number, opening: Opening, address?: Uint8Array): void;
  /** Opens the forwarded ports. Before it, the network works without them. */
  listen(): Promise<void>;
  /** Where forwarded ports listen, in the order of the configuration: a port that was asked for as 0 is here. */
  forwardedPorts(): number[];
}

/** A third of the lifetime that is advertised. */
const ADVERTISEMENT_INTERVAL = 600 * SECOND;
const DNS_PORT = 53;
const DHCP_PORT = 67;
const DHCP6_PORT = 547;

export function createNat(name: string, config: NatConfig, platform: NatPlatform): Nat {
  return new UserNetwork(name, config, platform);
}

class UserNetwork implements Nat, NatContext {
  readonly accepts = ALL_SUPPORT;
  readonly provider: SocketProvider;
  readonly timers: TimerQueue;
  readonly scheduler = new Scheduler(() => this.signalRoom());
  readonly output: Output;
  readonly neighbors: Neighbors;
  readonly counts: CounterSet<keyof typeof NAT_COUNTERS>;
  readonly random: () => number;
  private sink: FrameSink = DETACHED;
  private closed = false;
  private owesRoom = false;
  private readonly advertisement = new Timer(() => this.advertise());
  private readonly names: NameServer;
  private readonly tftp: TftpServer | undefined;
  private readonly dhcp: DhcpServer;
  private readonly icmp: Icmp;
  private readonly tcp: TcpTable;
  private readonly udp: UdpTable;
  private readonly fragments: Reassembler;
  private readonly forwarder: Forwarder;

  constructor(
    readonly name: string,
    readonly config: NatConfig,
    { provider, clock, random }: NatPlatform,
  ) {
    this.provider = provider;
    this.random = random ?? Math.random;
    this.counts = new CounterSet(name, NAT_COUNTERS);
    this.timers = new TimerQueue(clock);
    const events = { frames: 'framesOut', bytes: 'bytesOut', refused: 'deliverRefused', controlDropped: 'controlDropped' } as const;
    this.output = new Output(() => this.sink, this.scheduler, config.mac, config.mtu, config.limits.controlFrames, (event, by) => this.counts.add(events[event], by));
    this.neighbors = new Neighbors(config.limits.neighbors, (address) => this.tcp.neighborLearned(address));
    this.fragments = new Reassembler(config.limits.fragmentDatagrams, () => clock.now(), (count) => this.counts.add('fragmentsDropped', count));
    this.dhcp = new DhcpServer(this);
    this.icmp = new Icmp(this, (address) => this.isOurs(address));
    this.tcp = new TcpTable(this);
    this.udp = new UdpTable(this);
    this.names = new NameServer(this, this.udp);
    this.tftp = config.tftp === undefined ? undefined : new TftpServer(this, config.tftp);
    this.forwarder = new Forwarder(this, this.tcp, this.udp);
  }

  // -- NetBackend -----------------------------------------------------------------------------------------------------------------------

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.advertise();
  }

  send(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (this.closed) return true;
    // From inside a delivery: the flow whose turn it is does not know yet that its frame was sent.
    if (this.scheduler.isRunning) {
      this.owesRoom = true;
      return false;
    }
    this.counts.add('framesIn');
    this.counts.add('bytesIn', frame.length);
    this.receiveFrame(frame, offload);
    return true;
  }

  flush(): void {
    this.scheduler.run();
  }

  roomForDeliver(): void {
    this.scheduler.unblock();
  }

  counters(): Counter[] {
    const gauge = (name: string, unit: string, value: number): Counter => ({ name: `${this.name}.${name}`, unit, value: BigInt(value), owner: this.name });
    return [...this.counts.list(), gauge('tcpFlows', 'flows', this.tcp.size), gauge('tcpHeld', 'bytes', this.tcp.held), gauge('udpSockets', 'sockets', this.udp.size)];
  }

  async close(): Promise<void> {
    this.closed = true;
    this.tcp.close();
    this.udp.close();
    this.tftp?.close();
    this.timers.close();
    this.scheduler.close();
    await this.forwarder.close();
  }

  // -- For the program ------------------------------------------------------------------------------------------------------------------

  connectToGuest(socket: StreamSocket, port: number, opening: Opening, address = this.config.firstLease): void {
    if (this.closed) {
      socket.reset();
      return opening.failed('ECONNABORTED');
    }
    const remote = familyOf(address) === 4 ? this.config.gateway : this.config.gateway6;
    this.tcp.openToGuest(socket, { address, port }, remote, opening);
  }

  listen(): Promise<void> {
    return this.forwarder.listen();
  }

  forwardedPorts(): number[] {
    return this.forwarder.ports();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  // -- NatContext -----------------------------------------------------------------------------------------------------------------------

  findMac(guest: Uint8Array): Uint8Array | undefined {
    const mac = this.neighbors.find(guest);
    if (mac) return mac;
    if (!this.isGuestAddress(guest)) return undefined;
    if (guest.length === 4) askForMac(this, guest, this.config.gateway);
    else solicitNeighbor(this, guest);
    return undefined;
  }

  routeTcp(remote: Endpoint): ((signal: AbortSignal) => Promise<StreamSocket>) | undefined {
    const service = this.forwarder.findGuestForward(remote);
    if (service) return service;
    if (this.isNameServer(remote) && !this.config.restrict) return (signal) => this.names.connect(signal);
    const address = this.routeAddress(remote.address)?.slice();
    if (!address || remote.port === 0) return undefined;
    return (signal) => this.provider.connectTcp({ address, port: remote.port }, signal);
  }

  routeAddress(remote: Uint8Array): Uint8Array | undefined {
    return translateDestination(remote, this.config, () => this.provider.ownAddresses());
  }

  /** The network as a router, at the start and every so often: what a guest learned runs out otherwise (RFC 4861, 6.2.4). */
  private advertise(): void {
    if (!this.config.ipv6) return;
    advertiseRouter(this, ALL_NODES_MAC, ALL_NODES);
    this.timers.arm(this.advertisement, ADVERTISEMENT_INTERVAL);
  }

  private signalRoom(): void {
    if (!this.owesRoom) return;
    this.owesRoom = false;
    this.sink.roomForSend();
  }

  // -- Down the layers ------------------------------------------------------------------------------------------------------------------

  private receiveFrame(frame: Uint8Array, offload: Readonly<Offload>): void {
    const kind = gsoKind(offload);
    const known = kind === GsoType.None || kind === GsoType.Tcp4 || kind === GsoType.Tcp6;
    if (frame.length < ETHERNET_BYTES || !known) return this.counts.add('malformed');
    const type = get16(frame, 12);
    const source = frame.subarray(6, 12);
    if (!this.isAddressed(frame)) return this.counts.add('notForUs');
    if (type === ETHERTYPE.ARP && this.config.ipv4) return receiveArp(this, frame, ETHERNET_BYTES, (address) => this.isOurs(address));
    const packet = this.parsePacket(type, frame);
    if (!packet) return;
    packet.sumOffloaded = (offload.flags & OffloadFlag.NeedsChecksum) !== 0;
    if (this.isOurs(packet.source)) return this.counts.add('malformed');
    if (this.isGuestAddress(packet.source)) this.neighbors.learn(packet.source, source);
    if (packet.hopLimit <= 1 && this.isForwarded(packet)) return this.icmp.sendError(packet, 'expired');
    const whole = this.fragments.add(packet);
    if (whole) this.receivePacket(whole);
  }

  /** Ours, a broadcast or a group. A switch may flood us with the rest. */
  private isAddressed(frame: Uint8Array): boolean {
    return (frame[0]! & 1) !== 0 || equalBytes(frame.subarray(0, 6), this.config.mac);
  }

  private parsePacket(type: number, frame: Uint8Array): IpPacket | undefined {
    const isV4 = type === ETHERTYPE.IPV4 && this.config.ipv4;
    const isV6 = type === ETHERTYPE.IPV6 && this.config.ipv6;
    if (!isV4 && !isV6) {
      this.counts.add('notForUs');
      return undefined;
    }
    const packet = isV4 ? parseIpv4(frame, ETHERNET_BYTES, frame.length) : parseIpv6(frame, ETHERNET_BYTES, frame.length);
    if (!packet) this.counts.add('malformed');
    return packet;
  }

  private receivePacket(packet: IpPacket): void {
    if (packet.protocol === PROTOCOL.UDP) return this.receiveUdp(packet);
    if (packet.protocol === PROTOCOL.ICMPV6 && packet.version === 6) return this.receiveIcmp6(packet);
    // Only DHCP and neighbour discovery speak for those without an address.
    if (!this.isGuestAddress(packet.source) || this.isGroup(packet.destination)) return this.counts.add('notForUs');
    if (packet.protocol === PROTOCOL.TCP) return this.tcp.receive(packet);
    if (packet.protocol === PROTOCOL.ICMP && packet.version === 4) return this.icmp.receive4(packet);
    this.counts.add('notForUs');
  }

  private receiveIcmp6(packet: IpPacket): void {
    if (packet.end - packet.start < 8) return this.counts.add('malformed');
    if (!packet.sumOffloaded && !verifyIcmp6(packet)) return this.counts.add('badSum');
    const type = packet.bytes[packet.start]!;
    if (type >= ICMPV6.ROUTER_SOLICITATION && type <= ICMPV6.NEIGHBOR_ADVERTISEMENT) return receiveNdp(this, packet, (address) => this.isOurs(address));
    if (type === ICMPV6.ECHO && this.isGuestAddress(packet.source) && !this.isGroup(packet.destination)) this.icmp.receiveEcho6(packet);
  }

  private receiveUdp(packet: IpPacket): void {
    const datagram = parseUdp(packet);
    if (datagram === 'malformed') return this.counts.add('malformed');
    if (datagram === 'sum') return this.counts.add('badSum');
    const { destination, source } = datagram;
    if (packet.version === 4 && destination.port === DHCP_PORT && (this.isGroup(destination.address) || this.isOurs(destination.address))) return this.dhcp.receive(datagram.payload);
    if (packet.version === 6 && destination.port === DHCP6_PORT && this.isGroup(destination.address)) return receiveDhcp6(this, datagram);
    if (this.isGroup(destination.address) || !this.isGuestAddress(source.address) || source.port === 0) return this.counts.add('notForUs');
    if (this.isGateway(destination.address) && this.tftp?.receive(datagram)) return;
    if (this.udp.sendForwarded(datagram)) return;
    if (this.isNameServer(destination) && !this.config.restrict) return this.names.receive(datagram);
    const address = this.routeAddress(destination.address)?.slice();
    if (address) return this.udp.send(datagram, { address, port: destination.port });
    this.counts.add('denied');
    this.icmp.sendError(packet, 'prohibited');
  }

  // -- Whose address --------------------------------------------------------------------------------------------------------------------

  private isNameServer({ address, port }: Endpoint): boolean {
    return port === DNS_PORT && (equalBytes(address, this.config.dns) || equalBytes(address, this.config.dns6));
  }

  private isGateway(address: Uint8Array): boolean {
    return equalBytes(address, this.config.gateway) || equalBytes(address, this.config.gateway6);
  }

  private isOurs(address: Uint8Array): boolean {
    const { gateway, dns, gateway6, dns6, linkLocal6 } = this.config;
    if (address.length === 4) return equalBytes(address, gateway) || equalBytes(address, dns) || this.forwarder.servesAddress(address);
    return equalBytes(address, gateway6) || equalBytes(address, dns6) || equalBytes(address, linkLocal6) || this.forwarder.servesAddress(address);
  }

  private isGuestAddress(address: Uint8Array): boolean {
    if (this.isOurs(address)) return false;
    return isInside(address, address.length === 4 ? this.config.network : this.config.prefix6) || isLinkLocal6(address);
  }

  /** It would have to pass the gateway. */
  private isForwarded({ source, destination }: IpPacket): boolean {
    return this.isGuestAddress(source) && !this.isOurs(destination) && !this.isGuestAddress(destination) && !this.isGroup(destination);
  }

  private isGroup(address: Uint8Array): boolean {
    if (address.length === 16) return address[0] === 0xff;
    const { network } = this.config;
    const isDirected = isInside(address, network) && (get16(address, 2) & hostMask(network.bits)) === hostMask(network.bits);
    return address[0]! >= 224 || isDirected;
  }
}

function isLinkLocal6(address: Uint8Array): boolean {
  return address.length === 16 && address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
}

/** The host part of the low sixteen bits of an address. */
function hostMask(bits: number): number {
  return bits >= 16 ? 2 ** (32 - bits) - 1 : 0xffff;
}

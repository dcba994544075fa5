/**
 * UDP (RFC 768) between the guest and sockets of the host.
 *
 * One port of the host a guest address and port, whoever it talks to (one in each family that it sends to: a name server of the host's
 * may be of the other): a guest's port looks the same to every peer. Only peers that the guest has
 * sent to are heard, under the name by which the guest knows them (the gateway for the host's loopback, the name server's for a resolver).
 * A forwarded port is the other way round: its peers are strangers, shown to the guest as ports of the gateway.
 *
 * Datagrams for the guest wait in their port's queue, and the port stands in the scheduler. A queue past its bound loses the newest, counted:
 * UDP has no way to make the sender wait. Ports die of silence; when there are too many, the one silent longest goes.
 */

import { Line } from '../line.js';
import type { Endpoint } from '../provider.js';
import type { NatContext } from './context.js';
import type { ForwardedPeer, UdpForward } from './udp-forward.js';
import type { UdpDatagram } from './udp-header.js';
import { endpointKey, UdpPort, type UdpPorts } from './udp-port.js';

export class UdpTable implements UdpPorts {
  /** By last use: the first is the one silent longest. */
  private readonly ports = new Line<string, UdpPort>();
  /** Replies of forwarded ports, by guest port and the port of the gateway they go to. */
  private readonly forwarded = new Map<string, ForwardedPeer>();
  private waitingBytes = 0;

  constructor(readonly context: NatContext) {}

  get size(): number {
    return this.ports.size;
  }

  /** A datagram from the guest, to `target` on the host. */
  send(datagram: UdpDatagram, target: Endpoint): void {
    this.findPort(datagram.source).send(datagram, target);
  }

  /** A datagram to a peer of a forwarded port. False: it is none. */
  sendForwarded({ source, destination, payload }: UdpDatagram): boolean {
    const peer = this.forwarded.get(endpointKey(source) + endpointKey(destination));
    if (!peer) return false;
    peer.socket.send(payload, peer.from);
    peer.lastActive = this.context.timers.now();
    this.context.counts.add('udpOut');
    return true;
  }

  /** A listening socket of the host has heard from a stranger. */
  receiveForwarded(forward: UdpForward, bytes: Uint8Array, from: Endpoint): void {
    const shown = forward.showPeer(from, (peer) => this.forwarded.set(endpointKey(forward.guest) + endpointKey(peer.shown), peer), (peer) => this.forwarded.delete(endpointKey(forward.guest) + endpointKey(peer.shown)));
    forward.port.enqueue(bytes, shown);
  }

  reserve(bytes: number): boolean {
    if (this.waitingBytes + bytes > this.context.config.limits.udpTotalBytes) return false;
    this.waitingBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.waitingBytes -= bytes;
  }

  remove(port: UdpPort): void {
    const key = endpointKey(port.guest);
    // A forward's port has the same name and is not in the table.
    if (this.ports.get(key) === port) this.ports.delete(key);
  }

  close(): void {
    for (const [, port] of this.ports) port.close();
    this.forwarded.clear();
  }

  private findPort(guest: Endpoint): UdpPort {
    const key = endpointKey(guest);
    const port = this.ports.get(key) ?? this.openPort(guest);
    this.ports.put(key, port);
    return port;
  }

  private openPort({ address, port }: Endpoint): UdpPort {
    const { context } = this;
    if (this.ports.size >= context.config.limits.udpSockets) {
      context.counts.add('udpEvicted');
      this.ports.first?.value.close();
    }
    context.counts.add('udpOpened');
    return new UdpPort(this, { address: address.slice(), port });
  }
}

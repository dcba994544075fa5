/** A UDP port of the host that leads into the guest: its strangers, each shown to the guest as a port of the gateway. */

import { Line } from '../line.js';
import type { DatagramSocket, Endpoint } from '../provider.js';
import { endpointKey, UdpPort, type UdpPorts } from './udp-port.js';

export interface ForwardedPeer {
  socket: DatagramSocket;
  from: Endpoint;
  shown: Endpoint;
  lastActive: number;
}

/** A port of the host that is forwarded into the guest. */
export class UdpForward {
  readonly port: UdpPort;
  private readonly peers = new Line<string, ForwardedPeer>();
  private nextPort = 49152;

  constructor(
    private readonly table: UdpPorts,
    readonly socket: DatagramSocket,
    readonly guest: Endpoint,
    private readonly gateway: Uint8Array,
  ) {
    this.port = new UdpPort(table, guest);
  }

  /** The port of the gateway that stands for a peer; the peer silent longest makes room for a new one. */
  showPeer(from: Endpoint, added: (peer: ForwardedPeer) => void, removed: (peer: ForwardedPeer) => void): Endpoint {
    const key = endpointKey(from);
    const { config, timers } = this.table.context;
    const known = this.peers.get(key);
    if (!known && this.peers.size >= config.limits.udpPeers) {
      const { key: oldestKey, value: oldest } = this.peers.first!;
      this.peers.delete(oldestKey);
      removed(oldest);
    }
    const peer = known ?? { socket: this.socket, from, shown: { address: this.gateway, port: this.takePort() }, lastActive: 0 };
    peer.lastActive = timers.now();
    // To the end of the line.
    this.peers.put(key, peer);
    if (!known) added(peer);
    return peer.shown;
  }

  close(): void {
    this.port.close();
    this.socket.close();
  }

  private takePort(): number {
    const port = this.nextPort;
    this.nextPort = port === 65535 ? 49152 : port + 1;
    return port;
  }
}

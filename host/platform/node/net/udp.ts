/**
 * Node's datagram sockets for the NAT (provider.ts).
 *
 * A system tells a program that a datagram went nowhere (ICMP) only on a socket that is connected to where it was sent. So a port that
 * sends has one socket for each peer, all bound to the same local port: to the outside it is one port, whoever it talks to. A port that
 * is kept busy by many peers has one more, unconnected, for those beyond a bound; of these nothing is told.
 *
 *     find a free port -> (a peer: bind there, connect -> send) ... -> close
 */

import { createSocket, type Socket } from 'node:dgram';
import { anyAddress, familyOf, formatAddress, parseAddress, unmapAddress } from '../../../net/address.js';
import { Line } from '../../../net/line.js';
import type { DatagramEvents, DatagramSocket, Endpoint } from '../../../net/provider.js';

/** A socket's receive buffer: Node reads one datagram a system call, bursts wait in the kernel. */
const RECEIVE_BUFFER = 1 << 20;
/** Connected sockets of one port, and of all. */
const MOST_OF_PORT = 64;
const MOST_OF_ALL = 1024;
/** Datagrams that wait until a socket is ready; more are lost, as anywhere on the way. */
const MOST_WAITING = 256;

let connectedSockets = 0;

/** A socket for datagrams that go out. */
export function openUdp(family: 4 | 6, events: DatagramEvents): DatagramSocket {
  return new UdpPort(family, events);
}

/** A socket that listens on an address. */
export function bindUdp(at: Endpoint, events: DatagramEvents): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    const socket = createUdp(familyOf(at.address), false);
    socket.on('message', (bytes, from) => events.message(bytes, endpointOf(from)));
    socket.once('error', reject);
    socket.bind(at.port, formatAddress(at.address), () => {
      socket.off('error', reject);
      socket.on('error', (error: NodeJS.ErrnoException) => events.failed(error.code ?? 'EIO'));
      resolve(wrap(socket));
    });
  });
}

function wrap(socket: Socket): DatagramSocket {
  let closed = false;
  return {
    get port() {
      return closed ? 0 : socket.address().port;
    },
    send(bytes, { address, port }) {
      // An error of one datagram is its loss, as on any network.
      if (!closed) socket.send(Buffer.from(bytes), port, formatAddress(address), () => undefined);
    },
    close() {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}

class UdpPort implements DatagramSocket {
  port = 0;
  private closed = false;
  private readonly peers = new Line<string, Peer>();
  private shared: Peer | undefined;
  /** Until the port is known. */
  private early: { bytes: Uint8Array; to: Endpoint }[] = [];
  private scout: Socket | undefined;

  constructor(
    private readonly family: 4 | 6,
    private readonly events: DatagramEvents,
  ) {
    this.findPort();
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.closed) return;
    // The view is the guest's memory.
    if (this.port !== 0) this.peerFor(to).send(Buffer.from(bytes), to);
    else if (this.early.length < MOST_WAITING) this.early.push({ bytes: Buffer.from(bytes), to });
  }

  close(): void {
    this.closed = true;
    this.early = [];
    this.scout?.close();
    this.scout = undefined;
    for (const [, peer] of this.peers) peer.close();
    this.peers.clear();
    this.shared?.close();
  }

  /** Sockets that share a port must say so, and the system gives those one that others share: so one that does not share looks for it. */
  private findPort(): void {
    const scout = createUdp(this.family, false);
    this.scout = scout;
    scout.once('error', (error: NodeJS.ErrnoException) => {
      this.scout = undefined;
      scout.close();
      this.events.failed(error.code ?? 'EIO');
    });
    scout.bind(0, formatAddress(anyAddress(this.family)), () => {
      if (this.closed) return;
      this.port = scout.address().port;
      this.scout = undefined;
      scout.close();
      for (const { bytes, to } of this.early.splice(0)) this.send(bytes, to);
    });
  }

  private peerFor(to: Endpoint): Peer {
    const key = `${formatAddress(to.address)} ${to.port}`;
    const known = this.peers.get(key);
    const peer = known ?? (this.peers.size < MOST_OF_PORT && connectedSockets < MOST_OF_ALL ? this.connect(to) : undefined);
    if (!peer) return (this.shared ??= new Peer(this.family, this.port, this.events, undefined));
    this.peers.put(key, peer);
    return peer;
  }

  private connect(to: Endpoint): Peer {
    return new Peer(this.family, this.port, this.events, { address: to.address.slice(), port: to.port });
  }
}

/** One socket on a local port: connected to a peer, or to none. */
class Peer {
  private readonly socket: Socket;
  private state: 'opening' | 'ready' | 'closed' = 'opening';
  private readonly waiting: { bytes: Uint8Array; to: Endpoint }[] = [];

  constructor(
    family: 4 | 6,
    port: number,
    private readonly events: DatagramEvents,
    private readonly peer: Endpoint | undefined,
  ) {
    if (peer) connectedSockets++;
    const socket = createUdp(family, true);
    this.socket = socket;
    socket.on('message', (bytes, from) => events.message(bytes, endpointOf(from)));
    socket.on('error', (error: NodeJS.ErrnoException) => this.tell(error));
    socket.bind(port, formatAddress(anyAddress(family)), () => {
      if (this.state === 'closed') return;
      if (!peer) return this.ready();
      socket.connect(peer.port, formatAddress(peer.address), (error?: Error) => {
        if (error) this.tell(error);
        else this.ready();
      });
    });
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.state === 'ready') this.sendNow(bytes, to, true);
    else if (this.state === 'opening' && this.waiting.length < MOST_WAITING) this.waiting.push({ bytes, to });
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    if (this.peer) connectedSockets--;
    this.socket.close();
  }

  private ready(): void {
    if (this.state === 'closed') return;
    this.state = 'ready';
    for (const { bytes, to } of this.waiting.splice(0)) this.sendNow(bytes, to, true);
  }

  /** What an earlier datagram came to is told at the next call, which then has not sent: so it is made again. */
  private sendNow(bytes: Uint8Array, to: Endpoint, again: boolean): void {
    const done = (error: Error | null): void => {
      if (!error || this.state === 'closed') return;
      this.tell(error);
      if (again && codeOf(error) === 'ECONNREFUSED') this.sendNow(bytes, to, false);
    };
    if (this.peer) this.socket.send(bytes, done);
    else this.socket.send(bytes, to.port, formatAddress(to.address), done);
  }

  private tell(error: Error): void {
    if (this.peer && this.state !== 'closed') this.events.unreachable?.(this.peer, codeOf(error));
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? 'EIO';
}

function createUdp(family: 4 | 6, shares: boolean): Socket {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6, reuseAddr: shares });
  socket.once('listening', () => raiseBuffer(socket));
  return socket;
}

function raiseBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // The system's own size will do.
  }
}

function endpointOf({ address, port }: { address: string; port: number }): Endpoint {
  return { address: unmapAddress(parseAddress(address.replace(/%.*$/, '')) ?? anyAddress(4)), port };
}

/** Sockets without a platform: the test holds the far end of each. */

import { formatAddress } from '../../../host/net/address.js';
import { SocketError, type DatagramEvents, type Endpoint, type SocketProvider, type StreamEvents, type StreamSocket } from '../../../host/net/provider.js';

/** The far end of a TCP connection that the NAT made or accepted. */
export class FarEnd {
  received: Uint8Array[] = [];
  receivedBytes = 0;
  ended = false;
  wasReset = false;
  reading = false;
  /** Bytes the socket still takes. */
  capacity = Infinity;
  onData: (bytes: Uint8Array) => void = () => undefined;
  onEnd: () => void = () => undefined;
  private events: StreamEvents | undefined;
  private outgoing: Uint8Array[] = [];
  private ending = false;
  /** The most that was handed over while nobody read: must stay zero. */
  pushedWhilePaused = 0;

  readonly socket: StreamSocket = {
    listen: (events) => {
      this.events = events;
    },
    room: () => Math.min(this.capacity, 1 << 18),
    write: (bytes) => {
      if (bytes.length > this.capacity) throw new Error('written past the room');
      this.capacity -= bytes.length;
      const copy = bytes.slice();
      this.received.push(copy);
      this.receivedBytes += copy.length;
      this.onData(copy);
    },
    end: () => {
      this.ended = true;
      this.onEnd();
    },
    reset: () => {
      this.wasReset = true;
    },
    pause: () => {
      this.reading = false;
    },
    resume: () => {
      this.reading = true;
      queueMicrotask(() => this.drain());
    },
  };

  /** Bytes from the far end: given as the NAT reads. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 65536) this.outgoing.push(bytes.slice(at, at + 65536));
    this.drain();
  }

  end(): void {
    this.ending = true;
    this.drain();
  }

  fail(code: string): void {
    this.events?.failed(code);
  }

  makeRoom(bytes: number): void {
    this.capacity += bytes;
    this.events?.room();
  }

  get unread(): number {
    return this.outgoing.reduce((sum, { length }) => sum + length, 0);
  }

  get all(): Uint8Array {
    return Buffer.concat(this.received);
  }

  private drain(): void {
    while (this.reading && this.events && this.outgoing.length > 0) this.events.data(this.outgoing.shift()!);
    if (this.reading && this.ending && this.outgoing.length === 0) {
      this.ending = false;
      this.events?.ended();
    }
  }
}

export interface SentDatagram {
  bytes: Uint8Array;
  to: string;
  port: number;
}

export class FakeProvider implements SocketProvider {
  connections: { to: string; port: number; end: FarEnd }[] = [];
  /** What a connection gets; throws to refuse. */
  accept: (end: FarEnd, to: string, port: number) => void = () => undefined;
  /** Delays the answer to connecting until it resolves. */
  gate: Promise<void> | undefined;
  datagrams: SentDatagram[] = [];
  udpSockets: { events: DatagramEvents; closed: boolean }[] = [];
  names = new Map<string, Uint8Array[]>();
  /** Names by address. */
  hosts = new Map<string, string>();
  servers: Endpoint[] = [];
  own: Uint8Array[] = [];
  listening: ((end: FarEnd) => void)[] = [];
  udpListening: DatagramEvents[] = [];
  listenedAt: string[] = [];

  async connectTcp({ address, port }: Endpoint): Promise<StreamSocket> {
    const end = new FarEnd();
    this.connections.push({ to: formatAddress(address), port, end });
    await this.gate;
    this.accept(end, formatAddress(address), port);
    return end.socket;
  }

  async listenTcp(at: Endpoint, accepted: (socket: StreamSocket, from: Endpoint) => void): Promise<{ port: number; close(): Promise<void> }> {
    this.listenedAt.push(`tcp ${formatAddress(at.address)} ${at.port}`);
    this.listening.push((end) => accepted(end.socket, { address: new Uint8Array([127, 0, 0, 1]), port: 40000 }));
    return { port: at.port, close: async () => undefined };
  }

  openUdp(_family: 4 | 6, events: DatagramEvents): { port: number; send(bytes: Uint8Array, to: Endpoint): void; close(): void } {
    const socket = { events, closed: false };
    this.udpSockets.push(socket);
    return {
      port: 0,
      send: (bytes, { address, port }) => void this.datagrams.push({ bytes: bytes.slice(), to: formatAddress(address), port }),
      close: () => {
        socket.closed = true;
      },
    };
  }

  async bindUdp(at: Endpoint, events: DatagramEvents): Promise<{ port: number; send(bytes: Uint8Array, to: Endpoint): void; close(): void }> {
    this.listenedAt.push(`udp ${formatAddress(at.address)} ${at.port}`);
    this.udpListening.push(events);
    return {
      port: at.port,
      send: (bytes, { address, port }) => void this.datagrams.push({ bytes: bytes.slice(), to: formatAddress(address), port }),
      close: () => undefined,
    };
  }

  resolvers(): Endpoint[] {
    return this.servers;
  }

  async resolve(name: string, family: 4 | 6): Promise<Uint8Array[]> {
    const found = this.names.get(name)?.filter(({ length }) => length === (family === 4 ? 4 : 16)) ?? [];
    // As a system's: a name without an address of the family is not found.
    if (found.length === 0) throw Object.assign(new SocketError('ENOTFOUND', name), { code: 'ENOTFOUND' });
    return found;
  }

  openFile: SocketProvider['openFile'];

  async reverse(address: Uint8Array): Promise<string[]> {
    const found = this.hosts.get(formatAddress(address));
    if (found === undefined) throw new SocketError('ENOTFOUND', 'no name');
    return [found];
  }

  ownAddresses(): Uint8Array[] {
    return this.own;
  }
}

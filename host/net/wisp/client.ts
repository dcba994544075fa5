/**
 * Streams through a Wisp server: one WebSocket, opened when the first stream is wanted and again, after its end, when the next one is. A server
 * that answers CONTINUE on stream 0 says how many packets each stream may send; only then are streams opened.
 */

import { NetworkError } from '../errors.js';
import { SocketError, type StreamSocket } from '../provider.js';
import type { WebSocketLink } from '../web-socket.js';
import { closePacket, connectPacket, dataPacket, parsePacket, type WispPacket } from './packet.js';
import { CLOSE, OWN_PROTOCOL } from './spec.js';
import { WispStream, type StreamHost } from './stream.js';

export type DialWisp = () => Promise<WebSocketLink>;

/** Datagrams that one flow may have lost: the connection's own bound. */
const MOST_BUFFERED = 4 << 20;
/** After a failure, so much wall time passes before the relay is called again. */
const RETRY_MS = 1000;

export interface DatagramFlow {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface DatagramFlowEvents {
  message(bytes: Uint8Array): void;
  closed(reason: number): void;
}

export class WispClient {
  private connection: Promise<Connection> | undefined;
  private failedAt = -Infinity;
  private closed = false;

  constructor(private readonly dial: DialWisp, private readonly now: () => number = () => performance.now()) {}

  async connectTcp(host: string, port: number, signal: AbortSignal): Promise<StreamSocket> {
    const connection = await this.connect();
    signal.throwIfAborted();
    return connection.openTcp(host, port, signal);
  }

  async openUdp(host: string, port: number, events: DatagramFlowEvents): Promise<DatagramFlow> {
    return (await this.connect()).openUdp(host, port, events);
  }

  close(): void {
    this.closed = true;
    void this.connection?.then((connection) => connection.close(), () => undefined);
  }

  private connect(): Promise<Connection> {
    if (this.closed) return Promise.reject(new SocketError('ENETUNREACH', 'the network was closed'));
    if (this.connection === undefined && this.now() - this.failedAt < RETRY_MS) return Promise.reject(new SocketError('ENETUNREACH', 'the relay does not answer'));
    return (this.connection ??= this.open());
  }

  private async open(): Promise<Connection> {
    const lose = (): void => {
      this.connection = undefined;
    };
    try {
      const connection = new Connection(await this.dial(), lose);
      await connection.ready;
      return connection;
    } catch (error) {
      lose();
      this.failedAt = this.now();
      throw error instanceof SocketError ? error : new SocketError('ENETUNREACH', (error as Error).message);
    }
  }
}

class Connection implements StreamHost {
  readonly own: boolean;
  readonly ready: Promise<void>;
  private readonly streams = new Map<number, WispStream>();
  private readonly flows = new Map<number, DatagramFlowEvents>();
  private credit = 0;
  private nextId = 1;
  private gone = false;
  private settle: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(private readonly link: WebSocketLink, private readonly lost: () => void) {
    this.own = link.protocol === OWN_PROTOCOL;
    this.ready = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    link.listen({ message: (bytes) => this.receive(bytes), closed: (problem) => this.end(problem) });
  }

  openTcp(host: string, port: number, signal: AbortSignal): Promise<StreamSocket> {
    if (this.gone) throw new SocketError('ENETUNREACH', 'the relay has gone');
    const stream = new WispStream(this, this.nextId++, this.credit);
    this.streams.set(stream.id, stream);
    const opened = stream.opened(signal);
    this.send(connectPacket(stream.id, 'tcp', host, port));
    return opened;
  }

  openUdp(host: string, port: number, events: DatagramFlowEvents): DatagramFlow {
    if (this.gone) throw new SocketError('ENETUNREACH', 'the relay has gone');
    const id = this.nextId++;
    this.flows.set(id, events);
    this.send(connectPacket(id, 'udp', host, port));
    return {
      send: (bytes) => {
        if (this.flows.has(id) && this.link.buffered() < MOST_BUFFERED) this.send(dataPacket(id, bytes));
      },
      close: () => {
        if (this.flows.delete(id)) this.send(closePacket(id, CLOSE.VOLUNTARY));
      },
    };
  }

  send(bytes: Uint8Array): void {
    if (!this.gone) this.link.send(bytes);
  }

  forget(id: number): void {
    this.streams.delete(id);
  }

  close(): void {
    this.link.close();
    this.end('closed');
  }

  private receive(message: Uint8Array): void {
    const packet = parsePacket(message);
    if (packet === undefined) return this.close();
    if (packet.stream === 0) return this.greeted(packet);
    const flow = this.flows.get(packet.stream);
    if (flow !== undefined) return this.receiveFlow(flow, packet);
    const stream = this.streams.get(packet.stream);
    // Of a stream that we have closed meanwhile.
    if (stream === undefined) return;
    switch (packet.type) {
      case 'data': return stream.received(packet.bytes);
      case 'continue': return stream.granted(packet.count);
      case 'end': return stream.peerEnded();
      case 'close': return stream.closed(packet.reason);
      case 'connect': return this.close();
    }
  }

  private receiveFlow(flow: DatagramFlowEvents, packet: WispPacket): void {
    if (packet.type === 'data') return flow.message(packet.bytes);
    if (packet.type !== 'close') return;
    this.flows.delete(packet.stream);
    flow.closed(packet.reason);
  }

  private greeted(packet: WispPacket): void {
    if (packet.type !== 'continue') return;
    this.credit = packet.count;
    this.settle?.resolve();
    this.settle = undefined;
  }

  private end(problem: string): void {
    if (this.gone) return;
    this.gone = true;
    this.lost();
    this.settle?.reject(new NetworkError(`the relay has gone: ${problem}`));
    for (const stream of [...this.streams.values()]) stream.fail('ENETUNREACH');
    for (const flow of [...this.flows.values()]) flow.closed(CLOSE.NETWORK);
    this.streams.clear();
    this.flows.clear();
  }
}

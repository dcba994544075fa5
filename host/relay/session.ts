/** Wisp for one connection: opens streams, hands packets to theirs, and ends with whoever breaks the protocol (net/wisp/spec.ts). */

import type { Endpoint, SocketProvider, StreamSocket } from '../net/provider.js';
import { closePacket, continuePacket, parsePacket, type WispPacket } from '../net/wisp/packet.js';
import { CLOSE, OWN_PROTOCOL, reasonOfCode, STREAM_PACKETS } from '../net/wisp/spec.js';
import type { Connection } from './connection.js';
import type { FindAddresses } from './destination.js';
import type { RelayLimits } from './limits.js';
import type { Log } from './log.js';
import { TcpStream, type StreamOwner } from './tcp-stream.js';
import { UdpStream } from './udp-stream.js';

export interface SessionTools {
  id: number;
  provider: SocketProvider;
  find: FindAddresses;
  limits: RelayLimits;
  log: Log;
  now(): number;
}

type Connect = Extract<WispPacket, { type: 'connect' }>;

export class Session implements StreamOwner {
  readonly own: boolean;
  streamsOpened = 0;
  private readonly streams = new Map<number, TcpStream | UdpStream>();
  private connecting = 0;
  private heldBytes = 0;
  private ended = false;

  constructor(private readonly connection: Connection, private readonly tools: SessionTools) {
    this.own = connection.protocol === OWN_PROTOCOL;
    this.send(continuePacket(0, STREAM_PACKETS));
  }

  get isHeld(): boolean {
    return this.connection.isHeld;
  }

  now(): number {
    return this.tools.now();
  }

  receive(message: Uint8Array): void {
    if (this.ended) return;
    const packet = parsePacket(message);
    if (packet === undefined) return this.broken('a message is no packet');
    if (packet.type === 'connect') return this.connect(packet);
    const stream = this.streams.get(packet.stream);
    // Of a stream that we have closed meanwhile.
    if (stream !== undefined) this.handOver(stream, packet);
  }

  send(packet: Uint8Array): void {
    if (!this.ended) this.connection.send(packet);
  }

  holds(bytes: number): void {
    this.heldBytes += bytes;
    if (this.heldBytes > this.tools.limits.heldBytes) this.connection.hold('peers');
    else if (this.heldBytes < this.tools.limits.heldBytes / 2) this.connection.release('peers');
  }

  forget(id: number): void {
    this.streams.delete(id);
  }

  held(isHeld: boolean): void {
    for (const stream of this.streams.values()) if (stream instanceof TcpStream) isHeld ? stream.pause() : stream.resume();
  }

  sweep(): void {
    const { stallMs, datagramIdleMs } = this.tools.limits;
    for (const stream of [...this.streams.values()]) stream.sweep(stream instanceof TcpStream ? stallMs : datagramIdleMs);
  }

  end(): void {
    this.ended = true;
    for (const stream of [...this.streams.values()]) stream.drop();
  }

  private handOver(stream: TcpStream | UdpStream, packet: Exclude<WispPacket, Connect>): void {
    if (packet.type === 'close') return stream.drop();
    if (packet.type === 'data') {
      if (stream.receive(packet.bytes) === false) this.broken('more than was granted');
      return;
    }
    if (!this.own || !(stream instanceof TcpStream)) return this.broken(`${packet.type} is not for this stream`);
    if (packet.type === 'end') stream.receiveEnd();
    else stream.receiveGrant(packet.count);
  }

  private broken(problem: string): void {
    this.connection.account.strike();
    this.tools.log('broken', { connection: this.tools.id, problem });
    this.connection.end(problem, 1002);
    this.end();
  }

  private connect(packet: Connect): void {
    const { limits } = this.tools;
    if (this.streams.has(packet.stream)) return this.broken('a stream is opened twice');
    if (this.streams.size >= limits.streams || this.connecting >= limits.connecting) return this.refuse(packet, CLOSE.THROTTLED, 'throttled');
    this.streamsOpened++;
    this.connecting++;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), limits.connectMs);
    const stream = packet.kind === 'tcp' ? new TcpStream(this, packet.stream, abort) : new UdpStream(this, packet.stream, abort);
    this.streams.set(packet.stream, stream);
    void this.open(stream, packet, abort.signal)
      .then(() => this.tell(packet, 'connected'), (error: Error & { code?: string }) => {
        const code = abort.signal.aborted ? 'ETIMEDOUT' : (error.code ?? 'ECONNRESET');
        this.tell(packet, code === 'EACCES' ? 'blocked' : code);
        stream.close(reasonOfCode(code));
      })
      .finally(() => {
        clearTimeout(timer);
        this.connecting--;
      });
  }

  private async open(stream: TcpStream | UdpStream, { host, port }: Connect, signal: AbortSignal): Promise<void> {
    const addresses = await abortable(this.tools.find(host), signal);
    if (stream instanceof UdpStream) return stream.connected(this.tools.provider, { address: addresses[0]!, port });
    stream.connected(await this.dial(addresses.map((address) => ({ address, port })), signal));
  }

  /** One after the other. */
  private async dial([first, ...others]: Endpoint[], signal: AbortSignal): Promise<StreamSocket> {
    try {
      return await this.tools.provider.connectTcp(first!, signal);
    } catch (error) {
      if (others.length === 0 || signal.aborted) throw error;
      return this.dial(others, signal);
    }
  }

  private refuse(packet: Connect, reason: number, verdict: string): void {
    this.tell(packet, verdict);
    this.send(closePacket(packet.stream, reason));
  }

  private tell({ kind, host, port }: Connect, verdict: string): void {
    this.tools.log('stream', { connection: this.tools.id, kind, host, port, verdict });
  }
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
    work.then(resolve, reject);
  });
}

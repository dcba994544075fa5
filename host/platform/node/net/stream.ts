/**
 * `-netdev stream`: frames over a TCP or UNIX stream socket in QEMU's framing, listening or connecting. One peer at a time.
 *
 * A connection that ends is made again after `reconnectMs`, when that is set; a listener waits for the next peer. With no peer the cable is
 * unplugged: what the guest sends is taken and counted as unconnected. Room: frames are refused while what the peer has not read holds more
 * memory than a bound, and the socket is not read while the guest refuses. Frames wait in one row and go in as few writes as there
 * are turns of the event loop, however small they are.
 */

import { connect, createServer, type ListenOptions, type Server, type Socket, type TcpNetConnectOpts } from 'node:net';
import { DETACHED, NO_OFFLOAD, NO_SUPPORT, type FrameSink, type NetBackend } from '../../../net/backend.js';
import { ByteQueue } from '../../../net/byte-queue.js';
import { CounterSet } from '../../../net/counters.js';
import type { Counter } from '../../../rings/counter.js';
import { NetworkError } from '../../../net/errors.js';
import { frameBytes, FrameReader } from '../../../net/framing.js';
import type { StreamAddress, StreamOptions } from '../../../net/link-options.js';

export interface StreamBackend extends NetBackend {
  /** The port listened on, for a TCP listener. */
  readonly port: number;
}

const MAX_PENDING = 1 << 20;

const UNITS = {
  framesIn: 'frames',
  framesOut: 'frames',
  bytesIn: 'bytes',
  bytesOut: 'bytes',
  sendRefused: 'frames',
  deliverRefused: 'frames',
  unconnected: 'frames',
  connections: 'connections',
  malformed: 'connections',
  reads: 'system calls',
  writes: 'system calls',
} as const;

/** Starts listening or connecting. A listener that cannot listen rejects; a connection that fails without `reconnectMs` does too. */
export async function createStream(name: string, options: StreamOptions): Promise<StreamBackend> {
  const stream = new Stream(name, options);
  await stream.start();
  return stream;
}

class Stream implements StreamBackend {
  readonly accepts = NO_SUPPORT;
  port = 0;
  private readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly reader = new FrameReader();
  private sink: FrameSink = DETACHED;
  private server: Server | undefined;
  private socket: Socket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private owesRoom = false;
  /** What Node has not been given: it gets the next when it is done with the one before. */
  private readonly waiting = new ByteQueue();
  private writing = false;
  private scheduled = false;
  private closed = false;

  constructor(
    readonly name: string,
    private readonly options: StreamOptions,
  ) {
    this.counts = new CounterSet(name, UNITS);
  }

  start(): Promise<void> {
    return this.options.server ? this.listen() : this.connect();
  }

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.read();
  }

  send(frame: Uint8Array): boolean {
    const { socket } = this;
    if (!socket) {
      this.counts.add('unconnected');
      return true;
    }
    if (this.waiting.held + socket.writableLength > MAX_PENDING) {
      this.owesRoom = true;
      this.counts.add('sendRefused');
      return false;
    }
    this.waiting.push(frameBytes(frame));
    this.schedule();
    this.counts.add('framesIn');
    this.counts.add('bytesIn', frame.length);
    return true;
  }

  flush(): void {
    const { socket } = this;
    if (!socket || this.writing || this.waiting.length === 0) return;
    this.writing = true;
    this.counts.add('writes');
    socket.cork();
    for (let bytes = this.waiting.shift(); bytes; bytes = this.waiting.shift()) socket.write(bytes, this.waiting.length > 0 ? undefined : (error) => this.written(socket, error));
    socket.uncork();
  }

  roomForDeliver(): void {
    this.read();
  }

  counters(): Counter[] {
    return this.counts.list();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.destroy();
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Frames of one batch go in one system call. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    process.nextTick(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private written(socket: Socket, error?: Error | null): void {
    if (error || this.socket !== socket) return;
    this.writing = false;
    this.flush();
    if (this.waiting.held + socket.writableLength <= MAX_PENDING / 2) this.signalRoom();
  }

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.accept(socket));
      this.server = server;
      server.once('error', (error) => reject(new NetworkError(`${this.name}: cannot listen on ${describe(this.options.address)}: ${error.message}`, { cause: error })));
      server.listen(this.options.address as ListenOptions, () => {
        const bound = server.address();
        if (typeof bound === 'object' && bound) this.port = bound.port;
        server.on('error', () => undefined);
        resolve();
      });
    });
  }

  /** One peer at a time: another is turned away. */
  private accept(socket: Socket): void {
    if (this.socket || this.closed) return void socket.destroy();
    this.use(socket);
  }

  private connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...(this.options.address as TcpNetConnectOpts), noDelay: true });
      const fail = (error: Error): void => {
        socket.destroy();
        if (this.options.reconnectMs === 0) return reject(new NetworkError(`${this.name}: cannot connect to ${describe(this.options.address)}: ${error.message}`, { cause: error }));
        this.connectLater();
        resolve();
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        if (this.closed) socket.destroy();
        else this.use(socket);
        resolve();
      });
    });
  }

  private connectLater(): void {
    if (this.closed || this.options.server || this.options.reconnectMs === 0) return;
    this.timer = setTimeout(() => void this.connect().catch(() => undefined), this.options.reconnectMs);
    this.timer.unref();
  }

  private use(socket: Socket): void {
    this.socket = socket;
    this.reader.clear();
    this.counts.add('connections');
    socket.on('data', (chunk: Uint8Array) => {
      this.counts.add('reads');
      this.reader.push(chunk);
      this.read();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.lose(socket));
    socket.resume();
  }

  private lose(socket: Socket): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    this.waiting.clear();
    this.writing = false;
    this.signalRoom();
    this.connectLater();
  }

  private signalRoom(): void {
    if (!this.owesRoom) return;
    this.owesRoom = false;
    this.sink.roomForSend();
  }

  private read(): void {
    const result = this.reader.drain((frame) => this.deliver(frame));
    if (result === 'refused') return void this.socket?.pause();
    if (result === 'empty') return void this.socket?.resume();
    this.counts.add('malformed');
    this.reader.clear();
    this.socket?.destroy();
  }

  private deliver(frame: Uint8Array): boolean {
    if (!this.sink.deliver(frame, NO_OFFLOAD)) {
      this.counts.add('deliverRefused');
      return false;
    }
    this.counts.add('framesOut');
    this.counts.add('bytesOut', frame.length);
    return true;
  }
}

function describe(address: StreamAddress): string {
  return 'path' in address ? address.path : `${address.host} port ${address.port}`;
}

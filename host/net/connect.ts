/**
 * A stream to a server in the guest: streams of the web for the program at one end, the NAT's socket at the other. What the program has not
 * read waits in a queue that gathers small pieces, and the stream gets it as it asks; so its back-pressure is the connection's.
 */

import type { ByteStream } from '../bytes/streams.js';
import { ByteQueue } from './byte-queue.js';
import { NetworkError } from './errors.js';
import type { Nat } from './nat/nat.js';
import type { StreamEvents, StreamSocket } from './provider.js';

const READ_ROOM = 256 << 10;
/** What the stream asks for ahead of the program, piece by piece as it came. */
const READ_AHEAD = 4096;

/** Connects to a port of the guest. Rejects when the guest refuses or does not answer. */
export function openTcp(nat: Nat, port: number, address?: Uint8Array): Promise<ByteStream> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return Promise.reject(new NetworkError(`port ${port}: want 1 to 65535`));
  return new Promise((resolve, reject) => {
    const { stream, socket } = createPair();
    const opening = {
      opened: () => resolve(stream),
      failed: (code: string) => reject(new NetworkError(`connecting to port ${port} of the guest: ${code}`, { code })),
    };
    nat.connectToGuest(socket, port, opening, address);
  });
}

/** The program's end and the socket behind it. */
export function createPair(): { stream: ByteStream; socket: StreamSocket } {
  const pair = new Pair();
  return { stream: { readable: pair.readable, writable: pair.writable }, socket: pair };
}

class Pair implements StreamSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array | string>;
  private reading!: ReadableStreamDefaultController<Uint8Array>;
  private writing!: WritableStreamDefaultController;
  private events: StreamEvents | undefined;
  /** A chunk of the program's that waits for the guest's side to read. */
  private held: { bytes: Uint8Array; done: () => void } | undefined;
  private ending: (() => void) | undefined;
  private flowing = false;
  /** From the guest: what is read, and whether it has ended. */
  private readonly arrived = new ByteQueue();
  private guestEnded = false;
  /** Halves that are over: both, or a reset, and nothing more is told. */
  private readDone = false;
  private writeDone = false;
  private over = false;

  constructor() {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.reading = controller),
      pull: () => {
        this.giveOut();
        if (!this.over) this.events?.room();
      },
      cancel: () => this.abandon('the program has stopped reading'),
    }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk?.byteLength ?? 0 });
    this.writable = new WritableStream<Uint8Array | string>({
      start: (controller) => void (this.writing = controller),
      write: (chunk) => new Promise((done) => {
        this.held = { bytes: typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice(), done };
        this.passOn();
      }),
      close: () => new Promise((done) => {
        this.ending = done;
        this.passOn();
      }),
      abort: () => this.abandon('the program has stopped writing'),
    });
  }

  /** The program wants no more: the guest is told by a reset, unless both have ended. */
  private abandon(problem: string): void {
    if (this.over) return;
    if (!(this.readDone && this.writeDone)) this.events?.failed('ECONNRESET');
    this.lose(problem);
  }

  private lose(problem: string): void {
    this.over = true;
    const error = new NetworkError(problem, { code: 'ECONNRESET' });
    this.held?.done();
    this.ending?.();
    this.held = this.ending = undefined;
    if (!this.readDone) this.reading.error(error);
    if (!this.writeDone) this.writing.error(error);
  }

  private giveOut(): void {
    if (this.over || this.readDone) return;
    while ((this.reading.desiredSize ?? 0) > 0 && this.arrived.length > 0) this.reading.enqueue(this.arrived.shift()!);
    if (!this.guestEnded || this.arrived.length > 0) return;
    this.readDone = true;
    this.reading.close();
  }

  private passOn(): void {
    if (!this.flowing || !this.events || this.over) return;
    const { held, ending, events } = this;
    this.held = undefined;
    if (held) {
      events.data(held.bytes);
      held.done();
    }
    if (!ending || this.held) return;
    this.ending = undefined;
    this.writeDone = true;
    events.ended();
    ending();
  }

  listen(events: StreamEvents): void {
    this.events = events;
  }

  room(): number {
    const ahead = this.readDone || this.over ? 0 : READ_AHEAD - (this.reading.desiredSize ?? READ_AHEAD);
    return Math.max(0, READ_ROOM - ahead - this.arrived.length);
  }

  write(bytes: Uint8Array): void {
    // The view is a guest's frame.
    this.arrived.pushCopy(bytes);
    this.giveOut();
  }

  end(): void {
    this.guestEnded = true;
    this.giveOut();
  }

  reset(): void {
    if (!this.over) this.lose('the guest reset the connection');
  }

  pause(): void {
    this.flowing = false;
  }

  resume(): void {
    this.flowing = true;
    queueMicrotask(() => this.passOn());
  }
}

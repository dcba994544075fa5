/** DNS over a stream (RFC 1035, 4.2.2; RFC 7766): a length of two bytes, then the message. Both ends: a server's socket, and one exchange. */

import { ByteQueue } from '../byte-queue.js';
import { get16, put16 } from '../bytes.js';
import { SECOND } from '../clock.js';
import type { Endpoint, StreamEvents, StreamSocket } from '../provider.js';
import type { NatContext } from './context.js';
import { Timer } from './timers.js';

/** What a client may send before it has heard an answer; the longest message fits. */
const ROOM = 2 * (2 + 65535);
const TIMEOUT = 10 * SECOND;

/** Cuts a stream into messages. */
class MessageReader {
  private readonly bytes = new ByteQueue();

  get length(): number {
    return this.bytes.length;
  }

  push(borrowed: Uint8Array): void {
    this.bytes.pushCopy(borrowed);
  }

  shift(): Uint8Array | undefined {
    if (this.bytes.length < 2) return undefined;
    const head = new Uint8Array(2);
    this.bytes.copy(head, 0, 0, 2);
    const length = get16(head, 0);
    if (2 + length > this.bytes.length) return undefined;
    const message = new Uint8Array(length);
    this.bytes.copy(message, 0, 2, length);
    this.bytes.drop(2 + length);
    return message;
  }
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length);
  put16(bytes, 0, message.length);
  bytes.set(message, 2);
  return bytes;
}

/** The server's end of a connection, whose queries are answered one after the other, in their order. */
export function createDnsStream(answer: (query: Uint8Array) => Promise<Uint8Array | undefined>): StreamSocket {
  const reader = new MessageReader();
  let events: StreamEvents | undefined;
  let flowing = false;
  let busy = false;
  let ending = false;
  let over = false;
  /** An answer that waits for the guest to read. */
  let ready: Uint8Array | undefined;
  const step = (): void => {
    if (over || busy || !events) return;
    if (ready && !flowing) return;
    if (ready) {
      const bytes = ready;
      ready = undefined;
      events.data(bytes);
    }
    const query = reader.shift();
    if (query) return ask(query);
    if (!ending) return;
    over = true;
    events.ended();
  };
  const ask = (query: Uint8Array): void => {
    busy = true;
    void answer(query)
      .catch(() => undefined)
      .then((message) => {
        busy = false;
        if (over) return;
        // Without an answer the client would wait for its own time-out.
        if (!message) return fail();
        ready = framed(message);
        events?.room();
        step();
      });
  };
  const fail = (): void => {
    over = true;
    events?.failed('ECONNRESET');
  };
  return {
    listen(listener) {
      events = listener;
    },
    room: () => Math.max(0, ROOM - reader.length),
    write(bytes) {
      reader.push(bytes);
      step();
    },
    end() {
      ending = true;
      step();
    },
    reset() {
      over = true;
    },
    pause() {
      flowing = false;
    },
    resume() {
      flowing = true;
      queueMicrotask(step);
    },
  };
}

/** Asks a server over TCP; undefined when it does not answer. */
export async function exchange({ provider, timers }: Pick<NatContext, 'provider' | 'timers'>, server: Endpoint, query: Uint8Array): Promise<Uint8Array | undefined> {
  const abort = new AbortController();
  const timer = new Timer(() => abort.abort());
  timers.arm(timer, TIMEOUT);
  try {
    const socket = await provider.connectTcp(server, abort.signal);
    try {
      return await readAnswer(socket, query, abort.signal);
    } finally {
      socket.reset();
    }
  } catch {
    return undefined;
  } finally {
    timers.cancel(timer);
  }
}

function readAnswer(socket: StreamSocket, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const reader = new MessageReader();
  return new Promise((resolve) => {
    const none = (): void => resolve(undefined);
    signal.addEventListener('abort', none, { once: true });
    socket.listen({
      data(bytes) {
        reader.push(bytes);
        const answer = reader.shift();
        if (answer) resolve(answer);
      },
      ended: none,
      room: () => undefined,
      failed: none,
    });
    socket.write(framed(query));
    socket.resume();
  });
}

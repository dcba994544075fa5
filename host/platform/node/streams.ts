/** `pintail/node`: Node's streams to those of the API (streams of the web), and back. */

import { Duplex, Readable, Writable } from 'node:stream';
import type { ByteStream, TerminalStream } from '../../bytes/streams.js';

/** The part of a tty's stream that tells its size. */
interface Sized {
  columns?: number;
  rows?: number;
}

/** What one of Node's streams gives. Cancelling it destroys the stream. */
export function fromReadable(stream: Readable): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      stream.on('data', (chunk: Uint8Array | string) => {
        controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) stream.pause();
      });
      let over = false;
      const finish = (error?: Error): void => {
        if (over) return;
        over = true;
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      stream.once('end', () => finish());
      stream.once('error', finish);
      stream.once('close', () => finish(stream.readableEnded ? undefined : new Error('the stream was destroyed')));
      stream.pause();
    },
    pull: () => void stream.resume(),
    cancel: () => void stream.destroy(),
  }, { highWaterMark: 64 << 10, size: (chunk) => chunk.byteLength });
}

/** Writes to one of Node's streams. Aborting it destroys the stream. */
export function fromWritable(stream: Writable): WritableStream<Uint8Array | string> {
  return new WritableStream<Uint8Array | string>({
    start(controller) {
      const fail = (error?: Error): void => controller.error(error ?? new Error('the stream was destroyed'));
      stream.once('error', fail);
      stream.once('close', () => stream.writableFinished || fail());
    },
    write: (chunk) => new Promise((resolve, reject) => void stream.write(chunk, (error) => (error ? reject(error) : resolve()))),
    close: () => new Promise((resolve) => void stream.end(resolve)),
    abort: (reason: unknown) => void stream.destroy(reason instanceof Error ? reason : undefined),
  });
}

/** Both halves of a Duplex, and of a terminal its size: for a chardev's `stream`. */
export function fromDuplex(duplex: Duplex): TerminalStream {
  return {
    readable: fromReadable(duplex),
    writable: fromWritable(duplex),
    size() {
      const { columns, rows } = duplex as Sized;
      return columns === undefined || rows === undefined ? undefined : { columns, rows };
    },
    onResize: (listener) => void duplex.on('resize', listener),
  };
}

/** Reads from a stream of the API, as of a command's `stdout`. Destroying it before its end cancels that. */
export function toReadable(readable: ReadableStream<Uint8Array>): Readable {
  return new Readable(readsFrom(readable));
}

/** Writes to a stream of the API, as of a command's `stdin`. Destroying it before its end aborts that. */
export function toWritable(writable: WritableStream<Uint8Array | string>): Writable {
  return new Writable(writesTo(writable));
}

/** What `machine.connect()` gives, as a Duplex that allows half-open connections. Destroying it before its end resets the connection. */
export function toDuplex({ readable, writable }: ByteStream): Duplex {
  const reading = readsFrom(readable);
  const writing = writesTo(writable);
  const duplex: Duplex = new Duplex({
    ...reading,
    ...writing,
    allowHalfOpen: true,
    destroy(error, done) {
      reading.destroy.call(this as never, error, () => writing.destroy.call(this as never, error, done));
    },
  });
  // Of a lost connection it tells at once, whether somebody reads or not.
  for (const { closed } of [reading, writing]) closed.catch((error: Error) => void duplex.destroy(error));
  return duplex;
}

type Done = (error?: Error | null) => void;

function readsFrom(readable: ReadableStream<Uint8Array>): { closed: Promise<unknown>; read(this: Readable): void; destroy(error: Error | null, done: Done): void } {
  const reader = readable.getReader();
  return {
    closed: reader.closed,
    read() {
      reader.read().then(({ done, value }) => void this.push(done ? null : value), (error: Error) => this.destroy(error));
    },
    destroy(error, done) {
      // Of a stream that has ended, or failed, it asks nothing.
      reader.cancel(error ?? undefined).then(() => done(error), () => done(error));
    },
  };
}

function writesTo(writable: WritableStream<Uint8Array | string>): { closed: Promise<unknown>; write(this: Writable, chunk: Uint8Array, encoding: string, done: Done): void; final(done: Done): void; destroy(error: Error | null, done: Done): void } {
  const writer = writable.getWriter();
  let closing = false;
  writer.closed.catch(() => undefined);
  return {
    closed: writer.closed,
    write(chunk, _encoding, done) {
      writer.write(chunk).then(() => done(), done);
    },
    final(done) {
      closing = true;
      writer.close().then(() => done(), done);
    },
    destroy(error, done) {
      if (closing) return done(error);
      writer.abort(error ?? undefined).then(() => done(error), () => done(error));
    },
  };
}

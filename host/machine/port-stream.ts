/**
 * A stream whose other end is in another thread: one of these on each side of a MessagePort.
 *
 *     data BYTES   what was written here          read N   so many bytes were taken there: room to write again
 *     end          no more is written             gone     given up before both halves had ended
 *
 * A write is done at once while less than WINDOW is on its way, and when the far side has taken enough otherwise: so back-pressure goes
 * from one end to the other. When the far thread ends, the port closes and so does the stream.
 */

import type { ByteStream } from './types.js';

const WINDOW = 256 << 10;

type Message = { kind: 'data'; bytes: Uint8Array } | { kind: 'read'; count: number } | { kind: 'end' } | { kind: 'gone'; problem: string };

/** A stream of this thread, and the way to give it up from outside. */
export interface PortStream extends ByteStream {
  lose(problem: string): void;
}

const words = (reason: unknown, otherwise: string): string => (reason instanceof Error ? reason.message : otherwise);

/** `describe` makes the error of a stream whose far end is gone before its time. */
export function createPortStream(port: MessagePort, describe: (problem: string) => Error): PortStream {
  const send = (message: Message): void => port.postMessage(message);
  let reading!: ReadableStreamDefaultController<Uint8Array>;
  let writing!: WritableStreamDefaultController;
  let onItsWay = 0;
  let writeDone: (() => void) | undefined;
  /** Bytes that wait here, of which the far side is told when they are read. */
  let unread: number[] = [];
  /** Halves that have ended: what was sent of them is all on its way. */
  const ended = { near: false, far: false };
  let gone = false;
  const finish = (): void => {
    if (ended.near && ended.far && !gone && unread.length === 0) {
      gone = true;
      port.close();
    }
  };
  const lose = (problem: string): void => {
    if (gone) return;
    gone = true;
    const error = describe(problem);
    if (!ended.far) reading.error(error);
    writeDone?.();
    if (!ended.near) writing.error(error);
    port.close();
  };
  const giveUp = (reason: unknown): void => {
    if (gone) return;
    send({ kind: 'gone', problem: words(reason, 'the connection was reset') });
    lose(words(reason, 'the connection was reset'));
  };
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => void (reading = controller),
    pull() {
      // Called when something was taken: what the queue does not hold any more has been read.
      const held = WINDOW - (reading.desiredSize ?? 0);
      let total = unread.reduce((sum, bytes) => sum + bytes, 0);
      let read = 0;
      while (unread.length > 0 && total - unread[0]! >= held) {
        const bytes = unread.shift()!;
        total -= bytes;
        read += bytes;
      }
      if (read > 0 && !gone) send({ kind: 'read', count: read });
      finish();
    },
    cancel: giveUp,
  }, { highWaterMark: WINDOW, size: (chunk) => chunk?.byteLength ?? 0 });
  const writable = new WritableStream<Uint8Array | string>({
    start: (controller) => void (writing = controller),
    write(chunk) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice();
      onItsWay += bytes.length;
      send({ kind: 'data', bytes });
      if (onItsWay >= WINDOW) return new Promise((resolve) => (writeDone = resolve));
    },
    close() {
      ended.near = true;
      send({ kind: 'end' });
      finish();
    },
    abort: giveUp,
  });
  const makeRoom = (count: number): void => {
    onItsWay -= count;
    if (onItsWay >= WINDOW || writeDone === undefined) return;
    const done = writeDone;
    writeDone = undefined;
    done();
  };
  port.onmessage = ({ data: message }: MessageEvent<Message>) => {
    if (gone) return;
    if (message.kind === 'read') return makeRoom(message.count);
    if (message.kind === 'gone') return lose(message.problem);
    if (message.kind === 'data') {
      unread.push(message.bytes.length);
      return reading.enqueue(message.bytes);
    }
    ended.far = true;
    unread = [];
    reading.close();
    finish();
  };
  port.addEventListener('close', () => lose('the machine was closed'));
  return { readable, writable, lose };
}

/** Ties a stream of this thread to its far handle, until either is gone: each half one way, and what one loses the other is told. */
export function bridge(near: ByteStream, port: MessagePort): void {
  const far = createPortStream(port, (problem) => new Error(problem));
  near.readable.pipeTo(far.writable as WritableStream<Uint8Array>).catch(() => undefined);
  far.readable.pipeTo(near.writable as WritableStream<Uint8Array>).catch(() => undefined);
}

/**
 * A Duplex whose other end is in another thread: one of these on each side of a MessagePort.
 *
 *     data BYTES   what was written here          read N   so many bytes were taken there: room to write again
 *     end          no more is written             gone     destroyed before both halves had ended
 *
 * A write is done at once while less than WINDOW is on its way, and when the far side has taken enough otherwise: so back-pressure goes
 * from one end to the other. When the far thread ends, the port closes and so does the stream.
 */

import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

const WINDOW = 256 << 10;

type Message = { kind: 'data'; bytes: Uint8Array } | { kind: 'read'; count: number } | { kind: 'end' } | { kind: 'gone'; problem: string };

/** `describe` makes the error of a stream whose far end is gone before its time. */
export function createPortStream(port: MessagePort, describe: (problem: string) => Error): Duplex {
  const send = (message: Message): void => port.postMessage(message);
  let onItsWay = 0;
  let writeDone: (() => void) | undefined;
  /** Bytes handed to the stream that its reader has not asked beyond yet. */
  let untold = 0;
  /** Halves that have ended: what was sent of them is all on its way. */
  const ended = { near: false, far: false };
  let gone = false;
  const duplex = new Duplex({
    allowHalfOpen: true,
    readableHighWaterMark: WINDOW,
    read: () => {
      if (untold > 0 && !gone) send({ kind: 'read', count: untold });
      untold = 0;
    },
    write(chunk: Uint8Array, _encoding, done) {
      send({ kind: 'data', bytes: Uint8Array.from(chunk) });
      onItsWay += chunk.length;
      if (onItsWay < WINDOW) done();
      else writeDone = done;
    },
    final(done) {
      ended.near = true;
      send({ kind: 'end' });
      done();
    },
    destroy(error, done) {
      if (!gone && !(ended.near && ended.far)) send({ kind: 'gone', problem: error?.message ?? 'the connection was reset' });
      gone = true;
      port.close();
      done(error);
    },
  });
  const lose = (problem: string): void => {
    gone = true;
    duplex.destroy(describe(problem));
  };
  const makeRoom = (count: number): void => {
    onItsWay -= count;
    if (onItsWay >= WINDOW || writeDone === undefined) return;
    const done = writeDone;
    writeDone = undefined;
    done();
  };
  port.on('message', (message: Message) => {
    if (message.kind === 'read') return makeRoom(message.count);
    if (message.kind === 'gone') return lose(message.problem);
    ended.far ||= message.kind === 'end';
    if (message.kind === 'data') untold += message.bytes.length;
    duplex.push(message.kind === 'data' ? message.bytes : null);
  });
  port.on('close', () => {
    if (!duplex.destroyed && !(ended.near && ended.far)) lose('the machine was closed');
  });
  return duplex;
}

const isDone = (stream: Duplex): boolean => stream.readableEnded && stream.writableFinished;

/** Ties a stream of this thread to its far handle, until either is gone: each half one way, and what one loses the other is told. */
export function bridge(near: Duplex, port: MessagePort): void {
  const far = createPortStream(port, (problem) => new Error(problem));
  near.on('error', (error) => far.destroy(error)).on('close', () => isDone(near) || far.destroy());
  far.on('error', () => undefined).on('close', () => isDone(far) || near.destroy());
  near.pipe(far);
  far.pipe(near);
}

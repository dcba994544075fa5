/**
 * A stream to a server in the guest: Node's Duplex for the program at one end, the NAT's socket at the other. What the program has not
 * read waits in a queue that gathers small pieces, and the Duplex gets it as it asks; so its back-pressure is the connection's.
 */

import { Duplex } from 'node:stream';
import { ByteQueue } from './byte-queue.js';
import { NetworkError } from './errors.js';
import type { Nat } from './nat/nat.js';
import type { StreamEvents, StreamSocket } from './provider.js';

const READ_ROOM = 256 << 10;
/** What the Duplex asks for ahead of the program, piece by piece as it came. */
const READ_AHEAD = 4096;

/** Connects to a port of the guest. Rejects when the guest refuses or does not answer. */
export function openTcp(nat: Nat, port: number, address?: Uint8Array): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return Promise.reject(new NetworkError(`port ${port}: want 1 to 65535`));
  return new Promise((resolve, reject) => {
    const { duplex, socket } = createPair();
    // Until it is open, nobody listens to the stream, and the promise tells of a failure.
    const ignore = (): void => undefined;
    duplex.on('error', ignore);
    const opening = {
      opened: () => {
        duplex.off('error', ignore);
        resolve(duplex);
      },
      failed: (code: string) => reject(new NetworkError(`connecting to port ${port} of the guest: ${code}`, { code })),
    };
    nat.connectToGuest(socket, port, opening, address);
  });
}

/** A Duplex and the socket behind it. */
export function createPair(): { duplex: Duplex; socket: StreamSocket } {
  let events: StreamEvents | undefined;
  /** A chunk of the program's that waits for the guest's side to read. */
  let held: { bytes: Uint8Array; done: () => void } | undefined;
  let ending: (() => void) | undefined;
  let flowing = false;
  let over = false;
  /** From the guest: what is read, whether more is wanted, and whether it has ended. */
  const arrived = new ByteQueue();
  let wanted = false;
  let ended = false;
  const giveOut = (): void => {
    while (wanted && arrived.length > 0) wanted = duplex.push(arrived.shift());
    if (!ended || arrived.length > 0) return;
    ended = false;
    duplex.push(null);
  };
  const passOn = (): void => {
    if (!flowing || !events) return;
    const chunk = held;
    held = undefined;
    if (chunk) {
      // The program may use its buffer again once it is told that this one is done.
      events.data(chunk.bytes.slice());
      chunk.done();
    }
    if (ending && !held) {
      events.ended();
      ending();
      ending = undefined;
    }
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    readableHighWaterMark: READ_AHEAD,
    read() {
      wanted = true;
      giveOut();
      if (!over) events?.room();
    },
    write(chunk: Uint8Array, _encoding, done) {
      held = { bytes: chunk, done };
      passOn();
    },
    final(done) {
      ending = done;
      passOn();
    },
    destroy(error, done) {
      if (!over && !(duplex.readableEnded && duplex.writableFinished)) events?.failed('ECONNRESET');
      over = true;
      done(error);
    },
  });
  const socket: StreamSocket = {
    listen(listener) {
      events = listener;
    },
    room: () => Math.max(0, READ_ROOM - duplex.readableLength - arrived.length),
    write(bytes) {
      // The view is a guest's frame.
      arrived.pushCopy(bytes);
      giveOut();
    },
    end() {
      ended = true;
      giveOut();
    },
    reset() {
      if (over) return;
      over = true;
      duplex.destroy(new NetworkError('the guest reset the connection'));
    },
    pause() {
      flowing = false;
    },
    resume() {
      flowing = true;
      queueMicrotask(passOn);
    },
  };
  return { duplex, socket };
}

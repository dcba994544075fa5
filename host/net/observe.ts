/**
 * Sees what passes a backend: each frame once it was taken, in the order of the wire, so what the guest sent before the answers to it that come from inside `send`.
 * Frames are recorded as they pass: a large segment is one frame, with the sum its sender left open.
 */

import type { FrameSink, NetBackend, Offload } from './backend.js';

export interface Observer<T> {
  /** The frame is borrowed: what is kept of it is made here. */
  note(frame: Uint8Array, offload: Readonly<Offload>, toGuest: boolean): T;
  put(noted: T): void;
}

export function observed<T>(inner: NetBackend, { note, put }: Observer<T>): NetBackend {
  let held: T[] | undefined;
  return {
    name: inner.name,
    accepts: inner.accepts,
    attach(sink: FrameSink) {
      inner.attach({
        get accepts() {
          return sink.accepts;
        },
        deliver(frame, offload) {
          const taken = sink.deliver(frame, offload);
          if (!taken) return false;
          const noted = note(frame, offload, true);
          if (held) held.push(noted);
          else put(noted);
          return true;
        },
        roomForSend: () => sink.roomForSend(),
      });
    },
    send(frame, offload) {
      // The frame before an answer that comes from inside `send`, and nothing when it was refused.
      held = [note(frame, offload, false)];
      const taken = inner.send(frame, offload);
      for (const noted of taken ? held : held.slice(1)) put(noted);
      held = undefined;
      return taken;
    },
    flush: () => inner.flush(),
    roomForDeliver: () => inner.roomForDeliver(),
    counters: () => inner.counters(),
    close: () => inner.close(),
  };
}

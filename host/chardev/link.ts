/** What a port of a console card is connected to: a stream of bytes each way, that may have nobody at its other end. */

import type { TerminalStream } from '../bytes/streams.js';

export interface LinkEvents {
  /** Bytes for the guest, the receiver's to keep. */
  data(bytes: Uint8Array): void;
  /** Somebody came or went, or the size has changed. */
  changed(): void;
  /** More may be written again. */
  room(): void;
  /** What the guest has not had is taken back, where that can be done. */
  drop?(): void;
}

export interface Link {
  /** Once for each machine, or reset of it: the last one is told. */
  listen(events: LinkEvents): void;
  readonly connected: boolean;
  /** More may be written now. */
  readonly room: boolean;
  /** Takes all bytes. */
  write(bytes: Uint8Array): void;
  /** Stops and starts what comes. */
  pause(): void;
  resume(): void;
  /** Of a terminal. */
  size(): { columns: number; rows: number } | undefined;
  close(): Promise<void>;
}

/** Something was wrong with a `-chardev`. */
export class ChardevError extends Error {
  override readonly name = 'ChardevError';
}

/** What comes is read one piece at a time, and no further while the port is paused. */
class Incoming {
  private paused = false;
  private go = (): void => undefined;

  constructor(private readonly stream: ReadableStream<Uint8Array>, private readonly take: (bytes: Uint8Array) => void) {}

  setPaused(paused: boolean): void {
    this.paused = paused;
    if (!paused) this.go();
  }

  /** Resolves at the end, however it comes. */
  async read(): Promise<void> {
    const reader = this.stream.getReader();
    for (;;) {
      if (this.paused) await new Promise<void>((resolve) => (this.go = resolve));
      const { done, value } = await reader.read();
      if (done) return;
      this.take(value);
    }
  }
}

/** A link over streams of the program's own. Closing the link ends our side. */
export function linkOfStream(stream: TerminalStream): Link {
  let events: LinkEvents | undefined;
  let connected = true;
  const kept: Uint8Array[] = [];
  const changed = (): void => events?.changed();
  const gone = (): void => {
    connected = false;
    changed();
  };
  const writer = stream.writable.getWriter();
  const tellOfRoom = (): void => void writer.ready.then(() => events?.room(), gone);
  const incoming = new Incoming(stream.readable, (bytes) => {
    if (events === undefined) kept.push(bytes);
    else events.data(bytes);
  });
  // The far side's end of sending is no end of the link; that it takes nothing any more is.
  incoming.read().catch(gone);
  writer.closed.then(gone, gone);
  stream.onResize?.(changed);
  return {
    listen(next) {
      events = next;
      for (const bytes of kept.splice(0)) next.data(bytes);
    },
    get connected() {
      return connected;
    },
    get room() {
      return connected && (writer.desiredSize ?? 0) > 0;
    },
    write(bytes) {
      if (!connected) return;
      writer.write(bytes).catch(gone);
      if ((writer.desiredSize ?? 0) <= 0) tellOfRoom();
    },
    pause: () => incoming.setPaused(true),
    resume: () => incoming.setPaused(false),
    size: () => stream.size?.(),
    close: () => writer.close().catch(() => undefined),
  };
}

/** Takes everything, gives nothing. */
export function nullLink(): Link {
  return {
    listen: () => undefined, connected: true, room: true, write: () => undefined, pause: () => undefined, resume: () => undefined,
    size: () => undefined, close: async () => undefined,
  };
}

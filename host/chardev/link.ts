/** What a port of a console card is connected to: a stream of bytes each way, that may have nobody at its other end. */

import type { Duplex } from 'node:stream';

export interface LinkEvents {
  /** Bytes for the guest, the receiver's to keep. */
  data(bytes: Uint8Array): void;
  /** Somebody came or went, there is room again, or the size has changed. */
  changed(): void;
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

/** The part of a tty's stream that tells its size. */
interface Sized {
  columns?: number;
  rows?: number;
}

/** A link over a Duplex; over a tty it knows the size. Closing the link ends our side. */
export function linkOf(stream: Duplex): Link {
  let events: LinkEvents | undefined;
  let connected = !stream.destroyed;
  const kept: Uint8Array[] = [];
  const gone = (): void => {
    connected = false;
    events?.changed();
  };
  stream.on('data', (data: Uint8Array | string) => {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    if (events === undefined) kept.push(bytes);
    else events.data(bytes);
  });
  stream.on('drain', () => events?.changed());
  stream.on('resize', () => events?.changed());
  stream.on('close', gone);
  stream.on('error', gone);
  return {
    listen(next) {
      events = next;
      for (const bytes of kept.splice(0)) next.data(bytes);
    },
    get connected() {
      return connected;
    },
    get room() {
      return !stream.writableNeedDrain;
    },
    write: (bytes) => void (stream.writable && stream.write(bytes)),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    size() {
      const { columns, rows } = stream as Sized;
      return columns === undefined || rows === undefined ? undefined : { columns, rows };
    },
    close: async () => void stream.end(),
  };
}

/** Takes everything, gives nothing. */
export function nullLink(): Link {
  return {
    listen: () => undefined, connected: true, room: true, write: () => undefined, pause: () => undefined, resume: () => undefined,
    size: () => undefined, close: async () => undefined,
  };
}

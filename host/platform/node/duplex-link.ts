/** A link over one of Node's streams: sockets, and this process's terminal. */

import type { Duplex } from 'node:stream';
import type { Link, LinkEvents } from '../../chardev/link.js';

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
  stream.on('drain', () => events?.room());
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

/**
 * What a backend asks of the host's kernel, counted: a provider (provider.ts) that passes everything on. Each is a call of Node's that is at
 * least one system call, and so boundary class B4 of docs/design.md 7; what the event loop itself waits with (epoll) is shared by
 * everything and belongs to nobody.
 */

import { CounterSet } from './counters.js';
import type { Counter } from '../rings/counter.js';
import type { DatagramEvents, DatagramSocket, SocketProvider, StreamSocket } from './provider.js';

const UNITS = {
  connects: 'system calls',
  accepts: 'system calls',
  reads: 'system calls',
  writes: 'system calls',
  shutdowns: 'system calls',
  datagramSockets: 'system calls',
  datagramsReceived: 'system calls',
  datagramsSent: 'system calls',
} as const;
type Counts = CounterSet<keyof typeof UNITS>;

export interface CountedProvider {
  provider: SocketProvider;
  counters(): Counter[];
}

export function countSystemCalls(inner: SocketProvider, name: string): CountedProvider {
  const counts: Counts = new CounterSet(`${name}.system`, UNITS);
  const connected = async (socket: Promise<StreamSocket>): Promise<StreamSocket> => {
    counts.add('connects');
    return countStream(await socket, counts);
  };
  const { connectPath } = inner;
  return {
    provider: {
      ...inner,
      connectTcp: (to, signal) => connected(inner.connectTcp(to, signal)),
      ...(connectPath === undefined ? {} : { connectPath: (path, signal) => connected(connectPath.call(inner, path, signal)) }),
      listenTcp: (at, accepted) =>
        inner.listenTcp(at, (socket, from) => {
          counts.add('accepts');
          accepted(countStream(socket, counts), from);
        }),
      openUdp(family, events) {
        counts.add('datagramSockets');
        return countDatagrams(inner.openUdp(family, countMessages(events, counts)), counts);
      },
      async bindUdp(at, events) {
        counts.add('datagramSockets');
        return countDatagrams(await inner.bindUdp(at, countMessages(events, counts)), counts);
      },
    },
    counters: () => counts.list(),
  };
}

function countStream(socket: StreamSocket, counts: Counts): StreamSocket {
  return {
    listen: (events) =>
      socket.listen({
        data(bytes) {
          counts.add('reads');
          events.data(bytes);
        },
        ended: () => events.ended(),
        room: () => events.room(),
        failed: (code) => events.failed(code),
      }),
    room: () => socket.room(),
    write(bytes) {
      counts.add('writes');
      socket.write(bytes);
    },
    end() {
      counts.add('shutdowns');
      socket.end();
    },
    reset() {
      counts.add('shutdowns');
      socket.reset();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

function countMessages(events: DatagramEvents, counts: Counts): DatagramEvents {
  return {
    message(bytes, from) {
      counts.add('datagramsReceived');
      events.message(bytes, from);
    },
    failed: (code) => events.failed(code),
    unreachable: (peer, code) => events.unreachable?.(peer, code),
  };
}

function countDatagrams(socket: DatagramSocket, counts: Counts): DatagramSocket {
  return {
    get port() {
      return socket.port;
    },
    send(bytes, to) {
      counts.add('datagramsSent');
      socket.send(bytes, to);
    },
    close: () => socket.close(),
  };
}

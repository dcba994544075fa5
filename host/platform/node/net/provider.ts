/** Node's sockets and names for the NAT (provider.ts). */

import { getServers } from 'node:dns';
import { lookup, lookupService } from 'node:dns/promises';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { anyAddress, formatAddress, parseAddress, unmapAddress } from '../../../net/address.js';
import { ByteQueue } from '../../../net/byte-queue.js';
import { openFile } from './folder.js';
import { bindUdp, openUdp } from './udp.js';
import {
  SocketError,
  type Endpoint,
  type Listener,
  type SocketProvider,
  type StreamEvents,
  type StreamSocket,
} from '../../../net/provider.js';
import { parseServer } from '../../../net/server-address.js';

/** Bytes that one socket may hold for the kernel: with it, the window that the guest sees. */
const WRITE_ROOM = 256 << 10;
const OWN_ADDRESSES_MS = 5000;

export function nodeProvider(): SocketProvider {
  const ownAddresses = cacheOwnAddresses();
  return {
    connectTcp: ({ address, port }, signal) => connectStream({ host: formatAddress(address), port, noDelay: true }, signal),
    connectPath: (path, signal) => connectStream({ path }, signal),
    listenTcp,
    openUdp,
    bindUdp,
    resolvers,
    async resolve(name, family) {
      const found = await lookup(name, { family, all: true });
      return found.map(({ address }) => parseAddress(address)).filter((address) => address !== undefined);
    },
    reverse,
    openFile,
    ownAddresses,
  };
}

function connectStream(options: NetConnectOpts, signal: AbortSignal): Promise<StreamSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, allowHalfOpen: true });
    const abort = (): void => void socket.destroy(new SocketError('ECANCELED', 'connecting was given up'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new SocketError('ECANCELED', 'closed while connecting')));
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('close');
      socket.off('error', reject);
      resolve(wrapSocket(socket));
    });
  });
}

function listenTcp(at: Endpoint, accepted: (socket: StreamSocket, from: Endpoint) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      accepted(wrapSocket(socket), { address: readAddress(socket.remoteAddress), port: socket.remotePort ?? 0 });
    });
    server.once('error', reject);
    server.listen({ host: formatAddress(at.address), port: at.port }, () => {
      server.off('error', reject);
      // Running out of descriptors, say: the listener stays.
      server.on('error', () => undefined);
      const bound = server.address();
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          for (const socket of sockets) socket.destroy();
        });
      resolve({ port: typeof bound === 'object' && bound ? bound.port : at.port, close });
    });
  });
}

/** A connected socket of Node's as the NAT wants it. */
export function wrapSocket(socket: Socket): StreamSocket {
  let events: StreamEvents | undefined;
  let failure: string | undefined;
  const state = { readEnded: false, writeEnded: false, over: false, writing: false };
  /** Written while Node was busy: one write later, so that small pieces do not pile up as writes of their own. */
  const waiting = new ByteQueue();
  const writeOn = (): void => {
    const bytes = waiting.shift();
    state.writing = bytes !== undefined;
    if (bytes) socket.write(bytes, written);
    else if (state.writeEnded) socket.end();
  };
  const written = (error?: Error | null): void => {
    if (error || state.over) return;
    writeOn();
    events?.room();
  };
  const fail = (code: string): void => {
    if (state.over) return;
    failure ??= code;
    if (!events) return;
    state.over = true;
    events.failed(code);
  };
  socket.pause();
  socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'EIO'));
  socket.on('close', () => (state.readEnded && state.writeEnded ? undefined : fail('ECONNRESET')));
  socket.on('end', () => {
    state.readEnded = true;
    if (!state.over) events?.ended();
  });
  return {
    listen(listener) {
      events = listener;
      socket.on('data', (bytes: Uint8Array) => {
        if (!state.over) listener.data(bytes);
      });
      socket.pause();
      // What failed before anybody listened is told as if it failed now, but not from inside this call.
      if (failure !== undefined) queueMicrotask(() => fail(failure!));
    },
    room: () => Math.max(0, WRITE_ROOM - socket.writableLength - waiting.length),
    write(bytes) {
      if (!socket.writable) return;
      // The view is the guest's memory.
      waiting.pushCopy(bytes);
      if (!state.writing) writeOn();
    },
    end() {
      state.writeEnded = true;
      if (!state.writing) writeOn();
    },
    reset() {
      state.over = true;
      waiting.clear();
      if (socket.destroyed) return;
      // While Node is still telling the peer of the end it forgets the handle instead of closing it, and the process never ends for it.
      if (socket.writableEnded && !socket.writableFinished) socket.destroy();
      else socket.resetAndDestroy();
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/** The system answers with the address itself where there is no name. */
async function reverse(address: Uint8Array): Promise<string[]> {
  const { hostname } = await lookupService(formatAddress(address), 0);
  if (parseAddress(hostname)) throw new SocketError('ENOTFOUND', `${hostname} has no name`);
  return [hostname];
}

/** The system's name servers. Read each time: a laptop moves. */
function resolvers(): Endpoint[] {
  return getServers()
    .map((text) => parseServer(text))
    .filter((endpoint) => endpoint !== undefined);
}

function readAddress(text: string | undefined): Uint8Array {
  const address = parseAddress((text ?? '').replace(/%.*$/, ''));
  return unmapAddress(address ?? anyAddress(4));
}

/** Interfaces change rarely and are asked for at every connection. */
function cacheOwnAddresses(): () => Uint8Array[] {
  let known: Uint8Array[] = [];
  let readAt = -Infinity;
  return () => {
    if (performance.now() - readAt < OWN_ADDRESSES_MS) return known;
    readAt = performance.now();
    known = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address }) => parseAddress(address.replace(/%.*$/, '')))
      .filter((address) => address !== undefined);
    return known;
  };
}

/** Servers on this machine's loopback that the guest's clients talk to, each saying what it saw. */

import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createWeb } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { answerQuery } from '../../../host/net/nat/dns.js';
import { pattern } from './program.js';

export const digest = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** `bytes` of data that repeat nowhere near, from a generator. */
export function content(bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) out.writeUInt32LE(Math.imul(i + 1, 2_654_435_761) >>> 0, i);
  return out;
}

/** What the name server answers for any name ending in .test. */
export const SERVED_ADDRESS = '192.0.2.7';

export interface Servers {
  /** HTTP: /BYTES gives so much of `content`; a POST is answered with the SHA-256 of its body. */
  web: number;
  /** UDP: sends back what comes. */
  echo: number;
  /** DNS over UDP. */
  names: number;
  /** TCP: echoes, but nothing before `together` connections are there. */
  gathering: number;
  /** TCP: sends 100,000 bytes and ends its half, then reads on. */
  endsFirst: number;
  /** TCP: reads to the end, then answers with 100,000 bytes. */
  endsLast: number;
  /** SHA-256 of what the two half-closing servers read, and how many were open at once in `gathering`. */
  seen: { endsFirst: string[]; endsLast: string[]; atOnce: number };
  close(): Promise<void>;
}

export const GREETING = content(100_000);

/** The digest that `endsFirst` and `endsLast` should see after so many blocks of a client program. */
export const patternDigest = (blocks: number): string => digest(...Array.from({ length: blocks }, () => pattern()));

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

async function bindUdp(answer: (message: Buffer) => Promise<Uint8Array | undefined>): Promise<{ port: number; close: () => Promise<void> }> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    void answer(message).then((reply) => reply && socket.send(reply, port, address));
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

function hashed(socket: Socket, ended: (hex: string) => void): void {
  const sum = createHash('sha256');
  socket.on('data', (bytes) => sum.update(bytes));
  socket.on('end', () => ended(sum.digest('hex')));
  socket.on('error', () => undefined);
}

function createWebServer(files: Map<number, Buffer>): Server {
  return createWeb((request, response) => {
    if (request.method !== 'POST') {
      const bytes = Number(request.url?.slice(1));
      const file = files.get(bytes) ?? content(bytes);
      files.set(bytes, file);
      return void response.end(file);
    }
    const sum = createHash('sha256');
    request.on('data', (bytes: Buffer) => sum.update(bytes));
    request.on('end', () => response.end(sum.digest('hex')));
  });
}

/** Answers each connection's first word, once `together` of them have sent one. */
function createGathering(together: number, seen: Servers['seen']): Server {
  const waiting: [Socket, Buffer][] = [];
  let open = 0;
  return createServer((socket) => {
    seen.atOnce = Math.max(seen.atOnce, ++open);
    socket.on('close', () => open--);
    socket.on('error', () => undefined);
    socket.once('data', (word) => {
      waiting.push([socket, word]);
      if (waiting.length === together) for (const [one, bytes] of waiting.splice(0)) one.end(bytes);
    });
  });
}

/** Starts all of them. `together`: how many connections `gathering` waits for. */
export async function startServers(together: number): Promise<Servers> {
  const seen: Servers['seen'] = { endsFirst: [], endsLast: [], atOnce: 0 };
  const half = { allowHalfOpen: true };
  const servers = {
    web: createWebServer(new Map()),
    gathering: createGathering(together, seen),
    endsFirst: createServer(half, (socket) => {
      socket.end(GREETING);
      hashed(socket, (hex) => seen.endsFirst.push(hex));
    }),
    endsLast: createServer(half, (socket) => {
      hashed(socket, (hex) => {
        seen.endsLast.push(hex);
        socket.end(GREETING);
      });
    }),
  };
  const echo = await bindUdp(async (message) => message);
  const names = await bindUdp((query) => answerQuery(query, { resolve: async (_name, family) => (family === 4 ? [Uint8Array.from(SERVED_ADDRESS.split('.').map(Number))] : []) }));
  const [web, gathering, endsFirst, endsLast] = await Promise.all(Object.values(servers).map(listen)) as [number, number, number, number];
  return {
    web, gathering, endsFirst, endsLast, echo: echo.port, names: names.port, seen,
    async close() {
      await Promise.all([echo.close(), names.close(), ...Object.values(servers).map((server) => new Promise<void>((resolve) => server.close(() => resolve())))]);
    },
  };
}

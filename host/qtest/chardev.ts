/**
 * Where a text protocol is spoken, in QEMU's legacy spelling of a character device: `stdio`, `unix:PATH` and `tcp:HOST:PORT`, the
 * last two connecting, or with `server=on` listening. A listening one serves one client after another, as QEMU's do.
 */

import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** A character device that cannot be used, or opened. */
export class ChardevError extends Error {
  override readonly name = 'ChardevError';
}

export interface ChardevSpec {
  /** As typed. */
  text: string;
  place: { kind: 'stdio' } | { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };
  server: boolean;
}

/** A line ends one side's message. Longer ones end the conversation: the largest write is 64 MiB in hex. */
const MAX_LINE = 160 << 20;

function readSwitch(text: string, name: string, value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new ChardevError(`${text}: ${name} is on or off, not "${value}".`);
}

/** QEMU's short forms too: `server` and `nowait`. */
export function parseChardev(text: string): ChardevSpec {
  const [head = '', ...options] = text.split(',');
  let server = false;
  for (const option of options) {
    const [name = '', value = 'on'] = option.split('=');
    if (name === 'server') server = readSwitch(text, name, value);
    // It waits for a client in any case: nothing happens without one.
    else if (name === 'wait' || name === 'nodelay' || name === 'reconnect') readSwitch(text, name, value === '0' ? 'off' : value);
    else if (name !== 'nowait') throw new ChardevError(`${text}: there is no option "${name}"; there are server and wait.`);
  }
  if (head === 'stdio') return { text, place: { kind: 'stdio' }, server: false };
  if (head.startsWith('unix:') && head.length > 5) return { text, place: { kind: 'unix', path: head.slice(5) }, server };
  const tcp = /^tcp:(?:\[([0-9a-f:]+)\]|([^:]*)):(\d+)$/i.exec(head);
  if (tcp === null || Number(tcp[3]) > 65535) throw new ChardevError(`${text}: want stdio, unix:PATH or tcp:HOST:PORT, with server=on to listen.`);
  return { text, place: { kind: 'tcp', host: tcp[1] ?? (tcp[2] === '' ? '127.0.0.1' : tcp[2]!), port: Number(tcp[3]) }, server };
}

/** What one client's conversation is made of. */
export interface Conversation {
  line(text: string): void;
}

export type Greet = (send: (text: string) => void) => Conversation;

/** Lines in, lines out, until the other side ends. */
function converse(input: Readable, output: Writable, greet: Greet): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    const { line } = greet((text) => void output.write(`${text}\n`));
    input.setEncoding('latin1');
    input.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      if (rest.length > MAX_LINE) input.destroy(new ChardevError('a line is too long.'));
      try {
        for (const text of lines) line(text.endsWith('\r') ? text.slice(0, -1) : text);
      } catch (error) {
        reject(error as Error);
      }
    });
    output.on('error', () => resolve());
    input.on('error', () => resolve());
    input.on('close', () => resolve());
    input.on('end', () => resolve());
    input.resume();
  });
}

function address({ place }: ChardevSpec): { path: string } | { host: string; port: number } {
  if (place.kind === 'unix') return { path: place.path };
  if (place.kind === 'tcp') return { host: place.host, port: place.port };
  throw new ChardevError('stdio has no address.');
}

function connect(spec: ChardevSpec): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address(spec), () => resolve(socket));
    socket.on('error', (error: NodeJS.ErrnoException) => reject(new ChardevError(`${spec.text}: cannot connect (${error.code ?? error.message}).`)));
  });
}

/** Serves clients in turn; resolves only when `signal` ends it. */
function listen(spec: ChardevSpec, greet: Greet, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let turn: Promise<void> = Promise.resolve();
    const clients = new Set<Socket>();
    const server: Server = createServer((socket) => {
      clients.add(socket);
      socket.pause();
      turn = turn.then(async () => {
        if (!socket.destroyed) await converse(socket, socket, greet);
        socket.destroy();
        clients.delete(socket);
      });
      turn.catch(reject);
    });
    server.on('error', (error: NodeJS.ErrnoException) => reject(new ChardevError(`${spec.text}: cannot listen (${error.code ?? error.message}).`)));
    server.listen(address(spec));
    signal.addEventListener('abort', () => {
      for (const client of clients) client.destroy();
      server.close();
      resolve();
    });
  });
}

/** Speaks until the other side ends (a listening device: until `signal`). */
export async function serveChardev(spec: ChardevSpec, greet: Greet, signal: AbortSignal): Promise<void> {
  if (spec.place.kind === 'stdio') return converse(process.stdin, process.stdout, greet);
  if (spec.server) return listen(spec, greet, signal);
  const socket = await connect(spec);
  signal.addEventListener('abort', () => socket.destroy());
  await converse(socket, socket, greet);
  socket.destroy();
}

/** Opens what `-chardev` names, on Node. */

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ChardevError, nullLink, type Link, type LinkEvents } from '../../chardev/link.js';
import type { ChardevSpec } from '../../chardev/parse.js';
import { linkOf } from './duplex-link.js';

type SocketSpec = Extract<ChardevSpec, { type: 'socket' }>;

function fileLink(path: string, append: boolean): Link {
  let fd: number;
  try {
    fd = openSync(path, append ? 'a' : 'w');
  } catch (error) {
    throw new ChardevError(`${path} cannot be opened: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
  return { ...nullLink(), write: (bytes) => void writeSync(fd, bytes), close: async () => closeSync(fd) };
}

function placeName({ to }: SocketSpec): string {
  return 'path' in to ? to.path : `${to.host}:${to.port}`;
}

function connectLink(spec: SocketSpec): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect(spec.to);
    socket.once('error', (error: NodeJS.ErrnoException) => reject(new ChardevError(`${placeName(spec)} cannot be connected to: ${error.code ?? error.message}.`)));
    socket.once('connect', () => resolve(linkOf(socket)));
  });
}

/** A server's link: one client at a time; others are refused while one is there. */
class ServerLink implements Link {
  private client: Socket | undefined;
  private link: Link | undefined;
  private events: LinkEvents | undefined;
  private came = (): void => undefined;

  constructor(
    private readonly server: Server,
    private readonly spec: SocketSpec,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** Kept when the first client is there. */
  first(): Promise<void> {
    return this.client === undefined ? new Promise((resolve) => (this.came = resolve)) : Promise.resolve();
  }

  private accept(socket: Socket): void {
    if (this.client !== undefined) return void socket.destroy();
    this.client = socket;
    this.link = linkOf(socket);
    socket.once('close', () => {
      this.client = undefined;
      this.link = undefined;
      this.events?.changed();
    });
    if (this.events !== undefined) this.link.listen(this.events);
    this.events?.changed();
    this.came();
  }

  listen(events: LinkEvents): void {
    this.events = events;
    this.link?.listen(events);
  }

  get connected(): boolean {
    return this.link?.connected ?? false;
  }

  get room(): boolean {
    return this.link?.room ?? true;
  }

  write(bytes: Uint8Array): void {
    this.link?.write(bytes);
  }

  pause(): void {
    this.link?.pause();
  }

  resume(): void {
    this.link?.resume();
  }

  size(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.client?.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    if ('path' in this.spec.to) rmSync(this.spec.to.path, { force: true });
  }
}

async function serveLink(spec: SocketSpec): Promise<Link> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new ChardevError(`${placeName(spec)} cannot be listened on: ${error.code ?? error.message}.`)));
    server.listen(spec.to, resolve);
  });
  const link = new ServerLink(server, spec);
  if (spec.wait) await link.first();
  return link;
}

/** The process's own input and output. */
function stdioLink(): Link {
  return linkOf(Duplex.from({ readable: process.stdin, writable: process.stdout }));
}

/** Throws ChardevError. */
export async function openChardev(spec: ChardevSpec): Promise<Link> {
  switch (spec.type) {
    case 'null': return nullLink();
    case 'stdio': return stdioLink();
    case 'file': return fileLink(spec.path, spec.append);
    case 'socket': return spec.server ? serveLink(spec) : connectLink(spec);
  }
}

/**
 * `pintail relay`: connections of pages, carried on by this host's sockets. HTTP with WebSockets at /wisp/ (streams, net/wisp/spec.ts) and
 * /switch/NAME (Ethernet frames).
 *
 *     knock (admission) -> Connection (what it spends) -> Session or a port of a switch -> sockets, by the policy (destination)
 *
 * Everybody who can reach it is a stranger: what each may hold, send and try is in limits.ts, and nothing waits without an end.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Cidr } from '../net/address.js';
import type { NetBackend } from '../net/backend.js';
import { NetworkError } from '../net/errors.js';
import type { SocketProvider } from '../net/provider.js';
import { MOST_MESSAGE } from '../platform/node/net/web-socket.js';
import { OWN_PROTOCOL } from '../net/wisp/spec.js';
import { Accounts, clientOf } from './accounts.js';
import { admit, type AdmissionRules, type Knock, type Place } from './admission.js';
import { Connection } from './connection.js';
import { findAddresses } from './destination.js';
import type { RelayLimits } from './limits.js';
import type { Log } from './log.js';
import { Session } from './session.js';
import { Switches } from './switches.js';

export interface RelayOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  token: string | undefined;
  origins: readonly string[];
  allow: readonly Cidr[];
  limits: RelayLimits;
  provider: SocketProvider;
  log: Log;
  now?: () => number;
}

export interface Relay {
  readonly port: number;
  /** Puts a network on a switch. */
  join(name: string, port: string, backend: NetBackend): void;
  /** What is open: for who watches it. */
  open(): { connections: number; clients: number; switches: number };
  close(): Promise<void>;
}

/** How often what has stalled is looked for, at most. */
const SWEEP_MS = 5000;

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RelayServer(options);
  await relay.listen();
  return relay;
}

interface Open {
  connection: Connection;
  sweep(): void;
}

class RelayServer implements Relay {
  port = 0;
  private readonly http: Server;
  private readonly sockets: WebSocketServer;
  private readonly accounts: Accounts;
  private readonly switches: Switches;
  private readonly rules: AdmissionRules;
  private readonly connections = new Set<Open>();
  /** Sockets of each client, whatever they are for. */
  private readonly perClient = new Map<string, number>();
  private readonly joined: NetBackend[] = [];
  private readonly now: () => number;
  private readonly timers: NodeJS.Timeout[];
  private nextId = 1;

  constructor(private readonly options: RelayOptions) {
    const { limits } = options;
    this.now = options.now ?? Date.now;
    this.rules = { token: options.token, origins: options.origins, limits };
    this.accounts = new Accounts(limits, this.now);
    this.switches = new Switches(limits.switches);
    this.sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE, perMessageDeflate: false, handleProtocols: (offered) => (offered.has(OWN_PROTOCOL) ? OWN_PROTOCOL : [...offered][0]!) });
    this.http = createServer({ headersTimeout: limits.headMs, requestTimeout: limits.headMs, connectionsCheckingInterval: Math.min(limits.headMs, 2000), keepAliveTimeout: 1000 }, (request, response) => this.answer(request, response));
    // Those that have not knocked yet are few.
    this.http.maxConnections = 2 * limits.connections;
    this.http.on('connection', (socket) => this.greet(socket));
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.knocked(request, socket, head));
    this.http.on('clientError', (_error, socket) => socket.destroy());
    this.timers = [setInterval(() => this.sweep(), Math.min(SWEEP_MS, limits.stallMs / 4)), setInterval(() => this.ask(), limits.pingMs)];
    for (const timer of this.timers) timer.unref();
  }

  listen(): Promise<void> {
    const { host, port, token, log } = this.options;
    return new Promise((resolve, reject) => {
      this.http.once('error', (error) => reject(new NetworkError(`cannot listen on ${host} port ${port}: ${error.message}`, { cause: error })));
      this.http.listen({ host, port }, () => {
        this.http.on('error', () => undefined);
        this.port = (this.http.address() as AddressInfo).port;
        log('listening', { address: `ws://${host.includes(':') ? `[${host}]` : host}:${this.port}/`, token: token !== undefined });
        resolve();
      });
    });
  }

  join(name: string, port: string, backend: NetBackend): void {
    this.switches.join(name, port, backend);
    this.joined.push(backend);
  }

  open(): { connections: number; clients: number; switches: number } {
    return { connections: this.connections.size, clients: this.accounts.size, switches: this.switches.size };
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const { connection } of this.connections) connection.terminate('the relay ends');
    await Promise.all(this.joined.map((backend) => backend.close()));
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
      this.http.closeAllConnections();
    });
    this.options.log('ended');
  }

  /** Whoever opens sockets and says nothing has its own share of them, too. */
  private greet(socket: Socket): void {
    const client = clientOf(socket.remoteAddress ?? '');
    const open = (this.perClient.get(client) ?? 0) + 1;
    if (open > 2 * this.options.limits.clientConnections) return void socket.destroy();
    this.perClient.set(client, open);
    socket.once('close', () => {
      const left = this.perClient.get(client)! - 1;
      if (left === 0) this.perClient.delete(client);
      else this.perClient.set(client, left);
    });
  }

  private answer({ method, url }: IncomingMessage, response: ServerResponse): void {
    const here = url === '/' && (method === 'GET' || method === 'HEAD');
    response.writeHead(here ? 200 : 404, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end(here ? 'A relay of Pintail: WebSockets at /wisp/ and /switch/NAME.\n' : 'There are /wisp/ and /switch/NAME.\n');
  }

  private knocked(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Between the knock and the WebSocket nobody else hears what goes wrong.
    socket.on('error', () => socket.destroy());
    const knock = readKnock(request);
    const verdict = admit(knock, this.accounts, this.connections.size, this.rules);
    if ('status' in verdict) return this.refuse(socket, knock, verdict);
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, verdict.account, this.options.limits, this.now);
      this.welcome(connection, verdict.place, knock);
    });
  }

  private refuse(socket: Duplex, { address, path }: Knock, { status, reason }: { status: number; reason: string }): void {
    this.options.log('refused', { client: clientOf(address), path: path.slice(0, 80), status, reason });
    socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length + 1}\r\nConnection: close\r\n\r\n${reason}\n`, () => socket.destroy());
  }

  private welcome(connection: Connection, place: Place, { path }: Knock): void {
    const { limits, provider, log, allow } = this.options;
    const id = this.nextId++;
    const { account } = connection;
    account.connections++;
    log('opened', { connection: id, client: account.client, path });
    const done = (reason: string, streams = 0): void => {
      account.connections--;
      this.connections.delete(open);
      log('closed', { connection: id, bytesIn: connection.bytesIn, bytesOut: connection.bytesOut, streams, reason });
    };
    const open: Open = { connection, sweep: () => undefined };
    this.connections.add(open);
    if (place.kind === 'switch') return this.plugIn(connection, place.name, `connection ${id}`, done);
    const tools = { id, provider, find: findAddresses(provider, allow), limits, log, now: this.now };
    let session: Session | undefined;
    connection.listen({
      message: (bytes) => session?.receive(bytes),
      held: (isHeld) => session?.held(isHeld),
      ended: (reason) => {
        session?.end();
        done(reason, session?.streamsOpened);
      },
    });
    session = new Session(connection, tools);
    open.sweep = () => session.sweep();
  }

  private plugIn(connection: Connection, name: string, port: string, done: (reason: string) => void): void {
    let deliver: (frame: Uint8Array) => void = () => undefined;
    let lost: (problem: string) => void = () => undefined;
    connection.listen({
      message: (bytes) => deliver(bytes),
      held: () => undefined,
      ended: (reason) => {
        lost(reason);
        void backend?.close();
        done(reason);
      },
    });
    const backend = this.switches.accept(name, port, {
      protocol: connection.protocol,
      listen: ({ message, closed }) => void ([deliver, lost] = [message, closed]),
      // Past its rate, a frame is lost, as on any wire that is full.
      send: (bytes) => connection.isHeld || connection.send(Uint8Array.from(bytes)),
      buffered: () => connection.buffered,
      close: () => connection.terminate('unplugged'),
    });
    if (backend === undefined) connection.end('there are enough switches', 1013);
  }

  private sweep(): void {
    for (const { connection, sweep } of [...this.connections]) {
      connection.sweep();
      sweep();
    }
  }

  private ask(): void {
    for (const { connection } of [...this.connections]) connection.ask();
  }
}

function readKnock({ url, headers, socket }: IncomingMessage): Knock {
  let path = '';
  let token: string | undefined;
  try {
    const parsed = new URL(url ?? '', 'http://relay');
    path = parsed.pathname;
    token = parsed.searchParams.get('token') ?? undefined;
  } catch {
    // No path there is.
  }
  return { path, token, origin: headers.origin, address: socket.remoteAddress ?? '' };
}

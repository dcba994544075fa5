/**
 * `-netdev dgram`: each frame one UDP datagram, as QEMU sends it: bound here and sent to one remote, or a multicast group that all share.
 * Node has no UNIX datagram sockets, so QEMU's `local.type=unix` is refused when the option is read.
 *
 * A datagram socket cannot be held back, so what comes while the guest has no room waits in a bounded queue, and past it is dropped and
 * counted, as UDP allows. Only the remote is heard.
 */

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { parseAddress } from '../../../net/address.js';
import { NO_SUPPORT, type FrameSink, type NetBackend } from '../../../net/backend.js';
import { equalBytes } from '../../../net/bytes.js';
import { CounterSet } from '../../../net/counters.js';
import type { Counter } from '../../../rings/counter.js';
import { NetworkError } from '../../../net/errors.js';
import { Inbox } from '../../../net/inbox.js';
import type { DgramOptions } from '../../../net/link-options.js';

export interface DgramBackend extends NetBackend {
  readonly port: number;
  /** Changes where frames go: for a pair that binds free ports first. */
  setRemote(host: string, port: number): void;
}

/** Sends that the system has not finished. */
const MAX_SENDING = 256;
const MAX_DATAGRAM = 65507;
const UNITS = {
  framesIn: 'frames',
  framesOut: 'frames',
  bytesIn: 'bytes',
  bytesOut: 'bytes',
  sendRefused: 'frames',
  sendFailed: 'frames',
  queueDropped: 'frames',
  stranger: 'frames',
  reads: 'system calls',
  writes: 'system calls',
} as const;

export function createDgram(name: string, options: DgramOptions): Promise<DgramBackend> {
  return new Promise((resolve, reject) => {
    const { local, remote } = options;
    const group = isMulticast(remote.host);
    const socket = createSocket({ type: isIPv6(remote.host) ? 'udp6' : 'udp4', reuseAddr: group });
    const fail = (error: Error): void => {
      socket.close();
      reject(new NetworkError(`${name}: cannot use ${local?.host ?? remote.host} port ${local?.port ?? remote.port}: ${error.message}`, { cause: error }));
    };
    socket.once('error', fail);
    const ready = (): void => {
      socket.off('error', fail);
      try {
        if (group) joinGroup(socket, remote.host, local?.host);
        resolve(new Dgram(name, socket, remote, group));
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    };
    if (group) socket.bind(remote.port, ready);
    else socket.bind(local?.port ?? 0, local?.host, ready);
  });
}

class Dgram implements DgramBackend {
  readonly accepts = NO_SUPPORT;
  readonly port: number;
  private readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly inbox: Inbox;
  private sending = 0;
  private owesRoom = false;
  private closed = false;

  constructor(
    readonly name: string,
    private readonly socket: Socket,
    private remote: { host: string; port: number },
    private readonly group: boolean,
  ) {
    this.counts = new CounterSet(name, UNITS);
    this.inbox = new Inbox(this.counts);
    this.port = socket.address().port;
    socket.on('message', (bytes, from) => this.receive(bytes, from.address, from.port));
    // A remote that does not listen yet answers with an ICMP error: later frames may reach it.
    socket.on('error', () => this.counts.add('sendFailed'));
  }

  setRemote(host: string, port: number): void {
    this.remote = { host, port };
  }

  attach(sink: FrameSink): void {
    this.inbox.attach(sink);
  }

  send(frame: Uint8Array): boolean {
    if (this.closed) return true;
    if (this.sending >= MAX_SENDING) {
      this.owesRoom = true;
      this.counts.add('sendRefused');
      return false;
    }
    if (frame.length > MAX_DATAGRAM) {
      this.counts.add('sendFailed');
      return true;
    }
    this.sending++;
    this.counts.add('writes');
    this.counts.add('framesIn');
    this.counts.add('bytesIn', frame.length);
    this.socket.send(Buffer.from(frame), this.remote.port, this.remote.host, (error) => this.sent(error));
    return true;
  }

  flush(): void {}

  roomForDeliver(): void {
    this.inbox.drain();
  }

  counters(): Counter[] {
    return this.counts.list();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.inbox.clear();
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  private sent(error: Error | null): void {
    if (error) this.counts.add('sendFailed');
    this.sending--;
    if (!this.owesRoom || this.sending > MAX_SENDING / 2) return;
    this.owesRoom = false;
    this.inbox.sink.roomForSend();
  }

  private receive(bytes: Uint8Array, host: string, port: number): void {
    this.counts.add('reads');
    if (!this.group && !this.isRemote(host, port)) return this.counts.add('stranger');
    this.inbox.receive(bytes);
  }

  private isRemote(host: string, port: number): boolean {
    const wanted = parseAddress(this.remote.host);
    const actual = parseAddress(host.replace(/%.*$/, ''));
    // A remote given by name is held to its port only.
    return port === this.remote.port && (!wanted || !actual || equalBytes(wanted, actual));
  }
}

function joinGroup(socket: Socket, group: string, local: string | undefined): void {
  socket.addMembership(group, local);
  if (local !== undefined) socket.setMulticastInterface(local);
  socket.setMulticastLoopback(true);
}

function isMulticast(host: string): boolean {
  const address = parseAddress(host);
  if (!address) return false;
  return address.length === 4 ? address[0]! >= 224 && address[0]! < 240 : address[0] === 0xff;
}

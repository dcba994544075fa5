/** System calls of a provider, counted by class, over this machine's own sockets. */

import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { countSystemCalls } from '../../../host/net/counted-provider.js';
import { nodeProvider } from '../../../host/platform/node/net/provider.js';
import type { DatagramSocket, StreamSocket } from '../../../host/net/provider.js';

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

/** The socket's bytes up to `count` of them; then its end is asked for. */
function read(socket: StreamSocket, count: number): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    socket.listen({
      data(chunk) {
        bytes += chunk.length;
        if (bytes >= count) resolve(bytes);
      },
      ended: () => undefined,
      room: () => undefined,
      failed: () => undefined,
    });
    socket.resume();
  });
}

describe('system calls', () => {
  it('of a stream: connect, writes, reads, shutdown', async () => {
    const server = createServer((socket) => void socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { provider, counters } = countSystemCalls(nodeProvider(), 'n0');
    const value = (name: string): bigint => counters().find((counter) => counter.name === `n0.system.${name}`)!.value;
    const socket = await provider.connectTcp({ address: LOOPBACK, port: (server.address() as { port: number }).port }, new AbortController().signal);
    const came = read(socket, 3);
    socket.write(Uint8Array.of(1));
    socket.write(Uint8Array.of(2, 3));
    expect(await came).toBe(3);
    socket.end();
    expect({ connects: value('connects'), writes: value('writes'), shutdowns: value('shutdowns'), accepts: value('accepts') }).toEqual({ connects: 1n, writes: 2n, shutdowns: 1n, accepts: 0n });
    expect(value('reads')).toBeGreaterThan(0n);
    expect(counters().every(({ unit }) => unit === 'system calls')).toBe(true);
  });

  it('of datagrams, both ways, and of a listener', async () => {
    const { provider, counters } = countSystemCalls(nodeProvider(), 'n0');
    const value = (name: string): bigint => counters().find((counter) => counter.name === `n0.system.${name}`)!.value;
    let heard = 0;
    let arrived: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (arrived = resolve));
    const to: DatagramSocket = await provider.bindUdp({ address: LOOPBACK, port: 0 }, { message: () => void (++heard === 2 && arrived()), failed: () => undefined });
    const from = provider.openUdp(4, { message: () => undefined, failed: () => undefined });
    for (let i = 0; i < 2; i++) from.send(Uint8Array.of(i), { address: LOOPBACK, port: to.port });
    await all;
    from.close();
    to.close();
    expect([value('datagramSockets'), value('datagramsSent'), value('datagramsReceived')]).toEqual([2n, 2n, 2n]);
    let taken: () => void = () => undefined;
    const accepted = new Promise<void>((resolve) => (taken = resolve));
    const listener = await provider.listenTcp({ address: LOOPBACK, port: 0 }, () => taken());
    const socket = await provider.connectTcp({ address: LOOPBACK, port: listener.port }, new AbortController().signal);
    await accepted;
    socket.reset();
    await listener.close();
    expect(value('accepts')).toBe(1n);
  });
});

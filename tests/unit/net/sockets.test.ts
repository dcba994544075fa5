/** The user network over this machine's real sockets, with a scripted guest. */

import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_SUPPORT } from '../../../host/net/backend.js';
import { openTcp } from '../../../host/net/connect.js';
import { nodeProvider } from '../../../host/platform/node/net/provider.js';
import { toDuplex } from '../../../host/platform/node/streams.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend, type NetContext } from '../../../host/net/open.js';
import type { Nat } from '../../../host/net/nat/nat.js';
import { Guest } from './guest.js';
import { arpRequest, be16, GATEWAY, parseIp, udp4 } from './packets.js';
import { dispatchTcp, TcpPeer, type Segment } from './tcp-peer.js';

interface Network {
  guest: Guest;
  nat: Nat;
  context: NetContext;
}

async function open(options: string): Promise<Network> {
  const context = createNetContext();
  const { backend, nat } = await openBackend(parseNetdev(`user,id=n0,ipv6=off${options}`), context);
  onTestFinished(() => backend.close());
  const guest = new Guest(backend);
  guest.send(arpRequest(GATEWAY));
  guest.take();
  return { guest, nat: nat!, context };
}

async function serve(handler: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function dial({ guest, context }: Network, remotePort: number, count = 1, large = 0): TcpPeer[] {
  const peers = new Map<number, TcpPeer>();
  for (let port = 5000; port < 5000 + count; port++) peers.set(port, new TcpPeer(guest, context.clock, port, remotePort, GATEWAY, 1460, large));
  dispatchTcp(guest, peers);
  for (const peer of peers.values()) peer.connect();
  return [...peers.values()];
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('real sockets', () => {
  for (const large of [0, 60_000]) {
    it(`echoes megabytes through a server, half-closed${large > 0 ? ', in large segments' : ''}`, async () => {
      const network = await open(',loopback=on');
      if (large > 0) network.guest.accepts = ALL_SUPPORT;
      const port = await serve((socket) => void socket.pipe(socket));
      const [peer] = dial(network, port, 1, large) as [TcpPeer];
      await eventually(() => peer.state === 'open');
      const data = randomBytes(4 << 20);
      peer.write(data);
      peer.end();
      await eventually(() => peer.peerEnded);
      expect(hash(peer.all)).toBe(hash(data));
      expect(network.guest.counter('tcpRetransmitted')).toBe(0);
      await eventually(() => network.guest.counter('tcpFlows') === 0);
    });
  }

  it('refuses what nobody listens on, and the loopback when it is not allowed', async () => {
    const port = await serve(() => undefined);
    const strict = await open('');
    const [denied] = dial(strict, port) as [TcpPeer];
    await eventually(() => denied.refused);
    const loose = await open(',loopback=on');
    const [refused] = dial(loose, 1) as [TcpPeer];
    await eventually(() => refused.refused);
    expect(loose.guest.counter('tcpOpened')).toBe(1);
  });

  it('holds back a server that sends to a guest that does not read', async () => {
    let written = 0;
    const port = await serve((socket) => {
      const more = (): void => {
        while (written < 256 << 20) {
          written += 65536;
          if (!socket.write(new Uint8Array(65536))) return;
        }
      };
      socket.on('drain', more);
      socket.on('error', () => undefined);
      more();
    });
    const network = await open(',loopback=on');
    const [peer] = dial(network, port) as [TcpPeer];
    await eventually(() => peer.receivedBytes > 0);
    peer.window = 0;
    peer.sendAck();
    let before = -1;
    // Until nothing moves for a while: what the kernel and we hold is all the server got rid of.
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(64 << 20);
    peer.reset();
  });

  it('passes a reset from the host to the guest and back', async () => {
    const errors: string[] = [];
    const port = await serve((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      socket.on('data', (bytes) => bytes[0] === 1 && socket.resetAndDestroy());
    });
    const network = await open(',loopback=on');
    const [first, second] = dial(network, port, 2) as [TcpPeer, TcpPeer];
    await eventually(() => first.state === 'open' && second.state === 'open');
    first.write(Uint8Array.of(1));
    await eventually(() => first.wasReset);
    second.reset();
    await eventually(() => errors.includes('ECONNRESET'));
    expect(network.guest.counter('tcpFlows')).toBe(0);
  });

  it.skipIf(process.platform !== 'linux')('gives its sockets back when connections are reset while their end is being told', { timeout: 30_000 }, async () => {
    const isSocket = (fd: string): boolean => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
      } catch {
        return false; // the folder's own
      }
    };
    const sockets = (): number => readdirSync('/proc/self/fd').filter(isSocket).length;
    const port = await serve((socket) => void socket.on('error', () => undefined).on('end', () => socket.end()).resume());
    const before = sockets();
    for (let i = 0; i < 10; i++) {
      const socket = await nodeProvider().connectTcp({ address: Uint8Array.of(127, 0, 0, 1), port }, new AbortController().signal);
      socket.listen({ data: () => undefined, ended: () => undefined, room: () => undefined, failed: () => undefined });
      socket.end();
      socket.reset();
    }
    await eventually(() => sockets() === before);
  });

  it('serves 200 connections at once', async () => {
    const port = await serve((socket) => void socket.pipe(socket));
    const network = await open(',loopback=on');
    const peers = dial(network, port, 200);
    await eventually(() => peers.every(({ state }) => state === 'open'));
    const data = peers.map(() => randomBytes(20_000));
    peers.forEach((peer, i) => (peer.write(data[i]!), peer.end()));
    await eventually(() => peers.every(({ peerEnded }) => peerEnded));
    peers.forEach((peer, i) => expect(hash(peer.all)).toBe(hash(data[i]!)));
  });

  it('forwards a TCP port of the host to a server in the guest', async () => {
    const network = await open(',hostfwd=tcp::0-:80');
    dispatchTcp(network.guest, new Map(), (segment: Segment) => {
      const peer = new TcpPeer(network.guest, network.context.clock, segment.to, segment.from);
      peer.onEnd = () => (peer.write(peer.all), peer.end());
      return peer;
    });
    const client = connect({ port: network.nat.forwardedPorts()[0]!, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    let ended = false;
    client.on('data', (bytes) => chunks.push(bytes));
    client.on('end', () => (ended = true));
    const data = randomBytes(1 << 20);
    client.end(data);
    await eventually(() => ended);
    expect(hash(Buffer.concat(chunks))).toBe(hash(data));
  });

  it('tells a client that the guest’s server refuses', async () => {
    const network = await open(',hostfwd=tcp::0-:81');
    const client = connect({ port: network.nat.forwardedPorts()[0]!, host: '127.0.0.1' });
    const error = new Promise<NodeJS.ErrnoException>((resolve) => client.on('error', resolve));
    await eventually(() => network.guest.frames.length > 0);
    const { parseTcp, tcpFrame, RST, ACK } = await import('./tcp-peer.js');
    const syn = parseTcp(parseIp(network.guest.take()[0]!.frame)!.payload);
    network.guest.send(tcpFrame({ from: 81, to: syn.from, seq: 0, ack: syn.seq + 1, flags: RST | ACK }, GATEWAY));
    expect((await error).code).toBe('ECONNRESET');
  });

  it('forwards a UDP port both ways, each peer under its own port', async () => {
    const network = await open(',hostfwd=udp::0-:7');
    const [port] = network.nat.forwardedPorts();
    const clients = [createSocket('udp4'), createSocket('udp4')];
    const heard: string[][] = [[], []];
    clients.forEach((client, i) => {
      onTestFinished(() => void client.close());
      client.on('message', (bytes) => heard[i]!.push(bytes.toString()));
      client.send(`from ${i}`, port!, '127.0.0.1');
    });
    await eventually(() => network.guest.frames.length === 2);
    const packets = network.guest.takeIp();
    const ports = packets.map(({ payload }) => payload[0]! * 256 + payload[1]!);
    expect(ports[0]).not.toBe(ports[1]);
    expect(packets.map(({ source, payload }) => [source, [...payload.subarray(2, 4)]])).toEqual(new Array(2).fill([GATEWAY, be16(7)]));
    packets.forEach(({ payload }, i) => network.guest.send(udp4(GATEWAY, 7, ports[i]!, [...Buffer.from('to '), ...payload.subarray(8)])));
    await eventually(() => heard.flat().length === 2);
    expect(heard).toEqual([['to from 0'], ['to from 1']]);
  });

  it('echoes a thousand datagrams', async () => {
    const echo = createSocket('udp4');
    echo.on('message', (bytes, { port, address }) => echo.send(bytes, port, address));
    await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void echo.close());
    const network = await open(',loopback=on');
    const answers = new Set<number>();
    network.guest.onFrame = (frame) => {
      const packet = parseIp(frame);
      if (packet?.protocol === 17) answers.add(packet.payload[8]! * 256 + packet.payload[9]!);
    };
    for (let i = 0; i < 1000; i++) {
      network.guest.send(udp4(GATEWAY, 5000, echo.address().port, be16(i)));
      if (i % 50 === 49) await eventually(() => answers.size === i + 1);
    }
    expect(answers.size).toBe(1000);
  });

  it('forwards names to a resolver that is told, over UDP', async () => {
    const resolver = createSocket('udp4');
    resolver.on('message', (bytes, { port, address }) => resolver.send(Buffer.concat([bytes, Buffer.from('!')]), port, address));
    await new Promise<void>((resolve) => resolver.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void resolver.close());
    const network = await open(`,resolver=127.0.0.1:${resolver.address().port}`);
    network.guest.send(udp4([10, 0, 2, 3], 5000, 53, [...Buffer.from('query')]));
    await eventually(() => network.guest.frames.length > 0);
    const [answer] = network.guest.takeIp();
    expect([answer!.source, Buffer.from(answer!.payload.subarray(8)).toString()]).toEqual([[10, 0, 2, 3], 'query!']);
  });

  it('gives the program a stream to a server in the guest', async () => {
    const network = await open('');
    dispatchTcp(network.guest, new Map(), (segment: Segment) => {
      const peer = new TcpPeer(network.guest, network.context.clock, segment.to, segment.from);
      peer.onEnd = () => (peer.write(Buffer.from(hash(peer.all))), peer.end());
      return peer;
    });
    const stream = toDuplex(await openTcp(network.nat, 9999));
    const data = randomBytes(2 << 20);
    stream.end(data);
    let answer = '';
    for await (const chunk of stream) answer += String(chunk);
    expect(answer).toBe(hash(data));
  });
});

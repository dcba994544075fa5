/** A user network through a relay: the same guest, the same servers as tests/unit/net/sockets.test.ts, and Wisp between. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SocketError, type SocketProvider, type StreamSocket } from '../../../host/net/provider.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend, type NetContext } from '../../../host/net/open.js';
import { closePacket, connectPacket, continuePacket, dataPacket, parsePacket } from '../../../host/net/wisp/packet.js';
import { WispClient } from '../../../host/net/wisp/client.js';
import { OWN_PROTOCOL } from '../../../host/net/wisp/spec.js';
import { nodeProvider } from '../../../host/platform/node/net/provider.js';
import { openWebSocket } from '../../../host/platform/node/net/web-socket.js';
import { Guest } from '../net/guest.js';
import { arpRequest, GATEWAY, parseIp, udp4 } from '../net/packets.js';
import { dispatchTcp, TcpPeer } from '../net/tcp-peer.js';
import { openRaw, openRelay, type TestRelay } from './relay.js';

interface Network {
  guest: Guest;
  context: NetContext;
}

async function openNetwork(relay: TestRelay, more = ''): Promise<Network> {
  const context = createNetContext();
  const { backend } = await openBackend(parseNetdev(`user,id=n0,ipv6=off,loopback=on,relay=${relay.address('/')}${more}`), context);
  onTestFinished(() => backend.close());
  const guest = new Guest(backend);
  guest.send(arpRequest(GATEWAY));
  guest.take();
  return { guest, context };
}

async function serve(handler: (socket: Socket) => void): Promise<number> {
  // The relay resets what is left open at its end.
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => handler(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function dial({ guest, context }: Network, port: number): TcpPeer {
  const peer = new TcpPeer(guest, context.clock, 5000, port, GATEWAY, 1460, 0);
  dispatchTcp(guest, new Map([[5000, peer]]));
  peer.connect();
  return peer;
}

const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a stream's peer says, to its end. */
function readAll(socket: StreamSocket): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    socket.listen({ data: (bytes) => void parts.push(bytes), ended: () => resolve(Buffer.concat(parts)), room: () => undefined, failed: (code) => reject(new Error(code)) });
    socket.resume();
  });
}

const clientOf = (relay: TestRelay, protocols = [OWN_PROTOCOL]): WispClient => {
  const client = new WispClient(() => openWebSocket(relay.address('/wisp/'), protocols));
  onTestFinished(() => client.close());
  return client;
};
const never = new AbortController().signal;

describe('a user network through a relay', () => {
  it('echoes megabytes, half-closed', async () => {
    const relay = await openRelay();
    const peer = dial(await openNetwork(relay), await serve((socket) => void socket.pipe(socket)));
    const sent = randomBytes(3 << 20);
    await eventually(() => peer.state === 'open');
    peer.write(sent);
    peer.end();
    await eventually(() => peer.peerEnded);
    expect(hash(peer.all)).toBe(hash(sent));
    expect(await relay.logged('stream')).toMatchObject({ kind: 'tcp', host: '127.0.0.1', verdict: 'connected' });
  });

  it('tells a refusal as a refusal, and carries datagrams both ways', async () => {
    const relay = await openRelay();
    const network = await openNetwork(relay);
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const free = (closed.address() as AddressInfo).port;
    await new Promise((resolve) => closed.close(resolve));
    const refused = dial(network, free);
    await eventually(() => refused.refused);

    const echo = createSocket('udp4', (bytes, from) => echo.send(bytes, from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void echo.close());
    const answers: string[] = [];
    network.guest.onFrame = (frame) => {
      const packet = parseIp(frame);
      if (packet?.protocol === 17) answers.push(Buffer.from(packet.payload.subarray(8)).toString());
    };
    network.guest.send(udp4(GATEWAY, 7, echo.address().port, Buffer.from('there and back')));
    await eventually(() => answers.length > 0);
    expect(answers).toEqual(['there and back']);
  });
});

describe('Wisp', () => {
  it('holds a peer back while nobody reads, and gives everything afterwards', async () => {
    const sent = randomBytes(8 << 20);
    let server: Socket | undefined;
    const port = await serve((socket) => {
      server = socket;
      socket.end(sent);
    });
    const socket = await clientOf(await openRelay()).connectTcp('127.0.0.1', port, never);
    let arrived = 0;
    const all: Uint8Array[] = [];
    const done = new Promise<void>((resolve) => socket.listen({ data: (bytes) => void (all.push(bytes), (arrived += bytes.length)), ended: resolve, room: () => undefined, failed: () => undefined }));
    // What is granted and what kernels hold is on its way; the rest stays where it is.
    await eventually(() => server !== undefined && server.writableLength > 0);
    expect(arrived).toBe(0);
    socket.resume();
    await done;
    expect(hash(Buffer.concat(all))).toBe(hash(sent));
  });

  it('is spoken with servers and clients that know version 1 alone', async () => {
    const relay = await openRelay();
    const port = await serve((socket) => void socket.once('data', (bytes) => socket.end(bytes)));
    const socket = await clientOf(relay, []).connectTcp('127.0.0.1', port, never);
    const answer = readAll(socket);
    socket.write(Buffer.from('plain'));
    expect((await answer).toString()).toBe('plain');

    const raw = await openRaw(relay.address('/wisp/'), []);
    expect((await raw.heard('continue', 0)).count).toBeGreaterThan(0);
    raw.send(connectPacket(9, 'tcp', '127.0.0.1', port));
    raw.send(dataPacket(9, Buffer.from('early')));
    expect(Buffer.from((await raw.heard('data', 9)).bytes).toString()).toBe('early');
    expect((await raw.heard('close', 9)).reason).toBe(2);
  });

  it('reads what it writes, and nothing else', () => {
    expect(parsePacket(connectPacket(7, 'udp', 'example.org', 53))).toEqual({ type: 'connect', stream: 7, kind: 'udp', host: 'example.org', port: 53 });
    expect(parsePacket(continuePacket(7, 99))).toEqual({ type: 'continue', stream: 7, count: 99 });
    expect(parsePacket(closePacket(7, 0x44))).toEqual({ type: 'close', stream: 7, reason: 0x44 });
    for (const wrong of ['', '01', '0101000000', '010000000001500061', '0107000000030050006162', '0300000000', '0400000000', '01070000000150000a', '0107000000015000'.padEnd(700, '61'), '5001000000aa', 'ff01000000']) {
      expect(parsePacket(Buffer.from(wrong, 'hex')), wrong).toBeUndefined();
    }
  });

  it('opens another connection when the one before has ended', async () => {
    const relay = await openRelay();
    const port = await serve((socket) => void socket.pipe(socket));
    const client = clientOf(relay);
    const first = await client.connectTcp('127.0.0.1', port, never);
    const failed = new Promise<string>((resolve) => first.listen({ data: () => undefined, ended: () => undefined, room: () => undefined, failed: resolve }));
    await relay.close();
    expect(await failed).toBe('ENETUNREACH');
    await expect(client.connectTcp('127.0.0.1', port, never)).rejects.toBeInstanceOf(SocketError);
  });
});

describe('where streams may lead', () => {
  const names = (known: Record<string, number[][]>): SocketProvider => ({
    ...nodeProvider(),
    resolve: async (name, family) => (known[name] ?? []).filter(({ length }) => length === (family === 4 ? 4 : 16)).map((bytes) => Uint8Array.from(bytes)),
    ownAddresses: () => [Uint8Array.of(9, 9, 9, 9)],
  });

  it('nowhere private, by address or by name, whatever the form', async () => {
    const provider = names({ 'inside.example': [[10, 0, 0, 1]], 'both.example': [[192, 168, 1, 1], [127, 0, 0, 1]], 'self.example': [[9, 9, 9, 9]] });
    const relay = await openRelay({ allow: [], provider: { ...provider, connectTcp: () => Promise.reject(new Error('was connected')) } });
    const raw = await openRaw(relay.address('/wisp/'));
    const hosts = ['127.0.0.1', '::1', '169.254.169.254', '10.0.2.2', '100.64.0.1', 'fe80::1', '64:ff9b::7f00:1', 'inside.example', 'both.example', 'self.example', '9.9.9.9'];
    for (const [i, host] of hosts.entries()) {
      raw.send(connectPacket(i + 1, 'tcp', host, 80));
      expect((await raw.heard('close', i + 1)).reason, host).toBe(0x48);
      expect(await relay.logged('stream', (line) => line.host === host)).toMatchObject({ verdict: 'blocked' });
    }
    raw.send(connectPacket(99, 'tcp', 'nowhere.example', 80));
    expect((await raw.heard('close', 99)).reason).toBe(0x42);
  });

  it('where --allow says, and by names that lead there', async () => {
    const port = await serve((socket) => void socket.end('allowed'));
    const relay = await openRelay({ provider: names({ 'named.example': [[127, 0, 0, 1]] }) });
    expect((await readAll(await clientOf(relay).connectTcp('named.example', port, never))).toString()).toBe('allowed');
  });
});

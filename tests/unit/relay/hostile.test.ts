/** A relay among strangers: what they send, hold open and guess is bounded, and what they were refused stays refused. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { seededRandom } from '../../../host/net/random.js';
import { connectPacket, continuePacket, dataPacket } from '../../../host/net/wisp/packet.js';
import { STREAM_PACKETS } from '../../../host/net/wisp/spec.js';
import { Account, Accounts, clientOf } from '../../../host/relay/accounts.js';
import { DEFAULT_LIMITS } from '../../../host/relay/limits.js';
import { openLog } from '../../../host/relay/log.js';
import { knock, openRaw, openRelay } from './relay.js';

async function serve(handler: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('who knocks', () => {
  it('with a wrong token is refused, and after too many for a while even with the right one', async () => {
    let now = 90_000;
    const relay = await openRelay({ token: 'right', limits: { strikes: 5 }, now: () => now });
    expect(await knock(relay.address('/wisp/', 'right'))).toBe(101);
    for (const guess of ['', 'righ', 'rightt', 'RIGHT', 'wrong']) expect(await knock(relay.address('/wisp/', guess))).toBe(401);
    expect(await knock(relay.address('/wisp/', 'right'))).toBe(429);
    now += 60_000;
    expect(await knock(relay.address('/wisp/'))).toBe(401);
    expect(await knock(relay.address('/wisp/', 'right'))).toBe(101);
    // What was guessed is told without the guess.
    expect(JSON.stringify(relay.lines)).not.toContain('righ');
  });

  it('from another site’s page is refused, and from this machine’s or an allowed one is not', async () => {
    const relay = await openRelay({ origins: ['https://machines.example'] });
    for (const origin of ['https://evil.example', 'https://machines.example.evil.example', 'http://machines.example', 'http://localhost.evil.example', 'null']) expect(await knock(relay.address('/wisp/'), { origin }), origin).toBe(403);
    for (const origin of ['https://machines.example', 'http://localhost:5173', 'http://127.0.0.1', 'http://[::1]:80']) expect(await knock(relay.address('/wisp/'), { origin }), origin).toBe(101);
  });

  it('for what there is not is refused', async () => {
    const relay = await openRelay();
    for (const path of ['/', '/wisp/x', '/switch/', '/switch/a/b', '/switch/%2e%2e', `/switch/${'a'.repeat(65)}`]) expect(await knock(relay.address(path)), path).toBe(404);
  });

  it('2,000 times is let in as often as one client may, and others are not kept out', async () => {
    const relay = await openRelay({ limits: { connections: 20, clientConnections: 16 } });
    const request = `GET /wisp/ HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`;
    const sockets: Socket[] = [];
    const outcomes = Array.from({ length: 2000 }, () => new Promise<boolean>((resolve) => {
      const socket = connect(relay.port, '127.0.0.1', () => void socket.write(request));
      sockets.push(socket);
      socket.on('data', (bytes) => resolve(bytes.toString('latin1').startsWith('HTTP/1.1 101 ')));
      socket.on('error', () => undefined).on('close', () => resolve(false));
    }));
    const welcome = (await Promise.all(outcomes)).filter(Boolean).length;
    expect(welcome).toBe(16);
    expect(relay.open().connections).toBe(16);
    for (const socket of sockets) socket.destroy();
    await eventually(() => relay.open().connections === 0);
    expect(await knock(relay.address('/wisp/'))).toBe(101);
  });

  it('and says its request letter by letter, or nothing, is not waited for', async () => {
    const relay = await openRelay({ limits: { headMs: 100 } });
    const slow = Array.from({ length: 8 }, (_, i) => {
      const socket = connect(relay.port, '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      if (i % 2 === 0) socket.write('GET /wisp/ HTTP/1.1\r\nX: ');
      return new Promise<void>((resolve) => socket.on('close', () => resolve()).resume());
    });
    await Promise.all(slow);
    expect(relay.open().connections).toBe(0);
  });
});

describe('who is in', () => {
  it('and sends noise is put out at the first message that is none, 10,000 times over, and then no more let in', async () => {
    const random = seededRandom(14);
    const relay = await openRelay({ limits: { strikes: 40 } });
    let sent = 0;
    let ended = 0;
    while (sent < 10_000) {
      if ((await knock(relay.address('/wisp/'))) === 429) break;
      const raw = await openRaw(relay.address('/wisp/'));
      await raw.heard('continue', 0);
      for (let i = 0; i < 250; i++, sent++) {
        const noise = Uint8Array.from({ length: Math.floor(random() * 24) }, () => Math.floor(random() * 256));
        raw.socket.send(noise, () => undefined);
      }
      await raw.closed;
      ended++;
    }
    expect(ended).toBe(40);
    expect(sent).toBe(10_000);
    expect(await knock(relay.address('/wisp/'))).toBe(429);
    expect(relay.open().connections).toBe(0);
  });

  for (const [what, messages] of [
    ['a text', ['text']], ['a stream twice', [connectPacket(1, 'tcp', '127.0.0.1', 9), connectPacket(1, 'tcp', '127.0.0.1', 9)]],
    ['a grant for a datagram stream', [connectPacket(1, 'udp', '127.0.0.1', 9), continuePacket(1, 5)]],
    ['a message that is too long', [new Uint8Array(80 << 10)]],
  ] as const) {
    it(`and sends ${what} is put out`, async () => {
      const relay = await openRelay();
      const raw = await openRaw(relay.address('/wisp/'));
      for (const message of messages) raw.socket.send(message as Uint8Array, () => undefined);
      expect([1002, 1003, 1009, 1006]).toContain(await raw.closed);
      await relay.logged('closed');
    });
  }

  it('and opens more streams than it may hears that, and keeps those it has', async () => {
    const port = await serve((socket) => void socket.pipe(socket));
    const relay = await openRelay({ limits: { streams: 4 } });
    const raw = await openRaw(relay.address('/wisp/'));
    for (let i = 1; i <= 4; i++) raw.send(connectPacket(i, 'tcp', '127.0.0.1', port));
    for (let i = 1; i <= 4; i++) await raw.heard('continue', i);
    for (let i = 5; i <= 200; i++) raw.send(connectPacket(i, 'tcp', '127.0.0.1', port));
    expect((await raw.heard('close', 200)).reason).toBe(0x49);
    raw.send(dataPacket(1, Buffer.from('still')));
    expect(Buffer.from((await raw.heard('data', 1)).bytes).toString()).toBe('still');
  });

  it('and sends past what was granted is put out', async () => {
    const port = await serve((socket) => void socket.pause());
    const relay = await openRelay();
    const raw = await openRaw(relay.address('/wisp/'));
    raw.send(connectPacket(1, 'tcp', '127.0.0.1', port));
    await raw.heard('continue', 1);
    // Kernels hold a few megabytes; past them nothing is granted.
    const full = new Uint8Array(60 << 10);
    for (let i = 0; i < 64 * STREAM_PACKETS && raw.socket.readyState === WebSocket.OPEN; i++) await new Promise<void>((resolve) => raw.socket.send(dataPacket(1, full), () => resolve()));
    expect(await raw.closed).toBe(1002);
    expect(await relay.logged('broken')).toMatchObject({ problem: 'more than was granted' });
  });

  it('and does not read holds up its peer, not the relay, and is given up', async () => {
    let written = 0;
    const port = await serve((socket) => {
      const more = (): void => {
        while (written < 256 << 20) {
          written += 65536;
          if (!socket.write(new Uint8Array(65536))) return;
        }
      };
      socket.on('drain', more);
      more();
    });
    let now = 1e6;
    const relay = await openRelay({ limits: { bufferedBytes: 256 << 10, stallMs: 1000 }, now: () => now });
    // Version 1 grants nothing: the client's own reading is all there is.
    const raw = await openRaw(relay.address('/wisp/'), []);
    await raw.heard('continue', 0);
    raw.socket.pause();
    raw.send(connectPacket(1, 'tcp', '127.0.0.1', port));
    let before = -1;
    while (before !== written || written === 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(64 << 20);
    now += 2000;
    expect(await relay.logged('closed')).toMatchObject({ reason: 'reads too slowly' });
  });
});

describe('what is counted', () => {
  it('a rate is owed in time, and a day’s bytes end', () => {
    let now = 0;
    const account = new Account('1.2.3.4', { ...DEFAULT_LIMITS, rate: 1000, bytes: 10_000 }, () => now);
    expect(account.spend(1000)).toBe(0);
    expect(account.spend(500)).toBe(500);
    now = 500;
    expect(account.spend(100)).toBe(100);
    expect(account.spend(9000)).toBeUndefined();
    now = 86_400_000;
    expect(account.spend(1)).toBe(0);
  });

  it('clients are remembered up to a number, those with something open or shut out longest', () => {
    const accounts = new Accounts({ ...DEFAULT_LIMITS, clients: 3, strikes: 1 }, () => 1);
    accounts.find('10.0.0.1')!.connections = 1;
    accounts.find('10.0.0.2')!.strike();
    const third = accounts.find('10.0.0.3');
    expect(accounts.find('10.0.0.4')).not.toBe(third);
    expect(accounts.size).toBe(3);
    expect(accounts.find('10.0.0.1')!.connections).toBe(1);
    accounts.find('10.0.0.4')!.connections = 1;
    expect(accounts.find('10.0.0.5')).toBeUndefined();
  });

  it('a client of IPv6 is its network', () => {
    expect(clientOf('2001:db8:1:2:3:4:5:6')).toBe(clientOf('2001:db8:1:2:ffff::1'));
    expect(clientOf('2001:db8:1:3::1')).not.toBe(clientOf('2001:db8:1:2::1'));
    expect(clientOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
  });

  it('the log has an end a second, and says how much it left out', () => {
    const lines: string[] = [];
    let now = 5000;
    const log = openLog((line) => lines.push(line), () => now);
    for (let i = 0; i < 1000; i++) log('refused', { reason: '\n"}' });
    expect(lines).toHaveLength(200);
    now = 6000;
    log('ended');
    expect(lines.slice(200).map((line) => JSON.parse(line) as object)).toEqual([{ time: '1970-01-01T00:00:06.000Z', event: 'left out', lines: 800 }, { time: '1970-01-01T00:00:06.000Z', event: 'ended' }]);
  });
});

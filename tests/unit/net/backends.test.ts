/** Backends other than the user network: framing, reconnection, the switch, captures, faults. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_SUPPORT, NO_OFFLOAD, type NetBackend } from '../../../host/net/backend.js';
import { ManualClock } from '../../../host/net/clock.js';
import { createDgram } from '../../../host/platform/node/net/dgram.js';
import { withFaults } from '../../../host/net/faults.js';
import { FrameReader } from '../../../host/net/framing.js';
import { findHub, Hub } from '../../../host/net/hub.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNull } from '../../../host/net/null.js';
import { createNetContext, openBackend, openBackends } from '../../../host/net/open.js';
import { packetBlock, startCapture, withPcap } from '../../../host/net/pcap.js';
import { createCapture } from '../../../host/platform/node/net/pcap-file.js';
import { createStream } from '../../../host/platform/node/net/stream.js';
import { Guest } from './guest.js';
import { heldBytes } from './memory.js';
import { arpRequest, BROADCAST, ethernet, GATEWAY, parseIp } from './packets.js';
import { largeFrame, parseTcp } from './tcp-peer.js';

function frame(to: number[], from: number[], mark = 0, length = 46): Uint8Array {
  return ethernet(to, 0x88b5, new Array<number>(length).fill(mark), from);
}

const A = [2, 0, 0, 0, 0, 1];
const B = [2, 0, 0, 0, 0, 2];
const C = [2, 0, 0, 0, 0, 3];

async function eventually(holds: () => boolean): Promise<void> {
  // Bounded by the test's own limit; each turn lets the system's events in.
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function closing<T extends NetBackend>(backend: T): T {
  onTestFinished(() => backend.close());
  return backend;
}

const marks = (guest: Guest): number[] => guest.take().map(({ frame: bytes }) => bytes[14]!);

describe('hub', () => {
  function segment(): { hub: Hub; a: Guest; b: Guest; c: Guest } {
    const hub = new Hub();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Guest(hub.addPort(name))) as [Guest, Guest, Guest];
    return { hub, a, b, c };
  }

  it('keeps what is between neighbours, a PAUSE say, from the other ports', () => {
    const { a, b, c } = segment();
    for (const last of [0, 1, 15, 16]) a.send(frame([1, 0x80, 0xc2, 0, 0, last], A, last + 1));
    expect([marks(b), marks(c)]).toEqual([[17], [17]]);
  });

  it('floods what it does not know and learns where a MAC is', () => {
    const { a, b, c } = segment();
    a.send(frame(B, A, 1));
    expect([marks(a), marks(b), marks(c)]).toEqual([[], [1], [1]]);
    b.send(frame(A, B, 2));
    expect([marks(a), marks(b), marks(c)]).toEqual([[2], [], []]);
    a.send(frame(B, A, 3));
    expect([marks(b), marks(c)]).toEqual([[3], []]);
    c.send(frame(BROADCAST, B, 4));
    a.send(frame(B, A, 5));
    expect(marks(c)).toEqual([5]);
  });

  it('holds back a sender whose receiver is full, and bounds what is flooded', () => {
    const { a, b, c } = segment();
    b.send(frame(A, B));
    c.send(frame(A, C));
    b.room = 0;
    expect(a.backend.send(frame(B, A, 1), NO_OFFLOAD)).toBe(false);
    a.send(frame(C, A, 2));
    expect(marks(c).at(-1)).toBe(2);
    b.makeRoom(9);
    expect(a.sendReady).toBe(1);
    b.room = 0;
    for (let i = 0; i < 1000; i++) a.send(frame(BROADCAST, A, 3, 1000));
    b.makeRoom(5000);
    expect(b.take().length).toBeGreaterThan(200);
    expect(b.counter('floodDropped')).toBeGreaterThan(700);
  });

  it('cuts large segments for a card that takes none, and passes them whole to one that does', () => {
    const { a, b, c } = segment();
    b.accepts = ALL_SUPPORT;
    const { frame: bytes, offload } = largeFrame({ from: 1, to: 2, seq: 0, flags: 16, payload: new Uint8Array(5000) }, [93, 184, 216, 9], 1460);
    a.send(bytes, offload);
    expect(b.take().map(({ offload: { gsoSize } }) => gsoSize)).toEqual([1460]);
    expect(c.take().map(({ frame: cut }) => parseTcp(parseIp(cut)!.payload).payload.length)).toEqual([1460, 1460, 1460, 620]);
  });

  it('is one for all machines of the process, by its number, and gone with the last port', async () => {
    const open = async (text: string): Promise<Guest> => new Guest(closing((await openBackend(parseNetdev(text), createNetContext())).backend));
    const [a, b, other] = [await open('hubport,id=n0,hubid=7'), await open('hubport,id=n0,hubid=7'), await open('hubport,id=n0,hubid=8')];
    const program = new Guest(closing(findHub(7).addPort('program')));
    const hub = findHub(7);
    a.send(frame(BROADCAST, A, 1));
    expect([marks(b), marks(program), marks(other)]).toEqual([[1], [1], []]);
    program.send(frame(A, C, 2));
    expect([marks(a), marks(b)]).toEqual([[2], []]);
    await a.backend.close();
    expect(findHub(7)).toBe(hub);
    await Promise.all([b.backend.close(), program.backend.close()]);
    expect(findHub(7)).not.toBe(hub);
    await findHub(7).addPort('last').close();
  });

  it('carries the user network to several cards', async () => {
    const context = createNetContext();
    const specs = ['user,id=u', 'hubport,id=p,hubid=0,netdev=u', 'hubport,id=a,hubid=0', 'hubport,id=b,hubid=0'].map(parseNetdev);
    const opened = await openBackends(specs, context);
    onTestFinished(async () => void (await Promise.all([...opened.values()].map(({ backend }) => backend.close()))));
    const a = new Guest(opened.get('a')!.backend);
    const b = new Guest(opened.get('b')!.backend);
    a.send(arpRequest(GATEWAY, [10, 0, 2, 15], A));
    await eventually(() => a.frames.some(({ frame: bytes }) => bytes[21] === 2));
    b.send(arpRequest(GATEWAY, [10, 0, 2, 16], B));
    await eventually(() => b.frames.some(({ frame: bytes }) => bytes[21] === 2));
    expect(a.frames.filter(({ frame: bytes }) => bytes[21] === 2)).toHaveLength(1);
  });
});

describe('stream', () => {
  it('frames as QEMU does: a length of four bytes, big-endian', async () => {
    const received: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (bytes) => received.push(bytes)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const guest = new Guest(closing(await createStream('s', { server: false, reconnectMs: 0, address: { host: '127.0.0.1', port } })));
    guest.send(frame(B, A, 7, 1));
    guest.send(frame(B, A, 8, 2));
    await eventually(() => Buffer.concat(received).length === 4 + 15 + 4 + 16);
    expect([...Buffer.concat(received)]).toEqual([0, 0, 0, 15, ...frame(B, A, 7, 1), 0, 0, 0, 16, ...frame(B, A, 8, 2)]);
  });

  for (const kind of ['inet', 'unix'] as const) {
    it(`carries frames both ways over ${kind}, and reconnects`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'net-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const at = kind === 'unix' ? { path: join(folder, 's') } : { host: '127.0.0.1', port: 0 };
      const server = closing(await createStream('s', { server: true, reconnectMs: 0, address: at }));
      const to = kind === 'unix' ? at : { host: '127.0.0.1', port: server.port };
      const a = new Guest(server);
      const b = new Guest(closing(await createStream('c', { server: false, reconnectMs: 20, address: to })));
      await eventually(() => a.counter('connections') === 1);
      b.send(frame(A, B, 1, 1500));
      a.send(frame(B, A, 2, 1500));
      await eventually(() => a.frames.length === 1 && b.frames.length === 1);
      expect([marks(a), marks(b)]).toEqual([[1], [2]]);
      await server.close();
      await eventually(() => (b.send(frame(A, B, 3)), b.counter('unconnected') > 0));
      const again = closing(await createStream('s', { server: true, reconnectMs: 0, address: 'path' in at ? at : { host: '127.0.0.1', port: server.port } }));
      const next = new Guest(again);
      await eventually(() => b.counter('connections') === 2);
      b.send(frame(A, B, 4));
      await eventually(() => next.frames.length > 0);
      expect(marks(next)).toEqual([4]);
    });
  }

  it('stops reading while the guest has no room, and loses nothing', async () => {
    const server = closing(await createStream('s', { server: true, reconnectMs: 0, address: { host: '127.0.0.1', port: 0 } }));
    const guest = new Guest(server);
    guest.room = 0;
    const client = closing(await createStream('c', { server: false, reconnectMs: 0, address: { host: '127.0.0.1', port: server.port } }));
    const sender = new Guest(client);
    let sent = 0;
    const fill = (): void => {
      while (sent < 20_000 && client.send(frame(A, B, sent & 255, 1500), NO_OFFLOAD)) sent++;
      client.flush();
    };
    sender.roomForSend = fill;
    fill();
    await eventually(() => guest.counter('deliverRefused') > 0 && client.counters().some(({ name, value }) => name === 'c.sendRefused' && value > 0n));
    expect(sent).toBeLessThan(20_000);
    guest.makeRoom(Infinity);
    await eventually(() => guest.frames.length === 20_000);
    expect(guest.frames.every(({ frame: bytes }, i) => bytes[14] === (i & 255))).toBe(true);
  });

  it('holds no more than its bound for a peer that does not read, however small the frames, and loses none', async () => {
    let peer: Socket | undefined;
    const server = createServer({ pauseOnConnect: true }, (socket) => (peer = socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const backend = closing(await createStream('s', { address: { host: '127.0.0.1', port: (server.address() as { port: number }).port }, server: false, reconnectMs: 0 }));
    const guest = new Guest(backend);
    await eventually(() => peer !== undefined);
    const before = heldBytes();
    let sent = 0;
    const small = (): Uint8Array => ethernet(B, 0x88b5, [sent >> 16, (sent >> 8) & 255, sent & 255], A);
    // Until it stays refused: the kernel's buffers are filled in turns of the event loop.
    for (let refusals = 0; refusals < 50; ) {
      if (backend.send(small(), NO_OFFLOAD)) sent++;
      else refusals++;
      if (sent % 1000 === 0 || refusals > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heldBytes() - before).toBeLessThan(4 << 20);
    const reader = new FrameReader();
    let next = 0;
    peer!.on('data', (bytes: Uint8Array) => {
      reader.push(bytes);
      reader.drain((bytes) => (bytes[14]! << 16) + (bytes[15]! << 8) + bytes[16]! === next && ++next > 0);
    });
    peer!.resume();
    await eventually(() => next === sent && guest.sendReady > 0);
  });

  it('ends a connection whose lengths are nonsense, and takes the next', async () => {
    const server = closing(await createStream('s', { server: true, reconnectMs: 0, address: { host: '127.0.0.1', port: 0 } }));
    const guest = new Guest(server);
    for (const length of [[0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0, 2, 0, 0]]) {
      const socket: Socket = connect(server.port, '127.0.0.1');
      const over = new Promise((resolve) => socket.on('close', resolve));
      socket.on('error', () => undefined);
      socket.write(Uint8Array.from(length));
      await over;
    }
    expect(guest.counter('malformed')).toBe(3);
    const good = new Guest(closing(await createStream('c', { server: false, reconnectMs: 0, address: { host: '127.0.0.1', port: server.port } })));
    good.send(frame(A, B, 9));
    await eventually(() => guest.frames.length === 1);
  });

  it('says where it could not connect or listen', async () => {
    const server = closing(await createStream('s', { server: true, reconnectMs: 0, address: { host: '127.0.0.1', port: 0 } }));
    await expect(createStream('t', { server: true, reconnectMs: 0, address: { host: '127.0.0.1', port: server.port } })).rejects.toThrow(/t: cannot listen on 127.0.0.1 port \d+: .*EADDRINUSE/);
    await expect(createStream('c', { server: false, reconnectMs: 0, address: { path: '/nowhere/s' } })).rejects.toThrow('c: cannot connect to /nowhere/s');
  });

  it('reads frames however the stream is cut', () => {
    const reader = new FrameReader();
    const got: number[] = [];
    const bytes = Uint8Array.from([0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 9]);
    for (const byte of bytes) {
      reader.push(Uint8Array.of(byte));
      expect(reader.drain((part) => (got.push(part.length, part[0]!), true))).toBe('empty');
    }
    expect(got).toEqual([3, 1, 1, 9]);
    expect(reader.held).toBe(0);
  });
});

describe('dgram', () => {
  it('carries a frame in a datagram, and hears only its remote', async () => {
    const left = closing(await createDgram('l', { local: { host: '127.0.0.1', port: 0 }, remote: { host: '127.0.0.1', port: 1 } }));
    const right = closing(await createDgram('r', { local: { host: '127.0.0.1', port: 0 }, remote: { host: '127.0.0.1', port: left.port } }));
    const stranger = closing(await createDgram('x', { local: { host: '127.0.0.1', port: 0 }, remote: { host: '127.0.0.1', port: left.port } }));
    left.setRemote('127.0.0.1', right.port);
    const [a, b, x] = [new Guest(left), new Guest(right), new Guest(stranger)];
    x.send(frame(A, C, 9));
    await eventually(() => a.counter('stranger') === 1);
    a.send(frame(B, A, 1, 1500));
    await eventually(() => b.frames.length === 1);
    b.send(frame(A, B, 2));
    await eventually(() => a.frames.length === 1);
    expect([marks(a), b.frames[0]!.frame.length]).toEqual([[2], 1514]);
    b.room = 0;
    a.send(frame(B, A, 3));
    a.send(frame(B, A, 4));
    await new Promise((resolve) => setTimeout(resolve, 20));
    b.frames = [];
    b.makeRoom(9);
    await eventually(() => b.frames.length === 2);
    expect(marks(b)).toEqual([3, 4]);
  });
});

describe('faults', () => {
  function run(seed: number): { order: number[]; guest: Guest } {
    const clock = new ManualClock();
    const hub = new Hub();
    const sender = new Guest(withFaults(hub.addPort('a'), { loss: 0.1, duplicate: 0.1, reorder: 0.1, delayNs: 1000, jitterNs: 500, seed }, clock));
    const receiver = new Guest(hub.addPort('b'));
    for (let i = 0; i < 200; i++) {
      sender.send(frame(B, A, i));
      clock.advance(10_000);
    }
    clock.advance(1e9);
    return { order: marks(receiver), guest: sender };
  }

  it('loses, doubles, delays and reorders by its seed alone', () => {
    const first = run(5);
    expect(run(5).order).toEqual(first.order);
    expect(run(6).order).not.toEqual(first.order);
    const kinds = new Set(first.order);
    expect(kinds.size).toBeLessThan(200);
    expect(first.order.length).toBeGreaterThan(kinds.size);
    expect(first.order).not.toEqual([...first.order].sort((x, y) => x - y));
    expect(first.guest.counter('lost')).toBeGreaterThan(5);
  });

  it('holds back no more than its bound of bytes, and goes on when those have passed', () => {
    const hub = new Hub();
    const clock = new ManualClock();
    const faulty = withFaults(hub.addPort('a'), { delayNs: 1e9 }, clock);
    const sender = new Guest(faulty);
    const receiver = new Guest(hub.addPort('b'));
    const large = frame(B, A, 1, 60_000);
    let taken = 0;
    while (faulty.send(large, NO_OFFLOAD)) taken++;
    expect(taken).toBeGreaterThan(200);
    expect(taken).toBeLessThan(300);
    clock.advance(1e9);
    expect([marks(receiver).length, sender.sendReady]).toEqual([taken, 1]);
    expect(faulty.send(large, NO_OFFLOAD)).toBe(true);
  });

  it('changes nothing when it has no faults', () => {
    const hub = new Hub();
    const clock = new ManualClock();
    const sender = new Guest(withFaults(hub.addPort('a'), {}, clock));
    const receiver = new Guest(hub.addPort('b'));
    for (let i = 0; i < 100; i++) sender.send(frame(B, A, i));
    expect(marks(receiver)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe('pcap', () => {
  it('writes blocks that a reader finds: each frame once, with time and direction', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'net-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'x.pcapng');
    const clock = new ManualClock();
    clock.advance(5_000_000_123);
    const { backend } = await openBackend(parseNetdev(`user,id=n0,ipv6=off,pcap=${path}`), { ...createNetContext(), clock });
    const guest = new Guest(backend);
    const request = arpRequest(GATEWAY);
    guest.send(request);
    expect(guest.take()).toHaveLength(1);
    await backend.close();
    const blocks = readBlocks(readFileSync(path));
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 6, 6]);
    const packets = blocks.slice(2).map(({ body }) => ({
      ns: body.readUInt32LE(4) * 2 ** 32 + body.readUInt32LE(8),
      frame: body.subarray(20, 20 + body.readUInt32LE(12)),
      direction: body.readUInt32LE(body.length - 8),
    }));
    expect(packets.map(({ ns, direction }) => [ns, direction])).toEqual([[5_000_000_123, 2], [5_000_000_123, 1]]);
    expect(packets[0]!.frame.equals(request)).toBe(true);
  });

  it('is one file of one clock for all who name it, an interface each, until the last has gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'net-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'both.pcapng'), clock = new ManualClock();
    const [one, other] = [
      await openBackend(parseNetdev(`null,id=one,pcap=${path}`), { ...createNetContext(), clock }),
      await openBackend(parseNetdev(`null,id=other,pcap=${path}`), { ...createNetContext(), clock: new ManualClock() }),
    ];
    const machines = [new Guest(one.backend), new Guest(other.backend)];
    for (const [at, from] of [[1000, 1], [2000, 0], [3000, 1]] as const) {
      clock.advanceTo(at);
      machines[from]!.send(frame(A, B, from));
      if (at === 2000) await one.backend.close();
    }
    await other.backend.close();
    const blocks = readBlocks(readFileSync(path));
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 1, 6, 6, 6]);
    expect(blocks.slice(3).map(({ body }) => [body.readUInt32LE(0), body.readUInt32LE(8)])).toEqual([[1, 1000], [0, 2000], [1, 3000]]);
    const again = await openBackend(parseNetdev(`null,id=n,pcap=${path}`), createNetContext());
    await again.backend.close();
    expect(readBlocks(readFileSync(path))).toHaveLength(2);
  });

  it('says when the file cannot be made, and closes the backend', async () => {
    await expect(openBackend(parseNetdev('null,id=n0,pcap=/nowhere/x.pcapng'), createNetContext())).rejects.toThrow('pcap=/nowhere/x.pcapng: ENOENT');
  });

  it('ends at a full disk, says so once, and leaves the network alone', async () => {
    const reports: string[] = [];
    const inner = new Hub();
    const guest = new Guest(closing(withPcap(inner.addPort('a'), startCapture(createCapture('/dev/full', (error) => reports.push(`${error.name}: ${error.message}`)), new ManualClock()))));
    const other = new Guest(inner.addPort('b'));
    for (let i = 0; i < 3; i++) guest.send(frame(B, A, i));
    expect(marks(other)).toEqual([0, 1, 2]);
    expect(reports).toEqual([expect.stringMatching(/^NetworkError: pcap=\/dev\/full: ENOSPC.*; the capture ends here$/)]);
    expect([guest.counter('captured'), guest.counter('notCaptured')]).toEqual([0, 3]);
  });

  it('waits for a slow reader of a pipe, who gets every block', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'net-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    // A process of its own: this one waits in the write.
    const reader = spawn('sh', ['-c', `sleep 0.2; wc -c < ${path}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    const counted = new Promise<number>((resolve) => reader.stdout.on('data', (text) => resolve(Number(text))));
    const capture = createCapture(path);
    const block = packetBlock(frame(A, B, 1, 1000), 0, 1);
    for (let i = 0; i < 500; i++) expect(capture.write(block)).toBe(true);
    await capture.close();
    expect(await counted).toBe(500 * block.length);
  });

  it('leaves out what was refused', () => {
    const written: Uint8Array[] = [];
    const inner = { ...createNull('x'), send: () => false };
    const backend = withPcap(inner, startCapture({ write: (bytes) => written.push(bytes) > 0, close: async () => undefined }, new ManualClock()));
    expect(backend.send(frame(A, B), NO_OFFLOAD)).toBe(false);
    expect(written).toHaveLength(2);
  });
});



function readBlocks(file: Buffer): { type: number; body: Buffer }[] {
  const blocks: { type: number; body: Buffer }[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    expect(length % 4).toBe(0);
    expect(file.readUInt32LE(at + length - 4)).toBe(length);
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

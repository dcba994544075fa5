/** The user network's TCP against an independent guest TCP, over good wires and bad. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ALL_SUPPORT } from '../../../host/net/backend.js';
import { openTcp } from '../../../host/net/connect.js';
import { toDuplex } from '../../../host/platform/node/streams.js';
import { seededRandom } from '../../../host/net/random.js';
import { parseAddress } from '../../../host/net/address.js';
import { FarEnd } from './fake-provider.js';
import { createLab, settle, type Lab } from './guest.js';
import { ethernet, GUEST6, ipv6, isSummed, NAT_MAC, parseIp, withSum } from './packets.js';
import { ACK, dispatchTcp, parseTcp, SYN, tcpBytes, TcpPeer, type Segment, type SegmentFields } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];

function bytes(length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

function hash(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

interface Connected extends Lab {
  peer: TcpPeer;
  end: FarEnd;
}

async function connect(lab: Lab, large = 0, port = 1000): Promise<Connected> {
  const peer = new TcpPeer(lab.guest, lab.clock, port, 80, OUTSIDE, 1460, large);
  dispatchTcp(lab.guest, new Map([[port, peer]]));
  peer.connect();
  await settle();
  return { ...lab, peer, end: lab.provider.connections.at(-1)!.end };
}

/** Moves virtual time and promises on until something holds; fails loudly when it never does. */
async function until(lab: Lab, holds: () => boolean, seconds = 600): Promise<void> {
  for (let i = 0; i < seconds * 20 && !holds(); i++) {
    lab.nat.flush();
    await Promise.resolve();
    if (i % 8 === 0) await settle();
    if (!holds()) lab.clock.advance(5e7);
  }
  expect(holds()).toBe(true);
}

describe('TCP from the guest', () => {
  it('connects to the host first and offers MSS and window scale', async () => {
    const lab = createLab();
    let release = (): void => undefined;
    lab.provider.gate = new Promise((resolve) => (release = resolve));
    const { peer } = await connect(lab);
    expect(peer.state).toBe('synSent');
    expect(lab.provider.connections[0]).toMatchObject({ to: '93.184.216.9', port: 80 });
    release();
    await settle();
    expect(peer.state).toBe('open');
    expect(peer.badSums).toBe(0);
  });

  it('refuses with a reset when the host cannot connect', async () => {
    const lab = createLab();
    lab.provider.accept = () => {
      throw new Error('refused');
    };
    const { peer } = await connect(lab);
    expect(peer.refused).toBe(true);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
  });

  for (const large of [0, 60_000]) {
    it(`moves megabytes both ways, ${large > 0 ? 'large segments' : 'one MSS at a time'}`, async () => {
      const lab = createLab();
      if (large > 0) lab.guest.accepts = ALL_SUPPORT;
      const { peer, end } = await connect(lab, large);
      const up = bytes(3 << 20, 3);
      const down = bytes(3 << 20, 4);
      peer.write(up);
      end.send(down);
      await until(lab, () => end.receivedBytes === up.length && peer.receivedBytes === down.length);
      expect(hash(end.all)).toBe(hash(up));
      expect(hash(peer.all)).toBe(hash(down));
      expect(peer.badSums).toBe(0);
      expect(lab.guest.counter('tcpRetransmitted')).toBe(0);
      if (large === 0) return expect(peer.largest).toBe(1460);
      expect(peer.largest).toBeGreaterThan(60_000);
      expect(Math.max(...end.received.map(({ length }) => length))).toBe(60_000);
    });
  }

  it('ends each direction by itself', async () => {
    const lab = createLab();
    const { peer, end } = await connect(lab);
    peer.write(bytes(10));
    peer.end();
    await until(lab, () => end.ended);
    expect(peer.finAcked).toBe(true);
    expect(peer.peerEnded).toBe(false);
    end.send(bytes(100_000, 2));
    end.end();
    await until(lab, () => peer.peerEnded);
    expect(peer.receivedBytes).toBe(100_000);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
    expect(end.wasReset).toBe(false);
  });

  it('hears the guest after the host has ended', async () => {
    const lab = createLab();
    const { peer, end } = await connect(lab);
    end.end();
    await until(lab, () => peer.peerEnded);
    const data = bytes(200_000, 5);
    peer.write(data);
    await until(lab, () => end.receivedBytes === data.length);
    peer.end();
    await until(lab, () => end.ended && peer.finAcked);
    expect(hash(end.all)).toBe(hash(data));
    // Ours was the first end: the connection is kept for a while, then forgotten.
    expect(lab.guest.counter('tcpFlows')).toBe(1);
    lab.clock.advance(11e9);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
  });

  it('passes resets both ways', async () => {
    const lab = createLab();
    const first = await connect(lab);
    first.peer.reset();
    expect(first.end.wasReset).toBe(true);
    const second = await connect(lab, 0, 1001);
    second.end.fail('ECONNRESET');
    lab.nat.flush();
    expect(second.peer.wasReset).toBe(true);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
  });

  it('writes no more than the host’s socket takes, and goes on when it has room', async () => {
    const lab = createLab();
    lab.provider.accept = (end) => (end.capacity = 5000);
    const { peer, end } = await connect(lab);
    const data = bytes(40_000, 6);
    peer.write(data);
    lab.clock.advance(20e9);
    await settle();
    expect(end.receivedBytes).toBeGreaterThan(4800);
    expect(peer.peerWindow).toBe(0);
    end.makeRoom(1e6);
    await until(lab, () => end.receivedBytes === data.length);
    expect(hash(end.all)).toBe(hash(data));
  });

  it('reads no more from the host than the guest’s window and a little', async () => {
    const lab = createLab();
    const { peer, end } = await connect(lab);
    peer.window = 0;
    peer.sendAck();
    end.send(bytes(4 << 20, 7));
    await settle();
    expect(end.reading).toBe(false);
    const kept = (4 << 20) - end.unread;
    expect(kept).toBeLessThanOrEqual(128 << 10);
    // Probes go on, for ever, while the guest answers them.
    lab.clock.advance(3600e9);
    expect(peer.state).toBe('open');
    expect((4 << 20) - end.unread).toBeLessThanOrEqual(kept + (64 << 10));
    peer.window = 1 << 20;
    peer.sendAck();
    await until(lab, () => peer.receivedBytes === 4 << 20);
  });

  it('waits for a guest without room, without sending again', async () => {
    const lab = createLab();
    const { peer, end } = await connect(lab);
    lab.guest.room = 0;
    end.send(bytes(100_000, 8));
    await settle();
    lab.clock.advance(60e9);
    expect(peer.receivedBytes).toBe(0);
    expect(lab.guest.counter('deliverRefused')).toBeLessThan(5);
    lab.guest.makeRoom(Infinity);
    await until(lab, () => peer.receivedBytes === 100_000);
    expect(lab.guest.counter('tcpRetransmitted')).toBe(0);
  });

  it('gives 200 connections their turns', async () => {
    const lab = createLab();
    const peers = new Map<number, TcpPeer>();
    dispatchTcp(lab.guest, peers);
    for (let port = 2000; port < 2200; port++) {
      const peer = new TcpPeer(lab.guest, lab.clock, port, 80, OUTSIDE);
      peers.set(port, peer);
      peer.connect();
    }
    await settle();
    const ends = lab.provider.connections.map(({ end }) => end);
    expect(ends).toHaveLength(200);
    lab.guest.room = 0;
    ends.forEach((end, i) => end.send(bytes(30_000, i)));
    await settle();
    // Room for 400 frames: everybody gets two.
    lab.guest.makeRoom(400);
    expect([...peers.values()].map(({ receivedBytes }) => receivedBytes)).toEqual(new Array(200).fill(2920));
    lab.guest.makeRoom(Infinity);
    await until(lab, () => [...peers.values()].every(({ receivedBytes }) => receivedBytes === 30_000));
    [...peers.values()].forEach((peer, i) => expect(hash(peer.all)).toBe(hash(bytes(30_000, i))));
  });

  it('bounds flows and connections being made', async () => {
    const lab = createLab((config) => {
      config.limits.tcpFlows = 10;
      config.limits.tcpConnecting = 4;
    });
    lab.provider.gate = new Promise(() => undefined);
    for (let port = 1; port <= 30; port++) new TcpPeer(lab.guest, lab.clock, port, 80, OUTSIDE).connect();
    expect(lab.guest.counter('tcpFlows')).toBe(4);
    expect(lab.guest.counter('tcpPutOff')).toBe(26);
  });
});

describe('TCP over IPv6', () => {
  const REMOTE = [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
  const frame = (fields: Omit<SegmentFields, 'from' | 'to'>): Uint8Array => {
    const segment = withSum(tcpBytes({ from: 1000, to: 80, ...fields }), 16, GUEST6, REMOTE, 6);
    return ethernet(NAT_MAC, 0x86dd, ipv6(REMOTE, 6, segment, GUEST6, 64));
  };

  for (const large of [false, true]) {
    it(`connects and carries text both ways${large ? ', in large segments' : ''}`, async () => {
      const lab = createLab((config) => (config.ipv6 = true));
      if (large) lab.guest.accepts = ALL_SUPPORT;
      lab.guest.send(frame({ seq: 9, flags: SYN, options: [2, 4, 5, 160, 1, 3, 3, 7] }));
      await settle();
      const [answer] = lab.guest.takeIp();
      const syn = parseTcp(answer!.payload);
      expect([answer!.source, syn.flags, syn.ack, syn.options.slice(0, 4)]).toEqual([REMOTE, SYN | ACK, 10, [2, 4, 5, 160]]);
      expect(lab.provider.connections[0]).toMatchObject({ to: '2606:4700::9', port: 80 });
      const { end } = lab.provider.connections[0]!;
      lab.guest.send(frame({ seq: 10, ack: syn.seq + 1, flags: ACK, payload: Uint8Array.of(1, 2, 3) }));
      expect([...end.all]).toEqual([1, 2, 3]);
      const data = bytes(5000, 3);
      end.send(data);
      await settle();
      const received = lab.guest.take().map(({ frame: bytes, offload }) => ({ packet: parseIp(bytes)!, offload }));
      const text = received.filter(({ packet }) => parseTcp(packet.payload).payload.length > 0);
      expect(hash(Buffer.concat(text.map(({ packet }) => parseTcp(packet.payload).payload)))).toBe(hash(data));
      if (large) expect(text.map(({ offload }) => [offload.gsoType, offload.gsoSize, offload.csumStart])).toEqual([[4, 1440, 54]]);
      else expect(text.every(({ packet }) => isSummed(packet))).toBe(true);
    });
  }
});

describe('TCP over a wire that loses', () => {
  it('sends lost segments again at the third duplicate, before any time-out', async () => {
    const lab = createLab();
    const { peer, end } = await connect(lab);
    const deliver = lab.guest.onFrame!;
    let count = 0;
    // Two of one flight, so that a partial acknowledgement has to send the second.
    lab.guest.onFrame = (frame, offload) => {
      count++;
      if (count !== 5 && count !== 9) deliver(frame, offload);
    };
    const data = bytes(100_000, 12);
    end.send(data);
    for (let i = 0; i < 20; i++) await settle();
    expect(hash(peer.all)).toBe(hash(data));
    expect([lab.guest.counter('tcpRetransmitted'), lab.guest.counter('tcpTimeouts')]).toEqual([2, 0]);
  });

  for (const seed of [1, 2, 3]) {
    it(`moves the same bytes both ways and ends (seed ${seed})`, async () => {
      const lab = createLab();
      const random = seededRandom(seed);
      const peer = new TcpPeer(lab.guest, lab.clock, 1000, 80, OUTSIDE);
      dispatchTcp(lab.guest, new Map([[1000, peer]]));
      const deliver = lab.guest.onFrame!;
      const late: (() => void)[] = [];
      const lossy = (pass: () => void): void => {
        const dice = random();
        if (dice < 0.03) return;
        if (dice < 0.06) return void late.push(pass);
        pass();
        if (dice > 0.98) pass();
        while (late.length > 0 && random() < 0.3) late.shift()!();
      };
      lab.guest.onFrame = (frame, offload) => lossy(() => deliver(frame, offload));
      const send = lab.guest.send.bind(lab.guest);
      lab.guest.send = (frame, offload) => lossy(() => send(frame, offload));
      peer.connect();
      await until(lab, () => peer.state === 'open');
      const { end } = lab.provider.connections[0]!;
      const up = bytes(1 << 20, seed);
      const down = bytes(2 << 20, seed + 10);
      peer.write(up);
      peer.end();
      end.send(down);
      end.end();
      await until(lab, () => end.ended && peer.peerEnded, 4000);
      expect(hash(end.all)).toBe(hash(up));
      expect(hash(peer.all)).toBe(hash(down));
      expect(lab.guest.counter('tcpRetransmitted')).toBeGreaterThan(10);
    });
  }
});

describe('TCP into the guest', () => {
  function serve(lab: Lab, answer: (peer: TcpPeer) => void): TcpPeer[] {
    const served: TcpPeer[] = [];
    dispatchTcp(lab.guest, new Map(), (segment: Segment) => {
      const peer = new TcpPeer(lab.guest, lab.clock, segment.to, segment.from);
      answer(peer);
      served.push(peer);
      return peer;
    });
    return served;
  }

  it('forwards a port of the host', async () => {
    const lab = createLab((config) => {
      config.hostForwards = [{ protocol: 'tcp', host: { address: parseAddress('127.0.0.1')!, port: 8080 }, guest: { address: parseAddress('10.0.2.15')!, port: 80 } }];
    });
    await lab.nat.listen();
    expect(lab.provider.listenedAt).toEqual(['tcp 127.0.0.1 8080']);
    const served = serve(lab, (peer) => (peer.onEnd = () => (peer.write(peer.all), peer.end())));
    const end = new FarEnd();
    lab.provider.listening[0]!(end);
    const data = bytes(300_000, 9);
    end.send(data);
    end.end();
    await until(lab, () => end.ended);
    expect(served).toHaveLength(1);
    expect(served[0]!.port).toBe(80);
    expect(hash(end.all)).toBe(hash(data));
    await until(lab, () => served[0]!.finAcked);
  });

  it('asks for the guest’s MAC when it has not spoken', async () => {
    const lab = createLab();
    const opening = openTcp(lab.nat, 22, Uint8Array.from([10, 0, 2, 99]));
    opening.catch(() => undefined);
    const [request] = lab.guest.take();
    expect([...request!.frame.subarray(12, 22), ...request!.frame.subarray(38, 42)]).toEqual([8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 10, 0, 2, 99]);
    lab.clock.advance(200e9);
    await expect(opening).rejects.toThrow('ETIMEDOUT');
  });

  it('gives the program a stream', async () => {
    const lab = createLab();
    serve(lab, (peer) => (peer.onEnd = () => (peer.write(peer.all), peer.end())));
    const stream = toDuplex(await openTcp(lab.nat, 7));
    const data = bytes(700_000, 11);
    const chunks: Uint8Array[] = [];
    let ended = false;
    stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    stream.on('end', () => (ended = true));
    stream.end(data);
    await until(lab, () => ended);
    expect(hash(Buffer.concat(chunks))).toBe(hash(data));
  });

  it('says when the guest refuses', async () => {
    const lab = createLab();
    dispatchTcp(lab.guest, new Map());
    const opening = openTcp(lab.nat, 9);
    let refusal = '';
    opening.catch((error: Error) => (refusal = error.message));
    lab.guest.onFrame = undefined;
    const { tcpFrame, RST } = await import('./tcp-peer.js');
    const { GATEWAY } = await import('./packets.js');
    const syn = parseTcp(parseIp(lab.guest.take()[0]!.frame)!.payload);
    expect(syn.flags).toBe(SYN);
    lab.guest.send(tcpFrame({ from: 9, to: syn.from, seq: 0, ack: syn.seq + 1, flags: RST | ACK }, GATEWAY));
    await settle();
    expect(refusal).toBe('connecting to port 9 of the guest: ECONNREFUSED');
  });
});

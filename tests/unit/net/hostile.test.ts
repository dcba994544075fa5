/** What hostile guests and peers have broken in other user-mode networks, each class by name, and seeded noise. */

import { describe, expect, it } from 'vitest';
import { ALL_SUPPORT, GsoType, NO_OFFLOAD, NO_SUPPORT, type Offload } from '../../../host/net/backend.js';
import { isAccepted, prepareFrames } from '../../../host/net/offload.js';
import { seededRandom } from '../../../host/net/random.js';
import { createLab, settle, type Lab } from './guest.js';
import { arpRequest, be16, be32, BROADCAST, ethernet, GATEWAY, GATEWAY6, GUEST, GUEST6, GUEST_MAC, icmp, ipv4, ipv6, NAT_MAC, udp, udp4, withSum } from './packets.js';
import { ACK, dispatchTcp, FIN, parseTcp, RST, SYN, tcpBytes, tcpFrame, TcpPeer, type SegmentFields } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];

/** The network still answers. */
function expectAlive({ guest }: Lab): void {
  guest.onFrame = undefined;
  guest.take();
  guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, icmp(8, 0, [1, 2, 3, 4]))));
  expect(guest.takeIp()[0]!.payload[0]).toBe(0);
}

async function connected(lab: Lab): Promise<{ peer: TcpPeer; send(fields: Partial<SegmentFields>): void; next: number; theirs: number }> {
  const peer = new TcpPeer(lab.guest, lab.clock, 1000, 80, OUTSIDE);
  dispatchTcp(lab.guest, new Map([[1000, peer]]));
  peer.connect();
  await settle();
  expect(peer.state).toBe('open');
  const next = (1000 * 7919 + 1) >>> 0;
  lab.guest.onFrame = undefined;
  lab.guest.take();
  // A probe: the answer says which numbers the network expects.
  lab.guest.send(tcpFrame({ from: 1000, to: 80, seq: next - 1, flags: ACK, ack: 0 }, OUTSIDE));
  const theirs = parseTcp(lab.guest.takeIp()[0]!.payload).seq;
  const send = (fields: Partial<SegmentFields>): void => lab.guest.send(tcpFrame({ from: 1000, to: 80, seq: next, ack: theirs, flags: ACK, ...fields }, OUTSIDE));
  return { peer, send, next, theirs };
}

describe('hostile classes', () => {
  it('DHCP option walk past the end', () => {
    const lab = createLab();
    const fixed = [1, 1, 6, 0, ...be32(1), ...new Array<number>(20).fill(0), ...GUEST_MAC, ...new Array<number>(202).fill(0), ...be32(0x63825363)];
    for (const options of [[53], [53, 200], [53, 1, 1, 12, 255], [53, 1], [0, 0, 0], [53, 0], [50, 200, 1], new Array<number>(300).fill(0)]) {
      lab.guest.send(udp4([255, 255, 255, 255], 68, 67, [...fixed, ...options]));
    }
    for (let length = 0; length < 240; length += 7) lab.guest.send(udp4([255, 255, 255, 255], 68, 67, fixed.slice(0, length)));
    expectAlive(lab);
    expect(lab.guest.counter('malformed')).toBeGreaterThan(30);
  });

  it('packet for a connection whose socket is gone', async () => {
    const lab = createLab();
    const { peer, send, next } = await connected(lab);
    const { end } = lab.provider.connections[0]!;
    end.fail('ECONNRESET');
    lab.guest.take();
    send({ payload: new Uint8Array(100) });
    end.send(new Uint8Array(100));
    end.end();
    end.makeRoom(5);
    end.fail('EPIPE');
    await settle();
    const answers = lab.guest.takeIp().map(({ payload }) => parseTcp(payload).flags & RST);
    expect(answers).toEqual([RST]);
    expect(end.receivedBytes).toBe(0);
    expect([peer.port, next > 0]).toEqual([1000, true]);
    expectAlive(lab);
  });

  it('fragments: overlapping, past 64 KiB, never finished, too many, of no bytes', () => {
    const lab = createLab();
    const piece = (id: number, fragment: number, length: number): void => lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, new Uint8Array(length), { id, fragment })));
    const MORE = 0x2000;
    piece(1, MORE, 16);
    piece(1, MORE | 1, 16);
    piece(2, 0x1fff, 1400);
    piece(3, MORE | 1, 0);
    piece(4, MORE, 13);
    for (let i = 0; i < 100; i++) piece(5, MORE | (i * 2), 8);
    piece(6, 2, 8);
    piece(6, MORE | 4, 8);
    for (let id = 100; id < 1100; id++) piece(id, MORE, 1400);
    expect(lab.guest.counter('fragmentsDropped')).toBeGreaterThan(970);
    // As many bytes as a whole datagram, but twice the same and a hole where the sum would not notice.
    const message = icmp(8, 0, [1, 2, 3, 4, ...new Array<number>(8).fill(0), 5, 6, 7, 8, 9, 10, 11, 12]);
    for (const [fragment, from] of [[MORE, 0], [MORE, 0], [2, 16]] as const) lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, message.slice(from, from + 8), { id: 7, fragment })));
    expect(lab.guest.take()).toEqual([]);
    lab.clock.advance(31e9);
    piece(2000, MORE, 8);
    // Seven broken ones, what came of two of them afterwards, and the unfinished.
    expect(lab.guest.counter('fragmentsDropped')).toBe(7 + 2 + 1000);
    expectAlive(lab);
  });

  it('fragments of IPv6: nested, overlapping, and atomic', () => {
    const lab = createLab((config) => (config.ipv6 = true));
    const send = (next: number, payload: number[]): void => lab.guest.send(ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, next, payload)));
    const echo = withSum([128, 0, 0, 0, 0, 1, 0, 1], 2, GUEST6, GATEWAY6, 58);
    const fragment = (next: number, field: number, id: number, rest: number[]): number[] => [next, 0, ...be16(field), ...be32(id), ...rest];
    send(44, fragment(44, 1, 9, fragment(58, 1, 8, echo)));
    send(44, fragment(44, 16, 9, echo));
    send(44, fragment(58, 1, 10, echo));
    send(44, fragment(58, 1, 10, echo));
    expect(lab.guest.takeIp().filter(({ payload }) => payload[0] === 129)).toEqual([]);
    lab.guest.send(ethernet(NAT_MAC, 0x86dd, ipv6([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2], 58, withSum([135, 0, 0, 0, 0, 0, 0, 0, ...GATEWAY6, 1, 1, ...GUEST_MAC], 2, GUEST6, [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2], 58))));
    lab.guest.take();
    send(44, fragment(58, 0, 11, echo));
    expect(lab.guest.takeIp().map(({ payload }) => payload[0])).toEqual([129]);
  });

  it('payloads that protocol helpers rewrote elsewhere: passed on untouched', async () => {
    const lab = createLab();
    const { send, next } = await connected(lab);
    const texts = ['PORT 10,0,2,15,200,10\r\n', 'PRIVMSG x :\u0001DCC SEND f 167772687 2000 1\u0001\r\n', `${'9'.repeat(300)} , 80 : USERID\r\n`];
    let at = 0;
    for (const text of texts) {
      send({ seq: next + at, payload: Buffer.from(text) });
      at += Buffer.byteLength(text);
    }
    expect(Buffer.from(lab.provider.connections[0]!.end.all).toString()).toBe(texts.join(''));
    for (const port of [21, 113, 6667, 69, 544]) lab.guest.send(udp4(OUTSIDE, 5000, port, [0, 1, 2]));
    expect(lab.provider.datagrams.map(({ bytes }) => [...bytes])).toEqual(new Array(5).fill([0, 1, 2]));
  });

  it('short ICMP and ICMPv6 echo', () => {
    const lab = createLab((config) => (config.ipv6 = true));
    for (let length = 0; length < 8; length++) {
      lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, icmp(8, 0, []).concat(0, 0, 0, 0).slice(0, length))));
      lab.guest.send(ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 58, withSum([128, 0, 0, 0, 0, 0, 0, 0], 2, GUEST6, GATEWAY6, 58).slice(0, length))));
    }
    expect(lab.guest.takeIp().filter(({ payload }) => payload[0] === 0 || payload[0] === 129)).toEqual([]);
    expectAlive(lab);
  });

  it('short ARP, and ARP that is no IPv4 over Ethernet', () => {
    const lab = createLab();
    const request = arpRequest(GATEWAY);
    for (let length = 0; length < request.length; length++) lab.guest.send(request.subarray(0, length));
    for (const [at, value] of [[14, 9], [17, 1], [18, 255], [19, 255]] as const) lab.guest.send(request.map((byte, i) => (i === at ? value : byte)));
    expect(lab.guest.take()).toEqual([]);
    expectAlive(lab);
  });

  it('ARP in the gateway’s name', () => {
    const lab = createLab();
    lab.guest.send(arpRequest(GUEST, GATEWAY, [2, 2, 2, 2, 2, 2]));
    lab.guest.send(udp4(GUEST, 1, 2, [1], GATEWAY));
    expect(lab.guest.take()).toEqual([]);
    expectAlive(lab);
  });

  it('short BOOTP, UDP and TFTP', () => {
    const lab = createLab();
    for (let length = 0; length < 8; length++) lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4(OUTSIDE, 17, new Uint8Array(length))));
    for (const claimed of [0, 7, 9, 1000, 65535]) {
      const datagram = udp(1, 67, []);
      datagram.splice(4, 2, ...be16(claimed));
      lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4([255, 255, 255, 255], 17, datagram)));
    }
    for (const bytes of [[], [0], [0, 1], [0, 1, 65]]) lab.guest.send(udp4(GATEWAY, 5000, 69, bytes));
    expect(lab.provider.datagrams).toEqual([]);
    expect(lab.guest.counter('malformed')).toBe(13);
    expectAlive(lab);
  });

  it('urgent pointer beyond the text, or before it', async () => {
    const lab = createLab();
    const { send, next } = await connected(lab);
    const URG = 32;
    let at = 0;
    for (const urgent of [0, 1, 2, 65535]) {
      send({ seq: next + at, flags: ACK | URG, urgent, payload: Uint8Array.of(at) });
      at++;
    }
    expect([...lab.provider.connections[0]!.end.all]).toEqual([0, 1, 2, 3]);
  });

  it('TCP options that end nowhere or have no length', async () => {
    const lab = createLab();
    for (const [i, options] of [[2, 0, 0, 0], [3, 1, 0, 0], [2, 255, 0, 0], [1, 1, 1, 2], [3, 3, 255, 0], [2, 4, 0, 0], [254, 2, 0, 0]].entries()) {
      lab.guest.send(tcpFrame({ from: 2000 + i, to: 80, seq: 0, flags: SYN, options }, OUTSIDE));
    }
    await settle();
    expect(lab.guest.takeIp().filter(({ payload }) => parseTcp(payload).flags === (SYN | ACK))).toHaveLength(7);
    // An MSS of zero must not make segments of no bytes.
    lab.provider.connections[5]!.end.send(new Uint8Array(300));
    lab.guest.send(tcpFrame({ from: 2005, to: 80, seq: 1, ack: 0, flags: ACK }, OUTSIDE));
    expectAlive(lab);
  });

  it('resets and SYNs that only guess: outside the window nothing, inside a challenge', async () => {
    const lab = createLab();
    const { send, next } = await connected(lab);
    const { end } = lab.provider.connections[0]!;
    for (const fields of [{ seq: next + 1, flags: RST }, { seq: next - 1, flags: RST }, { seq: next + (1 << 30), flags: RST }, { seq: next + 5, flags: SYN }]) send(fields);
    expect(end.wasReset).toBe(false);
    expect(lab.guest.counter('tcpFlows')).toBe(1);
    send({ flags: RST });
    expect(end.wasReset).toBe(true);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
  });

  it('acknowledgement of what was never sent', async () => {
    const lab = createLab();
    const { send, theirs } = await connected(lab);
    for (const ack of [theirs + 1, theirs + 100_000, theirs + 0x7fffffff, theirs - 0x7fffffff]) send({ ack });
    lab.provider.connections[0]!.end.send(Uint8Array.of(1, 2, 3));
    await settle();
    const text = lab.guest.takeIp().map(({ payload }) => parseTcp(payload)).find(({ payload }) => payload.length > 0);
    expect([text!.seq, ...text!.payload]).toEqual([theirs, 1, 2, 3]);
  });

  it('early segments: many, overlapping, and past the window', async () => {
    const lab = createLab();
    const { send, next } = await connected(lab);
    for (let i = 2000; i > 0; i--) send({ seq: next + i * 2, payload: Uint8Array.of(i, i) });
    for (let i = 0; i < 300; i++) send({ seq: next + 1 + i, payload: new Uint8Array(1400) });
    send({ seq: next + (1 << 20) - 10, payload: new Uint8Array(1400) });
    const { end } = lab.provider.connections[0]!;
    expect(end.receivedBytes).toBe(0);
    send({ seq: next, payload: Uint8Array.of(7) });
    expect(end.receivedBytes).toBeGreaterThan(0);
    expectAlive(lab);
  });

  it('text after the FIN is nobody’s', async () => {
    const lab = createLab();
    const { send, next } = await connected(lab);
    send({ seq: next + 4, flags: ACK | FIN });
    send({ seq: next + 4, payload: Uint8Array.of(9, 9, 9) });
    send({ seq: next, payload: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    const { end } = lab.provider.connections[0]!;
    expect([[...end.all], end.ended]).toEqual([[1, 2, 3, 4], true]);
  });

  it('headers that claim more than there is', () => {
    const lab = createLab((config) => (config.ipv6 = true));
    const good = ethernet(NAT_MAC, 0x0800, ipv4(OUTSIDE, 17, udp(1, 2, [1, 2, 3])));
    for (const [at, value] of [[14, 0x40], [14, 0x4f], [14, 0x65], [16, 0xff], [17, 10], [14, 0x44]] as const) lab.guest.send(good.map((byte, i) => (i === at ? value : byte)));
    for (let length = 0; length < good.length; length++) lab.guest.send(good.subarray(0, length));
    const long = tcpBytes({ from: 1, to: 2, seq: 0, flags: SYN });
    for (const offset of [0, 1, 4, 6, 15]) {
      const bytes = withSum(long.map((byte, i) => (i === 12 ? offset << 4 : byte)), 16, GUEST, OUTSIDE, 6);
      lab.guest.send(ethernet(NAT_MAC, 0x0800, ipv4(OUTSIDE, 6, bytes)));
    }
    for (const payload of [[], [0, 0], [43, 255, 0, 0, 0, 0, 0, 0], new Array<number>(800).fill(0)]) lab.guest.send(ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 0, payload)));
    expect(lab.provider.connections).toEqual([]);
    expectAlive(lab);
  });

  it('a flood of SYNs: bounded, and answered when the host is', async () => {
    const lab = createLab((config) => {
      config.limits.tcpConnecting = 50;
      config.limits.tcpFlows = 100;
    });
    lab.provider.gate = new Promise(() => undefined);
    for (let port = 1; port < 5000; port++) lab.guest.send(tcpFrame({ from: port, to: 80, seq: 0, flags: SYN }, OUTSIDE));
    expect(lab.guest.counter('tcpFlows')).toBe(50);
    expect(lab.provider.connections).toHaveLength(50);
    lab.clock.advance(61e9);
    expect(lab.guest.counter('tcpFlows')).toBe(0);
    expectAlive(lab);
  });

  it('control frames with nobody to take them: bounded and counted', () => {
    const lab = createLab();
    lab.guest.room = 0;
    for (let i = 0; i < 5000; i++) lab.guest.send(arpRequest(GATEWAY));
    expect(lab.guest.counter('controlDropped')).toBe(5000 - 512);
    lab.guest.makeRoom(Infinity);
    expect(lab.guest.take()).toHaveLength(512);
  });

  it('a name server’s answer instead of a question, pointers and endless labels', async () => {
    const lab = createLab();
    const head = (flags: number, count: number): number[] => [...be16(1), ...be16(flags), ...be16(count), 0, 0, 0, 0, 0, 0];
    const questions = [[0xc0, 12, 0, 1, 0, 1], [63, 1], [4, 1, 2, 3, 4], new Array<number>(400).fill(1), [0], [0, 0, 1], [3, 46, 46, 46, 0, 0, 1, 0, 1]];
    for (const question of questions) lab.guest.send(udp4([10, 0, 2, 3], 4000, 53, [...head(0x100, 1), ...question]));
    lab.guest.send(udp4([10, 0, 2, 3], 4000, 53, [...head(0x8180, 1), 0, 0, 1, 0, 1]));
    lab.guest.send(udp4([10, 0, 2, 3], 4000, 53, head(0x100, 65535)));
    lab.guest.send(udp4([10, 0, 2, 3], 4000, 53, [1, 2, 3]));
    await settle();
    const codes = lab.guest.takeIp().map(({ payload }) => payload[11]! & 15);
    expect(codes.every((code) => code === 1 || code === 3)).toBe(true);
    expect(codes).toHaveLength(questions.length + 1);
    expectAlive(lab);
  });
});

describe('noise', () => {
  function templates(): Uint8Array[] {
    const echo6 = withSum([128, 0, 0, 0, 0, 1, 0, 1], 2, GUEST6, GATEWAY6, 58);
    const dhcp = [1, 1, 6, 0, ...be32(1), ...new Array<number>(20).fill(0), ...GUEST_MAC, ...new Array<number>(202).fill(0), ...be32(0x63825363), 53, 1, 1, 50, 4, ...GUEST, 255];
    return [
      arpRequest(GATEWAY),
      ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, icmp(8, 0, [1, 2, 3, 4]))),
      ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 17, new Uint8Array(64), { fragment: 0x2000 })),
      udp4(OUTSIDE, 5, 6, [1, 2, 3]),
      udp4([10, 0, 2, 3], 5, 53, [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1]),
      ethernet(BROADCAST, 0x0800, ipv4([255, 255, 255, 255], 17, withSum(udp(68, 67, dhcp), 6, GUEST, [255, 255, 255, 255], 17))),
      tcpFrame({ from: 7, to: 80, seq: 1, flags: SYN, options: [2, 4, 5, 180, 1, 3, 3, 7] }, OUTSIDE),
      tcpFrame({ from: 7, to: 80, seq: 2, ack: 1, flags: ACK, payload: new Uint8Array(50) }, OUTSIDE),
      ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 58, echo6)),
      ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 44, [58, 0, 0, 1, 0, 0, 0, 1, ...echo6])),
      ethernet([0x33, 0x33, 0, 1, 0, 2], 0x86dd, ipv6([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0], 17, [...be16(546), ...be16(547), 0, 16, 0, 0, 11, 1, 2, 3, 0, 1, 0, 0])),
    ];
  }

  for (const seed of [11, 12, 13, 14]) {
    it(`mutated frames of every protocol, with the sums left to us (seed ${seed})`, async () => {
      const lab = createLab((config) => {
        config.ipv6 = true;
        config.limits.tcpFlows = 64;
        config.limits.udpSockets = 64;
      });
      lab.guest.accepts = seed % 2 === 0 ? ALL_SUPPORT : NO_SUPPORT;
      lab.guest.onFrame = () => undefined;
      const random = seededRandom(seed);
      const below = (limit: number): number => Math.floor(random() * limit);
      const base = templates();
      for (let i = 0; i < 10_000; i++) {
        const frame = base[below(base.length)]!.slice(0, random() < 0.1 ? below(80) : undefined);
        for (let edits = below(5); edits > 0; edits--) if (frame.length > 14) frame[random() < 0.9 ? 14 + below(frame.length - 14) : below(14)] = below(256);
        // The sum of an IPv4 header is made right, or little would get past it.
        if (random() < 0.8 && frame[12] === 8 && frame[13] === 0 && frame.length >= 34) fixHeader(frame);
        // Sums declared open are not checked: the mutation gets through.
        const offload: Offload = { ...NO_OFFLOAD, flags: random() < 0.8 ? 1 : 0, gsoType: random() < 0.1 ? below(256) : 0, gsoSize: below(65536), csumStart: below(100), csumOffset: below(100), hdrLen: below(65536) };
        lab.guest.send(frame, offload);
        if (i % 500 === 0) {
          lab.clock.advance(below(5e9));
          await settle();
          for (const { end } of lab.provider.connections.slice(-5)) end.send(new Uint8Array(below(5000)));
        }
      }
      await settle();
      expect(lab.guest.counter('tcpFlows')).toBeLessThanOrEqual(64);
      expect(lab.guest.counter('udpSockets')).toBeLessThanOrEqual(64);
      expect(lab.provider.datagrams.length + lab.provider.connections.length).toBeGreaterThan(100);
      expectAlive(lab);
    });
  }

  it('offload fields at random: cut frames are whole or refused (seed 21)', () => {
    const random = seededRandom(21);
    const below = (limit: number): number => Math.floor(random() * limit);
    const payload = new Uint8Array(3000);
    const whole = tcpFrame({ from: 1, to: 2, seq: 0, flags: ACK, payload }, OUTSIDE);
    let cut = 0;
    for (let i = 0; i < 5000; i++) {
      const frame = whole.slice(0, random() < 0.3 ? below(whole.length) : undefined);
      if (random() < 0.5) frame[12 + below(40)] = below(256);
      const gsoType = [GsoType.None, GsoType.Tcp4, GsoType.Tcp6, below(256)][below(4)]!;
      const offload = { flags: below(4), gsoType, hdrLen: below(65536), gsoSize: below(2) * below(3000), csumStart: below(4000), csumOffset: below(4000) };
      if (isAccepted(offload, NO_SUPPORT)) continue;
      const frames = prepareFrames(frame, offload);
      for (const { frame: bytes } of frames ?? []) expect(bytes.length).toBeLessThanOrEqual(frame.length);
      cut += frames ? 1 : 0;
    }
    expect(cut).toBeGreaterThan(100);
  });
});

function fixHeader(frame: Uint8Array): void {
  const length = Math.min((frame[14]! & 15) * 4, frame.length - 14);
  frame.fill(0, 24, 26);
  let sum = 0;
  for (let i = 14; i + 1 < 14 + length; i += 2) sum += frame[i]! * 256 + frame[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  frame.set(be16(~sum & 0xffff), 24);
}

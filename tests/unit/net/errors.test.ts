/** What a guest is told of packets that go nowhere (ICMP), by the network itself and by this machine's real sockets. */

import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend } from '../../../host/net/open.js';
import { createLab, Guest, settle } from './guest.js';
import { arpRequest, be16, ethernet, GATEWAY, GATEWAY6, GUEST, GUEST6, GUEST_MAC, icmp, ipv4, ipv6, isSummed, NAT_MAC, onesSum, udp, udp4, withSum, type ParsedIp } from './packets.js';
import { SYN, tcpBytes } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];
const OUTSIDE6 = [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
const SOLICITATION = ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 58, withSum([135, 0, 0, 0, 0, 0, 0, 0, ...GATEWAY6, 1, 1, ...GUEST_MAC], 2, GUEST6, GATEWAY6, 58)));

/** An IPv4 packet whose hops are few. */
function ipv4Hops(destination: number[], protocol: number, payload: number[], hops: number, fragment = 0): number[] {
  const packet = ipv4(destination, protocol, payload, { fragment });
  packet.splice(8, 1, hops);
  packet.splice(10, 2, 0, 0);
  packet.splice(10, 2, ...be16(~onesSum(packet.slice(0, 20)) & 0xffff));
  return packet;
}

const udp6 = (destination: number[], from: number, to: number, payload: number[], hops = 64): number[] => ipv6(destination, 17, withSum(udp(from, to, payload), 6, GUEST6, destination, 17), GUEST6, hops);

/** Type, code and sender of an error that quotes `packet`. */
function errorOf(packets: ParsedIp[], packet: number[]): unknown[] {
  expect(packets).toHaveLength(1);
  const [{ payload, source, version }] = packets as [ParsedIp];
  const quoted = [...payload.subarray(8)];
  expect(quoted).toEqual(packet.slice(0, quoted.length));
  expect(quoted.length).toBeGreaterThanOrEqual(version === 4 ? 28 : 48);
  if (version === 4) expect(onesSum(payload)).toBe(0xffff);
  else expect(isSummed(packets[0]!)).toBe(true);
  return [payload[0], payload[1], source];
}

describe('a packet whose hops have run out', () => {
  const segment = withSum(tcpBytes({ from: 1000, to: 80, seq: 1, flags: SYN }), 16, GUEST, OUTSIDE, 6);
  const cases4: [string, number, number[]][] = [
    ['UDP', 17, withSum(udp(1000, 33434, [1, 2, 3]), 6, GUEST, OUTSIDE, 17)],
    ['TCP', 6, segment],
    ['an echo', 1, icmp(8, 0, [1, 2, 3, 4])],
    ['a protocol that nobody knows', 99, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ];
  for (const [name, protocol, payload] of cases4)
    for (const hops of [0, 1])
      it(`${name} over IPv4, ${hops} left: time exceeded, from the gateway`, async () => {
        const { guest, provider } = createLab();
        const packet = ipv4Hops(OUTSIDE, protocol, payload, hops);
        guest.send(ethernet(NAT_MAC, 0x0800, packet));
        expect(errorOf(guest.takeIp(), packet)).toEqual([11, 0, GATEWAY]);
        await settle();
        expect([provider.connections.length, provider.datagrams.length, guest.counter('icmpErrors')]).toEqual([0, 0, 1]);
      });

  it('over IPv6: time exceeded too', () => {
    const { guest } = createLab((config) => (config.ipv6 = true));
    guest.send(SOLICITATION);
    guest.take();
    for (const packet of [udp6(OUTSIDE6, 1000, 33434, [1, 2], 1), ipv6(OUTSIDE6, 99, [1, 2, 3, 4, 5, 6, 7, 8], GUEST6, 1)]) {
      guest.send(ethernet(NAT_MAC, 0x86dd, packet));
      expect(errorOf(guest.takeIp(), packet)).toEqual([3, 0, GATEWAY6]);
    }
  });

  it('that is for the gateway itself has arrived', () => {
    const { guest, provider } = createLab((config) => (config.loopback = true));
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4Hops(GATEWAY, 17, withSum(udp(1000, 7, [1]), 6, GUEST, GATEWAY, 17), 1)));
    expect([guest.takeIp(), provider.datagrams.length]).toEqual([[], 1]);
  });

  it('and is an error itself, or a later piece of a datagram, is answered by nothing', () => {
    const { guest } = createLab((config) => (config.ipv6 = true));
    guest.send(SOLICITATION);
    guest.take();
    for (const type of [3, 4, 5, 11, 12]) guest.send(ethernet(NAT_MAC, 0x0800, ipv4Hops(OUTSIDE, 1, icmp(type, 0, [1, 2, 3, 4]), 1)));
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4Hops(OUTSIDE, 17, [1, 2, 3, 4, 5, 6, 7, 8], 1, 3)));
    guest.send(ethernet(NAT_MAC, 0x86dd, ipv6(OUTSIDE6, 58, withSum([1, 4, 0, 0, 0, 0, 0, 0], 2, GUEST6, OUTSIDE6, 58), GUEST6, 1)));
    expect(guest.takeIp()).toEqual([]);
  });
});

describe('a datagram that went nowhere', () => {
  const codes: [string, number[]][] = [
    ['ECONNREFUSED', [3, 3]],
    ['EHOSTUNREACH', [3, 1]],
    ['ENETUNREACH', [3, 0]],
    ['EACCES', [3, 13]],
  ];
  for (const [code, error] of codes)
    it(`${code} is ICMP ${error.join('/')}`, () => {
      const { guest, provider } = createLab();
      const packet = ipv4(OUTSIDE, 17, withSum(udp(5000, 7, [1, 2, 3]), 6, GUEST, OUTSIDE, 17));
      guest.send(ethernet(NAT_MAC, 0x0800, packet));
      provider.udpSockets[0]!.events.unreachable!({ address: Uint8Array.from(OUTSIDE), port: 7 }, code);
      expect(errorOf(guest.takeIp(), packet)).toEqual([...error, code === 'ECONNREFUSED' ? OUTSIDE : GATEWAY]);
    });

  it('from a peer that the guest never spoke to is nothing', () => {
    const { guest, provider } = createLab();
    guest.send(udp4(OUTSIDE, 5000, 7, [1]));
    provider.udpSockets[0]!.events.unreachable!({ address: Uint8Array.from(OUTSIDE), port: 8 }, 'ECONNREFUSED');
    expect(guest.takeIp()).toEqual([]);
  });

  it('in fragments is quoted by its first', () => {
    const { guest, provider } = createLab();
    const datagram = withSum(udp(5000, 7, new Array<number>(3000).fill(5)), 6, GUEST, OUTSIDE, 17);
    const first = ipv4(OUTSIDE, 17, datagram.slice(0, 1480), { id: 9, fragment: 0x2000 });
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4(OUTSIDE, 17, datagram.slice(1480, 2960), { id: 9, fragment: 0x2000 | 185 })));
    guest.send(ethernet(NAT_MAC, 0x0800, first));
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4(OUTSIDE, 17, datagram.slice(2960), { id: 9, fragment: 370 })));
    expect(provider.datagrams[0]!.bytes).toHaveLength(3000);
    provider.udpSockets[0]!.events.unreachable!({ address: Uint8Array.from(OUTSIDE), port: 7 }, 'ECONNREFUSED');
    expect(errorOf(guest.takeIp(), first)).toEqual([3, 3, OUTSIDE]);
  });
});

describe('over real sockets', () => {
  async function open(): Promise<Guest> {
    const { backend } = await openBackend(parseNetdev('user,id=n0,loopback=on'), createNetContext());
    onTestFinished(() => backend.close());
    const guest = new Guest(backend);
    guest.send(arpRequest(GATEWAY));
    guest.send(SOLICITATION);
    guest.take();
    return guest;
  }
  async function received(guest: Guest): Promise<ParsedIp[]> {
    while (guest.frames.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    return guest.takeIp();
  }
  /** A port that nobody listens on: it was free a moment ago. */
  async function closedPort(type: 'udp4' | 'udp6'): Promise<number> {
    const socket = createSocket(type);
    await new Promise<void>((resolve) => socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1', resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    return port;
  }

  it('a closed port of the host’s is told, every time, over IPv4', async () => {
    const guest = await open();
    const port = await closedPort('udp4');
    for (let i = 0; i < 3; i++) {
      const packet = ipv4(GATEWAY, 17, withSum(udp(5000, port, [i]), 6, GUEST, GATEWAY, 17));
      guest.send(ethernet(NAT_MAC, 0x0800, packet));
      expect(errorOf((await received(guest)).slice(0, 1), packet)).toEqual([3, 3, GATEWAY]);
    }
  });

  it('and over IPv6', async () => {
    const guest = await open();
    const packet = udp6(GATEWAY6, 5000, await closedPort('udp6'), [1]);
    guest.send(ethernet(NAT_MAC, 0x86dd, packet));
    expect(errorOf((await received(guest)).slice(0, 1), packet)).toEqual([1, 4, GATEWAY6]);
  });

  it('a port of the guest’s is one port of the host’s to every peer, more than have a socket each, and all are heard', async () => {
    const guest = await open();
    const seen = new Set<number>();
    const servers = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const socket = createSocket('udp4');
        socket.on('message', (bytes, { port, address }) => {
          seen.add(port);
          socket.send(bytes, port, address);
        });
        await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
        onTestFinished(() => void socket.close());
        return socket.address().port;
      }),
    );
    const heard = new Set<number>();
    guest.onFrame = (frame) => void heard.add(frame[34]! * 256 + frame[35]!);
    for (const port of servers) guest.send(udp4(GATEWAY, 5000, port, [1, 2, 3]));
    while (heard.size < servers.length) await new Promise((resolve) => setTimeout(resolve, 2));
    expect([[...heard].sort(), seen.size]).toEqual([[...servers].sort(), 1]);
  });
});

/** ARP, DHCP, DNS, ICMP and neighbour discovery with a scripted guest. */
import { describe, expect, it } from 'vitest';
import { createLab, settle } from './guest.js';
import {
  arpRequest,
  be16,
  be32,
  BROADCAST,
  ethernet,
  GATEWAY,
  GATEWAY6,
  GUEST,
  GUEST6,
  GUEST_MAC,
  icmp,
  ipv4,
  ipv6,
  isSummed,
  NAT_MAC,
  onesSum,
  udp,
  udp4,
  withSum,
} from './packets.js';

const DNS = [10, 0, 2, 3];
const OUTSIDE = [93, 184, 216, 9];

function dhcp(type: number, options: number[] = [], mac = GUEST_MAC): Uint8Array {
  const fixed = [1, 1, 6, 0, ...be32(0x12345678), 0, 0, 0, 0, ...new Array<number>(16).fill(0), ...mac, ...new Array<number>(10 + 192).fill(0)];
  const payload = [...fixed, ...be32(0x63825363), 53, 1, type, ...options, 255];
  const datagram = withSum(udp(68, 67, payload), 6, [0, 0, 0, 0], [255, 255, 255, 255], 17);
  return ethernet(BROADCAST, 0x0800, ipv4([255, 255, 255, 255], 17, datagram, { source: [0, 0, 0, 0] }), mac);
}

function options(message: Uint8Array): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let at = 240; message[at] !== 255; at += 2 + message[at + 1]!) found.set(message[at]!, [...message.subarray(at + 2, at + 2 + message[at + 1]!)]);
  return found;
}

describe('ARP', () => {
  it('answers for the gateway and the name server, and nobody else', () => {
    const { guest } = createLab();
    for (const address of [GATEWAY, DNS]) {
      guest.send(arpRequest(address));
      const [{ frame }] = guest.take() as unknown as [{ frame: Uint8Array }];
      expect([...frame.subarray(0, 6)]).toEqual(GUEST_MAC);
      expect([...frame.subarray(20, 32)]).toEqual([0, 2, ...NAT_MAC, ...address]);
    }
    guest.send(arpRequest([10, 0, 2, 77]));
    guest.send(arpRequest(GUEST));
    expect(guest.take()).toEqual([]);
  });
});

describe('DHCP', () => {
  it('offers and acknowledges the first address with mask, router and name server', () => {
    const { guest } = createLab();
    guest.send(dhcp(1));
    const [offer] = guest.takeIp();
    expect(isSummed(offer!)).toBe(true);
    const message = offer!.payload.subarray(8);
    expect([...message.subarray(16, 20)]).toEqual(GUEST);
    expect(options(message).get(53)).toEqual([2]);
    guest.send(dhcp(3, [50, 4, ...GUEST, 54, 4, ...GATEWAY]));
    const [answer] = guest.takeIp();
    const ack = options(answer!.payload.subarray(8));
    expect(ack.get(53)).toEqual([5]);
    expect(ack.get(1)).toEqual([255, 255, 255, 0]);
    expect(ack.get(3)).toEqual(GATEWAY);
    expect(ack.get(6)).toEqual(DNS);
  });

  it('gives a second card another address and refuses a taken one', () => {
    const { guest } = createLab();
    const other = [2, 0, 0, 0, 0, 9];
    guest.send(dhcp(1));
    guest.send(dhcp(1, [], other));
    const [, second] = guest.takeIp();
    expect([...second!.payload.subarray(24, 28)]).toEqual([10, 0, 2, 16]);
    guest.send(dhcp(3, [50, 4, ...GUEST], other));
    expect(options(guest.takeIp()[0]!.payload.subarray(8)).get(53)).toEqual([6]);
  });
});

describe('ICMP', () => {
  it('echoes at the gateway with the payload unchanged', () => {
    const { guest } = createLab();
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, icmp(8, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]))));
    const [reply] = guest.takeIp();
    expect(reply!.source).toEqual(GATEWAY);
    expect([...reply!.payload]).toEqual(icmp(0, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect(onesSum(reply!.payload)).toBe(0xffff);
  });

  it('says that an address outside cannot be pinged', () => {
    const { guest } = createLab();
    const echo = ipv4(OUTSIDE, 1, icmp(8, 0, [1, 2, 3, 4]));
    guest.send(ethernet(NAT_MAC, 0x0800, echo));
    const [reply] = guest.takeIp();
    expect([...reply!.payload.subarray(0, 2)]).toEqual([3, 13]);
    expect([...reply!.payload.subarray(8)]).toEqual(echo.slice(0, 28));
  });

  it('reassembles a large echo and answers in fragments', () => {
    const { guest } = createLab();
    const message = icmp(8, 0, Array.from({ length: 3996 }, (_, i) => i & 255));
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, message.slice(1480), { id: 9, fragment: 185 })));
    guest.send(ethernet(NAT_MAC, 0x0800, ipv4(GATEWAY, 1, message.slice(0, 1480), { id: 9, fragment: 0x2000 })));
    const pieces = guest.takeIp();
    expect(pieces.map(({ fragment }) => fragment)).toEqual([0x2000, 0x2000 | 185, 370]);
    const whole = Buffer.concat(pieces.map(({ payload }) => payload));
    expect([...whole]).toEqual(icmp(0, 0, message.slice(4)));
  });
});

describe('UDP', () => {
  it('sends and hears only from peers the guest spoke to', () => {
    const { guest, provider } = createLab();
    guest.send(udp4(OUTSIDE, 5000, 7, [1, 2, 3]));
    expect(provider.datagrams).toEqual([{ bytes: Uint8Array.from([1, 2, 3]), to: '93.184.216.9', port: 7 }]);
    const { events } = provider.udpSockets[0]!;
    events.message(Uint8Array.from([4, 5]), { address: Uint8Array.from(OUTSIDE), port: 7 });
    events.message(Uint8Array.from([6]), { address: Uint8Array.from([8, 8, 8, 8]), port: 7 });
    const packets = guest.takeIp();
    expect(packets.map(({ source, payload }) => [source, [...payload.subarray(0, 4)], [...payload.subarray(8)]])).toEqual([[OUTSIDE, [...be16(7), ...be16(5000)], [4, 5]]]);
    expect(isSummed(packets[0]!)).toBe(true);
    expect(guest.counter('udpStranger')).toBe(1);
  });

  it('forgets a silent port, and bounds how many there are', () => {
    const { guest, provider, clock } = createLab((config) => {
      config.limits.udpSockets = 4;
    });
    for (let port = 1; port <= 10; port++) guest.send(udp4(OUTSIDE, port, 7, [1]));
    expect(provider.udpSockets.filter(({ closed }) => !closed)).toHaveLength(4);
    clock.advance(121e9);
    expect(provider.udpSockets.filter(({ closed }) => !closed)).toHaveLength(0);
    expect(guest.counter('udpSockets')).toBe(0);
  });

  it('cuts a large datagram to the MTU for the guest', () => {
    const { guest, provider } = createLab();
    guest.send(udp4(OUTSIDE, 5000, 7, [1]));
    const bytes = Uint8Array.from({ length: 4000 }, (_, i) => i * 7);
    provider.udpSockets[0]!.events.message(bytes, { address: Uint8Array.from(OUTSIDE), port: 7 });
    const pieces = guest.takeIp();
    expect(pieces).toHaveLength(3);
    expect(Buffer.concat(pieces.map(({ payload }) => payload)).subarray(8).equals(bytes)).toBe(true);
  });

  it('queues no more than its bound while the guest has no room', () => {
    const { guest, provider } = createLab((config) => {
      config.limits.udpQueueBytes = 10_000;
    });
    guest.send(udp4(OUTSIDE, 5000, 7, [1]));
    guest.room = 0;
    for (let i = 0; i < 100; i++) provider.udpSockets[0]!.events.message(new Uint8Array(744), { address: Uint8Array.from(OUTSIDE), port: 7 });
    guest.backend.flush();
    guest.makeRoom(1000);
    expect(guest.take()).toHaveLength(10);
    expect(guest.counter('udpDropped')).toBe(90);
  });
});

describe('names', () => {
  const query = [...be16(0xabcd), 1, 0, ...be16(1), 0, 0, 0, 0, 0, 0, 4, ...Buffer.from('host'), 4, ...Buffer.from('test'), 0, ...be16(1), ...be16(1)];

  it('forwards queries raw to a resolver, past the policy, and answers in the name server’s name', () => {
    const { guest, provider } = createLab();
    provider.servers = [{ address: Uint8Array.from([127, 0, 0, 53]), port: 53 }];
    guest.send(udp4(DNS, 4000, 53, query));
    expect(provider.datagrams.map(({ to, port, bytes }) => [to, port, [...bytes]])).toEqual([['127.0.0.53', 53, query]]);
    provider.udpSockets[0]!.events.message(Uint8Array.from([9, 9]), { address: Uint8Array.from([127, 0, 0, 53]), port: 53 });
    expect(guest.takeIp()[0]!.source).toEqual(DNS);
  });

  it('keeps to a resolver while it answers, and asks the next when a query comes again', () => {
    const { guest, provider } = createLab();
    provider.servers = [1, 2].map((host) => ({ address: Uint8Array.from([192, 0, 2, host]), port: 53 }));
    for (const id of [1, 2, 3, 3, 4]) guest.send(udp4(DNS, 4000, 53, [...be16(id), ...query.slice(2)]));
    expect(provider.datagrams.map(({ to }) => to.at(-1))).toEqual(['1', '1', '1', '2', '2']);
  });

  it('answers by the platform’s look-up where there is no resolver', async () => {
    const { guest, provider } = createLab();
    provider.names.set('host.test', [Uint8Array.from([192, 0, 2, 1])]);
    guest.send(udp4(DNS, 4000, 53, query));
    await settle();
    const answer = guest.takeIp()[0]!.payload.subarray(8);
    expect([...answer.subarray(0, 12)]).toEqual([...be16(0xabcd), 0x81, 0x80, ...be16(1), ...be16(1), 0, 0, 0, 0]);
    expect([...answer.subarray(query.length)]).toEqual([0xc0, 12, ...be16(1), ...be16(1), ...be32(60), ...be16(4), 192, 0, 2, 1]);
    provider.names.clear();
    guest.send(udp4(DNS, 4000, 53, query));
    await settle();
    expect(guest.takeIp()[0]!.payload[11]! & 15).toBe(3);
  });
});

describe('IPv6', () => {
  const ALL_ROUTERS = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
  const lab = () => createLab((config) => (config.ipv6 = true));
  const icmp6 = (destination: number[], type: number, rest: number[], source = GUEST6) =>
    ethernet(NAT_MAC, 0x86dd, ipv6(destination, 58, withSum([type, 0, 0, 0, ...rest], 2, source, destination, 58), source));

  it('advertises the prefix and the name server', () => {
    const { guest } = lab();
    guest.send(icmp6(ALL_ROUTERS, 133, [0, 0, 0, 0, 1, 1, ...GUEST_MAC], [0xfe, 0x80, ...new Array<number>(13).fill(0), 1]));
    const [advertisement] = guest.takeIp();
    expect(isSummed(advertisement!)).toBe(true);
    const { payload } = advertisement!;
    expect(payload[0]).toBe(134);
    expect([...payload.subarray(32, 36)]).toEqual([3, 4, 64, 0xc0]);
    expect([...payload.subarray(48, 56)]).toEqual([0xfe, 0xc0, 0, 0, 0, 0, 0, 0]);
    expect([...payload.subarray(72, 88)]).toEqual([...GATEWAY6.slice(0, 15), 3]);
  });

  it('advertises again before what it said runs out', () => {
    const { guest, clock } = lab();
    for (let i = 0; i < 3; i++) {
      clock.advance(1790e9);
      expect(guest.takeIp().map(({ payload }) => payload[0])).toContain(134);
    }
  });

  it('answers neighbour solicitations and echoes', () => {
    const { guest } = lab();
    guest.send(icmp6(GATEWAY6, 135, [0, 0, 0, 0, ...GATEWAY6, 1, 1, ...GUEST_MAC]));
    const [advertisement] = guest.takeIp();
    expect(advertisement!.payload[0]).toBe(136);
    expect([...advertisement!.payload.subarray(24)]).toEqual([2, 1, ...NAT_MAC]);
    guest.send(icmp6(GATEWAY6, 128, [1, 2, 3, 4, 5]));
    const [reply] = guest.takeIp();
    expect([reply!.payload[0], ...reply!.payload.subarray(4)]).toEqual([129, 1, 2, 3, 4, 5]);
    expect(isSummed(reply!)).toBe(true);
  });

  it('tells the name server to a stateless DHCPv6 client', () => {
    const { guest } = lab();
    const group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2];
    const request = [11, 1, 2, 3, ...be16(1), ...be16(4), 9, 8, 7, 6];
    guest.send(icmp6(GATEWAY6, 135, [0, 0, 0, 0, ...GATEWAY6, 1, 1, ...GUEST_MAC]));
    guest.take();
    guest.send(ethernet(NAT_MAC, 0x86dd, ipv6(group, 17, withSum(udp(546, 547, request), 6, GUEST6, group, 17))));
    const [reply] = guest.takeIp();
    const message = [...reply!.payload.subarray(8)];
    expect(message.slice(0, 4)).toEqual([7, 1, 2, 3]);
    expect(message.slice(-20)).toEqual([...be16(23), ...be16(16), ...GATEWAY6.slice(0, 15), 3]);
  });
});

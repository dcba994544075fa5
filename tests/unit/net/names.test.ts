/** The name server: relays across address families, and answers of the host's look-up. */

import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress } from '../../../host/net/address.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend } from '../../../host/net/open.js';
import { createLab, Guest, settle, type Lab } from './guest.js';
import { arpRequest, be16, be32, ethernet, GATEWAY, GATEWAY6, GUEST6, GUEST_MAC, ipv6, isSummed, NAT_MAC, udp, udp4, withSum } from './packets.js';
import { dispatchTcp, TcpPeer } from './tcp-peer.js';

const DNS = [10, 0, 2, 3];
const DNS6 = [...GATEWAY6.slice(0, 15), 3];
const TYPE = { A: 1, PTR: 12, TXT: 16, AAAA: 28, HTTPS: 65 } as const;
const SOLICITATION = ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 58, withSum([135, 0, 0, 0, 0, 0, 0, 0, ...GATEWAY6, 1, 1, ...GUEST_MAC], 2, GUEST6, GATEWAY6, 58)));
const udp6 = (destination: number[], from: number, to: number, payload: number[]): Uint8Array => ethernet(NAT_MAC, 0x86dd, ipv6(destination, 17, withSum(udp(from, to, payload), 6, GUEST6, destination, 17)));

function nameBytes(name: string): number[] {
  return [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

const query = (name: string, type: number, id = 0x1234): number[] => [...be16(id), 1, 0, ...be16(1), 0, 0, 0, 0, 0, 0, ...nameBytes(name), ...be16(type), ...be16(1)];

interface Answer {
  code: number;
  records: number;
  /** After the question. */
  rest: number[];
}

function readAnswer(message: Uint8Array, asked: number[]): Answer {
  expect([...message.subarray(0, 2)]).toEqual(asked.slice(0, 2));
  expect([...message.subarray(12, asked.length)]).toEqual(asked.slice(12));
  return { code: message[3]! & 15, records: message[6]! * 256 + message[7]!, rest: [...message.subarray(asked.length)] };
}

describe('queries are relayed', () => {
  for (const [server, resolver] of [['10.0.2.3', '::1'], ['fec0::3', '127.0.0.1'], ['10.0.2.3', '127.0.0.1'], ['fec0::3', '::1']] as const)
    it(`from ${server} to ${resolver} and back, over real sockets`, async () => {
      const socket = createSocket(resolver === '::1' ? 'udp6' : 'udp4');
      socket.on('message', (bytes, from) => socket.send(Buffer.concat([bytes, Buffer.from('!')]), from.port, from.address));
      await new Promise<void>((resolve) => socket.bind(0, resolver, resolve));
      onTestFinished(() => void socket.close());
      const { backend } = await openBackend(parseNetdev(`user,id=n0,resolver=[${resolver}]:${socket.address().port}`.replace('[127.0.0.1]', '127.0.0.1')), createNetContext());
      onTestFinished(() => backend.close());
      const guest = new Guest(backend);
      guest.send(arpRequest(GATEWAY));
      guest.send(SOLICITATION);
      guest.take();
      guest.send(server === '10.0.2.3' ? udp4(DNS, 5000, 53, [...Buffer.from('query')]) : udp6(DNS6, 5000, 53, [...Buffer.from('query')]));
      while (guest.frames.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const [answer] = guest.takeIp();
      expect([answer!.source, Buffer.from(answer!.payload.subarray(8)).toString(), isSummed(answer!)]).toEqual([server === '10.0.2.3' ? DNS : DNS6, 'query!', true]);
    });
});

/** A network that answers with the host's look-up. */
function lookupLab(change: (lab: Lab) => void = () => undefined): Lab {
  const lab = createLab((config) => (config.resolvers = []));
  lab.provider.names.set('both.test', [parseAddress('93.184.216.1')!, parseAddress('2606:4700::1')!]);
  lab.provider.names.set('four.test', [parseAddress('93.184.216.4')!]);
  lab.provider.names.set('six.test', [parseAddress('2606:4700::6')!]);
  lab.provider.hosts.set('93.184.216.4', 'four.test');
  lab.provider.hosts.set('2606:4700::6', 'six.test');
  change(lab);
  return lab;
}

async function ask({ guest }: Lab, name: string, type: number): Promise<Answer> {
  const asked = query(name, type);
  guest.send(udp4(DNS, 4000, 53, asked));
  await settle();
  return readAnswer(guest.takeIp()[0]!.payload.subarray(8), asked);
}

describe('answers of the host’s look-up', () => {
  const record = (type: number, data: number[]): number[] => [0xc0, 12, ...be16(type), ...be16(1), ...be32(60), ...be16(data.length), ...data];
  const cases: [string, number, Answer][] = [
    ['both.test', TYPE.A, { code: 0, records: 1, rest: record(TYPE.A, [93, 184, 216, 1]) }],
    ['both.test', TYPE.AAAA, { code: 0, records: 1, rest: record(TYPE.AAAA, [...parseAddress('2606:4700::1')!]) }],
    ['four.test', TYPE.AAAA, { code: 0, records: 0, rest: [] }],
    ['six.test', TYPE.A, { code: 0, records: 0, rest: [] }],
    ['nosuch.test', TYPE.A, { code: 3, records: 0, rest: [] }],
    ['nosuch.test', TYPE.AAAA, { code: 3, records: 0, rest: [] }],
    ['four.test', TYPE.TXT, { code: 0, records: 0, rest: [] }],
    ['six.test', TYPE.HTTPS, { code: 0, records: 0, rest: [] }],
    ['nosuch.test', TYPE.TXT, { code: 3, records: 0, rest: [] }],
    ['4.216.184.93.in-addr.arpa', TYPE.PTR, { code: 0, records: 1, rest: record(TYPE.PTR, nameBytes('four.test')) }],
    ['5.216.184.93.in-addr.arpa', TYPE.PTR, { code: 3, records: 0, rest: [] }],
    [`6${'.0'.repeat(23)}.0.0.7.4.6.0.6.2.ip6.arpa`, TYPE.PTR, { code: 0, records: 1, rest: record(TYPE.PTR, nameBytes('six.test')) }],
  ];
  for (const [name, type, right] of cases) it(`${name} ${Object.entries(TYPE).find(([, value]) => value === type)![0]}: ${right.records} of code ${right.code}`, async () => expect(await ask(lookupLab(), name, type)).toEqual(right));

  it('are left to the host’s servers where a look-up cannot give them', async () => {
    const lab = lookupLab(({ provider }) => (provider.servers = [{ address: parseAddress('127.0.0.53')!, port: 53 }]));
    expect((await ask(lab, 'four.test', TYPE.A)).records).toBe(1);
    for (const type of [TYPE.TXT, TYPE.HTTPS]) lab.guest.send(udp4(DNS, 4000, 53, query('four.test', type)));
    expect(lab.provider.datagrams.map(({ to, bytes }) => [to, bytes.at(-3)])).toEqual([['127.0.0.53', TYPE.TXT], ['127.0.0.53', TYPE.HTTPS]]);
  });

  it('come over TCP too, several on one connection and in pieces', async () => {
    const lab = lookupLab();
    const peer = new TcpPeer(lab.guest, lab.clock, 3000, 53, DNS);
    dispatchTcp(lab.guest, new Map([[3000, peer]]));
    peer.connect();
    await settle();
    const asked = [query('four.test', TYPE.A, 1), query('nosuch.test', TYPE.A, 2), query('four.test', TYPE.TXT, 3)];
    const stream = Uint8Array.from(asked.flatMap((message) => [...be16(message.length), ...message]));
    peer.write(stream.subarray(0, 5));
    await settle();
    peer.write(stream.subarray(5));
    peer.end();
    for (let i = 0; i < 20 && !peer.peerEnded; i++) await settle();
    const answers: Answer[] = [];
    for (let rest: Uint8Array = peer.all; rest.length > 0; rest = rest.subarray(2 + rest[0]! * 256 + rest[1]!)) answers.push(readAnswer(rest.subarray(2, 2 + rest[0]! * 256 + rest[1]!), asked[answers.length]!));
    expect(answers.map(({ code, records }) => [code, records])).toEqual([[0, 1], [3, 0], [0, 0]]);
    expect(peer.peerEnded).toBe(true);
  });

  it('over TCP ask the host’s servers over TCP', async () => {
    const lab = lookupLab(({ provider }) => (provider.servers = [{ address: parseAddress('127.0.0.53')!, port: 53 }]));
    lab.provider.accept = (end) => {
      end.onData = (bytes) => end.send(Uint8Array.from([...be16(bytes.length - 1), ...bytes.subarray(2), 9]));
    };
    const peer = new TcpPeer(lab.guest, lab.clock, 3000, 53, DNS);
    dispatchTcp(lab.guest, new Map([[3000, peer]]));
    peer.connect();
    await settle();
    const asked = query('four.test', TYPE.TXT);
    peer.write(Uint8Array.from([...be16(asked.length), ...asked]));
    for (let i = 0; i < 20 && peer.receivedBytes === 0; i++) await settle();
    expect([...peer.all]).toEqual([...be16(asked.length + 1), ...asked, 9]);
    expect(lab.provider.connections.map(({ to, port }) => [to, port])).toEqual([['127.0.0.53', 53]]);
  });
});

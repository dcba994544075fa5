/** DHCP: who gets which address and for how long, and what it is told to boot. */

import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from './guest.js';
import { be32, BROADCAST, ethernet, GATEWAY, ipv4, udp, withSum } from './packets.js';

const TYPE = { DISCOVER: 1, OFFER: 2, REQUEST: 3, DECLINE: 4, ACK: 5, NAK: 6, RELEASE: 7 } as const;

interface Answer {
  type: number;
  address: number[];
  options: Map<number, number[]>;
  message: Uint8Array;
}

const macOf = (number: number): number[] => [2, 0, 0, 0, number >> 8, number & 255];
const text = (bytes: number[] | undefined): string => String.fromCharCode(...(bytes ?? []));

/** Sends a message of a client and reads the answer. */
function ask({ guest }: Lab, type: number, mac: number[], options: number[] = []): Answer | undefined {
  const fixed = [1, 1, 6, 0, ...be32(0x12345678), 0, 0, 0, 0, ...new Array<number>(16).fill(0), ...mac, ...new Array<number>(10 + 192).fill(0)];
  const payload = [...fixed, ...be32(0x63825363), 53, 1, type, ...options, 255];
  const datagram = withSum(udp(68, 67, payload), 6, [0, 0, 0, 0], [255, 255, 255, 255], 17);
  guest.send(ethernet(BROADCAST, 0x0800, ipv4([255, 255, 255, 255], 17, datagram, { source: [0, 0, 0, 0] }), mac));
  const [packet] = guest.takeIp();
  if (!packet) return undefined;
  const message = packet.payload.subarray(8);
  const found = new Map<number, number[]>();
  for (let at = 240; message[at] !== 255; at += 2 + message[at + 1]!) found.set(message[at]!, [...message.subarray(at + 2, at + 2 + message[at + 1]!)]);
  return { type: found.get(53)![0]!, address: [...message.subarray(16, 20)], options: found, message };
}

const requested = (address: number[]): number[] => [50, 4, ...address, 54, 4, ...GATEWAY];
const identifier = (name: string): number[] => [61, name.length + 1, 0, ...Buffer.from(name)];

function lease(lab: Lab, mac: number[], options: number[] = []): number[] {
  const { address } = ask(lab, TYPE.DISCOVER, mac, options)!;
  expect(ask(lab, TYPE.REQUEST, mac, [...requested(address), ...options])).toMatchObject({ type: TYPE.ACK, address });
  return address;
}

describe('a client’s identifier', () => {
  it('is who the client is, whatever card it asks with, and comes back in every answer', () => {
    const lab = createLab();
    const first = lease(lab, macOf(1), identifier('one'));
    expect(lease(lab, macOf(2), identifier('one'))).toEqual(first);
    expect(lease(lab, macOf(1), identifier('two'))).not.toEqual(first);
    expect(lease(lab, macOf(1))).not.toEqual(first);
    for (const [type, options] of [[TYPE.DISCOVER, []], [TYPE.REQUEST, requested(first)], [TYPE.REQUEST, requested([10, 0, 2, 2])]] as const)
      expect(ask(lab, type, macOf(3), [...options, ...identifier('one')])!.options.get(61)).toEqual([0, ...Buffer.from('one')]);
    expect(ask(lab, TYPE.DISCOVER, macOf(3))!.options.has(61)).toBe(false);
  });
});

describe('addresses', () => {
  it('that were only offered are free again after a minute', () => {
    const lab = createLab();
    const all = Array.from({ length: 240 }, (_, i) => ask(lab, TYPE.DISCOVER, macOf(i + 1)));
    // .15 to .254.
    expect(all.filter(Boolean)).toHaveLength(240);
    expect(ask(lab, TYPE.DISCOVER, macOf(500))).toBeUndefined();
    lab.clock.advance(61e9);
    expect(ask(lab, TYPE.DISCOVER, macOf(500))?.type).toBe(TYPE.OFFER);
  });

  it('that were taken stay their client’s for a day, longer when it asks again, and an offer does not cut that short', () => {
    const lab = createLab();
    const address = lease(lab, macOf(1));
    const takenByAnother = (): boolean => ask(lab, TYPE.REQUEST, macOf(2), requested(address))!.type === TYPE.ACK;
    lab.clock.advance(86_000e9);
    expect(takenByAnother()).toBe(false);
    expect(ask(lab, TYPE.REQUEST, macOf(1), requested(address))!.type).toBe(TYPE.ACK);
    lab.clock.advance(80_000e9);
    expect(ask(lab, TYPE.DISCOVER, macOf(1))!.address).toEqual(address);
    lab.clock.advance(6_000e9);
    expect(takenByAnother()).toBe(false);
    lab.clock.advance(1_000e9);
    expect(takenByAnother()).toBe(true);
  });

  it('that were given back are free at once, and declined ones not for a while', () => {
    const lab = createLab();
    const address = lease(lab, macOf(1));
    ask(lab, TYPE.RELEASE, macOf(1));
    expect(lease(lab, macOf(2))).toEqual(address);
    ask(lab, TYPE.DECLINE, macOf(2));
    expect(ask(lab, TYPE.DISCOVER, macOf(2))!.address).not.toEqual(address);
    lab.clock.advance(301e9);
    expect(ask(lab, TYPE.REQUEST, macOf(3), requested(address))!.type).toBe(TYPE.ACK);
  });

  it('go to a bounded number of clients in a network of millions', () => {
    const lab = createLab((config) => (config.network = { address: Uint8Array.of(10, 0, 0, 0), bits: 8 }));
    const given = Array.from({ length: 1500 }, (_, i) => ask(lab, TYPE.DISCOVER, macOf(i + 1))).filter(Boolean);
    expect(given).toHaveLength(1024);
    lab.clock.advance(61e9);
    expect(ask(lab, TYPE.DISCOVER, macOf(2000))).toBeDefined();
  });
});

describe('what to boot', () => {
  it('is in the fixed part and in options 66 and 67', () => {
    const lab = createLab((config) => Object.assign(config, { bootFile: 'boot/start.ipxe', tftp: '/srv' }));
    const { options, message } = ask(lab, TYPE.DISCOVER, macOf(1))!;
    expect([text(options.get(66)), text(options.get(67))]).toEqual(['10.0.2.2', 'boot/start.ipxe']);
    expect([...message.subarray(20, 24)]).toEqual(GATEWAY);
    expect(text([...message.subarray(108, 236)]).replace(/\0+$/, '')).toBe('boot/start.ipxe');
  });

  it('may come from another server, and is not told when there is nothing', () => {
    const named = createLab((config) => Object.assign(config, { bootFile: 'x', tftpServerName: 'files.test' }));
    expect(text(ask(named, TYPE.DISCOVER, macOf(1))!.options.get(66))).toBe('files.test');
    const { options, message } = ask(createLab(), TYPE.DISCOVER, macOf(1))!;
    expect([options.has(66), options.has(67), message[108]]).toEqual([false, false, 0]);
  });

  it('fits beside every other option at its longest', () => {
    const lab = createLab((config) =>
      Object.assign(config, { bootFile: 'b'.repeat(127), tftpServerName: 's'.repeat(63), hostname: 'h'.repeat(63), domainName: 'd'.repeat(63), searchDomains: ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(60)] }),
    );
    const { options } = ask(lab, TYPE.DISCOVER, macOf(1), [61, 255, ...new Array<number>(255).fill(7)])!;
    expect([options.get(61)!.length, options.get(67)!.length, options.get(119)!.length]).toEqual([255, 127, 192]);
  });
});

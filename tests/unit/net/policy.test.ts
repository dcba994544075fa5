/** Which addresses a guest may reach. */
import { describe, expect, it } from 'vitest';
import { formatAddress, isInside, parseAddress, parseCidr } from '../../../host/net/address.js';
import { defaultNatConfig, type NatConfig } from '../../../host/net/nat/config.js';
import { translateDestination } from '../../../host/net/nat/policy.js';
import { SPECIAL_RANGES } from '../../../host/net/nat/special-ranges.js';
import { createLab, settle } from './guest.js';
import { udp4 } from './packets.js';
import { dispatchTcp, TcpPeer } from './tcp-peer.js';

function translate(address: string, change: Partial<NatConfig> = {}, own: string[] = []): string | undefined {
  const target = translateDestination(parseAddress(address)!, { ...defaultNatConfig(), ...change }, () => own.map((text) => parseAddress(text)!));
  return target && formatAddress(target);
}

/** The last address of a range, and the first: both are inside. */
function ends(range: string): string[] {
  const { address, bits } = parseCidr(range)!;
  return [address, address.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, bits - 8 * i))))].map((bytes) => formatAddress(Uint8Array.from(bytes)));
}

const ALLOWED = [
  ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['191.255.255.255', '192.0.1.0', '192.0.3.0', '192.31.195.255', '192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255'],
  ...['203.0.112.255', '203.0.114.0', '223.255.255.255', '2001:200::1', '2001:470::1', '2001:db7::1', '2001:db9::1', '2606:4700::1111', '2620:4f:8001::1', '3fff:1000::1', 'fbff::1'],
  ...['64:ff9b::1.1.1.1', '2606:4700::5efe:1.1.1.1'],
];
/** `a00:1` for 10.0.0.1. */
function groups(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** Forms of an IPv4 address. */
const FORMS: Record<string, (address: string) => string> = {
  mapped: (address) => `::ffff:${address}`,
  compatible: (address) => `::${address}`,
  translated: (address) => `::ffff:0:${address}`,
  NAT64: (address) => `64:ff9b::${address}`,
  'NAT64 of the site': (address) => `64:ff9b:1::${address}`,
  '6to4': (address) => `2002:${groups(address)}::1`,
  ISATAP: (address) => `2606:4700:1:1:0:5efe:${address}`,
  'ISATAP, universal': (address) => `2606:4700:1:1:200:5efe:${address}`,
  'Teredo’s server': (address) => `2001:0:${groups(address)}::1`,
};

describe('the policy', () => {
  for (const { range, name, source } of SPECIAL_RANGES)
    it(`denies ${range}: ${name} (${source})`, () => {
      for (const address of ends(range)) expect([address, translate(address)]).toEqual([address, undefined]);
    });
  for (const [form, write] of Object.entries(FORMS))
    it(`denies a private address in the form ${form}`, () => {
      for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.1.1']) expect([write(address), translate(write(address))]).toEqual([write(address), undefined]);
    });
  for (const address of ALLOWED) it(`allows ${address}`, () => expect(translate(address)).toBe(formatAddress(parseAddress(address)!)));

  it('denies a host’s own address in every form', () => {
    for (const form of ['NAT64', 'ISATAP', 'mapped']) expect(translate(FORMS[form]!('8.8.4.4'), {}, ['8.8.4.4'])).toBeUndefined();
  });

  it('does not take an allowed address inside a denied one for an allowed one', () => {
    expect(translate('fd00::5efe:8.8.8.8', { allow: [parseCidr('8.8.8.0/24')!] })).toBeUndefined();
    expect(translate('64:ff9b::10.0.0.1', { allow: [parseCidr('10.0.0.0/8')!] })).toBe('64:ff9b::a00:1');
  });

  it('makes the gateway the host’s loopback only when told', () => {
    expect(translate('10.0.2.2')).toBeUndefined();
    expect(translate('10.0.2.2', { loopback: true })).toBe('127.0.0.1');
    expect(translate('fec0::2', { loopback: true })).toBe('::1');
    expect(translate('127.0.0.1', { loopback: true })).toBeUndefined();
  });

  it('opens the ranges of allow=, mapped addresses included, and no more', () => {
    const allow = [parseCidr('192.168.7.0/24')!];
    expect(translate('192.168.7.9', { allow })).toBe('192.168.7.9');
    expect(translate('::ffff:192.168.7.9', { allow })).toBe('::ffff:c0a8:709');
    expect(translate('192.168.8.9', { allow })).toBeUndefined();
  });

  it('denies the host’s own addresses, which are its loopback by another name', () => {
    expect(translate('8.8.4.4', {}, ['8.8.4.4'])).toBeUndefined();
    expect(translate('::ffff:8.8.4.4', {}, ['8.8.4.4'])).toBeUndefined();
    expect(translate('8.8.4.4', { loopback: true }, ['8.8.4.4'])).toBe('8.8.4.4');
  });

  it('denies everything to a restricted guest', () => {
    expect(translate('1.1.1.1', { restrict: true })).toBeUndefined();
    expect(translate('10.0.2.2', { restrict: true, loopback: true })).toBeUndefined();
  });

  it('is what TCP and UDP go by: no socket is made for a denied address', async () => {
    const lab = createLab();
    for (const [i, remote] of [[127, 0, 0, 1], [10, 0, 2, 2], [169, 254, 169, 254], [192, 168, 1, 1]].entries()) {
      const peer = new TcpPeer(lab.guest, lab.clock, 3000 + i, 80, remote);
      dispatchTcp(lab.guest, new Map([[3000 + i, peer]]));
      peer.connect();
      await settle();
      expect(peer.refused).toBe(true);
      lab.guest.onFrame = undefined;
      lab.guest.send(udp4(remote, 3000, 53, [1]));
      expect([...lab.guest.takeIp()[0]!.payload.subarray(0, 2)]).toEqual([3, 13]);
    }
    expect(lab.provider.connections).toEqual([]);
    expect(lab.provider.datagrams).toEqual([]);
    expect(lab.guest.counter('denied')).toBe(8);
  });

  it('reaches the loopback, and answers come from the gateway', () => {
    const lab = createLab((config) => (config.loopback = true));
    lab.guest.send(udp4([10, 0, 2, 2], 3000, 7, [1]));
    expect(lab.provider.datagrams[0]).toMatchObject({ to: '127.0.0.1', port: 7 });
    lab.provider.udpSockets[0]!.events.message(Uint8Array.of(2), { address: Uint8Array.from([127, 0, 0, 1]), port: 7 });
    expect(lab.guest.takeIp()[0]!.source).toEqual([10, 0, 2, 2]);
  });

  it('lets a restricted guest use what was forwarded, and nothing else', async () => {
    const lab = createLab((config) => {
      config.restrict = true;
      config.guestForwards = [{ server: { address: parseAddress('10.0.2.100')!, port: 9 }, target: { address: parseAddress('127.0.0.1')!, port: 99 } }];
    });
    lab.provider.servers = [{ address: parseAddress('127.0.0.53')!, port: 53 }];
    const peer = new TcpPeer(lab.guest, lab.clock, 3000, 9, [10, 0, 2, 100]);
    dispatchTcp(lab.guest, new Map([[3000, peer]]));
    peer.connect();
    await settle();
    expect(peer.state).toBe('open');
    expect(lab.provider.connections).toMatchObject([{ to: '127.0.0.1', port: 99 }]);
    lab.guest.send(udp4([10, 0, 2, 3], 3000, 53, [1, 2, 3]));
    expect(lab.provider.datagrams).toEqual([]);
  });
});

describe('addresses', () => {
  it('reads what it writes, and nothing loose', () => {
    for (const text of ['1.2.3.4', '::', '::1', '1::', '2001:db8::1', '1:2:3:4:5:6:7:8', 'fe80::1:0:0:1']) expect(formatAddress(parseAddress(text)!)).toBe(text);
    expect(formatAddress(parseAddress('::1.2.3.4')!)).toBe('::102:304');
    for (const text of ['', '1.2.3', '1.2.3.256', '01.2.3.4', '1:2', '1::2::3', ':::', '1:2:3:4:5:6:7:8:9', 'g::', '::1%lo', '1.2.3.4 ', '1.2.3', '0x7f.1', '127.1', '::ffff:01.2.3.4', '::1.2.3']) expect(parseAddress(text)).toBeUndefined();
  });

  it('knows what is inside a range', () => {
    expect(isInside(parseAddress('10.1.2.3')!, parseCidr('10.0.0.0/8')!)).toBe(true);
    expect(isInside(parseAddress('11.1.2.3')!, parseCidr('10.0.0.0/8')!)).toBe(false);
    expect(isInside(parseAddress('1.2.3.4')!, parseCidr('0.0.0.0/0')!)).toBe(true);
    expect(isInside(parseAddress('::1')!, parseCidr('0.0.0.0/0')!)).toBe(false);
  });
});

/** Which addresses a guest may reach. */
import { describe, expect, it } from 'vitest';
import { formatAddress, isInside, parseAddress, parseCidr } from '../../../host/net/address.js';
import { defaultNatConfig, type NatConfig } from '../../../host/net/nat/config.js';
import { translateDestination } from '../../../host/net/nat/policy.js';
import { createLab, settle } from './guest.js';
import { udp4 } from './packets.js';
import { dispatchTcp, TcpPeer } from './tcp-peer.js';

function translate(address: string, change: Partial<NatConfig> = {}, own: string[] = []): string | undefined {
  const target = translateDestination(parseAddress(address)!, { ...defaultNatConfig(), ...change }, () => own.map((text) => parseAddress(text)!));
  return target && formatAddress(target);
}

const DENIED = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
  ...['192.168.0.0', '192.168.255.255', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', '::', '::1', 'fc00::1', 'fdff::1', 'fe80::1', 'febf::1', 'fec0::9', 'ff02::1'],
  ...['::ffff:127.0.0.1', '::ffff:10.1.2.3', '::ffff:169.254.169.254', '::127.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b::127.0.0.1', '2002:7f00:1::1', '2002:c0a8:101::'],
];
const ALLOWED = [
  ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['192.167.255.255', '192.169.0.0', '223.255.255.255', '2001:db8::1', '2606:4700::1111', 'fbff::1', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1', '2002:101:101::1'],
];

describe('the policy', () => {
  for (const address of DENIED) it(`denies ${address}`, () => expect(translate(address)).toBeUndefined());
  for (const address of ALLOWED) it(`allows ${address}`, () => expect(translate(address)).toBe(formatAddress(parseAddress(address)!)));

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
    expect(translate('203.0.113.5', {}, ['203.0.113.5'])).toBeUndefined();
    expect(translate('::ffff:203.0.113.5', {}, ['203.0.113.5'])).toBeUndefined();
    expect(translate('203.0.113.5', { loopback: true }, ['203.0.113.5'])).toBe('203.0.113.5');
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
    for (const text of ['', '1.2.3', '1.2.3.256', '01.2.3.4', '1:2', '1::2::3', ':::', '1:2:3:4:5:6:7:8:9', 'g::', '::1%lo', '1.2.3.4 ']) expect(parseAddress(text)).toBeUndefined();
  });

  it('knows what is inside a range', () => {
    expect(isInside(parseAddress('10.1.2.3')!, parseCidr('10.0.0.0/8')!)).toBe(true);
    expect(isInside(parseAddress('11.1.2.3')!, parseCidr('10.0.0.0/8')!)).toBe(false);
    expect(isInside(parseAddress('1.2.3.4')!, parseCidr('0.0.0.0/0')!)).toBe(true);
    expect(isInside(parseAddress('::1')!, parseCidr('0.0.0.0/0')!)).toBe(false);
  });
});

/** The -netdev spelling: what is read, and what is refused in words. */
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../host/net/address.js';
import type { NatConfig } from '../../../host/net/nat/config.js';
import { parseNetdev } from '../../../host/net/netdev.js';

function user(options: string): NatConfig {
  const spec = parseNetdev(`user,id=n0${options}`);
  if (spec.type !== 'user') throw new Error(spec.type);
  return spec.config;
}

describe('-netdev', () => {
  it('has QEMU’s addresses, and a strict policy, by default', () => {
    const config = user('');
    expect([config.gateway, config.dns, config.firstLease, config.gateway6, config.dns6].map(formatAddress)).toEqual(['10.0.2.2', '10.0.2.3', '10.0.2.15', 'fec0::2', 'fec0::3']);
    expect([config.restrict, config.loopback, config.allow, config.resolvers]).toEqual([false, false, [], undefined]);
  });

  it('moves everything with net=', () => {
    const config = user(',net=192.168.76.0/24,dhcpstart=192.168.76.9');
    expect([config.gateway, config.dns, config.firstLease].map(formatAddress)).toEqual(['192.168.76.2', '192.168.76.3', '192.168.76.9']);
  });

  it('reads forwards, which bind the loopback unless told otherwise', () => {
    const { hostForwards } = user(',hostfwd=tcp::8080-:80,hostfwd=udp:0.0.0.0:53-10.0.2.16:5353,hostfwd=::0-:22');
    expect(hostForwards.map(({ protocol, host, guest }) => [protocol, formatAddress(host.address), host.port, formatAddress(guest.address), guest.port])).toEqual([
      ['tcp', '127.0.0.1', 8080, '10.0.2.15', 80],
      ['udp', '0.0.0.0', 53, '10.0.2.16', 5353],
      ['tcp', '127.0.0.1', 0, '10.0.2.15', 22],
    ]);
    const { guestForwards } = user(',guestfwd=tcp:10.0.2.100:1234-tcp:127.0.0.1:4321,guestfwd=tcp:10.0.2.101:1-unix:/tmp/a,,b');
    expect(guestForwards.map(({ server, target }) => [formatAddress(server.address), server.port, 'path' in target ? target.path : target.port])).toEqual([
      ['10.0.2.100', 1234, 4321],
      ['10.0.2.101', 1, '/tmp/a,b'],
    ]);
  });

  it('reads stream, dgram, hubport and null', () => {
    expect(parseNetdev('stream,id=s,server=on,addr.type=unix,addr.path=/tmp/s')).toMatchObject({ type: 'stream', options: { server: true, reconnectMs: 0, address: { path: '/tmp/s' } } });
    expect(parseNetdev('stream,id=s,addr.type=inet,addr.host=127.0.0.1,addr.port=99,reconnect=2')).toMatchObject({ options: { reconnectMs: 2000, address: { host: '127.0.0.1', port: 99 } } });
    expect(parseNetdev('dgram,id=d,local.type=inet,local.host=127.0.0.1,local.port=1,remote.type=inet,remote.host=127.0.0.1,remote.port=2')).toMatchObject({
      options: { local: { port: 1 }, remote: { port: 2 } },
    });
    expect(parseNetdev('hubport,id=h,hubid=3')).toMatchObject({ type: 'hubport', hubId: 3 });
    expect(parseNetdev('null,id=x,loss=0.5,pcap=/tmp/x.pcapng')).toMatchObject({ type: 'null', pcap: '/tmp/x.pcapng', faults: { loss: 0.5 } });
  });

  for (const [text, problem] of [
    ['tap,id=n', 'unknown type "tap"'],
    ['user', 'id= is missing'],
    ['user,id=9', 'id=9'],
    ['user,id=n,hostfw=x', 'unknown key "hostfw"'],
    ['user,id=n,restrict=maybe', 'want on or off'],
    ['user,id=n,id=m', 'given twice'],
    ['user,id=n,hostfwd=tcp:8080-:80', 'want [tcp|udp]'],
    ['user,id=n,hostfwd=tcp:localhost:1-:80', '"localhost" is not an address'],
    ['user,id=n,hostfwd=tcp::99999-:80', 'port 99999'],
    ['user,id=n,guestfwd=tcp:10.0.2.9:1-cmd:cat', 'cmd: is not supported'],
    ['user,id=n,guestfwd=tcp:10.9.2.9:1-tcp:127.0.0.1:2', 'not an address of the guest'],
    ['user,id=n,allow=10.0.0.0/33', 'ADDRESS/BITS'],
    ['user,id=n,net=10.0.2.0/24,host=10.0.3.2', 'outside net='],
    ['stream,id=s,addr.type=fd', 'want inet or unix'],
    ['stream,id=s,server=on,addr.type=inet,addr.port=1,reconnect=1', 'server=on'],
    ['dgram,id=d,local.type=unix,local.path=/x', 'unknown key "local.path"'],
    ['dgram,id=d,local.type=unix,remote.host=1.2.3.4,remote.port=5', 'no UNIX datagram sockets'],
    ['null,id=x,loss=2', 'chance'],
  ] as const) {
    it(`refuses ${text}`, () => expect(() => parseNetdev(text)).toThrow(problem));
  }
});

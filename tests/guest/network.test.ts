/** Debian's amd64 kernel and its own drivers: network cards by way of the user network, a disk, random numbers. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { pintail } from './command.js';

const BYTES = 2 << 20;
const CARD = ['-netdev', 'user,id=n0,loopback=on'];

const content = Buffer.alloc(BYTES);
for (let i = 0; i < BYTES; i += 4) content.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

let server: Server;
let port: number;
let folder: string;
/** Digest of the last body that was posted. */
let posted = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-net-'));
  server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.end(content);
    const hash = createHash('sha256');
    request.on('data', (data: Buffer) => hash.update(data));
    request.on('end', () => {
      posted = hash.digest('hex');
      response.end(posted);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await prepareGuest('amd64');
}, 600_000);

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Commands that print one line each. */
async function lines(script: string[], ...options: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await pintail(['run', ...options, '--', 'sh', '-c', script.join('; ')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n');
}

const FETCH = (): string => `wget -qO- http://10.0.2.2:${port}/file | sha256sum`;
const POST = (): string =>
  `dd if=/dev/zero of=/tmp/up bs=64k count=16 2>/dev/null; { printf 'POST / HTTP/1.0\\r\\nContent-Length: 1048576\\r\\n\\r\\n'; cat /tmp/up; } | nc 10.0.2.2 ${port} | tail -c 64; echo`;

/** Asks for an address on the card named behind it. */
const LEASE = 'udhcpc -f -n -q -t 5 -T 1 -s /pintail/lease >/dev/null 2>&1 -i';

describe('virtio-net on the user network', () => {
  it('has an address by DHCP, reaches the gateway, and carries a megabyte each way', async () => {
    const out = await lines(
      ["ifconfig eth0 | grep -o 'inet addr:[0-9.]*'", 'ping -c 3 -q 10.0.2.2 | grep -o "[0-9]* packets received"', FETCH(), POST()],
      ...CARD, '-device', 'virtio-net-pci,netdev=n0',
    );
    expect(out).toEqual(['inet addr:10.0.2.15', '3 packets received', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20))]);
  }, 300_000);

  it('carries the same without offloads, merged buffers, event indices and MSI-X', async () => {
    const plain = 'virtio-net-pci,netdev=n0,csum=off,guest_csum=off,mrg_rxbuf=off,event_idx=off,indirect_desc=off,vectors=0,disable-legacy=on';
    expect(await lines([FETCH(), POST()], ...CARD, '-device', plain)).toEqual([`${digest(content)}  -`, digest(Buffer.alloc(1 << 20))]);
  }, 300_000);
});

describe('other shapes of virtio-net', () => {
  it('four pairs of queues, each queue with its vector', async () => {
    const out = await lines(
      ["grep -c 'virtio0-\\(input\\|output\\)' /proc/interrupts", 'cat /sys/class/net/eth0/speed /sys/class/net/eth0/duplex', FETCH(), POST()],
      ...CARD, '-device', 'virtio-net-pci,netdev=n0,mq=on,queues=4,speed=25000,duplex=full',
    );
    expect(out).toEqual(['8', '25000', 'full', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20))]);
  }, 300_000);

  it.each(['', ',vectors=0'])('the legacy interface alone, by its I/O ports%s', async (more) => {
    const out = await lines(['cut -c33 /sys/bus/virtio/devices/virtio0/features', FETCH(), POST()], ...CARD, '-device', `virtio-net-pci,netdev=n0,disable-modern=on${more}`);
    expect(out).toEqual(['0', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20))]);
  }, 300_000);
});

describe('packed rings', () => {
  const PACKED = 'cut -c35 /sys/bus/virtio/devices/virtio0/features';
  it.each([
    ['with indirect tables and event suppression', ''],
    ['with chains in the ring and none of both', ',event_idx=off,indirect_desc=off,mrg_rxbuf=off'],
  ])('are used by Linux %s: a file each way', async (_, more) => {
    const out = await lines([PACKED, FETCH(), POST()], ...CARD, '-device', `virtio-net-pci,netdev=n0,packed=on${more}`);
    expect(out).toEqual(['1', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20))]);
  }, 300_000);

  it('are used for disks and random numbers too', async () => {
    const path = join(folder, 'packed.img');
    writeFileSync(path, Buffer.alloc(4 << 20));
    const out = await lines(
      ['cut -c35 /sys/bus/virtio/drivers/virtio_blk/virtio?/features /sys/bus/virtio/drivers/virtio_rng/virtio?/features', 'head -c 4194304 /dev/urandom >/tmp/r; dd if=/tmp/r of=/dev/vda bs=64k conv=fsync 2>/dev/null; sha256sum </tmp/r', 'dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c'],
      '-nic', 'none', '-drive', `file=${path},if=none,id=d0`, '-device', 'virtio-blk-pci,drive=d0,packed=on', '-device', 'virtio-rng-pci,packed=on',
    );
    expect(out).toEqual(['1', '1', `${digest(readFileSync(path))}  -`, '16']);
  }, 300_000);
});

describe('e1000 on the user network', () => {
  it('is driven by Linux: DHCP, the gateway, large segments out, a file in, no errors', async () => {
    const out = await lines(
      ["ifconfig eth0 | grep -o 'inet addr:[0-9.]*'", 'ping -c 3 -q 10.0.2.2 | grep -o "[0-9]* packets received"', FETCH(), POST(), 'ifconfig eth0 | grep -c "RX packets:.* errors:0 dropped:0 overruns:0 frame:0"'],
      ...CARD, '-device', 'e1000,netdev=n0',
    );
    expect(out).toEqual(['inet addr:10.0.2.15', '3 packets received', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20)), '1']);
  }, 300_000);

  it('goes down and up, takes long frames, and works beside a virtio card', async () => {
    const out = await lines(
      [
        'ifconfig eth1 down; ifconfig eth0 down', 'ifconfig eth0 mtu 9000 up', `${LEASE} eth0`, FETCH(),
        'ifconfig eth0 down; ifconfig eth1 up', `${LEASE} eth1`, 'ping -c 2 -q 10.0.2.2 | grep -o "[0-9]* packets received"',
      ],
      ...CARD, '-netdev', 'user,id=n1', '-device', 'e1000,netdev=n0,mac=52:54:00:00:00:07', '-device', 'virtio-net-pci,netdev=n1',
    );
    expect(out).toEqual([`${digest(content)}  -`, '2 packets received']);
  }, 300_000);
});

describe('pcnet on the user network', () => {
  it('is found by pcnet32, has an address by DHCP, reaches the gateway, and carries a megabyte each way', async () => {
    const out = await lines(
      [
        "dmesg | grep -o 'registered as PCnet/PCI II 79C970A'",
        "ifconfig eth0 | grep -o 'inet addr:[0-9.]*'", 'ping -c 3 -q 10.0.2.2 | grep -o "[0-9]* packets received"', FETCH(), POST(),
        "cat /sys/class/net/eth0/statistics/rx_errors /sys/class/net/eth0/statistics/tx_errors",
      ],
      ...CARD, '-device', 'pcnet,netdev=n0',
    );
    expect(out).toEqual(['registered as PCnet/PCI II 79C970A', 'inet addr:10.0.2.15', '3 packets received', `${digest(content)}  -`, digest(Buffer.alloc(1 << 20)), '0', '0']);
  }, 300_000);
});

describe('three cards in one machine', () => {
  it('work side by side, and --stats json says what each has done', async () => {
    const networks = ['user,id=n0,loopback=on', 'user,id=n1,net=10.0.3.0/24', 'user,id=n2,net=10.0.4.0/24'].flatMap((option) => ['-netdev', option]);
    const cards = ['virtio-net-pci,netdev=n0', 'e1000,netdev=n1', 'pcnet,netdev=n2'].flatMap((option) => ['-device', option]);
    const ping = (n: number): string => `ping -c 3 -q 10.0.${n}.2 | grep -o "[0-9]* packets received"`;
    const script = [ping(2), FETCH(), `${LEASE} eth1`, ping(3), `${LEASE} eth2`, ping(4)].join('; ');
    const { code, stdout, stderr } = await pintail(['run', '--stats', 'json', ...networks, ...cards, '--', 'sh', '-c', script]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['3 packets received', `${digest(content)}  -`, '3 packets received', '3 packets received']);
    const { counters, units, histograms } = JSON.parse(stderr.slice(stderr.indexOf('{'))) as {
      counters: Record<string, number>; units: Record<string, string>; histograms: Record<string, { unit: string; times: Record<string, number> }>;
    };
    const times = (name: string): number => Object.values(histograms[name]?.times ?? {}).reduce((sum, n) => sum + n, 0);
    for (const card of ['virtio-net0', 'e1000-0', 'pcnet0']) {
      const bells = counters[card === 'pcnet0' ? 'pcnet0 doorbells' : `${card} q1 doorbells`]!;
      expect(bells).toBeGreaterThan(3);
      expect(histograms[`${card} q1 packets per doorbell`]).toMatchObject({ unit: 'packets' });
      // The last doorbell's is still open; a reset of the card closes none.
      expect(times(`${card} q1 packets per doorbell`)).toBeLessThan(bells);
      expect(times(`${card} q0 packets per poll`)).toBeGreaterThan(3);
      expect(times(`${card} q0 packets per interrupt`)).toBeGreaterThan(2);
      expect(counters[`${card} packets sent`]).toBeGreaterThan(4);
    }
    expect(counters['guest idle time']).toBeGreaterThan(0);
    expect(units['guest idle time']).toBe('ns');
    expect(counters['host B3 boundaries']).toBeGreaterThan(100);
    expect(counters['n0.system.connects']).toBe(1);
    expect(counters['n0.system.reads']).toBeGreaterThan(5);
    expect(counters['n1.system.reads']).toBe(0);
  }, 300_000);
});

describe('what a packet costs on an e1000', () => {
  /** Accesses by register in a machine whose guest has sent so many packets, unmoderated. */
  async function accesses(packets: number): Promise<Record<string, number>> {
    const script = [
      'ifconfig eth0 down; rmmod e1000; modprobe e1000 InterruptThrottleRate=0 TxIntDelay=0 TxAbsIntDelay=0; ifconfig eth0 10.0.2.15 up; sleep 1; modprobe pktgen',
      'echo add_device eth0 >/proc/net/pktgen/kpktgend_0',
      `for line in "count ${packets}" "delay 0" "pkt_size 60" "dst 10.0.2.2" "dst_mac 52:55:0a:00:02:02"; do echo "$line" >/proc/net/pktgen/eth0; done`,
      'echo start >/proc/net/pktgen/pgctrl',
    ];
    const { code, stderr } = await pintail(['run', '--stats', 'json', '-netdev', 'null,id=n0', '-device', 'e1000,netdev=n0', '--', 'sh', '-c', script.join('; ')]);
    expect(code).toBe(0);
    const { devices } = JSON.parse(stderr.slice(stderr.indexOf('{'))) as { devices: Record<string, { reads: number; writes: number }> };
    return Object.fromEntries(Object.entries(devices).flatMap(([name, { reads, writes }]) => (name.startsWith('e1000-0 ') ? [[`${name.slice(8)} read`, reads], [`${name.slice(8)} write`, writes]] : [])));
  }

  it('is six register accesses with Linux\'s driver and pktgen', async () => {
    const few = await accesses(1000);
    const many = await accesses(6000);
    const each = Object.keys(many).map((name) => [name, Math.round((many[name]! - few[name]!) / 5000)] as const).filter(([, n]) => n !== 0);
    expect(Object.fromEntries(each)).toEqual({ 'ICR read': 1, 'IMC write': 1, 'STATUS read': 2, 'IMS write': 1, 'TDT write': 1 });
  }, 300_000);
});

describe('virtio-blk and virtio-rng', () => {
  it('writes a disk that the host then reads, and keeps a snapshot to itself', async () => {
    const path = join(folder, 'disk.img');
    const kept = join(folder, 'kept.img');
    const data = Buffer.alloc(1 << 20, 'pintail ');
    writeFileSync(path, Buffer.alloc(4 << 20));
    writeFileSync(kept, data);
    const out = await lines(
      [
        'dd if=/dev/vdb of=/dev/vda bs=64k seek=4 conv=fsync 2>/dev/null; sha256sum /dev/vda',
        'dd if=/dev/zero of=/dev/vdb bs=4k count=8 conv=fsync 2>/dev/null; head -c 8 /dev/vdb | hexdump -e \'8/1 "%d"\'; echo',
        'dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c',
      ],
      '-drive', `file=${path}`, '-drive', `file=${kept},snapshot=on`, '-device', 'virtio-rng-pci',
    );
    expect(out).toEqual([`${digest(readFileSync(path))}  /dev/vda`, '00000000', '16']);
    expect(readFileSync(path).subarray(4 * 65536, 4 * 65536 + data.length).equals(data)).toBe(true);
    expect(readFileSync(kept).equals(data)).toBe(true);
  }, 300_000);
});

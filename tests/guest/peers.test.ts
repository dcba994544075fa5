/**
 * Our guest and programs that are not ours, over the plain backends: a Linux in QEMU over `stream` and `dgram`, passt over its UNIX
 * socket, and tshark, which reads a capture back. Each skips itself, and says so, where the program is not installed.
 */

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { content, digest, startServers, type Servers } from './clients/servers.js';
import { pintail } from './command.js';
import { freePort } from '../support/ports.js';
import { noQemu, startQemu } from './peers/qemu.js';

const BYTES = 2 << 20;

let servers: Servers;
beforeAll(async () => {
  await prepareGuest('amd64');
  servers = await startServers(1);
}, 600_000);
afterAll(() => servers.close());

const missing = (tool: string): string | undefined => (spawnSync(tool, ['--version']).error === undefined ? undefined : `no ${tool} here`);
const titled = (title: string, reason: string | undefined): string => (reason === undefined ? title : `${title} (skipped: ${reason})`);

/** A folder that programs of other users reach too. */
function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-peers-'));
  spawnSync('chmod', ['777', folder]);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a script in our guest; its lines. */
async function lines(script: string[], ...options: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await pintail(['run', ...options, '--', 'sh', '-c', script.join('\n')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n');
}

/** Each guest serves a file and fetches the other's. QEMU's has 10.7.0.2, ours 10.7.0.1; the zeros are different in number. */
const ZEROS = { ours: 1 << 20, theirs: 3 << 20 };
const zeros = (bytes: number): string => createHash('sha256').update(Buffer.alloc(bytes)).digest('hex');

const THEIR_INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mkdir -p /proc /sys /dev /tmp /www
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
$B insmod /lib/modules/*/kernel/drivers/net/ethernet/intel/e1000/e1000.ko
$B ip link set lo up; $B ip addr add 10.7.0.2/24 dev eth0; $B ip link set eth0 up
$B dd if=/dev/zero of=/www/file bs=1M count=${ZEROS.theirs >> 20} 2>/dev/null
$B httpd -p 80 -h /www
i=0; until $B wget -q -O /tmp/got http://10.7.0.1/file || [ $i -ge 60 ]; do i=$((i+1)); $B sleep 1; done
echo "got $($B sha256sum < /tmp/got)"
until $B nc 10.7.0.1 99 </dev/null; do $B sleep 1; done
$B sleep 60
`;

const OUR_SCRIPT = [
  'ifconfig eth0 10.7.0.1 netmask 255.255.255.0 up', 'mkdir /www', `dd if=/dev/zero of=/www/file bs=1M count=${ZEROS.ours >> 20} 2>/dev/null`, 'httpd -p 80 -h /www',
  // QEMU calls port 99 once it has its file: so both have what they want.
  'i=0; until wget -qO /tmp/got http://10.7.0.2/file 2>/dev/null || [ $i -ge 60 ]; do i=$((i+1)); sleep 1; done',
  'sha256sum </tmp/got | cut -c1-64', 'ping -c 3 -q 10.7.0.2 | grep -o "[0-9]* packets received"', 'ping -c 2 -s 4000 -q 10.7.0.2 | grep -o "[0-9]* packets received"',
  'nc -l -p 99',
];

describe.skipIf(noQemu !== undefined)(titled('a Linux in QEMU and ours', noQemu), () => {
  for (const [type, model] of [['stream', 'virtio-net-pci'], ['dgram', 'e1000']] as const) {
    it(`ping and fetch each other's files over ${type}`, { timeout: 180_000 }, async () => {
      const [ours, theirs] = [await freePort(), await freePort()];
      const wires = type === 'stream'
        ? [`stream,id=n0,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=${ours}`, `stream,id=n0,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=${ours}`]
        : [[ours, theirs], [theirs, ours]].map(([local, remote]) => `dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port=${local},remote.type=inet,remote.host=127.0.0.1,remote.port=${remote}`);
      const running = lines(OUR_SCRIPT, '-netdev', wires[0]!, '-device', `${model},netdev=n0`);
      let ended = false;
      running.then(() => (ended = true), () => (ended = true));
      // Ours listens once it runs; until then QEMU would not connect. Its boot takes longer than ours does to listen.
      if (type === 'stream') await untilListening(ours, () => ended);
      const qemu = await startQemu(wires[1]!, THEIR_INIT);
      expect(await running).toEqual([zeros(ZEROS.theirs), '3 packets received', '2 packets received']);
      await qemu.until('got ');
      expect(qemu.output()).toContain(`got ${zeros(ZEROS.ours)}`);
    });
  }
});

/** Waits until something listens on a TCP port, by the kernel's own table (a connection would be taken for the peer's), or who should has `ended`. */
async function untilListening(port: number, ended: () => boolean): Promise<void> {
  const { readFileSync } = await import('node:fs');
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  while (!ended() && !readFileSync('/proc/net/tcp', 'latin1').includes(wanted)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const noPasst = missing('passt');

describe.skipIf(noPasst !== undefined)(titled('passt', noPasst), () => {
  it('gives our guest an address, and carries a file each way to and from the host\'s loopback', { timeout: 100_000 }, async () => {
    const path = join(sharedFolder(), 'socket');
    const passt = spawn('passt', ['-f', '-1', '-4', '-s', path, '-a', '10.9.0.15', '-n', '255.255.255.0', '-g', '10.9.0.2', '-D', '10.9.0.3'], { stdio: 'ignore' });
    onTestFinished(() => void passt.kill());
    while (!existsSync(path)) {
      if (passt.exitCode !== null) throw new Error(`passt ended with status ${passt.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The guest keeps its half open until it has the answer: with its half ended first, none came through passt of Debian 12.
    const post = `{ printf 'POST / HTTP/1.0\\r\\nContent-Length: ${BYTES}\\r\\n\\r\\n'; cat /tmp/file; sleep 3; } | nc 10.9.0.2 ${servers.web} | tail -c 64; echo`;
    const out = await lines(
      ["ifconfig eth0 | grep -o 'inet addr:[0-9.]*'", `wget -qO /tmp/file http://10.9.0.2:${servers.web}/${BYTES}`, 'sha256sum </tmp/file | cut -c1-64', post],
      '-netdev', `stream,id=n0,server=off,addr.type=unix,addr.path=${path}`, '-device', 'virtio-net-pci,netdev=n0',
    );
    expect(out).toEqual(['inet addr:10.9.0.15', digest(content(BYTES)), digest(content(BYTES))]);
  });
});

const noTshark = missing('tshark');

describe.skipIf(noTshark !== undefined)(titled('tshark', noTshark), () => {
  it('reads a capture back: directions, large segments, times that grow, sums that hold', { timeout: 100_000 }, async () => {
    const path = join(sharedFolder(), 'net.pcapng');
    const script = ['ping -c 2 -q 10.0.2.2 >/dev/null', `wget -qO- http://10.0.2.2:${servers.web}/200000 | sha256sum | cut -c1-64`, `echo ok | /bin/busybox nc 10.0.2.2 ${servers.endsLast} | wc -c`];
    const out = await lines(script, '-netdev', `user,id=n0,loopback=on,pcap=${path}`, '-device', 'virtio-net-pci,netdev=n0');
    expect(out).toEqual([digest(content(200_000)), '100000']);
    const read = (filter: string, ...fields: string[]): string[][] => {
      const { status, stdout, stderr } = spawnSync('tshark', ['-n', '-r', path, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], { encoding: 'latin1' });
      expect({ status, problem: stderr.split('\n').filter((line) => /malformed|damaged|corrupt|isn't a capture/i.test(line)) }).toEqual({ status: 0, problem: [] });
      return stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
    };
    expect(read('icmp', 'ip.src', 'ip.dst', 'icmp.type')).toEqual(Array.from({ length: 2 }, () => [['10.0.2.15', '10.0.2.2', '8'], ['10.0.2.2', '10.0.2.15', '0']]).flat());
    expect(read('dhcp', 'dhcp.option.dhcp').flat().slice(0, 4)).toEqual(['1', '2', '3', '5']);
    expect(read(`tcp.dstport == ${servers.web} && tcp.flags.syn == 1`, 'ip.dst')).toEqual([['10.0.2.2']]);
    const body = read(`tcp.srcport == ${servers.web} && tcp.len > 0`, 'tcp.len').map(([length]) => Number(length));
    expect(body.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(200_000);
    expect(Math.max(...body)).toBeGreaterThan(1460);
    expect(read('_ws.malformed', 'frame.number')).toEqual([]);
    expect(read('tcp.analysis.retransmission || tcp.analysis.lost_segment', 'frame.number')).toEqual([]);
    const times = read('frame', 'frame.time_epoch').map(([time]) => time!);
    expect(times).toEqual([...times].sort((a, b) => Number(a) - Number(b)));
    // Nanoseconds: nine digits, and not all of them end in zeros.
    expect(times.every((time) => /\.\d{9}$/.test(time)) && times.some((time) => !time.endsWith('000'))).toBe(true);
    // epb_flags: inbound is to the guest.
    const directions = new Set(read('icmp', 'icmp.type', 'frame.packet_flags_direction').map((pair) => pair.join(' ')));
    expect([...directions].length).toBe(2);
  });
});

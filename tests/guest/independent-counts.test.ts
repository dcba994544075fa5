/**
 * Our counts against those of others: the driver's own (`ethtool -S`, which for an e1000 are the chip's statistics registers), the kernel's (/proc/net/dev, /proc/interrupts) and tshark's of the capture. ethtool with its
 * libraries is the host's or Debian's package's, tshark the host's; what is not there is left out.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { additions, findEthtool } from './host-tools.js';

const program = await findEthtool();
import { pintail } from './command.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

interface Counted {
  /** The last line of --stats json. */
  counters: Record<string, number | string>;
  said: string;
  capture: string;
}

/** Pings come at a mark and are answered, so that as many go each way; what the guest says is read when all is quiet. */
async function exchange(model: string): Promise<Counted> {
  const dir = mkdtempSync(join(tmpdir(), 'counts-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const ethtool = program === undefined ? 'true' : '/lib-of-host/ld.so --library-path /lib-of-host /lib-of-host/ethtool -S eth0';
  writeFileSync(join(dir, 'count.sh'), `echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6\nifconfig eth0 10.0.2.15 up\nusleep 200000\nroi mark 1\nsleep 1\n${ethtool}\ngrep eth0 /proc/net/dev\ngrep eth0 /proc/interrupts\ngrep virtio /proc/interrupts\ntrue\n`);
  const capture = join(dir, 'n0.pcapng'), tools = program === undefined ? [] : await additions(program);
  const { stdout, stderr } = await pintail(['run', '--stats', 'json', ...tools, '--add', `${join(dir, 'count.sh')}:/count.sh`, '-netdev', `lab,id=n0,mode=source,proto=icmp,rate=5000,count=777,size=300,start=mark,pcap=${capture}`, '-device', `${model},netdev=n0`, '--', 'sh', '/count.sh']);
  const { counters } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{"stop"'))!) as Pick<Counted, 'counters'>;
  return { counters, said: stdout, capture };
}

const counterOf = ({ counters }: Counted, name: string): number => Number(counters[name] ?? 0);
/** A line of ethtool -S. */
const statistic = ({ said }: Counted, name: string): number => Number(new RegExp(`^\\s*${name}: (\\d+)$`, 'm').exec(said)?.[1]);
/** Bytes and packets, received and sent. */
const ofDev = ({ said }: Counted): number[] => {
  const words = /^\s*eth0:\s*(.*)$/m.exec(said)![1]!.trim().split(/\s+/).map(Number);
  return [words[0]!, words[1]!, words[8]!, words[9]!];
};

/** Frames of a capture by direction: 1 toward the guest. */
function byTshark(capture: string): { frames: number; bytes: number }[] {
  return [1, 2].map((direction) => {
    const { stdout } = spawnSync('tshark', ['-r', capture, '-Y', `frame.packet_flags_direction == ${direction}`, '-T', 'fields', '-e', 'frame.len'], { encoding: 'utf8' });
    const lengths = stdout.trim().split('\n').filter((line) => line !== '').map(Number);
    return { frames: lengths.length, bytes: lengths.reduce((sum, length) => sum + length, 0) };
  });
}

describe.each([['e1000', 'e1000-0'], ['virtio-net', 'virtio-net0'], ['pcnet', 'pcnet0']] as const)('%s', (model, card) => {
  it('has the packets that the driver, the kernel and tshark count', async () => {
    const counted = await exchange(model), own = ['received', 'sent'].map((what) => counterOf(counted, `${card} packets ${what}`)), bytes = ['received', 'sent'].map((what) => counterOf(counted, `${card} bytes ${what}`));
    expect(counterOf(counted, 'lab0 echoes')).toBe(777);
    expect(own.every((packets) => packets >= 777)).toBe(true);
    const [receivedBytes, received, sentBytes, sent] = ofDev(counted);
    expect([received, sent]).toEqual(own);
    if (hasTshark) expect(byTshark(counted.capture)).toEqual([{ frames: own[0], bytes: bytes[0] }, { frames: own[1], bytes: bytes[1] }]);
    if (model !== 'e1000') return;
    expect([receivedBytes, sentBytes]).toEqual(bytes);
    if (program === undefined) return;
    // The chip counts the FCS of each, too.
    expect([statistic(counted, 'rx_packets'), statistic(counted, 'tx_packets'), statistic(counted, 'rx_bytes'), statistic(counted, 'tx_bytes')]).toEqual([...own, ...bytes.map((n, i) => n + 4 * own[i]!)]);
    // The interrupts that the driver was called for are those that the processor took for its line.
    expect(Number(/^\s*\d+:\s+(\d+).*eth0$/m.exec(counted.said)![1])).toBe(counterOf(counted, `${card} interrupts delivered`));
  }, 300_000);
});

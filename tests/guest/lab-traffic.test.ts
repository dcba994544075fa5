/** What a lab sends reaches the guest's sockets and comes back; how it lies in time; captures replayed and taken; changes while the machine runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type Machine, type MachineOptions, type Stats } from 'pintail';
import { udpEcho } from '../../guest/udp-echo.js';
import { prepareGuest } from '../../host/guest/index.js';
import { readCapture, type CapturedFrame } from '../../host/net/pcap-read.js';
import { interfaceBlock, packetBlock, sectionHeader } from '../../host/net/pcap.js';

const folder = mkdtempSync(join(tmpdir(), 'lab-'));
beforeAll(() => prepareGuest('amd64'), 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const UP = 'ifconfig eth0 10.0.2.15 up; ip -6 addr add fec0::15/64 dev eth0; usleep 50000';
const counter = ({ counters }: Stats, what: string): number => Number(counters.find(({ name }) => name === `lab0 ${what}`)?.value ?? 0n);
const latencies = ({ histograms }: Stats): number => (histograms.find(({ name }) => name === 'lab0 echo latency')?.buckets ?? []).reduce((sum, { times }) => sum + Number(times), 0);

const optionsOf = (model: DeviceOptions['model'], netdev: string): MachineOptions => ({ guest: 'amd64', netdevs: [`lab,id=n0,${netdev}`], devices: [{ model, netdev: 'n0' }] });

async function run(model: DeviceOptions['model'], netdev: string, script: string, more: MachineOptions = {}): Promise<{ out: string; stats: Stats }> {
  const machine = await createMachine({ ...optionsOf(model, netdev), command: ['sh', '-c', script], ...more });
  try {
    await machine.run();
    return { out: String(Buffer.from((await machine.commandResult())!.stdout)).trim(), stats: await machine.stats() };
  } finally {
    await machine.close();
  }
}

describe('a source', () => {
  it('of pings is answered by the kernel, which asks for its address: each echo is counted with its latency', async () => {
    const { stats } = await run('e1000', 'mode=source,proto=icmp,rate=2000,count=200,flows=4,start=mark', `${UP}; roi mark 1; sleep 1`);
    expect([counter(stats, 'frames given'), counter(stats, 'echoes'), latencies(stats)]).toEqual([200, 200, 200]);
    expect(counter(stats, 'addresses answered')).toBeGreaterThanOrEqual(1);
    // Less than a ms each, and more than an instruction.
    expect(counter(stats, "echoes' latency") / 200).toBeGreaterThan(1000);
    expect(counter(stats, "echoes' latency") / 200).toBeLessThan(1_000_000);
  });

  it('of datagrams reaches a socket of each port that it asks for, and what the program sends back is an echo', async () => {
    const { stats, out } = await run('virtio-net', 'mode=source,proto=udp,port=7,size=200,rate=1000,count=100,flows=8,start=mark', `${UP}; /bin/udp-echo & usleep 50000; echo $(grep "^Udp: [0-9]" /proc/net/snmp); roi mark 1; sleep 1; echo $(grep "^Udp: [0-9]" /proc/net/snmp); kill $!`, {
      add: [{ content: udpEcho(7), guest: '/bin/udp-echo', mode: 0o755 }],
    });
    expect([counter(stats, 'frames given'), counter(stats, 'echoes')]).toEqual([100, 100]);
    const [before, after] = out.split('\n').map((line) => line.split(' ').slice(1, 5).map(Number));
    // Datagrams received, for no port, with errors, sent.
    expect(after!.map((n, i) => n - before![i]!)).toEqual([100, 0, 0, 100]);
  });

  it('of IPv6 is taken as it is, and neighbours are answered', async () => {
    const { stats, out } = await run('virtio-net', 'mode=source,proto=udp6,port=9,rate=1000,count=50,start=mark', `${UP}; sleep 3; roi mark 1; sleep 1; grep -E "Udp6NoPorts|Udp6InErrors|Udp6InCsumErrors" /proc/net/snmp6; ping -6 -c 1 -W 1 fec0::2 >/dev/null; ip -6 neigh show | grep -c 'fec0::2 .*02:00:00:00:00:00'`);
    expect(out.split(/\s+/)).toEqual(['Udp6NoPorts', '50', 'Udp6InErrors', '0', 'Udp6InCsumErrors', '0', '1']);
    expect(counter(stats, 'addresses answered')).toBeGreaterThanOrEqual(1);
  });
});

describe('an echo', () => {
  it('with a protocol is a host that answers pings', async () => {
    const { out, stats } = await run('e1000', 'mode=echo,proto=icmp', `${UP}; ping -c 5 -i 0.1 10.0.2.2 | grep received`);
    expect(out).toMatch(/^5 packets transmitted, 5 packets received, 0% packet loss$/);
    expect(counter(stats, 'addresses answered')).toBeGreaterThanOrEqual(1);
  });
});

describe('in time', () => {
  it('a source that begins at once misses who does not listen yet', async () => {
    const { stats } = await run('e1000', 'mode=source,start=now,rate=1000,count=50', 'sleep 1');
    expect([counter(stats, 'frames given'), counter(stats, 'frames missed')]).toEqual([0, 50]);
  });

  const gapsOf = (frames: readonly CapturedFrame[]): number[] => frames.slice(1).map(({ ns }, n) => Number(ns - frames[n]!.ns));
  async function captured(name: string, netdev: string): Promise<CapturedFrame[]> {
    await run('e1000', `mode=source,pcap=${at(name)},${netdev}`, 'ifconfig eth0 up; sleep 1');
    return readCapture(readFileSync(at(name)), name).filter(({ bytes }) => bytes[12] === 0x88 && bytes[13] === 0xb5);
  }

  it('a Poisson process has its mean and its spread, the same again, and another by another seed', async () => {
    const first = await captured('a.pcapng', 'arrivals=poisson,rate=20000,count=4000'), gaps = gapsOf(first);
    expect(first.length).toBe(4000);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length, spread = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    // Four standard errors of 1/sqrt(4000) each.
    expect(mean / 50_000).toBeGreaterThan(0.93);
    expect(mean / 50_000).toBeLessThan(1.07);
    expect(spread / mean).toBeGreaterThan(0.9);
    expect(spread / mean).toBeLessThan(1.1);
    expect(gapsOf(await captured('b.pcapng', 'arrivals=poisson,rate=20000,count=4000'))).toEqual(gaps);
    expect(gapsOf(await captured('c.pcapng', 'arrivals=poisson,rate=20000,count=4000,seed=2'))).not.toEqual(gaps);
  });

  it('a replay keeps the file\'s frames and times to the nanosecond', async () => {
    const frame = (n: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i < 6 ? 0xff : i < 12 ? 2 : i === 12 ? 0x88 : i === 13 ? 0xb5 : n));
    const times = [0, 1_234_567, 1_234_999, 40_000_001], made = times.map((ns, n) => ({ ns, bytes: frame(n, 60 + n * 7) }));
    writeFileSync(at('in.pcapng'), Buffer.concat([sectionHeader(), interfaceBlock('x'), ...made.map(({ ns, bytes }) => packetBlock(bytes, 5_000_000_000 + ns, 1))]));
    const frames = await captured('out.pcapng', `replay=${at('in.pcapng')}`);
    expect(frames.map(({ bytes }) => [...bytes])).toEqual(made.map(({ bytes }) => [...bytes]));
    expect(frames.map(({ ns }) => Number(ns - frames[0]!.ns))).toEqual(times);
  });
});

describe('changes', () => {
  const shell = async (machine: Machine, script: string): Promise<void> => void expect((await machine.exec(['sh', '-c', script])).code).toBe(0);

  it('are made while the machine is there and go with its snapshot, from which others are made', async () => {
    const options: MachineOptions = { ...optionsOf('e1000', 'mode=sink'), agent: true };
    const machine = await createMachine(options);
    let snapshot: Uint8Array;
    try {
      await shell(machine, UP);
      await machine.lab('n0').set({ mode: 'source', proto: 'icmp', rate: 1000, count: 30 });
      await shell(machine, 'sleep 1');
      expect(counter(await machine.stats(), 'echoes')).toBe(30);
      await expect(machine.lab('n0').set({ rate: 0 })).rejects.toThrow('rate=0: want a number from 1 to');
      await expect(machine.lab('n0').set({ mode: 'sink', burst: 2 })).rejects.toThrow('burst= is for mode=source');
      await expect(machine.lab('n1').set({ rate: 1 })).rejects.toThrow('"n1" is no lab of this machine; there are n0');
      await machine.pause();
      snapshot = await machine.snapshot();
    } finally {
      await machine.close();
    }
    const other = await createMachine({ ...options, snapshot });
    try {
      expect(await other.lab('n0').options()).toEqual({ mode: 'source', proto: 'icmp', ip: '10.0.2.2', size: 60, rate: 1000, burst: 1, count: 30, arrivals: 'even', seed: 1, start: 'listen', guest: '10.0.2.15', port: 7, sport: 49152, flows: 1 });
      await other.lab('n0').set({ count: 20, arrivals: 'poisson', rate: '500' });
      await shell(other, 'sleep 1');
      expect(counter(await other.stats(), 'echoes')).toBe(50);
    } finally {
      await other.close();
    }
  });
});

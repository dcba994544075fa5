/** What the tests of the peer inside the module run: Linux with pktgen, and the counts of both sides. */
import { expect } from 'vitest';
import { createMachine, type DeviceOptions, type Stats } from 'pintail';

export interface Ran {
  lines: string[];
  stats: Stats;
  /** A counter of the lab's. */
  lab: (what: string) => number;
}

/** Runs a script in a guest with one card before a lab. */
export async function run(model: DeviceOptions['model'], netdev: string, script: string[]): Promise<Ran> {
  const machine = await createMachine({ guest: 'amd64', netdevs: [`lab,id=n0,${netdev}`], devices: [{ model, netdev: 'n0' }], command: ['sh', '-c', script.join('\n')] });
  try {
    await machine.run();
    const result = await machine.commandResult();
    expect({ code: result?.code, stderr: String(Buffer.from(result?.stderr ?? [])) }).toEqual({ code: 0, stderr: '' });
    const stats = await machine.stats();
    const lab = (what: string): number => Number(stats.counters.find(({ name }) => name === `lab0 ${what}`)!.value);
    return { lines: String(Buffer.from(result!.stdout)).trim().split('\n'), stats, lab };
  } finally {
    await machine.close();
  }
}

export const UP = 'ifconfig eth0 10.0.2.15 up; echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6';
/** Frames sent, and received, by the driver's count. */
export const SENT = 'cat /sys/class/net/eth0/statistics/tx_packets';
export const RECEIVED = 'cat /sys/class/net/eth0/statistics/rx_packets';

/** Sends so many frames; the last line says how many microseconds that took. */
export function pktgen(count: number, bytes: number): string[] {
  return [
    UP, 'modprobe pktgen', 'echo add_device eth0 >/proc/net/pktgen/kpktgend_0',
    `for line in "count ${count}" "delay 0" "pkt_size ${bytes}" "dst 10.0.2.2" "dst_mac 52:55:0a:00:02:02"; do echo "$line" >/proc/net/pktgen/eth0; done`,
    `before=$(${SENT})`, 'echo start >/proc/net/pktgen/pgctrl', `echo $(($(${SENT}) - before))`,
    'grep -o "OK: [0-9]*" /proc/net/pktgen/eth0 | cut -c5-',
  ];
}

export type Model = 'virtio-net' | 'e1000' | 'pcnet';

export async function checkSink(model: Model): Promise<Ran> {
  const ran = await run(model, 'mode=sink', pktgen(2000, 60));
  expect(ran.lines[0]).toBe('2000');
  expect(ran.lab('frames taken')).toBeGreaterThanOrEqual(2000);
  expect(ran.lab('frames taken')).toBe(ran.lab('segments taken'));
  return ran;
}

/** What equal runs have equal: what a run shows of the machine: what the emulator counts of itself (its blocks, its yields) is the host's doing too. */
export const countsOf = ({ lines, stats: { instructions, virtualNs, counters } }: Ran): unknown => ({ lines, instructions, virtualNs, counters: counters.filter(({ owner }) => owner !== 'emulator') });

export async function checkSource(model: Model): Promise<void> {
  const { lines, lab } = await run(model, 'mode=source,size=300,rate=20000,burst=8,count=3000', ['sleep 1', RECEIVED]);
  expect([Number(lines[0]), lab('frames given'), lab('bytes given'), lab('frames missed')]).toEqual([3000, 3000, 900_000, 0]);
}

export async function checkEcho(model: Model): Promise<void> {
  const { lines, lab } = await run(model, 'mode=echo,speed=1G', [...pktgen(1500, 200), 'sleep 1', RECEIVED]);
  expect(lines[0]).toBe('1500');
  expect(lab('frames given')).toBe(lab('frames taken') - lab('frames not echoed'));
  expect(lab('frames given')).toBeGreaterThanOrEqual(1500);
  expect(Number(lines[2])).toBe(lab('frames given'));
}

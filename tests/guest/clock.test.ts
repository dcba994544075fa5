/** What Linux makes of the machine's clocks: which it finds, which it takes, and what it no longer measures. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const machines: Machine[] = [];
beforeAll(async () => {
  await prepareGuest('amd64');
  await prepareGuest('i386');
}, 600_000);
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function run(command: string, options: MachineOptions = {}): Promise<string> {
  const machine = await createMachine({ guest: 'amd64', memoryMiB: 128, command: ['sh', '-c', command], limits: { wallMs: 280_000 }, ...options });
  machines.push(machine);
  await machine.run();
  return new TextDecoder().decode((await machine.commandResult())?.stdout);
}

const CLOCKS = /kvm|tsc|x2apic|paravirt|hypervisor|Switched to clocksource|TIMER: vector|APIC routing|Calibrating|PIT|unstable|calibration/i;

/** The kernel's lines about clocks, without times, addresses and counts. */
async function clocksOf(options: MachineOptions): Promise<string[]> {
  const log = await run('dmesg', options);
  return log.split('\n').filter((line) => CLOCKS.test(line) && !/Command line|command line/.test(line))
    .map((line) => line.replace(/^\[ *[\d.]+\] /, '').replace(/offset of \d+ cycles/, 'offset of N cycles').replace(/max_cycles.*/, '...'));
}

/** With its interrupts remapped the kernel tells processors apart by clusters. */
const ROUTING = process.env['PINTAIL_IOMMU'] === undefined ? 'physical' : 'cluster';

const KVM_LINES = [
  'Hypervisor detected: KVM',
  'kvm-clock: Using msrs 4b564d01 and 4b564d00',
  'kvm-clock: using sched offset of N cycles',
  'clocksource: kvm-clock: mask: 0xffffffffffffffff ...',
  'tsc: Detected 2500.000 MHz processor',
];

describe('Linux enables', () => {
  it('with KVM\'s leaves their clock, then the TSC at its stated rate, and on amd64 the x2APIC', async () => {
    const amd64 = await clocksOf({ guest: 'amd64' });
    console.log(`amd64:\n  ${amd64.join('\n  ')}`);
    expect(amd64).toEqual(expect.arrayContaining([
      ...KVM_LINES, 'TSC deadline timer available', 'Booting paravirtualized kernel on KVM', 'x2apic enabled', `Switched APIC routing to ${ROUTING} x2apic.`,
      'clocksource: Switched to clocksource kvm-clock', 'clocksource: Switched to clocksource tsc',
    ]));
    const i386 = await clocksOf({ guest: 'i386' });
    console.log(`i386:\n  ${i386.join('\n  ')}`);
    expect(i386).toEqual(expect.arrayContaining([
      ...KVM_LINES, 'Booting paravirtualized kernel on KVM', 'clocksource: Switched to clocksource kvm-clock', 'clocksource: Switched to clocksource tsc',
    ]));
    for (const lines of [amd64, i386]) expect(lines.filter((line) => /unstable|Fast TSC|PIT calibration|Refined/.test(line))).toEqual([]);
  });

  it('without them what it measures: the TSC within a thousandth, by the xAPIC', async () => {
    const lines = await clocksOf({ guest: 'amd64', cpu: { kvm: false, x2apic: false } });
    expect(lines.filter((line) => /kvm|x2apic enabled|x2apic\./i.test(line))).toEqual([]);
    const mhz = Number(/Detected ([\d.]+) MHz processor/.exec(lines.join('\n'))?.[1]);
    expect(Math.abs(mhz / 2500 - 1)).toBeLessThan(0.001);
    // It is refined for a second before it is the last word.
    expect(lines.some((line) => /Switched to clocksource tsc(-early)?$/.test(line))).toBe(true);
    expect((await clocksOf({ guest: 'amd64', cpu: { kvmclock: false } })).filter((line) => /kvm-clock/.test(line))).toEqual([]);
  });
});

describe('the date', () => {
  it('is fixed where runs repeat, the option\'s where it gives one, and the host\'s with a user network', async () => {
    expect(await run('date -u +%Y-%m-%dT%H:%M')).toBe('2026-01-01T00:00\n');
    expect(await run('date -u +%Y-%m-%dT%H:%M', { rtc: new Date('2012-02-29T12:34:01Z') })).toBe('2012-02-29T12:34\n');
    const before = Math.floor(Date.now() / 1000);
    const shown = Number(await run('date -u +%s', { netdevs: ['user,id=n0'], devices: [{ model: 'virtio-net', netdev: 'n0' }] }));
    // Read at the kernel's start, counted by instructions since: behind the host's, by no more than the run took.
    expect(shown).toBeGreaterThanOrEqual(before - 1);
    expect(shown).toBeLessThanOrEqual(Date.now() / 1000 + 1);
  });

  it('follows the host\'s over a pause under realtime, is the host\'s in a machine restored later, and stands with clock=vm', async () => {
    const options: MachineOptions = { guest: 'amd64', agent: true, memoryMiB: 128, clock: 'realtime', limits: { wallMs: 280_000 } };
    const machine = await createMachine(options);
    machines.push(machine);
    const dateOf = async (one: Machine): Promise<number> => Number(new TextDecoder().decode((await one.exec(['date', '-u', '+%s'])).stdout));
    await dateOf(machine);
    const saved = await machine.snapshot();
    // The host's clock is moved, not waited for.
    const real = Date.now;
    try {
      Date.now = () => real() + 3_600_000;
      expect(Math.abs(await dateOf(machine) - Date.now() / 1000)).toBeLessThan(30);
      const clone = await createMachine({ ...options, snapshot: saved });
      machines.push(clone);
      expect(Math.abs(await dateOf(clone) - Date.now() / 1000)).toBeLessThan(30);
      const apart = await createMachine({ ...options, snapshot: saved, rtcClock: 'vm' });
      machines.push(apart);
      expect(Math.abs(await dateOf(apart) - real() / 1000)).toBeLessThan(1800);
    } finally {
      Date.now = real;
    }
  });
});

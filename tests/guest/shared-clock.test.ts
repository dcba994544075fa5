/** Two Linuxes on one clock, a hub and a capture: they talk, and do the same each time, to the instruction. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createMachine, createSharedClock, findHub, type Machine, type SharedClock } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const machines: Machine[] = [];
beforeAll(() => prepareGuest('amd64'), 600_000);
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

const SCRIPTS = ['until ping -c 1 -W 1 10.9.0.2 >/dev/null; do :; done; ping -c 2 10.9.0.2; echo over | nc 10.9.0.2 99', 'nc -l -p 99'];

async function make(clock: SharedClock, hub: number, number: number, capture: string): Promise<Machine> {
  const machine = await createMachine({
    guest: 'amd64', memoryMiB: 128, clock, command: ['sh', '-c', `ifconfig eth0 10.9.0.${number + 1} netmask 255.255.255.0 up; ${SCRIPTS[number]}`],
    devices: [{ model: number === 0 ? 'e1000' : 'virtio-net-pci', netdev: 'n0', mac: `52:54:00:00:00:0${number + 1}` }], netdevs: [`hubport,id=n0,hubid=${hub},pcap=${capture}`], limits: { wallMs: 280_000 },
  });
  machines.push(machine);
  return machine;
}

async function both(hub: number, capture: string): Promise<{ said: string[]; state: unknown[] }> {
  const clock = createSharedClock(), pair = [await make(clock, hub, 0, capture), await make(clock, hub, 1, capture)];
  const stops = await Promise.all(pair.map((machine) => machine.run()));
  const results = await Promise.all(pair.map((machine) => machine.commandResult()));
  const hashes = await Promise.all(pair.map((machine) => machine.stateHash()));
  return { said: results.map((result) => Buffer.from(result?.stdout ?? '').toString()), state: [stops, hashes, clock.nowNs] };
}

it('go the same way twice', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-clock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const captures = ['a.pcapng', 'b.pcapng'].map((name) => join(folder, name));
  const first = await both(7001, captures[0]!);
  expect(first.said[0]).toMatch(/2 packets received/);
  expect(first.said[1]).toBe('over\n');
  expect(first.state[0]).toMatchObject([{ reason: 'poweroff' }, { reason: 'poweroff' }]);
  expect(await both(7002, captures[1]!)).toEqual(first);
  for (const machine of machines.splice(0)) await machine.close();
  const [size, again] = captures.map((path) => statSync(path).size);
  expect(again).toBe(size);
  expect(size).toBeGreaterThan(2000);
});

it('have their hub for themselves', async () => {
  const machine = await createMachine({ guest: 'builtin', memoryMiB: 16, clock: createSharedClock(), devices: [{ model: 'e1000', netdev: 'n0' }], netdevs: ['hubport,id=n0,hubid=7003'] });
  machines.push(machine);
  const other = createMachine({ guest: 'builtin', memoryMiB: 16, devices: [{ model: 'e1000', netdev: 'n0' }], netdevs: ['hubport,id=n0,hubid=7003'] });
  await expect(other).rejects.toThrow('-netdev hubport,id=n0: hub 7003 is for machines that share a clock; all on it must have that one');
  expect(findHub(7003)).toBe(findHub(7003));
  await expect(createMachine({ guest: 'builtin', memoryMiB: 16, clock: createSharedClock(), worker: true })).rejects.toThrow('clock: machines in workers cannot share a clock. Give worker: false.');
  await expect(createMachine({ guest: 'builtin', memoryMiB: 16, clock: {} as never })).rejects.toThrow('clock: is an object, and no clock of createSharedClock().');
});

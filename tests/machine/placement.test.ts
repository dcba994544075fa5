/** Hosted registers: each access is a round trip to another thread, counted by the register's name, and what the guest sees is the same; wrong names are told with those that there are. */
import { describe, expect, it } from 'vitest';
import { createMachine, type MachineOptions, type Region } from 'pintail';
import { pktlab } from '../../guest/pktlab/index.js';

const COUNT = 100;
type Device = NonNullable<MachineOptions['devices']>[number];

async function run(model: string, placement: Device['placement'], more: MachineOptions = {}): Promise<{ region: Region; hash: string; trips: number }> {
  const machine = await createMachine({
    kernel: pktlab(), append: `card=${model} count=${COUNT} warmup=10`, memoryMiB: 32, limits: { instructions: 20_000_000n }, netdevs: ['lab,id=n0,mode=sink'],
    devices: [{ model, netdev: 'n0', slot: 4, ...(placement === undefined ? {} : { placement }) } as Device], ...more,
  });
  try {
    expect(await machine.run()).toMatchObject({ reason: 'debug-exit', code: 1 });
    const region = (await machine.regions()).finished[0]!;
    return { region, hash: await machine.stateHash(), trips: Number(region.counters.find(({ name }) => name === 'host B3 hosted accesses')?.value ?? 0n) };
  } finally {
    await machine.close();
  }
}

describe('a hosted register', () => {
  it.each([
    // Five to the data port and seven to the address port.
    ['pcnet', 'hosted', 12], ['pcnet', 'CSR0', 5], ['pcnet', 'RAP', 7], ['pcnet', ['CSR0', 'RAP'], 12],
    // The one that transmits.
    ['pcnet', 'doorbells', 1],
    ['e1000', 'hosted', 6], ['e1000', 'TDT', 1], ['e1000', 'TDT:ICR', 2], ['virtio-net', 'hosted', 1], ['pcnet', 'module', 0],
  ] as const)('%s %s: %i round trips a frame', async (model, placement, each) => {
    const here = await run(model, undefined), there = await run(model, placement);
    expect(there.trips).toBe(each * COUNT);
    expect(there.hash).toBe(here.hash);
    expect(there.region.instructions).toBe(here.region.instructions);
    expect(there.region.virtualNs).toBe(here.region.virtualNs);
  });

  it('is one for translated code, too', async () => expect((await run('pcnet', 'hosted', { jit: { mode: 'sync', threshold: 1000 } })).trips).toBe(12 * COUNT));

  it('is asked for by names that there are', async () => {
    await expect(run('pcnet', 'CSR00')).rejects.toThrow(/pcnet has no register "CSR00"\. Did you mean CSR0.*\? It has .*RAP/);
    await expect(run('pcnet', '')).rejects.toThrow('want "module", "hosted", or names of registers');
  });
});

/** Attribution over Linux: a boot is the same boot with it, its functions add up, and what the kernel calls what is what its sources say. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { createLocal } from '../../host/machine/create-local.js';
import type { MachineOptions, Region } from '../../host/machine/types.js';
import { functionCosts, pathTo } from '../../host/measure/attribution/functions.js';
import { SymbolFilter, withSymbols } from '../../host/measure/attribution/symbols.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

const INSTRUCTIONS = 300_000_000;

async function boot(more: MachineOptions): Promise<{ hash: string; region: Region }> {
  const machine = await createLocal({ guest: 'amd64', agent: true, ...more });
  try {
    const { region } = await machine.measure('boot', () => machine.step(INSTRUCTIONS));
    return { hash: await machine.stateHash(), region };
  } finally {
    await machine.close();
  }
}

const countOf = ({ counters }: Region, name: string): bigint => counters.find((counter) => counter.name === name)?.value ?? 0n;

/** The region that a command marks, with the kernel's names. */
async function regionOf(command: readonly string[], roi: readonly string[] = []): Promise<Region> {
  let taken = false;
  const filter = new SymbolFilter({
    onSymbols: (symbols) => {
      taken = true;
      machine.takeSymbols(symbols);
    },
    onProgram: (file) => machine.takePrograms([file]),
    onOutput: () => undefined,
  });
  const machine = await createLocal({ guest: 'amd64', attribute: true, roi, command: withSymbols(command), onCommandOutput: (stream, bytes) => (stream === 'stdout' ? filter.push(bytes) : undefined) });
  try {
    await machine.run();
    expect(taken).toBe(true);
    return (await machine.regions()).finished[0]!;
  } finally {
    await machine.close();
  }
}

describe('a boot', () => {
  it('is the same with attribution, and its functions are all of it', async () => {
    const plain = await boot({}), attributed = await boot({ attribute: true });
    expect(attributed.hash).toBe(plain.hash);
    expect(attributed.region.instructions).toBe(plain.region.instructions);
    const { calls } = attributed.region.attribution!;
    expect(calls.reduce((sum, { instructions }) => sum + instructions, 0n)).toBe(countOf(attributed.region, 'instructions'));
    expect(calls.reduce((sum, { accesses }) => sum + accesses, 0n)).toBe(['port reads', 'port writes', 'MMIO reads', 'MMIO writes'].reduce((sum, name) => sum + countOf(attributed.region, name), 0n));
    expect(calls.reduce((sum, { crossings }) => sum + crossings, 0n)).toBe(countOf(attributed.region, 'boundaries'));
  }, 1_200_000);
});

describe('a command', () => {
  it('has its system calls below the program, and interrupts below whom they came to', async () => {
    const region = await regionOf(['roi', 'begin', 'read', '--', 'cat', '/proc/version']), { calls } = region.attribution!;
    expect(calls.reduce((sum, { instructions }) => sum + instructions, 0n)).toBe(countOf(region, 'instructions'));
    const path = pathTo(calls, calls.findIndex(({ name }) => name === 'version_proc_show')).map((at) => calls[at]!);
    expect(path[0]!.privilege).toBe(3);
    expect(path.map(({ name }) => name)).toContain('entry_SYSCALL_64_after_hwframe');
    expect(functionCosts(region.attribution!).find(({ name }) => name === 'version_proc_show')!.calls).toBe(1n);
  }, 1_200_000);

  it('a function of the kernel is a region', async () => {
    const region = await regionOf(['cat', '/proc/version'], ['version_proc_show']);
    expect([region.name, region.marks.length]).toEqual(['version_proc_show', 0]);
    const { calls } = region.attribution!, inside = calls.map((_, n) => pathTo(calls, n).map((at) => calls[at]!.name)).filter((_, n) => calls[n]!.instructions > 0n);
    expect(inside.every((path) => path.includes('version_proc_show'))).toBe(true);
    expect(region.instructions).toBeLessThan(20_000n);
  }, 1_200_000);
});

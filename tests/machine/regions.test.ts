/** Regions of interest: what the guest's ports mark, to the instruction, nested and bounded; and measure() of the API, on both threads. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, MachineError, type Machine, type Region } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

const COMMAND = 0x5e0, TAG = 0x5e4, NAME = 0x5e8;
/** AL is 1 to begin, 2 to end; EDX is spoilt. */
const begin = (name: string): string => [...`mov edx, ${NAME}`.split('\n'), ...[...name].map((c) => `mov al, ${c.charCodeAt(0)}; out dx, al`), `mov edx, ${COMMAND}; mov al, 1; out dx, al`].join('\n');
const END = `mov edx, ${COMMAND}; mov al, 2; out dx, al`;

async function make(text: string, worker = false): Promise<Machine> {
  const a = new TextAssembler(0x10000);
  a.bits = 64;
  a.text(text);
  const machine = await createMachine({ memoryMiB: 16, worker, bare: { code: a.assemble() } });
  machines.push(machine);
  return machine;
}

async function regionsOf(text: string): Promise<{ finished: Region[]; missed: number }> {
  const machine = await make(text);
  await machine.runUntilHalt();
  return machine.regions();
}

describe('ports', () => {
  it('say who they are', async () => {
    const machine = await make(`mov edx, ${COMMAND}; in eax, dx; hlt`);
    await machine.runUntilHalt();
    expect((await machine.getRegisters()).rax).toBe(0x31494f52n);
  });

  it('a region of length zero costs the instruction that ends it and its access', async () => {
    const { finished: [region], missed } = await regionsOf(`mov edx, ${COMMAND}; mov eax, 0x0201; out dx, al; mov al, ah; out dx, al; hlt`);
    // MOV and OUT.
    expect(region).toMatchObject({ name: '', tag: 0, within: [], instructions: 2n, virtualNs: 2n, marks: [], histograms: [], devices: { 'region of interest': { reads: 0n, writes: 1n } } });
    const inModule = region!.counters.filter(({ name }) => !name.startsWith('host '));
    expect(inModule.map(({ name, value }) => [name, value])).toEqual([['ticks', 2n], ['instructions', 2n], ['port writes', 1n]]);
    expect(missed).toBe(0);
  });

  it('count what is between, and nothing else', async () => {
    const { finished } = await regionsOf(`mov ecx, 50; a: dec ecx; jne a; ${begin('ab')}; mov ecx, 1000; b: dec ecx; jne b; ${END}; mov ecx, 70; c: dec ecx; jne c; hlt`);
    expect(finished.map(({ name, instructions }) => [name, instructions])).toEqual([['ab', 2001n + 3n]]);
  });

  it('nest: the inner counts for the outer too', async () => {
    const { finished } = await regionsOf(`${begin('out')}; nop; ${begin('in')}; nop; nop; ${END}; nop; ${END}; hlt`);
    expect(finished.map(({ name, within, instructions }) => [name, within, instructions])).toEqual([['in', ['out'], 5n], ['out', [], 1n + 8n + 5n + 1n + 3n]]);
    expect(finished[1]!.devices['region of interest']!.writes).toBe(5n);
  });

  it('take a mark with a number and a name', async () => {
    const { finished } = await regionsOf(`${begin('r')}; mov edx, ${TAG}; mov eax, 0x12345678; out dx, eax; mov edx, ${COMMAND}; mov al, 3; out dx, al; ${END}; hlt`);
    expect(finished[0]!.marks).toEqual([{ tag: 0x12345678, name: '', instructions: 6n }]);
  });

  it('count an end without a begin, and what is nested too deep', async () => {
    expect(await regionsOf(`${END}; hlt`)).toEqual({ finished: [], missed: 1 });
    const deep = await regionsOf(`mov edx, ${COMMAND}; mov ecx, 20; mov al, 1; a: out dx, al; dec ecx; jne a; mov ecx, 20; mov al, 2; b: out dx, al; dec ecx; jne b; hlt`);
    expect([deep.finished.length, deep.missed]).toEqual([16, 4]);
  });

  it('keep the same counts however the run is cut', async () => {
    const text = `${begin('x')}; mov ecx, 3000; a: out 0x80, al; dec ecx; jne a; ${END}; hlt`;
    const { finished: whole } = await regionsOf(text);
    const machine = await make(text);
    for (let i = 0; i < 100; i++) await machine.step(101);
    await machine.runUntilHalt();
    const guests = ({ counters }: Region) => counters.filter(({ name }) => !name.startsWith('host '));
    const { finished: cut } = await machine.regions();
    expect({ ...cut[0], counters: guests(cut[0]!) }).toEqual({ ...whole[0], counters: guests(whole[0]!) });
  });
});

describe.each([['on this thread', false], ['in a worker', true]])('measure(), %s', (_, worker) => {
  it('gives what the work returns and what was counted meanwhile', async () => {
    const machine = await make('a: out 0x80, al; jmp a', worker);
    await machine.step(10);
    const { result, region } = await machine.measure('steps', () => machine.step(1000));
    expect(result.instructions).toBe(1010n);
    expect(region).toMatchObject({ name: 'steps', instructions: 1000n, beginInstructions: 10n, devices: { 'post code': { reads: 0n, writes: 500n } } });
    expect((await machine.regions()).finished).toEqual([region]);
  });

  it('stands around what the guest marks', async () => {
    const machine = await make(`${begin('in')}; ${END}; hlt`, worker);
    const { region } = await machine.measure('all', () => machine.runUntilHalt());
    const [inner] = (await machine.regions()).finished;
    expect([inner!.name, inner!.within, region.instructions]).toEqual(['in', ['all'], 12n]);
  });

  it('fails with its work, and needs a machine that is paused', async () => {
    const machine = await make('a: jmp a', worker);
    await expect(machine.measure('x', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    const run = machine.run();
    await expect(machine.measure('x', () => 1)).rejects.toThrow(MachineError);
    await machine.pause();
    await run;
  });
});

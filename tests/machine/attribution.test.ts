/** Whose instructions: exact by function, with callers, over tail calls, return thunks, interrupts and threads; and nothing of it changes the machine. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type AttributedCall, type Machine, type MachineOptions, type Region } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

const BEGIN = 'mov edx, 0x5e0; mov al, 1; out dx, al';
const END = 'mov edx, 0x5e0; mov al, 2; out dx, al';

interface Program {
  text: string;
  /** Labels that are functions; the others are places in them. */
  functions: string;
}

async function make({ text, functions }: Program, more: MachineOptions = {}): Promise<Machine> {
  const a = new TextAssembler(0x10000);
  a.bits = 64;
  a.text(text);
  const code = a.assemble(), symbols = functions.split(' ').map((name) => ({ name, address: BigInt(a.addressOf(name)) }));
  const machine = await createMachine({ memoryMiB: 16, bare: { code }, symbols, ...more });
  machines.push(machine);
  return machine;
}

async function regionOf(program: Program): Promise<Region> {
  const machine = await make(program);
  await machine.runUntilHalt();
  return (await machine.regions()).finished[0]!;
}

const pathOf = (calls: readonly AttributedCall[], call: AttributedCall): string => (call.caller < 0 ? '' : `${pathOf(calls, calls[call.caller]!)};`) + (call.name ?? call.address.toString(16));
/** A count by the way of calls that leads to it. */
function byPath({ attribution }: Region, count: 'instructions' | 'calls' | 'loads' | 'stores' | 'accesses' = 'instructions'): Record<string, number> {
  const { calls } = attribution!;
  return Object.fromEntries(calls.filter((call) => call[count] !== 0n).map((call) => [pathOf(calls, call), Number(call[count])]));
}
const counterOf = ({ counters }: Region, name: string): bigint => counters.find((counter) => counter.name === name)?.value ?? 0n;
const total = ({ attribution }: Region, count: 'instructions' | 'accesses' | 'crossings'): bigint => attribution!.calls.reduce((sum, call) => sum + call[count], 0n);

describe('functions', () => {
  it('have what they retire by themselves, under who calls them', async () => {
    const region = await regionOf({
      functions: 'main f g after',
      text: `main: mov esp, 0x20000; ${BEGIN}; mov ecx, 10; again: call f; call g; dec ecx; jne again; ${END}; hlt
        f: nop; call g; ret
        g: nop; nop; ret
        after: nop`,
    });
    expect(byPath(region)).toEqual({ 'main': 1 + 40 + 3, 'main;f': 30, 'main;f;g': 30, 'main;g': 30 });
    expect(byPath(region, 'calls')).toEqual({ 'main;f': 10, 'main;f;g': 10, 'main;g': 10 });
    expect(total(region, 'instructions')).toBe(counterOf(region, 'instructions'));
  });

  it('that are jumped to have their caller\'s caller: tail calls, return thunks and thunks for indirect calls', async () => {
    const region = await regionOf({
      functions: 'main f g thunk indirect end',
      text: `main: mov esp, 0x20000; ${BEGIN}; call f; mov rax, g; call indirect; ${END}; hlt
        f: nop; jmp g
        g: nop; nop; jmp thunk
        thunk: ret
        indirect: call over; stay: jmp stay; over: mov [rsp], rax; ret
        end: nop`,
    });
    expect(byPath(region)).toEqual({ 'main': 6, 'main;f': 2, 'main;g': 3 + 3, 'main;thunk': 2, 'main;indirect': 1, 'main;indirect;indirect': 2 });
  });

  it('a block that runs from one function into the next is told apart', async () => {
    const region = await regionOf({ functions: 'main next', text: `main: ${BEGIN}; nop; nop; next: nop; nop; nop; ${END}; hlt` });
    expect(byPath(region)).toEqual({ main: 2, next: 6 });
  });

  it('without symbols are where calls lead', async () => {
    const machine = await make({ functions: 'main', text: `main: mov esp, 0x20000; ${BEGIN}; call f; ${END}; hlt; f: nop; ret` }, { symbols: [] });
    await machine.runUntilHalt();
    expect(Object.values(byPath((await machine.regions()).finished[0]!))).toEqual([4, 2]);
  });

  it('have their loads, stores and accesses; a repetition has one of each an iteration', async () => {
    const region = await regionOf({
      functions: 'main f end',
      text: `main: mov esp, 0x20000; ${BEGIN}; call f; in al, 0x80; ${END}; hlt
        f: mov esi, 0x30000; mov edi, 0x40000; mov ecx, 100; rep movsb; mov ecx, 0; rep stosb; mov rax, [rsi]; add dword [rdi], 5; push rax; pop rax; xchg [rdi], eax; cmp [rdi], eax; lea eax, [rdi]; ret
        end: nop`,
    });
    expect(byPath(region, 'loads')).toEqual({ 'main;f': 100 + 1 + 1 + 1 + 1 + 1 + 1 });
    expect(byPath(region, 'stores')).toEqual({ 'main': 1, 'main;f': 100 + 1 + 1 + 1 });
    expect(byPath(region, 'accesses')).toEqual({ main: 2 });
    expect(byPath(region)['main;f']).toBe(14);
  });
});

/** Two threads of the kernel that switch to each other as Linux's do. */
const THREADS = `main: mov esp, 0x20000; mov rbx, 0x30000 - 8 - 56; mov rax, second; mov [0x30000 - 8], rax; ${BEGIN}; call first
  ${END}; hlt
  switch: push rbx; push rbp; push r12; push r13; push r14; push r15; mov [rdi], rsp; mov rsp, [rsi]; pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx; ret
  first: mov rax, 0x30000 - 8 - 48; mov [0x50008], rax; mov ecx, 5000; more: call one; dec ecx; jne more; ret
  one: mov edi, 0x50000; mov esi, 0x50008; call switch; ret
  second: call two; jmp second
  two: mov edi, 0x50008; mov esi, 0x50000; call switch; ret
  end: nop`;

describe('stacks', () => {
  it('of two threads are apart: over 10,000 switches neither shows in the other\'s callers', async () => {
    const region = await regionOf({ functions: 'main switch first one second two end', text: THREADS });
    expect(byPath(region)).toEqual({
      'main': 1 + 3, 'main;first': 3 + 15_000 + 1, 'main;first;one': 4 * 5000, 'main;first;one;switch': 5000 * 15,
      // Before it has returned once, nobody knows whose the second one is.
      'switch': 7, 'second': 5000 + 4999, 'second;two': 3 * 5000 + 4999, 'second;two;switch': 5000 * 8 + 4999 * 7,
    });
    expect(region.attribution!.lost).toBe(0);
    expect(total(region, 'instructions')).toBe(counterOf(region, 'instructions'));
  });

  it('that an interrupt takes: its handler is below who was interrupted, and so is what it calls', async () => {
    const gate = (vector: number, label: string): string => `mov rax, ${label}; mov [0x60000 + ${vector * 16}], ax; mov word [0x60000 + ${vector * 16 + 2}], 8; mov word [0x60000 + ${vector * 16 + 4}], 0x8e00; shr rax, 16; mov [0x60000 + ${vector * 16 + 6}], ax`;
    const region = await regionOf({
      functions: 'main f handler deeper end',
      text: `main: mov esp, 0x20000; ${gate(0x40, 'handler')}; mov word [0x50000], 0xfff; mov rax, 0x60000; mov [0x50002], rax; lidt [0x50000]; mov rax, 0x00209a0000000000; mov [0x51008], rax; mov rax, 0x0000920000000000; mov [0x51010], rax; mov word [0x50010], 0x17; mov rax, 0x51000; mov [0x50012], rax; lgdt [0x50010]; ${BEGIN}; call f; ${END}; hlt
        f: int 0x40; ret
        handler: mov rbp, rsp; mov rsp, 0x40000; call deeper; mov rsp, rbp; iretq
        deeper: nop; ret
        end: nop`,
    });
    expect(byPath(region)).toEqual({ 'main': 4, 'main;f': 2, 'main;f;handler': 5, 'main;f;handler;deeper': 2 });
  });
});

describe('the instrumented loop', () => {
  const program: Program = { functions: 'main switch first one second two end', text: THREADS };
  const plain = { symbols: undefined as never, attribute: false };

  it('leaves the machine as it is: the same count and the same hash', async () => {
    const run = async (more: MachineOptions): Promise<[bigint, string]> => {
      const machine = await make(program, more);
      await machine.runUntilHalt();
      return [(await machine.stats()).instructions, await machine.stateHash()];
    };
    const { symbols: _, ...none } = plain;
    expect(await run({})).toEqual(await run({ ...none, symbols: undefined as unknown as [] }));
  });

  it('gives the same however the run is cut', async () => {
    const whole = await regionOf(program), machine = await make(program);
    for (let n = 1; (await machine.regions()).finished.length === 0; n = n * 7 % 1009) await machine.step(n);
    expect(byPath((await machine.regions()).finished[0]!)).toEqual(byPath(whole));
  });

  it('gives the same with translation on, which rests meanwhile, and in a worker', async () => {
    const whole = byPath(await regionOf(program));
    for (const more of [{ jit: { mode: 'sync', threshold: 50 } }, { worker: true }] as const) {
      const machine = await make(program, more);
      await machine.runUntilHalt();
      expect(byPath((await machine.regions()).finished[0]!)).toEqual(whole);
    }
  });

  it('takes names while the machine is there, and says when it has no room for any', async () => {
    const machine = await make(program, { symbols: [] });
    await machine.setSymbols([{ name: 'everything', address: 0x10000n }]);
    await machine.runUntilHalt();
    expect(new Set((await machine.regions()).finished[0]!.attribution!.calls.map(({ name }) => name))).toEqual(new Set(['everything']));
    const none = await make(program, { symbols: undefined as unknown as [] });
    await expect(none.setSymbols([])).rejects.toThrow('made without attribute');
  });

  it('has no attribution where nobody asked for it', async () => {
    const machine = await make(program, { symbols: undefined as unknown as [] });
    await machine.runUntilHalt();
    expect((await machine.regions()).finished[0]!.attribution).toBeUndefined();
  });
});

describe('a function that is a region', () => {
  it('begins at its entry and ends with its return; while it is open no other begins', async () => {
    const machine = await make({
      functions: 'main f g end',
      text: `main: mov esp, 0x20000; call f; call g; call f; hlt
        f: nop; call g; ret
        g: nop; nop; ret
        end: nop`,
    }, { roi: ['f', 'g'] });
    await machine.runUntilHalt();
    const { finished } = await machine.regions();
    expect(finished.map(({ name, instructions }) => [name, instructions])).toEqual([['f', 6n], ['g', 3n], ['f', 6n]]);
  });

  it('that there is not is named', async () => {
    await expect(make({ functions: 'main', text: 'main: hlt' }, { roi: ['nowhere'] })).rejects.toThrow('roi: the kernel has no function "nowhere"');
  });
});

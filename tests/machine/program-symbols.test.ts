/** Attribution of user code: by the symbols of files, wherever they are loaded, in whatever address space; and by the file's address where no symbol says. */
import { afterEach, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions, type Region } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';
import { nameOf, pathTo } from '../../host/measure/attribution/functions.js';
import { makeProgram } from '../support/elf-program.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

const BEGIN = 'mov edx, 0x5e0; mov al, 1; out dx, al', END = 'mov edx, 0x5e0; mov al, 2; out dx, al; mov edx, 0x501; out dx, al';
/** Calls a function of its own, one that jumps to another, one without a symbol, and itself where it is loaded once more. */
const TEXT = `main: ${BEGIN}; call f; call h; call hidden; mov rax, 0x401000 + 0x300000; call rax; ${END}
  f: nop; jmp g
  g: nop; nop; ret
  h: jmp tail
  hidden: nop; ret
  tail: ret`;

interface Made {
  code: Uint8Array;
  addressOf: (label: string) => number;
}
function assembled(text: string): Made {
  const a = new TextAssembler(0x401000);
  a.bits = 64;
  a.text(text);
  return { code: a.assemble(), addressOf: (label) => a.addressOf(label) - 0x400000 };
}

/** `main: jmp f` first, so that what is called at the other place is a function. */
const made = assembled(`first: jmp g2; ${TEXT}; g2: nop; ret`);
const sized = (labels: readonly string[], { addressOf }: Made): { name: string; address: number; bytes: number }[] => labels.slice(0, -1).map((name, n) => ({ name, address: addressOf(name), bytes: addressOf(labels[n + 1]!) - addressOf(name) }));
const SYMBOLS = sized(['first', 'main', 'f', 'g', 'h', 'hidden'], made);
const FILE = { path: '/usr/bin/example', elf: makeProgram(made.code, { symbols: [...SYMBOLS, { name: 'g2', address: made.addressOf('g2') }] }) };

/** A page map of the low 4 GiB for programs, with 2 MiB pages: linear 600000h leads to `second`. */
function tables(second: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(6 * 4096)), entry = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  entry(0, 0x101000 + 7);
  for (let i = 0; i < 4; i++) entry(4096 + i * 8, 0x102000 + i * 4096 + 7);
  for (let i = 0; i < 2048; i++) entry(2 * 4096 + i * 8, (i === 3 ? second : i * 0x200000) + 0x87);
  return new Uint8Array(view.buffer);
}

/** Programs' pages at 401000h and, the same, at 701000h; at CPL 3, with every port. */
async function make(code: Uint8Array, more: MachineOptions = {}): Promise<Machine> {
  const machine = await createMachine({ memoryMiB: 32, bare: { code: Uint8Array.of(0xf4) }, attribute: true, ...more });
  machines.push(machine);
  const page = new Uint8Array(4096);
  page.set(code);
  // As the file's page is in a page cache: what follows the code in the file follows it here.
  page.set(FILE.elf.subarray(0x1000, 0x2000));
  for (const gpa of [0x401000, 0x701000]) await machine.writeMemory(gpa, page);
  await machine.writeMemory(0x100000, tables(0x600000));
  await enter(machine);
  return machine;
}

async function enter(machine: Machine): Promise<void> {
  const { segments: { cs, ss } } = await machine.getRegisters();
  const user = (segment: typeof cs): typeof cs => ({ ...segment, selector: segment.selector | 3, attributes: segment.attributes | 0x6000 });
  await machine.setRegisters({ cr3: 0x100000n, rip: BigInt(0x400000 + made.addressOf('main')), rsp: 0x300000n, rflags: 0x3002n, segments: { cs: user(cs), ss: user(ss) } });
}

async function regionOf(machine: Machine): Promise<Region> {
  await machine.run();
  return (await machine.regions()).finished.at(-1)!;
}
function byPath({ attribution }: Region): Record<string, number> {
  const { calls } = attribution!;
  return Object.fromEntries(calls.map((call, n) => [pathTo(calls, n).map((at) => nameOf(calls[at]!)).join(';'), Number(call.instructions)]).filter(([, n]) => n !== 0));
}


it('functions have their names, those that are jumped to, too, and the same where the file is loaded twice', async () => {
  const machine = await make(made.code);
  await machine.addPrograms([FILE]);
  const region = await regionOf(machine), paths = byPath(region), hidden = `example+0x${made.addressOf('hidden').toString(16)} [user]`;
  expect(paths).toEqual({
    'main [example]': 8, 'main [example];h [example]': 1, [`main [example];example+0x${made.addressOf('tail').toString(16)} [user]`]: 1, 'main [example];f [example]': 2, 'main [example];g [example]': 3, [`main [example];${hidden}`]: 2, 'main [example];first [example]': 1, 'main [example];g2 [example]': 2,
  });
  expect(Object.values(paths).reduce((sum, n) => sum + n, 0)).toBe(Number(region.instructions));
  expect(region.attribution!.calls.find(({ name }) => name === 'f')).toMatchObject({ file: '/usr/bin/example', address: BigInt(made.addressOf('f')), calls: 1n, privilege: 3 });
});

it('a stripped file gives its own addresses, and of one with symbols and the same stripped the names', async () => {
  const stripped = { path: '/bin/example', elf: Uint8Array.from(FILE.elf) };
  new DataView(stripped.elf.buffer).setUint16(60, 0, true);
  const machine = await make(made.code);
  await machine.addPrograms([stripped]);
  const plain = byPath(await regionOf(machine));
  expect(Object.keys(plain).every((path) => path.split(';').every((name) => /^example\+0x[0-9a-f]+ \[user\]$/.test(name)))).toBe(true);
  expect(Object.keys(plain).some((path) => path.endsWith(`;example+0x${made.addressOf('f').toString(16)} [user]`))).toBe(true);
  await machine.reset();
  const again = await make(made.code);
  await again.addPrograms([stripped, FILE]);
  expect(byPath(await regionOf(again))).toHaveProperty(['main [example];g [example]'], 3);
});

it('one address space after another has what lies there, and code of no file its addresses', async () => {
  const machine = await make(made.code), other = new Uint8Array(4096);
  await machine.addPrograms([FILE]);
  await regionOf(machine);
  // The same linear address in the same address space leads to other memory now: zeros, and a return.
  other[0] = 0x90;
  other[1] = 0xc3;
  await machine.reset();
  await machine.writeMemory(0x401000, FILE.elf.subarray(0x1000, 0x2000));
  await machine.writeMemory(0x901000, other);
  await machine.writeMemory(0x100000, tables(0x800000));
  await enter(machine);
  const paths = byPath(await regionOf(machine));
  expect(paths).toHaveProperty(['main [example];0x701000 [user]'], 2);
  expect(paths).not.toHaveProperty(['main [example];first [example]']);
});

it('gives the same in a worker, with translation on and however the run is cut, and leaves the machine as it is', async () => {
  const machine = await make(made.code);
  await machine.addPrograms([FILE]);
  const whole = byPath(await regionOf(machine)), plain = await make(made.code, { attribute: false });
  await plain.run();
  expect(await plain.stateHash()).toBe(await machine.stateHash());
  for (const more of [{ jit: { mode: 'sync', threshold: 1 } }, { worker: true }] as const) {
    const same = await make(made.code, more);
    await same.addPrograms([FILE]);
    expect(byPath(await regionOf(same))).toEqual(whole);
  }
  const cut = await make(made.code);
  await cut.addPrograms([FILE]);
  for (let n = 0; n < 100 && (await cut.regions()).finished.length === 0; n++) await cut.step(1);
  expect(byPath((await cut.regions()).finished[0]!)).toEqual(whole);
});

it('says what is no program, and where there is no attribution', async () => {
  const machine = await make(made.code);
  await expect(machine.addPrograms([{ path: 'notes.txt', elf: new Uint8Array(100) }])).rejects.toThrow('notes.txt');
  const none = await make(made.code, { attribute: false });
  await expect(none.addPrograms([FILE])).rejects.toThrow('made without attribute');
});

/**
 * Programs that no compiler writes: random bytes, and random sequences biased towards what changes the machine's state
 * (control registers, MSRs, descriptor tables, segments, far transfers, ports, devices), in every mode, with page and descriptor
 * tables full of noise. The machine may fault, shut down or loop; the module may not trap, and a slice must end.
 */
import { Address, StopReason } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { createTranslator } from '../../host/machine/translator.js';
import { enterMode } from '../support/enter.js';
import { createRawMachine, runTicks, seeded, type RawMachine } from '../support/raw-machine.js';
import { drawInstruction } from '../support/row-programs.js';

const RAM_MIB = 4;
const MODES = ['protected32', 'long64', 'real16'] as const;
const CODE = 0x10_0000, TABLES = 0x1000;

type Random = () => number;

/** What sets up operands, with null for a random byte: immediates, MSR numbers, ports, the APIC's page. */
const OPERANDS: readonly (readonly (number | null)[])[] = [
  [0xb8, null, null, null, null], [0xb9, null, 0, 0, 0xc0], [0xb9, null, 8, 0, 0], [0xba, null, null, 0, 0],
  [0x48, 0xb8, 0, 0, 0xe0, 0xfe, 0, 0, 0, 0], [0x89, 0x04, 0x24], [0xc7, 0x05, null, null, null, null, null, null, null, null],
];

/** Any memory form; its displacement points into the program half the time. */
function addressOf(random: Random): (modrm: number) => number[] {
  return (modrm) => {
    const far = random() % 2 === 0 ? [random() & 0xff, random() & 0xff, 0x10, 0] : [0, 0, 0, 0].map(() => random() & 0xff);
    const sib = (modrm & 7) === 4 ? [random() & 0xff] : [];
    const disp = modrm >= 0x80 || (modrm & 0xc7) === 5 ? far : modrm >= 0x40 ? [random() & 0xff] : [];
    return [modrm, ...sib, ...disp];
  };
}

function pieceOf(random: Random): number[] {
  switch (random() % 6) {
    case 0: case 1: return Array.from({ length: 1 + random() % 8 }, () => random() & 0xff);
    case 2: return OPERANDS[random() % OPERANDS.length]!.map((byte) => byte ?? random() & 0xff);
    default: return drawInstruction(random, addressOf(random));
  }
}

function writeProgram({ bytes, ram }: RawMachine, random: Random): void {
  let at = ram + CODE;
  const end = at + 0x4000;
  while (at < end - 32) for (const byte of pieceOf(random)) bytes[at++] = byte;
}

/** Noise that sometimes looks like table entries: present, low addresses. */
function writeTables({ view, ram }: RawMachine, random: Random): void {
  for (let at = TABLES; at < 0x1_0000; at += 8) {
    const low = random() % 4 === 0 ? random() : ((random() % 0x400) << 12) | (random() & 0xfff) | 1;
    view.setUint32(ram + at, low, true);
    view.setUint32(ram + at + 4, random() % 3 === 0 ? random() : 0, true);
  }
}

/** Half of the programs get a machine that works to begin with: identity pages (devices too), flat segments, gates into the program. */
function writeWorkingTables({ call, view, ram }: RawMachine, random: Random): void {
  const put = (at: number, low: number, high = 0): void => { view.setUint32(ram + at, low, true); view.setUint32(ram + at + 4, high, true); };
  put(TABLES, 0x2007); // PML4
  for (let gigabyte = 0; gigabyte < 4; gigabyte++) put(0x2000 + gigabyte * 8, gigabyte === 0 ? 0x3007 : ((gigabyte << 30) >>> 0) | 0x87);
  for (let n = 0; n < 512; n++) put(0x3000 + n * 8, (n << 21) | 0x87);
  const kinds = [0, 0xaf9b, 0xcf93, 0xcf9b, 0xcffb, 0xcff3, 0xaffb, 0x008b];
  for (let n = 0; n < 64; n++) {
    const kind = kinds[n < kinds.length ? n : random() % kinds.length]!;
    put(0x8000 + n * 8, 0x0000_ffff, ((kind & 0xff00) << 8) | ((kind & 0xff) << 8));
  }
  for (let n = 0; n < 256; n++) {
    const target = CODE + (random() & 0x3fff), type = [0x8e, 0x8f, 0xee, 0xef, 0x85][random() % 5]!;
    put(0x4000 + n * 16, (8 << 16) | (target & 0xffff), (target & 0xffff_0000) | (type << 8) | (random() % 8 === 0 ? random() & 7 : 0));
    put(0x4000 + n * 16 + 8, 0);
  }
  const field = (name: CpuField, value: number): void => view.setUint32(call('cpuField', name), value, true);
  field(CpuField.GdtBase, 0x8000); field(CpuField.GdtLimit, 0x1ff);
  field(CpuField.IdtBase, 0x4000); field(CpuField.IdtLimit, 0xfff);
}

function writeRegisters({ call, view }: RawMachine, random: Random): void {
  const gpr = call('address', Address.Gpr);
  for (let i = 0; i < 16; i++) {
    const kind = random() % 4;
    view.setUint32(gpr + i * 8, kind === 0 ? random() : kind === 1 ? 0xfee0_0000 + (random() & 0xfff) : random() & 0x3f_ffff, true);
    view.setUint32(gpr + i * 8 + 4, kind === 0 ? random() : 0, true);
  }
}

/** Runs one program for `ticks`; how it ended. `serve` is called between runs of the module. */
function runProgram(machine: RawMachine, random: Random, ticks: number, serve?: () => void): number {
  machine.call('reset');
  writeTables(machine, random);
  writeProgram(machine, random);
  writeRegisters(machine, random);
  const mode = MODES[random() % MODES.length]!;
  enterMode(machine.instance, mode, mode === 'real16' ? 0x7c00 : CODE + (random() & 0xfff), TABLES);
  if (mode === 'real16') machine.bytes.copyWithin(machine.ram + 0x7c00, machine.ram + CODE, machine.ram + CODE + 0x2000);
  if (random() & 1) {
    writeWorkingTables(machine, random);
    machine.view.setUint32(machine.call('address', Address.Gpr) + 4 * 8, 0x30_0000, true);
    machine.view.setUint32(machine.call('address', Address.Gpr) + 4 * 8 + 4, 0, true);
  }
  machine.call('refreshCpu');
  let stop = StopReason.BUDGET as number;
  for (let done = 0; done < ticks && (stop === StopReason.BUDGET || stop === StopReason.IDLE); done += 1000) {
    stop = runTicks(machine, 1000, serve);
    if (stop === StopReason.IDLE) machine.call('skipIdle', 1_000_000, 0);
  }
  return stop;
}

/** Runs `programs` programs from `seed`; how often each way of ending came. Throws, naming the seed, if the module traps. */
export function runHostileCode(seed: number, programs: number, ticks: number, throughIr: boolean): Map<number, number> {
  const machine = createRawMachine(RAM_MIB), ends = new Map<number, number>();
  machine.call('runThroughIr', throughIr ? 1 : 0);
  for (let n = 0; n < programs; n++) {
    const one = seed + n;
    try {
      const stop = runProgram(machine, seeded(Math.imul(one, 0x9e37_79b1)), ticks);
      ends.set(stop, (ends.get(stop) ?? 0) + 1);
    } catch (error) {
      throw new Error(`seed ${one}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    }
  }
  return ends;
}

/** What of a machine a program can see: registers, flags, ticks, RAM. */
function differs(a: RawMachine, b: RawMachine): string | undefined {
  for (const name of ['ticksLo', 'readRflags', 'raisedVector'] as const) if (a.call(name) !== b.call(name)) return `${name}: ${a.call(name)} interpreted, ${b.call(name)} translated`;
  const part = ({ bytes }: RawMachine, at: number, n: number): Uint8Array => bytes.subarray(at, at + n), gpr = a.call('address', Address.Gpr);
  if (Buffer.compare(part(a, gpr, 128), part(b, gpr, 128))) return 'general registers';
  if (a.view.getBigUint64(a.call('cpuField', CpuField.Rip), true) !== b.view.getBigUint64(b.call('cpuField', CpuField.Rip), true)) return 'rip';
  return Buffer.compare(part(a, a.ram, a.ramBytes), part(b, b.ram, b.ramBytes)) ? 'RAM' : undefined;
}

/** The same programs interpreted, and with everything translated that runs at all: each must come to the same. The number of regions that there were. */
export function runHostileTranslated(seed: number, programs: number, ticks: number): number {
  const interpreted = createRawMachine(RAM_MIB), translated = createRawMachine(RAM_MIB);
  const translator = createTranslator(translated.instance, { mode: 'sync', threshold: 1 });
  for (let n = 0; n < programs; n++) {
    const one = Math.imul(seed + n, 0x9e37_79b1);
    const stop = runProgram(interpreted, seeded(one), ticks), other = runProgram(translated, seeded(one), ticks, () => translator.serve());
    const found = stop === other ? differs(interpreted, translated) : `it ends by ${stop} interpreted, by ${other} translated`;
    if (found) throw new Error(`seed ${seed + n}: ${found}`);
  }
  const { regions } = translator.stats();
  translator.close();
  return regions;
}

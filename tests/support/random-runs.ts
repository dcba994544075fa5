/** Random programs run by the interpreter and translated, side by side, in random steps: equal after every step. */
import { Address, StopReason } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { createTranslator, type Translator } from '../../host/machine/translator.js';
import { enterMode } from './enter.js';
import { makeProgram } from './random-program.js';
import { createRawMachine, runTicks, seeded, type RawMachine } from './raw-machine.js';

const PML4 = 0x2000, PDPT = 0x3000, DIRECTORY = 0x4000, TABLE = 0x5000, CODE = 0x10000, STACK = 0x28000, DATA = 0x32000, RAM_MIB = 1;
const THRESHOLD = 120, STEPS = 12;
/** Doubles and singles that floating point stumbles over, and others that it does not. */
const REALS = [0, -0, 1, -1, 1.5, 3.25e5, -7.1e-5, 1e300, 1e-300, 5e-324, 2.2250738585072014e-308, Infinity, -Infinity, NaN, 1e30, 1e-30, 4294967296.5];

interface Machine extends RawMachine { readonly gpr: number; readonly xmm: number; readonly fpr: number }

function create(): Machine {
  const machine = createRawMachine(RAM_MIB), { view, ram, call } = machine, put = (at: number, v: number): void => view.setBigUint64(ram + at, BigInt(v), true);
  put(PML4, PDPT | 3); put(PDPT, DIRECTORY | 3); put(DIRECTORY, TABLE | 3);
  for (let page = 0; page < RAM_MIB * 256; page++) put(TABLE + page * 8, page << 12 | 3);
  enterMode(machine.instance, 'long64', CODE, PML4);
  return { ...machine, gpr: call('address', Address.Gpr), xmm: call('address', Address.Xmm), fpr: call('address', Address.Fpr) };
}

/** Registers, data and code as a seed says; whatever was decoded and translated is forgotten. */
function prepare(m: Machine, seed: number, { code, start }: { code: Uint8Array; start: number }, threshold: number): void {
  const random = seeded(seed), { bytes, view, ram, call } = m, field = (f: CpuField): number => call('cpuField', f);
  call('setTranslation', threshold, 1);
  bytes.fill(0x90, ram + CODE, ram + CODE + 4096);
  bytes.set(code, ram + CODE);
  for (let at = DATA - 4096; at < DATA + 8192; at += 8) {
    if (random() % 3) view.setFloat64(ram + at, REALS[random() % REALS.length]!, true);
    else { view.setUint32(ram + at, random(), true); view.setFloat32(ram + at + 4, REALS[random() % REALS.length]!, true); }
  }
  for (let r = 0; r < 16; r++) view.setBigUint64(m.gpr + 8 * r, BigInt(random()) << BigInt(random() % 32), true);
  view.setBigUint64(m.gpr + 4 * 8, BigInt(STACK), true);
  view.setBigUint64(m.gpr + 6 * 8, BigInt(DATA), true);
  view.setBigUint64(m.gpr + 15 * 8, 1_000_000n, true);
  for (let k = 0; k < 32; k++) view.setFloat64(m.xmm + 8 * k, random() % 4 ? (random() % 4000) / 16 - 100 : REALS[random() % REALS.length]!, true);
  view.setBigUint64(field(CpuField.Rip), BigInt(CODE + start), true);
  view.setUint32(field(CpuField.Mxcsr), random() % 4 ? 0x1fa0 : 0x1f80, true);
  call('refreshCpu');
}

/** What differs, in words; undefined when nothing does. */
function difference(a: Machine, b: Machine): string | undefined {
  // The x87's words, from the tags to the address of the last operand.
  const unit = (m: Machine): string => Buffer.from(m.bytes.subarray(m.call('cpuField', CpuField.Ftw), m.call('cpuField', CpuField.Ftw) + 28)).toString('hex');
  if (unit(a) !== unit(b)) return `x87: ${unit(a)} interpreted, ${unit(b)} translated`;
  for (const name of ['ticksLo', 'readRflags'] as const) if (a.call(name) !== b.call(name)) return `${name}: ${a.call(name).toString(16)} interpreted, ${b.call(name).toString(16)} translated`;
  const words = (m: Machine, at: number, n: number): string => Array.from({ length: n }, (_, k) => m.view.getBigUint64(at + 8 * k, true).toString(16)).join(' ');
  for (const [name, n] of [['gpr', 16], ['xmm', 32], ['fpr', 16]] as const) {
    const x = words(a, a[name], n), y = words(b, b[name], n);
    if (x !== y) return `${name}:\n  ${x} interpreted\n  ${y} translated`;
  }
  for (const f of [CpuField.Rip, CpuField.Mxcsr, CpuField.Fcw]) {
    const x = a.view.getUint32(a.call('cpuField', f), true), y = b.view.getUint32(b.call('cpuField', f), true);
    if (x !== y) return `field ${f}: ${x.toString(16)} interpreted, ${y.toString(16)} translated`;
  }
  const x = a.bytes.subarray(a.ram, a.ram + a.ramBytes), y = b.bytes.subarray(b.ram, b.ram + b.ramBytes);
  return Buffer.compare(x, y) ? `RAM from ${x.findIndex((v, k) => v !== y[k]).toString(16)} on` : undefined;
}

export interface Outcome { readonly failure?: string; readonly ticks: bigint; readonly linked: number; readonly faults: number }

interface Pair { readonly interpreted: Machine; readonly translated: Machine; readonly translator: Translator }
function createPair(): Pair {
  const interpreted = create(), translated = create();
  return { interpreted, translated, translator: createTranslator(translated.instance, { mode: 'sync', threshold: THRESHOLD }) };
}

/** One program in random steps: what differs, or how it stopped. Without handlers a fault ends in shutdown, in both at the same tick. */
function runProgram({ interpreted, translated, translator }: Pair, seed: number, most: number): { failure?: string; stop: StopReason } {
  const program = makeProgram(seeded(seed * 2 + 1), most), random = seeded(seed + 77);
  prepare(interpreted, seed, program, 0);
  prepare(translated, seed, program, THRESHOLD);
  let stop = StopReason.BUDGET;
  for (let step = 0; step < STEPS && stop === StopReason.BUDGET; step++) {
    const ticks = 1 + random() % (random() % 3 ? 60 : 2000);
    stop = runTicks(interpreted, ticks);
    const other = runTicks(translated, ticks, () => translator.serve());
    const found = stop !== other ? `stops: ${stop} interpreted, ${other} translated` : difference(interpreted, translated);
    if (found) return { failure: `program ${seed}, step ${step} of ${ticks} ticks, then at ${translated.view.getUint32(translated.call('cpuField', CpuField.Rip), true).toString(16)}: ${found}`, stop };
  }
  return { stop };
}

/** Programs `from` up to `to`: each is made of its number alone. Ends at the first that differs. */
export function runRandomPrograms(from: number, to: number, most: number): Outcome {
  let pair = createPair(), ticks = 0n, linked = 0, faults = 0, failure: string | undefined;
  const take = (): void => {
    const stats = pair.translator.stats();
    ticks += BigInt(stats.ticks);
    linked += stats.regions;
    pair.translator.close();
  };
  for (let seed = from; seed < to && failure === undefined; seed++) {
    const done = runProgram(pair, seed, most);
    failure = done.failure;
    if (done.stop === StopReason.BUDGET) continue;
    faults++;
    take();
    pair = createPair();
  }
  take();
  return { ...(failure === undefined ? {} : { failure }), ticks, linked, faults };
}

/**
 * Random system state, step by step: control registers, EFER, MSRs, debug registers, segments, descriptor tables, gates, TSSs and page
 * tables of every format, changed by the guest's instructions and under its feet, with a few instructions run after each change. What comes
 * of a step stays for the next; now and then a mode is set up properly again, so that deep states are reached. The module may not
 * trap, no run of a few ticks may take more than those, and whatever the host then asks must be answered.
 *
 * An episode (STEPS steps from a reset, RAM zero) depends on its seed alone.
 */
import { Address, StopReason } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { createTranslator } from '../../host/machine/translator.js';
import { createRawMachine, runTicks, seeded, type RawMachine } from '../support/raw-machine.js';
import { DATA, randomInstruction } from './hostile-instructions.js';

const RAM_MIB = 4;
/** Steps of an episode, and the ticks run after each. */
export const STEPS = 100;
const TICKS = 24;

const [IDT, GDT, LDT, TSS, STACK, CODE] = [0x4000, 0x8000, 0x8800, 0xa000, 0xd000, 0x1_0000];
/** Roots of the three formats and the tables below them; all of them may be any level of any format to a hostile guest. */
const [TWO_LEVEL, PAE, FOUR_LEVEL, POOL, POOL_TABLES] = [0x2_0000, 0x2_1000, 0x2_2000, 0x2_0000, 16];
const DEVICE_PAGES = [0xfee0_0000, 0xfec0_0000, 0xfed0_0000, 0xb000_0000, 0xffff_f000, 0xa_0000, 0xf_f000];

type Random = () => number;

class Hostile {
  readonly machine: RawMachine = createRawMachine(RAM_MIB);
  /** Called between runs of the module. */
  serve?: () => void;
  private random: Random = seeded(1);

  private get segments(): number { return this.machine.call('address', Address.Segments); }
  private get gpr(): number { return this.machine.call('address', Address.Gpr); }

  private below(n: number): number { return this.random() % n; }
  private oneIn(n: number): boolean { return this.below(n) === 0; }
  private pick<T>(from: readonly T[]): T { return from[this.below(from.length)]!; }

  /** An address or value of 64 bits that somebody forgot to check. */
  private wild(): [low: number, high: number] {
    switch (this.below(7)) {
      case 0: return [0xffff_ffff, 0xffff_ffff];
      case 1: return [this.below(2) === 0 ? 0xffff_fff8 : 0, this.pick([0x7fff, 0x8000, 0xffff_8000, 0xffff_7fff])];
      case 2: return [this.random(), this.random()];
      case 3: return [1 << this.below(32), this.below(2) === 0 ? 0 : 1 << this.below(32)];
      case 4: return [this.random(), 0];
      case 5: return [this.pick(DEVICE_PAGES) + this.below(4096), 0];
      default: return [this.below(RAM_MIB << 20), 0];
    }
  }

  private put(at: number, low: number, high: number): void {
    const { view, ram } = this.machine;
    view.setUint32(ram + at, low, true);
    view.setUint32(ram + at + 4, high, true);
  }

  private field(name: CpuField, low: number, high = 0): void {
    const at = this.machine.call('cpuField', name);
    this.machine.view.setUint32(at, low, true);
    this.machine.view.setUint32(at + 4, high, true);
  }

  private field32(name: CpuField, value: number): void {
    this.machine.view.setUint32(this.machine.call('cpuField', name), value, true);
  }

  // --- What the tables hold ---

  /** A code or data segment, a system segment, a gate into the code, or noise. */
  private descriptor(at: number): void {
    const kind = this.below(8), present = this.oneIn(8) ? 0 : 0x80, dpl = this.pick([0, 0, 3, 3, 1, 2]) << 5;
    const access = present | dpl | (kind < 5 ? 0x10 : 0) | this.below(16);
    if (kind === 7) return this.put(at, this.random(), this.random());
    if (kind === 6) return this.gate(at);
    const base = this.oneIn(2) ? 0 : this.oneIn(4) ? this.wild()[0] : TSS + this.below(8) * 0x100;
    const limit = this.oneIn(2) ? 0xfffff : this.below(0x10_0000), flags = this.below(16);
    this.put(at, (base & 0xffff) << 16 | (limit & 0xffff), (base & 0xff00_0000) | flags << 20 | (limit & 0xf_0000) | access << 8 | (base >>> 16 & 0xff));
  }

  private gate(at: number): void {
    const target = this.oneIn(8) ? this.wild()[0] : CODE + this.below(64), type = this.oneIn(6) ? this.below(32) : this.pick([0xe, 0xf, 0xe, 0xf, 5, 6, 7, 0xc, 4]);
    const access = (this.oneIn(8) ? 0 : 0x80) | this.pick([0, 3]) << 5 | type;
    const selector = this.oneIn(3) ? this.selector() : this.pick([8, 8, 0x18]);
    this.put(at, selector << 16 | (target & 0xffff), (target & 0xffff_0000) | access << 8 | (this.oneIn(4) ? this.below(256) : 0));
    if (this.oneIn(2)) this.put(at + 8, this.oneIn(8) ? this.random() : 0, 0);
  }

  private selector(): number { return this.oneIn(12) ? this.random() & 0xffff : this.below(64) << 3 | (this.oneIn(4) ? 4 : 0) | this.pick([0, 0, 3, this.below(4)]); }

  private pageEntry(): [low: number, high: number] {
    if (this.oneIn(12)) return [this.random(), this.random()];
    const flags = (this.oneIn(8) ? 0 : 1) | this.random() & 0x1fe & (this.oneIn(3) ? 0x1fe : 0x17e);
    const target = this.oneIn(2) ? POOL + this.below(POOL_TABLES) * 4096 : this.oneIn(3) ? this.pick(DEVICE_PAGES) & ~0xfff : this.below(RAM_MIB << 8) << 12;
    const high = this.oneIn(8) ? 0x8000_0000 : this.oneIn(16) ? 1 << this.below(32) : 0;
    return [target | flags, high];
  }

  /** Identity maps in the three formats, a descriptor of each kind, gates into the code. */
  private writeTables(): void {
    for (let n = 0; n < 1024; n++) this.machine.view.setUint32(this.machine.ram + TWO_LEVEL + n * 4, (n << 22 | 0x87) >>> 0, true);
    for (let n = 0; n < 4; n++) {
      this.put(PAE + n * 8, 0x2_4000 | 1, 0);
      this.put(0x2_3000 + n * 8, n === 0 ? 0x2_4007 : (n << 30 | 0x87) >>> 0, 0);
    }
    this.put(FOUR_LEVEL, 0x2_3007, 0);
    for (let n = 0; n < 512; n++) this.put(0x2_4000 + n * 8, n === 0 ? 0x2_5007 : n << 21 | 0x87, 0);
    for (let n = 0; n < 512; n++) this.put(0x2_5000 + n * 8, n << 12 | 7, 0);
    for (let n = 0; n < 256; n++) this.gate(IDT + n * 16);
    for (let n = 0; n < 64; n++) {
      this.descriptor(GDT + n * 8);
      this.descriptor(LDT + n * 8);
    }
    for (const [n, high] of [0, 0xaf9b00, 0xcf9300, 0xcf9b00, 0xcffb00, 0xcff300, 0xaffb00, 0x009b00].entries()) this.put(GDT + n * 8, n === 0 ? 0 : 0xffff, high);
    for (let at = TSS; at < TSS + 0x800; at += 4) this.put(at, this.oneIn(3) ? this.selector() : 0x8_0000 + this.below(0x1000), 0);
  }

  // --- A mode set up properly ---

  private segment(index: number, base: number, limit: number, attributes: number, selector: number): void {
    const at = this.segments + index * 32, { view } = this.machine;
    view.setUint32(at, base, true);
    view.setUint32(at + 4, 0, true);
    view.setUint32(at + 8, limit, true);
    view.setUint32(at + 12, attributes, true);
    view.setUint32(at + 16, selector, true);
  }

  private enterMode(): void {
    const mode = this.below(8), user = mode !== 0 && this.oneIn(3);
    const [real, v86, long, compat] = [mode === 0, mode === 1, mode >= 6, mode === 7];
    const paging = long || mode >= 4 || (mode <= 3 && !real && this.oneIn(2));
    const pae = long || mode === 5, cpl = v86 || user ? 3 : 0;
    this.field(CpuField.Cr0, (real ? 0x10 : 0x11) | (paging ? 0x8000_0000 : 0) | this.random() & (this.oneIn(2) ? 0x5_0000 : 0x5_002e));
    this.field(CpuField.Cr4, (pae ? 0x20 : 0) | (this.oneIn(4) ? 0 : 0x610) | this.random() & (long ? 0x37_098f : 0x35_098f));
    this.field(CpuField.Efer, (long ? 0x500 : 0) | this.random() & 0x801);
    this.field(CpuField.Cr3, long ? FOUR_LEVEL : pae ? PAE : TWO_LEVEL);
    this.field(CpuField.Xcr0, 1 | this.below(8));
    this.field(CpuField.GdtBase, GDT);
    this.field(CpuField.IdtBase, real ? 0 : IDT);
    this.field32(CpuField.GdtLimit, 0x1ff);
    this.field32(CpuField.IdtLimit, this.oneIn(6) ? this.below(0x1000) : 0xfff);
    const wide = !real && !v86 && mode !== 2, dpl = cpl << 13;
    const code = 0x9b00 | dpl | (long && !compat ? 0x20_0000 : wide ? 0x40_0000 : 0), data = 0x9300 | dpl | (wide ? 0x40_0000 : 0);
    for (let n = 0; n < 6; n++) {
      const flat = wide && !this.oneIn(8);
      const base = real || v86 ? (n === 1 ? CODE : this.below(0x100) << 8) : flat ? 0 : this.below(0x1000), limit = flat ? 0xffff_ffff : 0xffff;
      this.segment(n, n === 1 && wide ? 0 : base, n === 1 && wide ? 0xffff_ffff : limit, n === 1 ? code : data, real || v86 ? base >>> 4 : (n === 1 ? 8 : 16) | cpl);
    }
    this.segment(6, LDT, 0x1ff, 0x8200, 0x60);
    this.segment(7, TSS, this.oneIn(6) ? this.below(0x70) : 0x7ff, 0x8b00, 0x68);
    this.field32(CpuField.Cpl, cpl);
    this.machine.call('writeRflags', (v86 ? 0x2_0000 : 0) | this.random() & (this.oneIn(4) ? 0x1d_7fd7 : 0x0d5) | (this.oneIn(3) ? 0x3000 : 0));
    this.field(CpuField.Rip, real || v86 ? 0 : CODE);
    if (this.oneIn(8)) return;
    this.machine.view.setUint32(this.gpr + 4 * 8, STACK + this.below(16), true);
    this.machine.view.setUint32(this.gpr + 4 * 8 + 4, 0, true);
  }

  // --- The changes ---

  private change(): void {
    const at = this.pick([GDT, LDT]) + this.below(64) * 8;
    switch (this.below(14)) {
      case 0: return this.field(CpuField.Cr0, this.random(), this.oneIn(8) ? this.random() : 0);
      case 1: return this.field(CpuField.Cr4, this.random() & (this.oneIn(2) ? 0x37_0fff : -1));
      case 2: return this.field(CpuField.Efer, this.random() & (this.oneIn(4) ? -1 : 0xd01));
      case 3: return this.oneIn(2) ? this.field(CpuField.Cr3, ...this.wild()) : this.field(CpuField.Cr3, POOL + this.below(POOL_TABLES) * 4096 | this.random() & 0xfff);
      case 4: case 5: return this.descriptor(at);
      case 6: return this.gate(IDT + this.below(256) * 16);
      case 7: case 8: return this.put(POOL + this.below(POOL_TABLES) * 4096 + this.below(this.oneIn(2) ? 4 : 512) * 8, ...this.pageEntry());
      case 9: return this.put(TSS + this.below(0x200) * 4, this.random(), this.random());
      case 10: return this.segment(this.below(8), ...[this.wild()[0], this.random(), this.random() & 0xf1_ff00, this.selector()] as const);
      case 11: {
        const [base, limit] = this.pick([[CpuField.GdtBase, CpuField.GdtLimit], [CpuField.IdtBase, CpuField.IdtLimit]] as const);
        this.field32(limit, this.random() & 0xffff);
        return this.oneIn(2) ? undefined : this.field(base, ...this.wild());
      }
      case 12:
        this.field(this.pick([CpuField.Dr0, CpuField.Dr1, CpuField.Dr2, CpuField.Dr3]), this.oneIn(2) ? CODE + this.below(32) : DATA + this.below(64));
        return this.field(CpuField.Dr7, this.random());
      default:
        this.field32(CpuField.Cpl, this.below(4));
        return void this.machine.call('writeRflags', this.random());
    }
  }

  private writeRegisters(): void {
    for (let n = 0; n < 16; n++) {
      const [low, high] = this.oneIn(2) ? this.wild() : [DATA + this.below(0x800), 0];
      this.machine.view.setUint32(this.gpr + n * 8, low, true);
      this.machine.view.setUint32(this.gpr + n * 8 + 4, high, true);
    }
  }

  private writeCode(): void {
    const { bytes, ram } = this.machine;
    for (let at = ram + CODE; at < ram + CODE + 64;) for (const byte of randomInstruction(this.random)) bytes[at++] = byte;
    // Memory operands: pseudo-descriptors, far pointers, XSAVE areas.
    for (let at = DATA; at < DATA + 64; at += 8) this.put(at, ...(this.oneIn(2) ? this.wild() : [this.selector() << 16 | this.random() & 0xffff, CODE] as const));
  }

  private ticks(): bigint {
    return BigInt(this.machine.call('ticksLo')) | BigInt(this.machine.call('ticksHi')) << 32n;
  }

  /** One change, a few instructions, and the questions a host may ask. Returns why the slice ended. */
  private step(): StopReason {
    if (this.oneIn(2)) this.writeRegisters();
    if (this.oneIn(4)) this.enterMode();
    for (let n = this.below(3); n > 0; n--) this.change();
    this.writeCode();
    if (this.oneIn(3)) this.field(CpuField.Rip, CODE);
    this.machine.call('refreshCpu');
    const before = this.ticks();
    const stop = runTicks(this.machine, TICKS, this.serve);
    const ran = this.ticks() - before;
    if (ran < 0n || ran > BigInt(TICKS)) throw new Error(`a slice of ${TICKS} ticks took ${ran}`);
    const [low, high] = this.wild();
    this.machine.call('peekLo', low, high);
    this.machine.call('readRflags');
    if (stop === StopReason.IDLE) this.machine.call('skipIdle', this.random(), 0);
    return stop;
  }

  /** Where the processor is: mode, paging and privilege, as a word. */
  private where(): string {
    const read = (name: CpuField): number => this.machine.view.getUint32(this.machine.call('cpuField', name), true);
    const cr0 = read(CpuField.Cr0), long = (read(CpuField.Efer) & 0x400) !== 0;
    const attributes = this.machine.view.getUint32(this.segments + 32 + 12, true);
    if (!(cr0 & 1)) return 'real';
    if (long) return attributes & 0x20_0000 ? 'long' : 'compatibility';
    if (this.machine.call('readRflags') & 0x2_0000) return 'v86';
    return cr0 >>> 31 === 0 ? 'protected' : read(CpuField.Cr4) & 0x20 ? 'PAE' : 'two-level';
  }

  episode(seed: number, tell: (where: string, stop: StopReason) => void): void {
    const { call, bytes, ram, ramBytes } = this.machine;
    this.random = seeded(Math.imul(seed, 0x9e37_79b1));
    for (let n = 0; n < 4; n++) this.random();
    bytes.fill(0, ram, ram + ramBytes);
    const restart = (): void => {
      call('reset');
      this.writeTables();
      this.writeRegisters();
      this.enterMode();
    };
    restart();
    for (let step = 0; step < STEPS; step++) {
      try {
        const stop = this.step();
        tell(this.where(), stop);
        if (stop !== StopReason.BUDGET && stop !== StopReason.IDLE) restart();
      } catch (error) {
        throw new Error(`episode ${seed}, step ${step}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
      }
    }
  }

  get retired(): bigint { return this.ticks(); }
}

export interface HostileSystemReport {
  steps: number;
  ticks: bigint;
  /** Steps that ended in each mode, and by each reason. */
  modes: Map<string, number>;
  stops: Map<StopReason, number>;
}

/** Runs `steps` steps in episodes of seeds `seed`, `seed` + 1... Throws, naming the episode and the step, when something is amiss. */
export function runHostileSystem(seed: number, steps: number, throughIr: boolean): HostileSystemReport {
  const hostile = new Hostile(), report: HostileSystemReport = { steps: 0, ticks: 0n, modes: new Map(), stops: new Map() };
  hostile.machine.call('runThroughIr', throughIr ? 1 : 0);
  for (; report.steps < steps; report.steps += STEPS) {
    hostile.episode(seed + report.steps / STEPS, (where, stop) => {
      report.modes.set(where, (report.modes.get(where) ?? 0) + 1);
      report.stops.set(stop, (report.stops.get(stop) ?? 0) + 1);
    });
  }
  report.ticks = hostile.retired;
  return report;
}

export function describeReport(seed: number, report: HostileSystemReport): string {
  const list = (map: Map<string | number, number>): string => [...map].map(([name, count]) => `${name} ${count}`).join(', ');
  const stops = new Map([...report.stops].map(([stop, count]) => [['budget', 'idle', 'power off', 'reset', 'debug exit', 'shutdown', 'halt'][stop]!, count]));
  return `hostile system state: seed ${seed}, ${report.steps} steps, ${report.ticks} ticks; modes: ${list(report.modes)}; ends: ${list(stops)}`;
}

/** Episodes interpreted, and with everything translated that runs at all: the same steps to the same ends. The number of regions that there were. */
export function runHostileSystemTranslated(seed: number, episodes: number): number {
  const interpreted = new Hostile(), translated = new Hostile();
  const translator = createTranslator(translated.machine.instance, { mode: 'sync', threshold: 1 });
  translated.serve = () => translator.serve();
  for (let n = 0; n < episodes; n++) {
    const expected = stepsOf(interpreted, seed + n), seen = stepsOf(translated, seed + n), at = expected.findIndex((step, k) => step !== seen[k]);
    if (at >= 0) throw new Error(`episode ${seed + n}, step ${at}: ${expected[at]} interpreted, ${seen[at]} translated`);
  }
  const { regions } = translator.stats();
  translator.close();
  return regions;
}
/** Each step in words: where the processor is, how the step ended, ticks, flags, registers. */
function stepsOf(hostile: Hostile, episode: number): string[] {
  const steps: string[] = [], { call, bytes } = hostile.machine, gpr = call('address', Address.Gpr);
  hostile.episode(episode, (where, stop) => {
    steps.push(`${where} ${stop} ${call('ticksLo')} ${call('readRflags').toString(16)} ${Buffer.from(bytes.subarray(gpr, gpr + 128)).toString('hex')}`);
  });
  return steps;
}

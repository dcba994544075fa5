/**
 * CPUID against the machine, bit by bit: what is announced is there, what is a known feature and not announced is not, and no
 * bit is announced that this table does not know. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { Extra, ExtraAt, Hidden } from '../../assembly/surface/clock.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

type Register = 'eax' | 'ebx' | 'ecx' | 'edx';
/** True if what the bit stands for is there. */
type Probe = (machine: SmallSystem) => boolean;
type Row = readonly [bit: number, name: string, probe: Probe];

const [RAX, RCX, RDX, RBX] = [0, 1, 2, 3];
const SCRATCH = 0x20_0000, NOTHING = 0xffff_ffff, UD = 6;

function step(machine: SmallSystem, hex: string): number {
  machine.writeHex(PROGRAM, hex);
  machine.call('dropCode', PROGRAM, 0, 16);
  machine.setField(CpuField.Rip, BigInt(PROGRAM));
  machine.call('stepUndelivered');
  return machine.call('raisedVector');
}

/** The instruction is known: it does not raise #UD. */
const code = (hex: string): Probe => (machine) => {
  for (let r = 0; r < 16; r++) machine.setRegister(r, BigInt(SCRATCH));
  return step(machine, hex) !== UD;
};
const cr4 = (bit: number): Probe => (machine) => {
  machine.setRegister(RAX, machine.field(CpuField.Cr4) | 1n << BigInt(bit));
  return step(machine, '0f22e0') === NOTHING && (machine.field(CpuField.Cr4) >> BigInt(bit) & 1n) === 1n;
};
function readMsr(machine: SmallSystem, index: number): bigint | undefined {
  machine.setRegister(RCX, BigInt(index));
  return step(machine, '0f32') === NOTHING ? machine.register(RDX) << 32n | machine.register(RAX) : undefined;
}
function writeMsr(machine: SmallSystem, index: number, value: bigint): boolean {
  machine.setRegister(RCX, BigInt(index));
  machine.setRegister(RAX, value & 0xffff_ffffn);
  machine.setRegister(RDX, value >> 32n);
  return step(machine, '0f30') === NOTHING;
}
const msr = (index: number): Probe => (machine) => readMsr(machine, index) !== undefined;
const efer = (bit: number): Probe => (machine) => writeMsr(machine, 0xc000_0080, readMsr(machine, 0xc000_0080)! | 1n << BigInt(bit));
const both = (a: Probe, b: Probe): Probe => (machine) => a(machine) && b(machine);

function cpuid(machine: SmallSystem, leaf: number, sub = 0): Record<Register, number> {
  machine.setRegister(RAX, BigInt(leaf)); machine.setRegister(RCX, BigInt(sub));
  expect(step(machine, '0fa2')).toBe(NOTHING);
  const of = (n: number): number => Number(machine.register(n));
  return { eax: of(RAX), ebx: of(RBX), ecx: of(RCX), edx: of(RDX) };
}

/** fninit; fld dword [rbx]; fxsave64 [rbx + 0x100]: the pointers after an instruction that raised nothing. */
function fxsaved(machine: SmallSystem): { fip: bigint; fdp: bigint } {
  for (const hex of ['dbe3', 'd903', '480fae8300010000']) {
    machine.setRegister(RBX, BigInt(SCRATCH));
    expect(step(machine, hex)).toBe(NOTHING);
  }
  return { fip: machine.read(SCRATCH + 0x108, 8), fdp: machine.read(SCRATCH + 0x110, 8) };
}

/** A 4 MiB page of 32-bit paging takes address bits 39 to 32 from bits 20 to 13 of its entry. */
function hasPse36(): boolean {
  const machine = makeSystem({ bits: 32, program: 'f4' });
  machine.write(0x1000, 4, 0x83n | 5n << 13n);
  machine.setField(CpuField.Cr3, 0x1000n);
  machine.setField(CpuField.Cr4, 0x10n);
  machine.setField(CpuField.Cr0, 0x8000_0011n);
  return machine.call('peekHi', 0x1234, 0) === 5 && machine.call('peekLo', 0x1234, 0) === 0x1234;
}

/** In protected mode: what long mode has of it is the vendor's (vendor.test.ts). */
const hasSysEnter: Probe = ({ vendor }) => code('0f34')(makeSystem({ bits: 32, program: 'f4', vendor }));

const LEAF_1_ECX: readonly Row[] = [
  [0, 'SSE3', code('660fd0c1')], [1, 'PCLMULQDQ', code('660f3a44c100')], [3, 'MONITOR', code('0f01c8')], [5, 'VMX', code('0f01c2')],
  [9, 'SSSE3', code('660f3800c1')], [12, 'FMA', code('c4e27198c2')], [13, 'CMPXCHG16B', code('480fc70b')], [17, 'PCID', cr4(17)],
  [19, 'SSE4.1', code('660f3840c1')], [20, 'SSE4.2', code('660f3837c1')], [21, 'x2APIC', (m) => writeMsr(m, 0x1b, 0xfee0_0d00n) && readMsr(m, 0x802) === 0n],
  [22, 'MOVBE', code('0f38f003')], [23, 'POPCNT', code('f30fb8c1')], [24, 'TSC deadline', msr(0x6e0)], [25, 'AES', code('660f38dcc1')],
  [26, 'XSAVE', both(cr4(18), code('0fae23'))], [28, 'AVX', code('c5f858c1')], [29, 'F16C', code('c4e27913c1')], [30, 'RDRAND', code('0fc7f0')],
  [31, 'hypervisor', (m) => cpuid(m, 0x4000_0000).eax >= 0x4000_0010],
];
const SHARED_EDX: readonly Row[] = [
  [0, 'FPU', code('d9e8')], [1, 'VME', cr4(0)], [2, 'DE', cr4(3)], [3, 'PSE', cr4(4)], [4, 'TSC', code('0f31')], [5, 'MSR', code('0f32')],
  [6, 'PAE', cr4(5)], [7, 'MCE', cr4(6)], [8, 'CMPXCHG8B', code('0fc70b')], [9, 'APIC', msr(0x1b)], [12, 'MTRR', msr(0xfe)], [13, 'PGE', cr4(7)],
  [14, 'MCA', msr(0x179)], [15, 'CMOV', code('0f44c1')], [16, 'PAT', msr(0x277)], [17, 'PSE-36', hasPse36], [23, 'MMX', code('0ffcc1')], [24, 'FXSR', code('0fae03')],
];
const LEAF_1_EDX: readonly Row[] = [
  ...SHARED_EDX, [11, 'SYSENTER', both(msr(0x174), hasSysEnter)], [19, 'CLFLUSH', code('0fae3b')], [25, 'SSE', code('0f58c1')], [26, 'SSE2', code('660f58c1')],
];
const LEAF_7_EBX: readonly Row[] = [
  [0, 'FSGSBASE', both(cr4(16), code('f3480faec0'))], [1, 'TSC_ADJUST', msr(0x3b)], [3, 'BMI1', code('c4e270f2c1')],
  [6, 'FDP only for exceptions', (m) => fxsaved(m).fdp === 0n], [7, 'SMEP', cr4(20)], [8, 'BMI2', code('c4e271f7c1')], [10, 'INVPCID', code('660f388203')],
  [13, 'no FCS and FDS', (m) => { step(m, 'd933'); return m.read(SCRATCH + 16, 2) === 0n && m.read(SCRATCH + 24, 2) === 0n; }],
  [18, 'RDSEED', code('0fc7f8')], [19, 'ADX', code('660f38f6c1')], [20, 'SMAP', both(cr4(21), code('0f01ca'))],
  [23, 'CLFLUSHOPT', code('660fae3b')], [24, 'CLWB', code('660fae33')], [29, 'SHA', code('0f38c8c1')],
];
const EXTENDED_ECX: readonly Row[] = [
  [0, 'LAHF', code('9f')], [2, 'SVM', code('0f01d8')], [4, 'CR8 by LOCK MOV CR0', code('f00f20c0')], [6, 'SSE4A', code('f20f79c1')], [8, 'PREFETCHW', code('0f0d0b')],
];
const EXTENDED_EDX: readonly Row[] = [
  ...SHARED_EDX, [11, 'SYSCALL', both(efer(0), code('0f05'))], [20, 'NX', efer(11)], [22, 'MMX extensions', code('0f70c100')],
  [26, '1 GiB pages', (m) => m.call('peekLo', 0x4000_1234, 0) === 0x4000_1234], [27, 'RDTSCP', code('0f01f9')], [29, 'long mode', efer(8)],
  [30, '3DNow! extensions', code('0f0fc1bb')], [31, '3DNow!', code('0f0fc19e')],
];

/** What Intel announces in leaf 8000_0001: nothing that leaf 1 has, and of MMX no extensions. */
const EXTENDED_EDX_INTEL = EXTENDED_EDX.filter((row) => !SHARED_EDX.includes(row) && row[1] !== 'MMX extensions');

/** The table is of both vendors where it names none. */
const REGISTERS: readonly (readonly [leaf: number, register: Register, rows: readonly Row[], only?: Vendor])[] = [
  [1, 'ecx', LEAF_1_ECX], [1, 'edx', LEAF_1_EDX], [7, 'ebx', LEAF_7_EBX],
  [7, 'ecx', [[2, 'UMIP', cr4(11)], [3, 'PKU', cr4(22)], [16, '57-bit addresses', cr4(12)], [22, 'RDPID', code('f30fc7f8')]]],
  [7, 'edx', [[29, 'ARCH_CAPABILITIES', msr(0x10a)]]],
  // The timer of the local APIC runs whatever the processor does; nothing here stops it.
  [6, 'eax', [[2, 'ARAT', msr(0x1b)]]], [6, 'ecx', []],
  [0x8000_0001, 'ecx', EXTENDED_ECX], [0x8000_0001, 'edx', EXTENDED_EDX, Vendor.AMD], [0x8000_0001, 'edx', EXTENDED_EDX_INTEL, Vendor.INTEL],
  [0x8000_0007, 'edx', [[8, 'invariant TSC', code('0f31')]]],
  [0x8000_0008, 'ebx', [[2, 'FXSAVE keeps the pointers', (m) => fxsaved(m).fip === BigInt(PROGRAM)]], Vendor.AMD],
  [0x8000_0008, 'ebx', [], Vendor.INTEL], [0x8000_0021, 'eax', [], Vendor.INTEL],
  [0x8000_0021, 'eax', [
    [0, 'no nested data breakpoints', () => true], // there are none: SDM and APM name no way to make one
    [2, 'LFENCE serializes', (m) => (readMsr(m, 0xc001_1029)! & 2n) !== 0n],
    [6, 'a null selector clears its base', (m) => { step(m, '66b80000'); m.setRegister(RAX, 0n); step(m, '8ee0'); return readMsr(m, 0xc000_0100) === 0n; }],
    [8, 'automatic IBRS', efer(21)],
  ], Vendor.AMD],
];

const EXECUTIONS = [['Run', false, Vendor.AMD], ['the IR', true, Vendor.AMD], ['Run as Intel\'s', false, Vendor.INTEL]] as const;

describe.each(EXECUTIONS)('in %s', (_, ir, vendor) => {
  const make = (): SmallSystem => makeSystem({ program: 'f4', ir, vendor });

  it('leaves 0 and 8000_0000 name the vendor, and leaf 1 a family of its', () => {
    const machine = make(), { ebx, edx, ecx } = cpuid(machine, 0);
    const word = Buffer.from(Uint32Array.of(ebx, edx, ecx).buffer).toString();
    expect(word).toBe(vendor === Vendor.AMD ? 'AuthenticAMD' : 'GenuineIntel');
    expect(cpuid(machine, 0x8000_0000).ebx).toBe(vendor === Vendor.AMD ? ebx : 0);
    expect(cpuid(machine, 1).eax >>> 8 & 15).toBe(vendor === Vendor.AMD ? 15 : 6);
  });

  it('model-specific registers are the vendor\'s', () => {
    const machine = make(), has = (index: number): boolean => msr(index)(machine);
    const [amd, intel] = [[0xc001_0000, 0xc001_0007, 0xc001_0010, 0xc001_0015, 0xc001_0114, 0xc001_1029], [0x17, 0x10a, 0x1a0]];
    expect(amd.map(has)).toEqual(amd.map(() => vendor === Vendor.AMD));
    expect(intel.map(has)).toEqual(intel.map(() => vendor === Vendor.INTEL));
    expect(efer(21)(machine)).toBe(vendor === Vendor.AMD);
  });

  for (const [leaf, register, rows, only] of REGISTERS) {
    if (only !== undefined && only !== vendor) continue;
    it(`leaf ${leaf.toString(16)} ${register}`, () => {
      const announced = cpuid(make(), leaf)[register];
      const known = rows.reduce((mask, [bit]) => mask | 1 << bit, 0);
      expect((announced & ~known) >>> 0, 'bits that the table does not know').toBe(0);
      for (const [bit, name, probe] of rows) expect([name, probe(make())]).toEqual([name, (announced >>> bit & 1) === 1]);
    });
  }

  it('leaf 1 follows CR4.OSXSAVE and IA32_APIC_BASE.EN', () => {
    const machine = make();
    // What leaf 1 has, AMD's leaf 8000_0001 has too.
    const again = vendor === Vendor.AMD ? 1 : 0;
    expect([cpuid(machine, 1).ecx >>> 27 & 1, cpuid(machine, 1).edx >>> 9 & 1, cpuid(machine, 0x8000_0001).edx >>> 9 & 1]).toEqual([0, 1, again]);
    expect(cr4(18)(machine)).toBe(true);
    expect(writeMsr(machine, 0x1b, 0xfee0_0100n)).toBe(true);
    expect([cpuid(machine, 1).ecx >>> 27 & 1, cpuid(machine, 1).edx >>> 9 & 1, cpuid(machine, 0x8000_0001).edx >>> 9 & 1]).toEqual([1, 0, 0]);
  });

  it('hypercalls are answered with -1000, and no instructions where KVM is hidden', () => {
    for (const hex of ['0f01c1', '0f01d9']) {
      const machine = make();
      machine.setRegister(RAX, 5n);
      expect([step(machine, hex), machine.register(RAX)]).toEqual([NOTHING, 0xffff_ffff_ffff_fc18n]);
      machine.call('hideFeatures', Hidden.KVM);
      expect(step(machine, hex)).toBe(UD);
    }
    for (const hex of ['0f01d8', '0f01da', '0f01db', '0f01df', '0f01c2', '0f01c3', '0f01c4']) expect([hex, step(make(), hex)]).toEqual([hex, UD]);
  });

  it('x2APIC mode cannot be entered where it is hidden', () => {
    const machine = make();
    machine.call('hideFeatures', Hidden.X2APIC);
    expect([writeMsr(machine, 0x1b, 0xfee0_0d00n), readMsr(machine, 0x1b)]).toEqual([false, 0xfee0_0900n]);
  });

  it('what is there only when asked for is announced then, and works', () => {
    const extras = [[Extra.ADX, 19, 'f30f38f6c1'], [Extra.ADX, 19, '660f38f6c1']] as const;
    for (const [extra, bit, hex] of extras) {
      const machine = make(), seen = (): unknown => [cpuid(machine, 7).ebx >>> bit & 1, code(hex)(machine)];
      expect(seen()).toEqual([0, false]);
      machine.call('hideFeatures', extra << ExtraAt.SHIFT);
      expect(seen()).toEqual([1, true]);
      expect(step(machine, 'f20f38f6c1'), 'F2 leaves nothing of it').toBe(UD);
    }
  });

  it('everything that x86-64-v2 asks for is announced', () => {
    const machine = makeSystem({ program: 'f4', ir }), has = (leaf: number, register: Register, ...bits: number[]): boolean => bits.every((bit) => (cpuid(machine, leaf)[register] >>> bit & 1) === 1);
    expect(has(1, 'edx', 0, 4, 5, 6, 8, 15, 23, 24, 25, 26)).toBe(true);
    expect(has(0x8000_0001, 'edx', 11, 20, 29)).toBe(true);
    expect(has(1, 'ecx', 0, 9, 13, 19, 20, 23)).toBe(true);
    expect(has(0x8000_0001, 'ecx', 0)).toBe(true);
  });

  it('RDRAND and RDSEED give numbers of each size from the seed, with CF alone', () => {
    const draw = (): bigint[] => {
      const machine = make(), got: bigint[] = [];
      for (const hex of ['480fc7f0', '480fc7f8', '0fc7f8', '660fc7f8']) {
        machine.setRegister(RAX, 0xffff_ffff_ffff_ffffn);
        machine.call('writeRflags', 0x8d7);
        expect(step(machine, hex)).toBe(NOTHING);
        expect(machine.call('readRflags') & 0x8d5).toBe(1);
        got.push(machine.register(RAX));
      }
      return got;
    };
    const first = draw();
    expect(draw()).toEqual(first);
    expect(new Set(first).size).toBe(4);
    expect([first[2]! >> 32n, first[3]! >> 16n]).toEqual([0n, 0xffff_ffff_ffffn]);
  });

  it('the timing leaves say what the clocks count', () => {
    const machine = make(), khz = cpuid(machine, 0x4000_0010);
    const ratio = cpuid(machine, 0x15);
    expect([khz.eax, khz.ebx]).toEqual([2_500_000, 1_000_000]);
    expect([ratio.ecx / ratio.eax * ratio.ebx, ratio.ecx, cpuid(machine, 0x16).eax]).toEqual([2_500_000_000, 1_000_000_000, 2500]);
  });
});

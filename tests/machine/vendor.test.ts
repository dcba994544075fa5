/**
 * What differs between AMD's processors and Intel's, a test a row of base/vendor-spec.ts, on both: what each manual says, or, where it says nothing,
 * what the vendor's processors were recorded to do (tests/vectors). In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { Trait, Traits, Vendor } from '../../assembly/base/vendor-spec.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { Address } from '../../assembly/surface/run.js';
import { LOG_DEBUG, makeSystem, PROGRAM, Selector, STACK, TSS, type SmallOptions, type SmallSystem } from './small-system.js';

const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7];
const NOTHING = 0xffff_ffff, UD = 6, GP = 13, PF = 14, DEBUG = 1;
const SCRATCH = 0x20_0000;
/** Beyond the 512 GiB that are mapped, and not canonical. */
const UNMAPPED = 1n << 39n, WILD = 1n << 47n;

function step(machine: SmallSystem, hex: string): number {
  machine.writeHex(PROGRAM, hex);
  machine.call('dropCode', PROGRAM, 0, 16);
  machine.setField(CpuField.Rip, BigInt(PROGRAM));
  machine.call('stepUndelivered');
  return machine.call('raisedVector');
}
/** Steps that raise nothing, then the one in question. */
function steps(machine: SmallSystem, ...hex: string[]): number {
  for (const one of hex.slice(0, -1)) expect([one, step(machine, one)]).toEqual([one, NOTHING]);
  return step(machine, hex.at(-1)!);
}
const cplOf = (machine: SmallSystem): number => machine.view.getUint32(machine.call('cpuField', CpuField.Cpl), true);
const topOf = (machine: SmallSystem): number => machine.view.getUint16(machine.call('cpuField', CpuField.Fsw), true) >> 11 & 7;
const tagsOf = (machine: SmallSystem): number => machine.view.getUint8(machine.call('cpuField', CpuField.Ftw));
function setMsr(machine: SmallSystem, index: number, value: bigint): void {
  machine.setRegister(RCX, BigInt(index)); machine.setRegister(RAX, value & 0xffff_ffffn); machine.setRegister(RDX, value >> 32n);
  expect(step(machine, '0f30')).toBe(NOTHING);
}

interface Row {
  readonly trait: Trait;
  readonly what: string;
  readonly options?: Partial<SmallOptions>;
  readonly run: (machine: SmallSystem) => unknown;
  readonly amd: unknown;
  readonly intel: unknown;
}

const ROWS: readonly Row[] = [
  {
    trait: Trait.NEAR_BRANCH_16, what: '66 CALL: RIP and the bytes pushed',
    run: (m) => [step(m, '66e802000000'), m.field(CpuField.Rip), BigInt(STACK) - m.register(RSP)],
    amd: [NOTHING, 6n, 2n], intel: [NOTHING, 0x1_0008n, 8n],
  },
  {
    trait: Trait.NEAR_BRANCH_16, what: '66 RET, JMP r/m and a Jcc that is taken, and one that is not',
    run: (m) => {
      m.write(STACK, 8, 0x1234_5678n); m.setRegister(RAX, 0x1234_5678n);
      const rip = (hex: string): bigint => { expect(step(m, hex)).toBe(NOTHING); return m.field(CpuField.Rip); };
      return [rip('66c3'), m.register(RSP) - BigInt(STACK), rip('66ffe0'), rip('667502'), rip('667402'), rip('6648ffe0')];
    },
    amd: [0x5678n, 2n, 0x5678n, 5n, 0x1_0003n, 0x1234_5678n], intel: [0x1234_5678n, 8n, 0x1234_5678n, 0x1_0005n, 0x1_0003n, 0x1234_5678n],
  },
  {
    trait: Trait.FAR_POINTER_32, what: 'REX.W JMP and LFS through memory',
    run: (m) => {
      m.setRegister(RBX, BigInt(SCRATCH)); m.write(SCRATCH, 8, 0x10_0001_2345n); m.write(SCRATCH + 8, 2, 0x10n);
      const jump = [step(m, '48ff2b'), m.field(CpuField.Rip)];
      m.write(SCRATCH, 8, 0x18_8001_2345n); m.write(SCRATCH + 8, 2, 0x18n);
      return [...jump, step(m, '480fb403'), m.register(RAX)];
    },
    amd: [NOTHING, 0x1_2345n, NOTHING, 0x8001_2345n], intel: [NOTHING, 0x10_0001_2345n, NOTHING, 0x18_8001_2345n],
  },
  {
    trait: Trait.FAR_POINTER_32, what: 'REX.W CALL pushes words of 8 bytes',
    run: (m) => {
      m.setRegister(RBX, BigInt(SCRATCH)); m.write(SCRATCH, 8, 0x10_0001_2345n); m.write(SCRATCH + 8, 2, 0x10n);
      return [step(m, '48ff1b'), BigInt(STACK) - m.register(RSP)];
    },
    amd: [NOTHING, 16n], intel: [NOTHING, 16n],
  },
  { trait: Trait.PREFETCH_MEMORY_ONLY, what: '0F 0D with a register', run: (m) => step(m, '0f0dc0'), amd: UD, intel: NOTHING },
  {
    trait: Trait.NO_SYSENTER_IN_LONG, what: 'SYSENTER and SYSEXIT in 64-bit code',
    run: (m) => { setMsr(m, 0x174, BigInt(Selector.CODE)); return [step(m, '480f35'), step(m, '0f34')]; },
    amd: [UD, UD], intel: [NOTHING, NOTHING],
  },
  {
    trait: Trait.NO_SYSENTER_IN_LONG, what: 'SYSENTER in protected mode', options: { bits: 32 },
    run: (m) => { setMsr(m, 0x174, BigInt(Selector.CODE)); return step(m, '0f34'); }, amd: NOTHING, intel: NOTHING,
  },
  {
    trait: Trait.SYSCALL_ONLY_64, what: 'SYSCALL in protected mode', options: { bits: 32 },
    run: (m) => { setMsr(m, 0xc000_0080, 1n); return step(m, '0f05'); }, amd: NOTHING, intel: UD,
  },
  {
    trait: Trait.SYSRET_CHECKS_TARGET, what: 'SYSRET to an address that is not canonical: its exception, the level, and the next step\'s',
    run: (m) => {
      setMsr(m, 0xc000_0080, 0x501n); m.setRegister(RCX, WILD);
      const first = step(m, '480f07'), cpl = cplOf(m);
      if (first === NOTHING) m.call('stepUndelivered');
      return [first, cpl, m.call('raisedVector')];
    },
    amd: [NOTHING, 3, GP], intel: [GP, 0, GP],
  },
  {
    // lea rax, [19]; mov dr0, rax; mov eax, 0x402; mov dr7, rax; mov eax, 0x18; mov ss, eax; 19: xor eax, eax; hlt
    trait: Trait.SHADOW_KEEPS_BREAKPOINTS, what: 'a breakpoint on the instruction after MOV SS',
    options: { program: '488d05120000000f23c0b8020400000f23f8b8180000008ed031c0f4', handlers: { [DEBUG]: LOG_DEBUG } },
    run: (m) => { m.runToHalt(); return m.log(); },
    amd: [{ dr6: 1, at: 0x19, rf: false }], intel: [],
  },
  {
    trait: Trait.PORTS_CHECKED_FIRST, what: 'REP INSB and OUTSB at CPL 3 with RCX 0',
    run: (m) => {
      m.view.setUint32(m.call('cpuField', CpuField.Cpl), 3, true); m.call('refreshCpu'); m.setRegister(RCX, 0n);
      m.write(TSS + 0x66, 2, 0xffffn); // no I/O map
      return [step(m, 'f36c'), step(m, 'f36e')];
    },
    amd: [GP, GP], intel: [NOTHING, NOTHING],
  },
  {
    trait: Trait.CMPS_SOURCE_FIRST, what: 'CMPSB with rSI unmapped and rDI not canonical',
    run: (m) => { m.setRegister(RSI, UNMAPPED); m.setRegister(RDI, WILD); return step(m, 'a6'); }, amd: PF, intel: GP,
  },
  {
    // Beyond RAM everything reads as ones: CS FFFF is no selector, and the outer stack pointer lies beyond what is mapped.
    trait: Trait.FAR_RETURN_POPS_FIRST, what: 'RETFQ and IRETQ whose CS and outer stack are both bad',
    run: (m) => [16n, 24n].map((words, n) => { m.setRegister(RSP, UNMAPPED - words); return step(m, n ? '48cf' : '48cb'); }), amd: [PF, PF], intel: [GP, GP],
  },
  {
    // fldcw [rbx]; fistp word [rdi], of an empty register with its invalid operation unmasked
    trait: Trait.X87_STORE_ALWAYS_PROBES, what: 'FISTP with an unmasked invalid operation to an absent page',
    run: (m) => { m.setRegister(RBX, BigInt(SCRATCH)); m.setRegister(RDI, UNMAPPED); m.write(SCRATCH, 2, 0x37en); return steps(m, 'dbe3', 'd92b', 'df1f'); },
    amd: PF, intel: NOTHING,
  },
  {
    trait: Trait.MMX_STORE_MOVES_TOP, what: 'MOVQ, MOVD and MOVNTQ to an absent page: the vector and TOP',
    run: (m) => ['0f7f07', '0f7e07', '0fe707'].map((hex) => { m.setRegister(RDI, UNMAPPED); return [steps(m, 'dbe3', 'd9e8', hex), topOf(m)]; }),
    amd: [[PF, 7], [PF, 7], [PF, 7]], intel: [[PF, 0], [PF, 0], [PF, 0]],
  },
  {
    // pcmpeqd mm1, mm1; fincstp; ffree st(3); maskmovq mm0, mm1
    trait: Trait.MASKMOVQ_TAGS_FIRST, what: 'MASKMOVQ to an absent page: the vector, TOP and the tags',
    run: (m) => { m.setRegister(RDI, UNMAPPED); return [steps(m, '0f76c9', 'd9f7', 'ddc3', '0ff7c1'), topOf(m), tagsOf(m)]; },
    amd: [PF, 0, 0xff], intel: [PF, 0, 0xef],
  },
  {
    // The mask, xmm1, is empty, or is bytes 0 to 3 with the others beyond what is mapped; maskmovdqu xmm0, xmm1
    trait: Trait.MASKED_STORE_PROBES_ALL, what: 'MASKMOVDQU whose absent bytes are not in the mask',
    run: (m) => [[UNMAPPED, 0n], [UNMAPPED - 4n, 0x8080_8080n]].map(([at, mask]) => {
      m.setRegister(RDI, at!);
      m.view.setBigUint64(m.call('address', Address.Xmm) + 16, mask!, true);
      return step(m, '660ff7c1');
    }),
    amd: [PF, PF], intel: [NOTHING, NOTHING],
  },
  {
    trait: Trait.DOT_IN_ORDER, what: 'DPPS of four NaNs: the lanes',
    run: (m) => {
      const at = m.call('address', Address.Xmm), lanes = [0, 1, 2, 3];
      for (const lane of lanes) { m.view.setUint32(at + 4 * lane, 0x7fc0_0010 + lane, true); m.view.setUint32(at + 16 + 4 * lane, 0x3f80_0000, true); }
      expect(step(m, '660f3a40c1ff')).toBe(NOTHING);
      return lanes.map((lane) => m.view.getUint32(at + 4 * lane, true) & 0xff);
    },
    amd: [0x10, 0x10, 0x10, 0x10], intel: [0x11, 0x10, 0x13, 0x12],
  },
  {
    // A 16-bit stack segment of base 0; enter 8, 0
    trait: Trait.ENTER_BORROWS, what: 'ENTER with a 32-bit operand whose push wraps SP: ESP and EBP', options: { bits: 32 },
    run: (m) => [0x1_0000n, 0xabcd_0000n].map((esp) => {
      const ss = m.call('address', Address.Segments) + 2 * 32;
      m.view.setUint32(ss + 8, 0xffff, true); m.view.setUint32(ss + 12, 0x9300, true);
      m.call('refreshCpu');
      m.setRegister(RSP, esp); m.setRegister(RBP, 0x1_ffecn);
      return [step(m, 'c8080000'), m.register(RSP), m.register(RBP)];
    }),
    amd: [[NOTHING, 0x1_fff4n, 0x1_fffcn], [NOTHING, 0xabcd_fff4n, 0xabcd_fffcn]],
    intel: [[NOTHING, 0x1_fff4n, 0xfffcn], [NOTHING, 0xabcd_fff4n, 0xabcc_fffcn]],
  },
  {
    // fldcw [rbx]: rounding down; fld tword [rdi]: 2^-16382; fsin; fstp tword [rdi]
    trait: Trait.TINY_SINE_BELOW, what: 'FSIN of the smallest normal number, rounded down',
    run: (m) => {
      m.setRegister(RBX, BigInt(SCRATCH)); m.setRegister(RDI, BigInt(SCRATCH + 16)); m.write(SCRATCH, 2, 0x77fn);
      m.write(SCRATCH + 16, 8, 1n << 63n); m.write(SCRATCH + 24, 2, 1n);
      expect(steps(m, 'dbe3', 'd92b', 'db2f', 'd9fe', 'db3f')).toBe(NOTHING);
      return [m.read(SCRATCH + 24, 2), m.read(SCRATCH + 16, 8)];
    },
    amd: [0n, (1n << 63n) - 1n], intel: [1n, 1n << 63n],
  },
];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  it.each(ROWS.map((row) => [row.what, row] as const))('%s', (_what, { options, run, amd, intel }) => {
    const as = (vendor: Vendor): unknown => run(makeSystem({ program: 'f4', ...options, ir, vendor }));
    expect({ amd: as(Vendor.AMD), intel: as(Vendor.INTEL) }).toEqual({ amd, intel });
  });
});

it('every row of the table is one vendor\'s, and has a test that tells the vendors apart', () => {
  const told = ROWS.filter(({ amd, intel }) => JSON.stringify([amd], words) !== JSON.stringify([intel], words)).reduce((bits, { trait }) => bits | trait, 0);
  expect(Traits.AMD & Traits.INTEL).toBe(0);
  expect(told).toBe(Traits.AMD | Traits.INTEL);
});
const words = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

/**
 * Each MSR: what it holds when a kernel starts by the 64-bit entry, what may be written and read back, and which bits are refused with #GP(0). Intel SDM vol. 4; AMD
 * APM vol. 2, appendix A. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { CpuField } from '../../assembly/surface/fields.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

const [RAX, RCX, RDX] = [0, 1, 2], NOTHING = 0xffff_ffff, GP = 13;
const HIGH = 1n << 63n, WILD = 1n << 47n, BEYOND = 1n << 40n, CANONICAL = 0xffff_8000_1234_5678n;

/** Number, name, value at the start (undefined: it moves), values that are kept, values that are refused. */
type Row = readonly [index: number, name: string, start: bigint | undefined, kept: readonly bigint[], refused: readonly bigint[]];
const ROWS: readonly Row[] = [
  [0x1b, 'IA32_APIC_BASE', 0xfee0_0900n, [0xfee0_0900n, 0xfee0_0d00n], [0xfee0_0400n, 0xfee0_0901n, BEYOND]],
  [0x3b, 'IA32_TSC_ADJUST', 0n, [0x1234n, HIGH], []],
  [0xfe, 'IA32_MTRRCAP', 0x508n, [], [0x508n]],
  [0x174, 'IA32_SYSENTER_CS', 0n, [0x10n], []],
  [0x175, 'IA32_SYSENTER_ESP', 0n, [CANONICAL], [WILD]],
  [0x176, 'IA32_SYSENTER_EIP', 0n, [CANONICAL], [WILD]],
  [0x179, 'IA32_MCG_CAP', 0n, [], [0n]],
  [0x17a, 'IA32_MCG_STATUS', 0n, [0n], [1n]],
  [0x1d9, 'IA32_DEBUGCTL', 0n, [0n], [1n, 2n]],
  [0x277, 'IA32_PAT', 0x0007_0406_0007_0406n, [0x0007_0106_0007_0106n, 0x0606_0606_0606_0606n], [2n, 3n, 8n, 0x0300n << 48n]],
  [0x2ff, 'IA32_MTRR_DEF_TYPE', 0xc06n, [0n, 0xc00n, 0x806n], [2n, 7n, 0x100n, 1n << 12n]],
  [0x20e, 'IA32_MTRR_PHYSBASE7', 0n, [0x8000_0006n], [2n, 0x100n, BEYOND]],
  [0x20f, 'IA32_MTRR_PHYSMASK7', 0n, [0xff_c000_0800n], [0x400n, 1n, BEYOND]],
  [0x250, 'IA32_MTRR_FIX64K_00000', 0x0606_0606_0606_0606n, [0n, 0x0500_0104_0600_0006n], [2n, 0x07n << 56n]],
  [0x26f, 'IA32_MTRR_FIX4K_F8000', 0x0505_0505_0505_0505n, [0n], [3n]],
  [0x6e0, 'IA32_TSC_DEADLINE', 0n, [], []],
  [0x4b56_4d00, 'KVM_WALL_CLOCK_NEW', 0n, [0x30_0000n, HIGH], []],
  [0x4b56_4d01, 'KVM_SYSTEM_TIME_NEW', 0n, [0x30_0001n, 0x30_0000n, HIGH | 1n], []],
  [0xc000_0080, 'EFER', 0xd01n, [0x501n, 0xd01n, 0x20_0d01n], [0x1500n, 0x2n, 0x400n, HIGH]],
  [0xc000_0081, 'STAR', 0n, [0x0023_0010_1234_5678n], []],
  [0xc000_0082, 'LSTAR', 0n, [CANONICAL], [WILD]],
  [0xc000_0083, 'CSTAR', 0n, [CANONICAL], [WILD]],
  [0xc000_0084, 'SFMASK', 0n, [0x4_7700n], []],
  [0xc000_0100, 'FS_BASE', 0n, [CANONICAL], [WILD]],
  [0xc000_0101, 'GS_BASE', 0n, [CANONICAL], [WILD]],
  [0xc000_0102, 'KERNEL_GS_BASE', 0n, [CANONICAL], [WILD]],
  [0xc000_0103, 'TSC_AUX', 0n, [0xffff_ffffn], [1n << 32n]],
  [0xc001_0000, 'PERFEVTSEL0', 0n, [0x43_00c0n, 0n], []],
  [0xc001_0003, 'PERFEVTSEL3', 0n, [0x53_0041n, 0n], []],
  [0xc001_0004, 'PERFCTR0', 0n, [0xffff_ffff_fff0n], []],
  [0xc001_0007, 'PERFCTR3', 0n, [0x1234n], []],
  [0xc001_0015, 'HWCR', 1n << 24n, [1n << 24n], []],
  [0xc001_0114, 'VM_CR', 16n, [], [0n]],
];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  function step(m: SmallSystem, hex: string): number {
    m.writeHex(PROGRAM, hex);
    m.call('dropCode', PROGRAM, 0, 16);
    m.setField(CpuField.Rip, BigInt(PROGRAM));
    m.call('stepUndelivered');
    return m.call('raisedVector');
  }
  function read(m: SmallSystem, index: number): bigint | number {
    m.setRegister(RCX, BigInt(index));
    const vector = step(m, '0f32');
    return vector === NOTHING ? m.register(RDX) << 32n | m.register(RAX) : vector;
  }
  function write(m: SmallSystem, index: number, value: bigint): number {
    m.setRegister(RCX, BigInt(index)); m.setRegister(RAX, value & 0xffff_ffffn); m.setRegister(RDX, value >> 32n);
    return step(m, '0f30');
  }

  it.each(ROWS)('%i %s', (index, _name, start, kept, refused) => {
    const m = makeSystem({ program: 'f4', ir });
    if (start !== undefined) expect(read(m, index)).toBe(start);
    for (const value of kept) expect([value, write(m, index, value), read(m, index)]).toEqual([value, NOTHING, value]);
    const before = read(m, index);
    for (const value of refused) expect([value, write(m, index, value), read(m, index)]).toEqual([value, GP, before]);
    m.view.setUint32(m.call('cpuField', CpuField.Cpl), 3, true);
    m.call('refreshCpu');
    expect([read(m, index), write(m, index, 0n)]).toEqual([GP, GP]);
  });

  it('a legacy counter of retired instructions counts, in 48 bits, and stands while it is off', () => {
    const m = makeSystem({ program: 'f4', ir }), [SELECT, COUNTER] = [0xc001_0001, 0xc001_0005];
    expect([write(m, SELECT, 0x43_00c0n), write(m, COUNTER, 0xffff_ffff_ffffn)]).toEqual([NOTHING, NOTHING]);
    // The WRMSR itself, then a NOP, then the RDMSR or RDPMC that looks.
    expect([step(m, '90'), read(m, COUNTER)]).toEqual([NOTHING, 1n]);
    m.setRegister(RCX, 1n);
    expect([step(m, '0f33'), m.register(RAX), m.register(RDX)]).toEqual([NOTHING, 2n, 0n]);
    expect(write(m, SELECT, 0x03_00c0n)).toBe(NOTHING);
    const stood = read(m, COUNTER);
    expect([step(m, '90'), read(m, COUNTER)]).toEqual([NOTHING, stood]);
    m.setRegister(RCX, 4n);
    expect(step(m, '0f33')).toBe(GP);
  });

  it('what is not there is refused both ways', () => {
    const m = makeSystem({ program: 'f4', ir });
    for (const index of [0x48, 0x49, 0x10a, 0x1b0, 0x210, 0x25a, 0x400, 0x7ff, 0x802, 0x900, 0x4000_0000, 0x11, 0x12, 0x4b56_4cff, 0x4b56_4d02, 0x4b56_4d03, 0x4b56_4d04, 0x4b56_4d05, 0xc000_0104, 0xc001_0111]) {
      expect([index, read(m, index), write(m, index, 0n)]).toEqual([index, GP, GP]);
    }
  });
});

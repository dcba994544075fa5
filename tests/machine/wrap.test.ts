/**
 * Accesses that run over 4 GiB in 32-bit code, in compatibility and in protected mode: over a flat segment they go on at 0, with any
 * other base the limit refuses them. As a processor answers that was asked in compatibility mode. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { Address } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

const [EAX, ESP, ESI] = [0, 4, 6], [NOTHING, GP] = [0xffff_ffff, 13];
const TOP = 0x20_0000; // the frame of the last page below 4 GiB

/** Tables that put the last page below 4 GiB in RAM, and something else beyond it. */
function compatibility(ir: boolean): SmallSystem {
  const m = makeSystem({ program: 'f4', ir });
  m.write(0x2000 + 8 * 3, 8, 0x9007n); m.write(0x9000 + 8 * 511, 8, 0xa007n); m.write(0xa000 + 8 * 511, 8, BigInt(TOP) | 7n);
  m.write(0x2000 + 8 * 4, 8, 0xb007n); m.write(0xb000, 8, 0x40_0087n);
  // CS: 32-bit code.
  m.view.setUint32(m.call('address', Address.Segments) + 32 + 12, 0xcf_9b00, true);
  m.call('refreshCpu');
  return m;
}
function legacy(ir: boolean): SmallSystem {
  const m = makeSystem({ bits: 32, program: 'f4', ir });
  m.write(0x9000, 4, 0x83n); m.write(0x9000 + 4 * 1023, 4, 0xa003n); m.write(0xa000 + 4 * 1023, 4, BigInt(TOP) | 3n);
  m.setField(CpuField.Cr3, 0x9000n); m.setField(CpuField.Cr4, 0x10n); m.setField(CpuField.Cr0, 0x8000_0011n);
  m.call('refreshCpu');
  return m;
}

describe.each([
  ['compatibility mode in Run', compatibility, false], ['compatibility mode in the IR', compatibility, true],
  ['protected mode in Run', legacy, false], ['protected mode in the IR', legacy, true],
])('in %s', (_, makeWith, ir) => {
  function make(): SmallSystem {
    const m = makeWith(ir);
    for (let n = 0; n < 16; n++) { m.write(TOP + 0xff0 + n, 1, 0x11n); m.write(n, 1, 0x22n); m.write(0x40_0000 + n, 1, 0x55n); }
    return m;
  }
  function step(m: SmallSystem, hex: string, register: number, value: bigint): number {
    m.writeHex(PROGRAM, hex);
    m.setField(CpuField.Rip, BigInt(PROGRAM));
    m.setRegister(register, value);
    m.call('stepUndelivered');
    return m.call('raisedVector');
  }

  it('loads and stores go on at 0', () => {
    const m = make();
    expect([step(m, '8b06', ESI, 0xffff_fffen), m.register(EAX)]).toEqual([NOTHING, 0x2222_1111n]);
    m.setRegister(EAX, 0x8877_6655n);
    m.call('dropCode', PROGRAM, 0, 16);
    expect([step(m, '8906', ESI, 0xffff_fffdn), m.read(TOP + 0xffd, 1), m.read(TOP + 0xffe, 2), m.read(0, 2)]).toEqual([NOTHING, 0x55n, 0x7766n, 0x2288n]);
  });
  it('the two halves of sixteen bytes', () => {
    const m = make(), xmm = m.call('address', Address.Xmm);
    m.setField(CpuField.Cr4, m.field(CpuField.Cr4) | 0x200n);
    m.call('refreshCpu');
    expect(step(m, 'f30f6f06', ESI, 0xffff_fff8n)).toBe(NOTHING);
    expect([m.view.getBigUint64(xmm, true), m.view.getBigUint64(xmm + 8, true)]).toEqual([0x1111_1111_1111_1111n, 0x2222_2222_2222_2222n]);
  });
  it('pushes and pops', () => {
    const m = make();
    m.setRegister(EAX, 0x8877_6655n);
    expect([step(m, '50', ESP, 2n), m.register(ESP), m.read(TOP + 0xffe, 2), m.read(0, 2)]).toEqual([NOTHING, 0xffff_fffen, 0x6655n, 0x8877n]);
    m.call('dropCode', PROGRAM, 0, 16);
    expect([step(m, '5b', ESP, 0xffff_fffen), m.register(3), m.register(ESP)]).toEqual([NOTHING, 0x8877_6655n, 2n]);
  });
  it('instructions', () => {
    const m = make();
    m.writeHex(TOP + 0xffe, 'b844'); m.writeHex(0, '332211');
    m.setField(CpuField.Rip, 0xffff_fffen);
    m.call('stepUndelivered');
    expect([m.call('raisedVector'), m.register(EAX), m.field(CpuField.Rip)]).toEqual([NOTHING, 0x1122_3344n, 3n]);
  });
  it('a segment with another base ends at its limit, and its linear addresses wrap', () => {
    const m = make(), gs = m.call('address', Address.Segments) + 5 * 32;
    m.view.setBigUint64(gs, 0x1000n, true);
    expect(step(m, '658b06', ESI, 0xffff_fffen)).toBe(GP);
    expect([step(m, '658b06', ESI, 0xffff_effen), m.register(EAX)]).toEqual([NOTHING, 0x2222_1111n]);
  });
});

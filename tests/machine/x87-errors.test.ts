/**
 * What surrounds an x87 exception: the pointers and opcode it leaves, who is refused by EM, MP and TS, and the way of the external
 * interrupt when CR0.NE is clear. Intel SDM vol. 1, 8.1.8, 8.1.9 and appendix D; vol. 3, 2.5. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { CpuField } from '../../assembly/surface/fields.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

const RBX = 3, SCRATCH = 0x20_0000, CONTROL_WORD = 0x2_0000;
const [NOTHING, UD, NM, MF] = [0xffff_ffff, 6, 7, 16];
const [MP, EM, TS, NE] = [2n, 4n, 8n, 0x20n];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  function step(m: SmallSystem, hex: string): number {
    m.writeHex(PROGRAM, hex);
    m.call('dropCode', PROGRAM, 0, 16);
    m.setField(CpuField.Rip, BigInt(PROGRAM));
    m.setRegister(RBX, BigInt(SCRATCH));
    m.call('stepUndelivered');
    return m.call('raisedVector');
  }
  function make(): SmallSystem {
    const m = makeSystem({ program: 'f4', ir });
    m.setField(CpuField.Cr4, m.field(CpuField.Cr4) | 0x4_0000n);
    m.setField(CpuField.Cr0, m.field(CpuField.Cr0) | NE);
    m.call('refreshCpu');
    return m;
  }
  /** FOP, whether FIP is set and FDP, by fxsave64 [rbx + 0x100]. */
  function pointers(m: SmallSystem): [fop: number, fip: boolean, fdp: bigint] {
    expect(step(m, '480fae8300010000')).toBe(NOTHING);
    return [Number(m.read(SCRATCH + 0x106, 2)), m.read(SCRATCH + 0x108, 8) !== 0n, m.read(SCRATCH + 0x110, 8)];
  }

  // [rbx] is 0.0; the control word at [rbx + 8]. fldz d9ee, fld1 d9e8, fdiv st, st(1) d8f1, fdiv dword [rbx] d833, fldcw [rbx + 8] d96b08
  it.each([
    ['nothing is unmasked', '037f', ['d9ee', 'd9e8', 'd8f1'], [0, true, 0n]],
    ['a division of registers', '037b', ['d9ee', 'd9e8', 'd8f1'], [0x0f1, true, 0n]],
    ['a division by memory', '037b', ['d9e8', 'd833'], [0x033, true, BigInt(SCRATCH)]],
    ['the next instruction masks it', '037b', ['d9e8', 'd833', 'dbe2', 'd9e8'], [0x033, true, BigInt(SCRATCH)]],
    ['an empty register', '037e', ['d8c1'], [0x0c1, true, 0n]],
    ['an inexact result', '035f', ['d9e8', 'd9eb', 'def9'], [0x6f9, true, 0n]],
    ['FNINIT', '037b', ['d9e8', 'd833', 'dbe3'], [0, false, 0n]],
  ] as const)('pointers after: %s', (_name, control, code, expected) => {
    const m = make();
    m.write(SCRATCH + 8, 2, BigInt(`0x${control}`));
    for (const hex of ['dbe3', 'd96b08', ...code]) expect(step(m, hex)).toBe(NOTHING);
    expect(pointers(m)).toEqual(expected);
  });

  it('an instruction that waits raises #MF and leaves the pointers; those that do not wait go on', () => {
    const m = make();
    m.write(SCRATCH + 8, 2, 0x37bn);
    for (const hex of ['dbe3', 'd96b08', 'd9e8', 'd833']) expect(step(m, hex)).toBe(NOTHING);
    // fld1, wait, fld [rbx], paddb mm0, mm1, emms, cvtpi2ps xmm0, mm1; fnstsw ax, fnstcw [rbx + 8], fnsave's kin fnstenv [rbx + 0x80], fxsave
    for (const hex of ['d9e8', '9b', 'd903', '0ffcc1', '0f77', '0f2ac1']) expect([hex, step(m, hex)]).toEqual([hex, MF]);
    for (const hex of ['dfe0', 'd97b08', 'd9b380000000', '0fae8300010000']) expect([hex, step(m, hex)]).toEqual([hex, NOTHING]);
    expect(pointers(m)).toEqual([0x033, true, BigInt(SCRATCH)]);
  });

  it.each([0n, MP, EM, TS, MP | EM, MP | TS, EM | TS, MP | EM | TS])('who is refused with CR0 bits %i', (bits) => {
    const x87 = bits & (EM | TS) ? NM : NOTHING, vector = bits & EM ? UD : bits & TS ? NM : NOTHING;
    const rows = [
      ['d9e8', x87, 'FLD1'], ['dfe0', x87, 'FNSTSW'], ['dbe3', x87, 'FNINIT'], ['0fae8300010000', x87, 'FXSAVE'], ['0fae8b00010000', x87, 'FXRSTOR'],
      ['9b', (bits & (MP | TS)) === (MP | TS) ? NM : NOTHING, 'WAIT'],
      ['0ffcc1', vector, 'PADDB mm'], ['0f77', vector, 'EMMS'], ['0f58c1', vector, 'ADDPS'], ['660ffcc1', vector, 'PADDB xmm'], ['0fae9340000000', vector, 'LDMXCSR'],
      ['0f2ac1', vector, 'CVTPI2PS'], ['0fe703', vector, 'MOVNTQ'], ['0fae23', bits & TS ? NM : NOTHING, 'XSAVE'],
      // Not of either unit.
      ['0fc303', NOTHING, 'MOVNTI'], ['0faee8', NOTHING, 'LFENCE'], ['0fae3b', NOTHING, 'CLFLUSH'], ['0f180b', NOTHING, 'PREFETCH'], ['f30fb8c1', NOTHING, 'POPCNT'],
      ['f20f38f0c1', NOTHING, 'CRC32'], ['0f01d0', NOTHING, 'XGETBV'],
    ] as const;
    for (const [hex, expected, name] of rows) {
      const m = make();
      step(m, '0fae8300010000'); // a good image for FXRSTOR
      m.write(SCRATCH + 0x40, 4, 0x1f80n);
      m.setRegister(1, 0n);
      m.setField(CpuField.Cr0, (m.field(CpuField.Cr0) & ~(MP | EM | TS)) | bits);
      m.call('refreshCpu');
      expect([name, step(m, hex)]).toEqual([name, expected]);
    }
  });

  it('with CR0.NE clear the next waiting instruction stands until IRQ 13; under IGNNE# the handler\'s own go on', () => {
    // The local APIC off; both PICs at 20 and 28, IRQ 2 and 13 open; NE off; ebx = 0; fninit; fldcw (zero divide unmasked); fldz; fld1;
    // fdiv st, st(1); sti; nop; 4e: fld1; cli; hlt.
    // The handler of 2d: inc ebx; mov rcx, [rsp]; out f0, al; wait; fnclex; EOI to both; iretq.
    const m = makeSystem({
      ir, handlers: { 0x2d: 'ffc3488b0c24b000e6f09bdbe2b020e6a0e62048cf' },
      program: 'b91b000000b80001e0fe31d20f30b011e620e6a0b020e621b028e6a1b004e621b002e6a1b001e621e6a1b0fbe621b0dfe6a10f20c083e0df0f22c031dbdbe3d92c2500000200d9eed9e8d8f1fb90d9e8faf4',
    });
    m.write(CONTROL_WORD, 2, 0x37bn);
    m.runToHalt();
    expect([m.register(RBX), m.register(1), m.field(CpuField.Rip)]).toEqual([1n, BigInt(PROGRAM + 0x4e), BigInt(PROGRAM + 0x52)]);
    // fldz, fld1 and the one that waited.
    expect(m.view.getUint16(m.call('cpuField', CpuField.Fsw), true) >> 11 & 7).toBe(5);
  });

  it('and for ever, when no interrupt can come', () => {
    // NE off; fninit; fldcw; fldz; fld1; fdiv st, st(1); fnstsw ax; 1a: wait; hlt
    const m = makeSystem({ ir, program: '0f20c083e0df0f22c0dbe3d92c2500000200d9eed9e8d8f1dfe09bf4' });
    m.write(CONTROL_WORD, 2, 0x37bn);
    m.runToHalt();
    expect(m.field(CpuField.Rip)).toBe(BigInt(PROGRAM + 0x1a));
  });
});

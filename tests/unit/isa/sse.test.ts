/** What MMX and SSE raise, and what they leave alone then: control bits, alignment, MXCSR, reserved encodings. In both executions. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { load, type Instance } from '../../support/compile.js';

const NONE = -1;
const [UD, NM, GP, MF, XM] = [6, 7, 13, 16, 19];
const [PE, EM, TS, ET, NE] = [1, 4, 8, 16, 32];
const [OSFXSR, OSXMMEXCPT] = [0x200, 0x400];
const CODE = 0x1000;
const DATA = 0x2000;
const RBX = 3;
const QUIET = 0x1f80;
const ZE = 4;
const BUSY_ES = 0x8080;
const ONE = 0x3f80_0000;
const INFINITY = 0x7f80_0000;

let m: Instance;
let ram: number;
let throughIr = 0;
const call = (name: string, ...args: number[]): number => Number(m.exports[name]!(...args));
const run = (code: string): number => {
  const bytes = new Uint8Array(m.memory.buffer);
  bytes.fill(0x90, ram + CODE, ram + CODE + 15);
  bytes.set(code.split(' ').map((byte) => parseInt(byte, 16)), ram + CODE);
  return call('step', throughIr);
};
const setControl = (cr0: number, cr4: number): void => { call('setControlRegisters', PE | ET | NE | cr0, cr4); };
const setXmm = (r: number, ...lanes: number[]): void => lanes.forEach((lane, i) => m.view.setUint32(call('xmmAddress', r) + 4 * i, lane, true));
const xmm = (r: number): number[] => [0, 1, 2, 3].map((i) => m.view.getUint32(call('xmmAddress', r) + 4 * i, true));

// The first load compiles.
beforeAll(async () => { m = await load('tests/unit/isa/sse-entry.ts', 1536); }, 120_000);

describe.each([['run', 0], ['ir', 1]])('in %s', (_, ir) => {
  beforeEach(() => {
    throughIr = ir;
    call('reset');
    ram = call('ramAddress');
    setControl(0, OSFXSR | OSXMMEXCPT);
    call('setMxcsr', QUIET);
    call('setFsw', 0);
    m.view.setUint32(call('gprAddress', RBX), DATA, true);
    setXmm(0, 1, 2, 3, 4);
    setXmm(1, 5, 6, 7, 8);
  });

  const [PADDD, PADDD_MMX, ADDSS, EMMS] = ['66 0f fe c1', '0f fe c1', 'f3 0f 58 c1', '0f 77'] as const;

  describe('control bits', () => {
    it('all clear: they run', () => {
      expect([run(PADDD), run(PADDD_MMX), run(EMMS)]).toEqual([NONE, NONE, NONE]);
      expect(xmm(0)).toEqual([6, 8, 10, 12]);
    });
    it('CR0.EM makes them #UD', () => {
      setControl(EM, OSFXSR);
      expect([run(PADDD), run(PADDD_MMX), run(EMMS)]).toEqual([UD, UD, UD]);
      expect(xmm(0)).toEqual([1, 2, 3, 4]);
    });
    it('CR0.TS makes them #NM', () => {
      setControl(TS, OSFXSR);
      expect([run(PADDD), run(PADDD_MMX), run('0f ae 13')]).toEqual([NM, NM, NM]);
    });
    it('EM outranks TS', () => {
      setControl(EM | TS, OSFXSR);
      expect([run(PADDD), run(PADDD_MMX)]).toEqual([UD, UD]);
    });
    it('CR4.OSFXSR clear makes XMM instructions #UD and leaves MMX', () => {
      setControl(0, 0);
      expect([run(PADDD), run(PADDD_MMX), run('0f ae 1b')]).toEqual([UD, NONE, UD]);
    });
  });

  describe('exceptions of arithmetic', () => {
    beforeEach(() => { setXmm(0, ONE); setXmm(1, 0); });
    const DIVSS = 'f3 0f 5e c1';
    it('masked, leave a flag', () => {
      expect(run(DIVSS)).toBe(NONE);
      expect([call('getMxcsr'), xmm(0)[0]]).toEqual([QUIET | ZE, INFINITY]);
    });
    it('unmasked, raise #XM, leave a flag and no result', () => {
      call('setMxcsr', QUIET & ~(ZE << 7));
      expect(run(DIVSS)).toBe(XM);
      expect([call('getMxcsr'), xmm(0)[0]]).toEqual([QUIET & ~(ZE << 7) | ZE, ONE]);
    });
    it('raise #UD without CR4.OSXMMEXCPT', () => {
      setControl(0, OSFXSR);
      call('setMxcsr', QUIET & ~(ZE << 7));
      expect(run(DIVSS)).toBe(UD);
    });
    it('of several lanes meet in MXCSR', () => {
      setXmm(0, ONE, 0, 0x7f80_0001, ONE);
      setXmm(1, 0, 0, ONE, 0x4040_0000);
      expect(run('0f 5e c1')).toBe(NONE);
      expect(call('getMxcsr')).toBe(QUIET | ZE | 1 | 0x20);
      expect(xmm(0)).toEqual([INFINITY, 0xffc0_0000, 0x7fc0_0001, 0x3eaa_aaab]);
    });
    it('found before the computation hide those of other lanes found after it', () => {
      setXmm(0, ONE, ONE, 0, 0);
      setXmm(1, 0, 0x4040_0000, ONE, ONE);
      call('setMxcsr', QUIET & ~(ZE << 7));
      expect(run('0f 5e c1')).toBe(XM);
      expect(call('getMxcsr')).toBe(QUIET & ~(ZE << 7) | ZE);
    });
  });

  describe('alignment', () => {
    beforeEach(() => { m.view.setUint32(call('gprAddress', RBX), DATA + 4, true); });
    it.each([['ADDPS', '0f 58 03'], ['MOVAPS', '0f 28 03'], ['MOVDQA store', '66 0f 7f 03'], ['MOVNTPS', '0f 2b 03'], ['PSHUFB', '66 0f 38 00 03'],
      ['MOVNTDQA', '66 0f 38 2a 03'], ['PTEST', '66 0f 38 17 03'], ['CVTPD2PI', '66 0f 2d 03'], ['PBLENDVB', '66 0f 38 10 03']])('%s needs it', (_name, code) => {
      expect(run(code)).toBe(GP);
      expect(xmm(0)).toEqual([1, 2, 3, 4]);
    });
    it.each([['MOVUPS', '0f 10 03'], ['MOVDQU store', 'f3 0f 7f 03'], ['LDDQU', 'f2 0f f0 03'], ['MOVSD', 'f2 0f 10 03'], ['CVTPS2PD', '0f 5a 03'],
      ['PCMPISTRI', '66 0f 3a 63 03 00'], ['PMOVZXBW', '66 0f 38 30 03'], ['PADDD mm', '0f fe 03']])('%s does not', (_name, code) => {
      expect(run(code)).toBe(NONE);
    });
  });

  describe('MXCSR', () => {
    it('is loaded and stored', () => {
      m.view.setUint32(ram + DATA, 0xffff, true);
      expect([run('0f ae 13'), call('getMxcsr')]).toEqual([NONE, 0xffff]);
      m.view.setUint32(ram + DATA, 0, true);
      expect([run('0f ae 1b'), m.view.getUint32(ram + DATA, true)]).toEqual([NONE, 0xffff]);
    });
    it('refuses reserved bits', () => {
      m.view.setUint32(ram + DATA, 0x1_1f80, true);
      expect([run('0f ae 13'), call('getMxcsr')]).toEqual([GP, QUIET]);
    });
    it('rules the next operation', () => {
      setXmm(0, ONE);
      setXmm(1, 0x3300_0000);
      call('setMxcsr', QUIET | 2 << 13);
      expect([run(ADDSS), xmm(0)[0], call('getMxcsr')]).toEqual([NONE, ONE + 1, QUIET | 2 << 13 | 0x20]);
    });
  });

  describe('MMX', () => {
    it('raises a pending x87 exception first', () => {
      call('setFsw', BUSY_ES);
      expect([run(PADDD_MMX), run(EMMS), run(PADDD)]).toEqual([MF, MF, NONE]);
    });
    it('works on the significands and fills exponents with ones', () => {
      m.view.setBigUint64(call('mmxAddress', 0), 0x0000_0001_ffff_ffffn, true);
      m.view.setBigUint64(call('mmxAddress', 1), 0x0000_0001_0000_0001n, true);
      expect(run(PADDD_MMX)).toBe(NONE);
      expect([m.view.getBigUint64(call('mmxAddress', 0), true), m.view.getUint16(call('mmxAddress', 0) + 8, true)]).toEqual([0x0000_0002_0000_0000n, 0xffff]);
    });
  });

  it.each(['f3 0f 28 c1', 'f2 0f 60 c1', 'f3 0f fe c1', '66 0f 77', 'f3 0f 38 00 c1', '0f 38 10 c1', '0f 6c c1', '0f 7c c1', '66 0f 12 c1', '0f 13 c1', '0f 50 03',
    '66 0f 73 e1 01', '66 0f 38 dc c1', '66 0f 3a 44 c1 00', '66 0f 38 f5 c1'])('%s is reserved or not announced', (code) => {
    expect(run(code)).toBe(UD);
  });
});

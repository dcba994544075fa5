/** The x87 beyond arithmetic: encodings, pending exceptions, CR0, environments, FXSAVE and XSAVE images. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { load, type Instance } from '../../../support/compile.js';

const NONE = -1;
const [UD, NM, GP, MF] = [6, 7, 13, 16];
const [PE, MP, EM, TS, ET, NE] = [1, 2, 4, 8, 16, 32];
const OSFXSR = 0x200;
const OSXSAVE = 0x40000;
const CODE = 0x1000;
const DATA = 0x2000;
const [EAX, EDX, EBX] = [0, 2, 3];
let m: Instance;
let ram: number;

const call = (name: string, ...args: number[]): number => Number(m.exports[name]!(...args));
function run(...bytes: number[]): number {
  new Uint8Array(m.memory.buffer).fill(0x90, ram + CODE, ram + CODE + 15);
  new Uint8Array(m.memory.buffer).set(bytes, ram + CODE);
  return call('step');
}
const word = (at: number): number => m.view.getUint16(ram + at, true);
const setControl = (cr0: number): void => { call('setControlRegisters', PE | ET | cr0, OSFXSR | OSXSAVE, 3); };
const mask = (components: number): void => { call('setGpr', EAX, components); call('setGpr', EDX, 0); };
/** A recognizable x87 and SSE state: ST(0) = 1, ST(1) = 0, control word 27f. */
function fill(): void {
  m.view.setUint16(ram + 0x100, 0x27f, true);
  expect(run(0xd9, 0x2d, 0x00, 0x01, 0, 0)).toBe(NONE);
  expect(run(0xd9, 0xee)).toBe(NONE);
  expect(run(0xd9, 0xe8)).toBe(NONE);
  m.view.setBigUint64(call('xmmAddress', 7), 0x1122_3344_5566_7788n, true);
  call('setMxcsr', 0x1fa0);
}

// The first load compiles.
beforeAll(async () => { m = await load('tests/unit/float/x87/state-entry.ts', 1536); }, 120_000);

beforeEach(() => {
  call('reset');
  ram = call('ramAddress');
  setControl(NE);
  call('setGpr', EBX, DATA);
  expect(run(0xdb, 0xe3)).toBe(NONE);
});

describe('x87 encodings', () => {
  it.each([
    'd9 0b', 'db 23', 'db 33', 'dd 2b', 'd9 d1', 'd9 e2', 'd9 e7', 'd9 ef', 'da e0', 'da f8', 'db e5', 'db f8', 'dd f0', 'de d8', 'df e1', 'df f8',
  ])('%s is not there', (bytes) => { expect(run(...bytes.split(' ').map((byte) => parseInt(byte, 16)))).toBe(UD); });
  it('knows the no-operations of older coprocessors', () => {
    for (const modrm of [0xe0, 0xe1, 0xe4]) expect(run(0xdb, modrm)).toBe(NONE);
  });
});

describe('pending exceptions', () => {
  /** 1 / 0 with zero-divide unmasked. */
  function divideByZero(): void {
    m.view.setUint16(ram + DATA, 0x37b, true);
    expect([run(0xd9, 0x2b), run(0xd9, 0xee), run(0xd9, 0xe8), run(0xd8, 0xf1)]).toEqual([NONE, NONE, NONE, NONE]);
    expect(call('getFsw') & 0x80ff).toBe(0x8084);
  }
  it('raise #MF at the next waiting instruction, again until cleared', () => {
    divideByZero();
    expect([run(0xd9, 0xe8), run(0x9b), run(0xd9, 0x2b)]).toEqual([MF, MF, MF]);
    expect(run(0xdb, 0xe2)).toBe(NONE);
    expect([run(0x9b), call('getFsw') & 0x80ff]).toEqual([NONE, 0]);
  });
  it('do not stop FNSTSW, FNSTCW, FNSTENV, FNINIT', () => {
    divideByZero();
    expect([run(0xdf, 0xe0), run(0xdd, 0x3b), run(0xd9, 0x3b), run(0xd9, 0x33)]).toEqual([NONE, NONE, NONE, NONE]);
    expect(call('getGpr', EAX) & 0xff).toBe(0x84);
    // FNSTENV has masked everything, so nothing is pending any more.
    expect([run(0x9b), call('getFcw')]).toEqual([NONE, 0x37f]);
    expect([run(0xdb, 0xe3), call('getFsw')]).toEqual([NONE, 0]);
  });
  it('become pending when FLDCW unmasks them', () => {
    call('setFsw', 4);
    m.view.setUint16(ram + DATA, 0x37b, true);
    expect([run(0xd9, 0x2b), run(0xd9, 0xd0)]).toEqual([NONE, MF]);
  });
  it('go out as an interrupt with NE clear', () => {
    divideByZero();
    setControl(0);
    const before = call('linesAsserted');
    expect(run(0xd9, 0xd0)).toBe(NONE);
    expect(call('linesAsserted')).toBe(before + 1);
  });
});

describe('CR0', () => {
  it('EM and TS refuse x87 instructions', () => {
    setControl(NE | TS);
    expect([run(0xd9, 0xe8), run(0x0f, 0xae, 0x03), run(0x9b)]).toEqual([NM, NM, NONE]);
    setControl(NE | EM);
    expect([run(0xd9, 0xe8), run(0x0f, 0xae, 0x03), run(0x9b)]).toEqual([NM, NM, NONE]);
  });
  it('MP with TS refuses WAIT', () => {
    setControl(NE | MP | TS);
    expect(run(0x9b)).toBe(NM);
    setControl(NE | MP);
    expect(run(0x9b)).toBe(NONE);
  });
});

describe('environments', () => {
  it('have full tags: empty, valid, zero, special', () => {
    // ST(0) infinity, ST(1) 1, ST(2) 0: physical registers 5, 6, 7.
    expect([run(0xd9, 0xee), run(0xd9, 0xe8)]).toEqual([NONE, NONE]);
    m.view.setUint32(ram + DATA, 0x7f80_0000, true);
    expect(run(0xd9, 0x03)).toBe(NONE);
    expect(run(0xd9, 0x33)).toBe(NONE);
    expect([word(DATA), word(DATA + 2), word(DATA + 4), word(DATA + 8)]).toEqual([0x37f, 0xffff, 0x2800, 0x4bff]);
  });
  it('come back from FNSAVE by FRSTOR, in both sizes', () => {
    for (const prefix of [[], [0x66]]) {
      fill();
      const status = call('getFsw');
      expect(run(...prefix, 0xdd, 0x33)).toBe(NONE);
      expect([call('getFcw'), call('getFsw'), call('getFtw')]).toEqual([0x37f, 0, 0]);
      expect(run(...prefix, 0xdd, 0x23)).toBe(NONE);
      expect([call('getFcw'), call('getFsw'), call('getFtw')]).toEqual([0x27f, status, 0xc0]);
      expect(m.view.getBigUint64(call('fprAddress', 6), true)).toBe(1n << 63n);
      expect(run(0xdb, 0xe3)).toBe(NONE);
    }
  });
});

describe('images', () => {
  it('FXSAVE and FXRSTOR carry x87 and SSE state', () => {
    fill();
    expect(run(0x0f, 0xae, 0x03)).toBe(NONE);
    expect([word(DATA), word(DATA + 2), word(DATA + 4), word(DATA + 24), word(DATA + 32 + 8)]).toEqual([0x27f, 0x3000, 0xc0, 0x1fa0, 0x3fff]);
    expect(run(0xdb, 0xe3)).toBe(NONE);
    m.view.setBigUint64(call('xmmAddress', 7), 0n, true);
    expect(run(0x0f, 0xae, 0x0b)).toBe(NONE);
    expect([call('getFcw'), call('getFsw'), call('getFtw'), call('getMxcsr')]).toEqual([0x27f, 0x3000, 0xc0, 0x1fa0]);
    expect(m.view.getBigUint64(call('xmmAddress', 7), true)).toBe(0x1122_3344_5566_7788n);
  });
  it('refuses unaligned images and reserved MXCSR bits', () => {
    expect(run(0x0f, 0xae, 0x03)).toBe(NONE);
    call('setGpr', EBX, DATA + 8);
    expect([run(0x0f, 0xae, 0x03), run(0x0f, 0xae, 0x0b)]).toEqual([GP, GP]);
    call('setGpr', EBX, DATA);
    m.view.setUint32(ram + DATA + 24, 0x1_0000, true);
    m.view.setUint16(ram + DATA, 0x40, true);
    expect([run(0x0f, 0xae, 0x0b), call('getFcw')]).toEqual([GP, 0x37f]);
  });
  it('XSAVE writes what is asked for and enabled, and merges XSTATE_BV', () => {
    fill();
    new Uint8Array(m.memory.buffer).fill(0xaa, ram + DATA, ram + DATA + 512);
    m.view.setUint8(ram + DATA + 512, 2);
    mask(0xff01);
    expect(run(0x0f, 0xae, 0x23)).toBe(NONE);
    expect([word(DATA), word(DATA + 24), word(DATA + 160), m.view.getUint8(ram + DATA + 512)]).toEqual([0x27f, 0xaaaa, 0xaaaa, 3]);
    mask(2);
    expect(run(0x0f, 0xae, 0x23)).toBe(NONE);
    expect([word(DATA + 24), word(DATA + 160 + 7 * 16), word(DATA + 416)]).toEqual([0x1fa0, 0x7788, 0xaaaa]);
  });
  it('XRSTOR initializes what the image does not hold', () => {
    fill();
    mask(3);
    expect(run(0x0f, 0xae, 0x23)).toBe(NONE);
    m.view.setUint8(ram + DATA + 512, 2);
    expect(run(0x0f, 0xae, 0x2b)).toBe(NONE);
    expect([call('getFcw'), call('getFsw'), call('getFtw'), call('getMxcsr')]).toEqual([0x37f, 0, 0, 0x1fa0]);
    m.view.setUint8(ram + DATA + 512, 1);
    expect(run(0x0f, 0xae, 0x2b)).toBe(NONE);
    expect([call('getFcw'), call('getMxcsr'), m.view.getBigUint64(call('xmmAddress', 7), true)]).toEqual([0x27f, 0x1fa0, 0n]);
  });
  it('XRSTOR refuses components, compaction and reserved bytes', () => {
    mask(3);
    for (const at of [512, 520, 527, 528, 535]) {
      new Uint8Array(m.memory.buffer).fill(0, ram + DATA, ram + DATA + 576);
      m.view.setUint8(ram + DATA + at, 0x84);
      expect(run(0x0f, 0xae, 0x2b)).toBe(GP);
    }
    call('setGpr', EBX, DATA + 16);
    expect([run(0x0f, 0xae, 0x2b), run(0x0f, 0xae, 0x23)]).toEqual([GP, GP]);
  });
  it('XSAVE needs CR4.OSXSAVE', () => {
    call('setControlRegisters', PE | ET | NE, OSFXSR, 3);
    expect([run(0x0f, 0xae, 0x23), run(0x0f, 0xae, 0x2b)]).toEqual([UD, UD]);
    setControl(NE | TS);
    expect([run(0x0f, 0xae, 0x23), run(0x0f, 0xae, 0x2b)]).toEqual([NM, NM]);
  });
});

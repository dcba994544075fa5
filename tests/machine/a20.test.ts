/**
 * The A20 gate: while it is shut, address bit 20 of the processor's accesses is held down, those of its table walks among them. Port 92h, the keyboard
 * controller's commands and its output port move it; the last one decides. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { makeSystem, type SmallSystem } from './small-system.js';

const LOW = 0x3_1234, HIGH = LOW + 0x10_0000;
/** mov al, V; out PORT, al */
const out = (port: number, value: number): string => `b0${value.toString(16).padStart(2, '0')}e6${port.toString(16)}`;
const LOOK = 'a134121300'; // mov eax, [131234]
const KEEP = { ebx: '89c3', ecx: '89c1', edx: '89c2' };
const [ECX, EDX, EBX] = [1, 2, 3];

const shut: readonly (readonly [string, string])[] = [
  ['port 92h', out(0x92, 0)], ['the command DDh', out(0x64, 0xdd)], ['the output port', out(0x64, 0xd1) + out(0x60, 1)],
];
const open: readonly (readonly [string, string])[] = [
  ['port 92h', out(0x92, 2)], ['the command DFh', out(0x64, 0xdf)], ['the output port', out(0x64, 0xd1) + out(0x60, 3)],
];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  function run(program: string, bits: 32 | 64 = 32): SmallSystem {
    const m = makeSystem({ bits, ir, program });
    m.write(LOW, 4, 0x1111n);
    m.write(HIGH, 4, 0x2222n);
    m.runToHalt();
    return m;
  }

  it.each(shut.flatMap(([by, close]) => open.map(([and, reopen]) => [by, and, close, reopen] as const)))('shut by %s, opened by %s', (_by, _and, close, reopen) => {
    const m = run(`${LOOK}${KEEP.ebx}${close}${LOOK}${KEEP.ecx}${reopen}${LOOK}${KEEP.edx}f4`);
    expect([m.register(EBX), m.register(ECX), m.register(EDX)]).toEqual([0x2222n, 0x1111n, 0x2222n]);
  });

  it('port 92h and the output port read back where it stands', () => {
    // in al, 92; mov bl, al; (D0) in al, 60; mov bh, al
    const read = 'e49288c3b0d0e664e46088c7';
    const m = run(`${out(0x92, 0)}${read}89d9${out(0x64, 0xdf)}${read}f4`);
    expect([m.register(ECX) & 0x202n, m.register(EBX) & 0x202n]).toEqual([0n, 0x202n]);
  });

  it('a store goes to the address without the bit, and the host still reads both', () => {
    const m = run(`${out(0x92, 0)}c7053412130033330000f4`);
    expect([m.read(LOW, 4), m.read(HIGH, 4)]).toEqual([0x3333n, 0x2222n]);
  });

  it('code is fetched, and page tables are walked, behind it', () => {
    // What lies at 31240 is `mov ecx, 1; hlt`, at 131240 `mov ecx, 2; hlt`: shut, then jmp 131240.
    const m = makeSystem({ bits: 64, ir, program: `${out(0x92, 0)}48c7c040121300ffe0` });
    m.writeHex(0x3_1240, 'b901000000f4');
    m.writeHex(0x13_1240, 'b902000000f4');
    m.runToHalt();
    expect(m.register(ECX)).toBe(1n);
    // CR3 = 101000, where the tables are not: bit 20 does not reach memory.
    const walked = makeSystem({ bits: 64, ir, program: `${out(0x92, 0)}48c7c0001010000f22d8b907000000f4` });
    walked.runToHalt();
    expect(walked.register(ECX)).toBe(7n);
  });
});

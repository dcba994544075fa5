/**
 * Encodings at the edge of the system groups: prefixes that make 0F 01, 0F AE and 0F C7 undefined, members that are reserved, LOCK,
 * and MOV CRn and DRn whose mod field is ignored. Tables as a processor of another make answers them in user mode. In Run and through the IR.
 */
import { describe, expect, it } from 'vitest';
import { CpuField } from '../../assembly/surface/fields.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

const UD = 6, SCRATCH = 0x20_0000, RBX = 3, RSI = 6;
const PREFIXES = ['', '66', 'f2', 'f3', 'f0'] as const;
const hexByte = (n: number): string => n.toString(16).padStart(2, '0');

/** Raises #UD as the supervisor; every general register points at memory. */
function isUndefined(machine: SmallSystem, hex: string): boolean {
  machine.writeHex(PROGRAM, hex);
  machine.call('dropCode', PROGRAM, 0, 16);
  for (let r = 0; r < 16; r++) machine.setRegister(r, BigInt(SCRATCH));
  machine.setRegister(1, 0n); // XCR 0
  machine.setField(CpuField.Rip, BigInt(PROGRAM));
  machine.call('stepUndelivered');
  return machine.call('raisedVector') === UD;
}

/** FSGSBASE, OSXSAVE, SMAP on: every member that there is can run. */
function make(ir: boolean): SmallSystem {
  const machine = makeSystem({ program: 'f4', ir });
  machine.setField(CpuField.Cr4, machine.field(CpuField.Cr4) | 0x25_0000n);
  machine.call('refreshCpu');
  return machine;
}

/** Members of a group that there are, each with the prefixes (by their place in PREFIXES) that it takes. */
type Members = readonly (readonly [modrm: number[], prefixes: string])[];
const memory = (reg: number): number[] => [reg << 3 | RBX];
const registers = (reg: number): number[] => Array.from({ length: 8 }, (_, rm) => 0xc0 | reg << 3 | rm);

const GROUPS: readonly (readonly [opcode: string, members: Members])[] = [
  ['00', [0, 1, 2, 3, 4, 5].flatMap((reg) => [[memory(reg), '0123'], [registers(reg), '0123']] as const)],
  ['01', [
    ...[0, 1, 2, 3, 4, 6, 7].map((reg) => [memory(reg), '0123'] as const), ...[4, 6].map((reg) => [registers(reg), '0123'] as const),
    [[0xc1, 0xd9], '0'], [[0xca, 0xcb], '0'], [[0xd0, 0xd1], '0'], [[0xf8, 0xf9], '0123'],
  ]],
  ['ae', [...[0, 1, 2, 3, 4, 5, 7].map((reg) => [memory(reg), '0'] as const), ...[0, 1, 2, 3].map((reg) => [registers(reg), '3'] as const), ...[5, 6, 7].map((reg) => [registers(reg), '0'] as const)]],
  ['c7', [[memory(1), '01234'], [registers(6), '01'], [registers(7), '01']]],
  ['ba', [[memory(4), '0123'], [registers(4), '0123'], ...[5, 6, 7].flatMap((reg) => [[memory(reg), '01234'], [registers(reg), '0123']] as const)]],
];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  it.each(GROUPS)('0F %s has its members and nothing else', (opcode, members) => {
    const machine = make(ir), wrong: string[] = [];
    const takes = new Map(members.flatMap(([bytes, prefixes]) => bytes.map((modrm) => [modrm, prefixes] as const)));
    const forms = [...Array.from({ length: 8 }, (_, reg) => reg << 3 | RBX), ...Array.from({ length: 64 }, (_, n) => 0xc0 + n)];
    for (const modrm of forms) {
      PREFIXES.forEach((prefix, n) => {
        const hex = `${prefix}0f${opcode}${hexByte(modrm)}00`;
        if (isUndefined(machine, hex) === (takes.get(modrm) ?? '').includes(String(n))) wrong.push(hex);
      });
    }
    expect(wrong).toEqual([]);
  });

  it.each(['20', '21', '22', '23'])('0F %s ignores mod: three bytes, registers', (opcode) => {
    const machine = make(ir);
    for (const mod of [0, 0x40, 0x80, 0xc0]) {
      for (const rm of [4, 5, RSI]) {
        for (let r = 0; r < 16; r++) machine.setRegister(r, 0n);
        // CR2 and DR2.
        machine.writeHex(PROGRAM, `0f${opcode}${hexByte(mod | 2 << 3 | rm)}9090909090`);
        machine.call('dropCode', PROGRAM, 0, 16);
        machine.setField(CpuField.Rip, BigInt(PROGRAM));
        const field = opcode === '20' || opcode === '22' ? CpuField.Cr2 : CpuField.Dr2, reads = opcode < '22';
        machine.setField(field, 0x1234n);
        machine.setRegister(rm, 0x5678n);
        machine.call('stepUndelivered');
        expect([machine.field(CpuField.Rip), machine.field(field), machine.register(rm)])
          .toEqual([BigInt(PROGRAM + 3), reads ? 0x1234n : 0x5678n, reads ? 0x1234n : 0x5678n]);
      }
    }
  });

  it('control registers that are not there are undefined before privilege is looked at', () => {
    const machine = make(ir);
    for (const cpl of [0, 3]) {
      machine.view.setUint32(machine.call('cpuField', CpuField.Cpl), cpl, true);
      machine.call('refreshCpu');
      for (let n = 0; n < 16; n++) {
        const rex = n > 7 ? '44' : '', there = [0, 2, 3, 4, 8].includes(n);
        for (const opcode of ['20', '22']) {
          // A write of SCRATCH to a control register that is there may be #GP; it is no #UD.
          if (there && cpl === 0 && opcode === '22') continue;
          expect([n, opcode, isUndefined(machine, `${rex}0f${opcode}${hexByte(0xc0 | (n & 7) << 3)}`)]).toEqual([n, opcode, !there]);
        }
      }
    }
  });
});

/** x87 instructions agree with a real processor, bit for bit; transcendental results to one unit in the last place. */
import { beforeAll, describe, expect, it } from 'vitest';
import { load, type Instance } from '../../../support/compile.js';
import { readCases, readRegister, registersBefore, type Case, type Register } from './cases.js';

const STORED = 512;
const C1 = 0x200;
const SET_FLAGS = 3;
const STATUS_FLAGS = 0x8d5;
/** D9 F0-FF that approximate: F2XM1, FYL2X, FPTAN, FPATAN, FYL2XP1, FSINCOS, FSIN, FCOS. */
const APPROXIMATE = new Set([0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff]);
const cases = readCases();
let m: Instance;

const hex = (value: number | bigint): string => value.toString(16);
const show = ({ exponent, mantissa }: Register): string => `${hex(exponent)}:${hex(mantissa).padStart(16, '0')}`;
const isApproximate = ({ op, modrm }: Case): boolean => op === 1 && APPROXIMATE.has(modrm);

/** Distance in units of the last place, for results of one sign. */
function distance(a: Register, b: Register): bigint {
  if (a.exponent >> 15 !== b.exponent >> 15) return 1n << 80n;
  const place = ({ exponent, mantissa }: Register): bigint => (BigInt(exponent & 0x7fff) << 63n) + BigInt.asUintN(63, mantissa);
  const d = place(a) - place(b);
  return d < 0n ? -d : d;
}

function call(name: string, ...args: (number | bigint)[]): number { return Number(m.exports[name]!(...args)); }

/** Runs a case; what differs from the processor. */
function run(c: Case): string[] {
  call('setState', c.fcw, c.fsw, c.ftw);
  const before = registersBefore(c);
  before.forEach(({ mantissa, exponent }, physical) => call('setRegister', physical, mantissa, exponent));
  const operand = new DataView(c.memory.buffer, c.memory.byteOffset, 10);
  let outcome = 0;
  const memory = Uint8Array.from(c.memory);
  if (c.modrm >= 0xc0) outcome = call('runRegister', c.op, c.modrm, c.flags);
  else {
    const bytes = call('runMemory', c.op, c.modrm >> 3, operand.getBigUint64(0, true), operand.getUint16(8, true));
    memory.set(new Uint8Array(m.memory.buffer, STORED, bytes));
  }
  const wrong: string[] = [];
  const check = (what: string, got: string, want: string): void => { if (got !== want) wrong.push(`${what} ${got}, processor ${want}`); };
  const ignored = isApproximate(c) ? C1 : 0;
  for (let physical = 0; physical < 8; physical++) {
    const want = c.after.changed.get(physical) ?? before[physical]!;
    const got = readRegister(m.view, call('registerAddress', physical));
    if (isApproximate(c) && distance(got, want) <= 1n) continue;
    check(`R${physical}`, show(got), show(want));
  }
  const { after } = c;
  check('status', hex(call('status') & ~ignored), hex(after.fsw & ~ignored));
  check('tags', hex(call('tags')), hex(after.ftw));
  check('memory', Buffer.from(memory).toString('hex'), Buffer.from(after.memory).toString('hex'));
  check('flags', hex((outcome & 0x7f) === SET_FLAGS ? flagsOf(outcome) : c.flags & STATUS_FLAGS), hex(after.flags));
  return wrong;
}

function flagsOf(outcome: number): number { return ((outcome >> 8) & 1) | (((outcome >> 10) & 1) << 2) | (((outcome >> 14) & 1) << 6); }

function describeCase(c: Case): string {
  return `${hex(0xd8 + c.op)} ${hex(c.modrm)} fcw ${hex(c.fcw)} fsw ${hex(c.fsw)} ftw ${hex(c.ftw)} top ${show(c.top)} other ${show(c.other)} memory ${Buffer.from(c.memory).toString('hex')}`;
}

beforeAll(async () => { m = await load('tests/unit/float/x87/entry.ts', 1536); }, 120_000);

describe('x87 against a processor', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('opcode D8 + %i', (op) => {
    const own = cases.filter((c) => c.op === op);
    expect(own.length).toBeGreaterThan(200);
    const failures = own.flatMap((c) => run(c).map((line) => `${describeCase(c)}: ${line}`));
    expect(failures.slice(0, 10)).toEqual([]);
  });
});

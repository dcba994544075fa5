/** #AC: programs at CPL 3 with CR0.AM and AC set fault on operands that are not aligned; nobody else does. */
import { expect, test } from 'vitest';
import { CpuField } from '../../assembly/surface/fields.js';
import { enterMode } from '../support/enter.js';
import { createRawMachine } from '../support/raw-machine.js';

const AC = 0x4_0000, AM = 0x4_0000;
const CODE = 0x10_0000, ALIGNMENT_CHECK = 17, NOTHING = 0xffff_ffff;
/** mov eax, [address], and mov [address], ax */
const load32 = (at: number): number[] => [0x8b, 0x05, at & 0xff, (at >> 8) & 0xff, (at >> 16) & 0xff, 0];
const store16 = (at: number): number[] => [0x66, 0x89, 0x05, at & 0xff, (at >> 8) & 0xff, (at >> 16) & 0xff, 0];

/** The vector that one 32-bit instruction raises, or all ones. */
function raisedBy(code: number[], { cpl, cr0, flags }: { cpl: number; cr0: number; flags: number }): number {
  const { instance, call, bytes, view, ram } = createRawMachine(4);
  bytes.set(code, ram + CODE);
  enterMode(instance, 'protected32', CODE);
  view.setUint32(call('cpuField', CpuField.Cpl), cpl, true);
  view.setUint32(call('cpuField', CpuField.Cr0), 1 | cr0, true);
  call('writeRflags', 2 | flags);
  call('refreshCpu');
  call('stepUndelivered');
  return call('raisedVector');
}

const CHECKED = { cpl: 3, cr0: AM, flags: AC };

test.each([
  ['a load of four bytes at 2', load32(0x20_0002), ALIGNMENT_CHECK],
  ['a load of four bytes at 4', load32(0x20_0004), NOTHING],
  ['a store of two bytes at 1', store16(0x20_0001), ALIGNMENT_CHECK],
  ['a store of two bytes at 2', store16(0x20_0002), NOTHING],
])('%s', (_, code, vector) => expect(raisedBy(code, CHECKED)).toBe(vector));

test.each([
  ['the supervisor', { ...CHECKED, cpl: 0 }],
  ['CR0.AM clear', { ...CHECKED, cr0: 0 }],
  ['AC clear', { ...CHECKED, flags: 0 }],
])('no check: %s', (_, state) => expect(raisedBy(load32(0x20_0001), state)).toBe(NOTHING));

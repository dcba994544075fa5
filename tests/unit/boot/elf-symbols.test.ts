/** Functions of ELF programs: symbols of both tables, stubs of libraries' functions, and what is damaged. */
import { describe, expect, it } from 'vitest';
import { functionsOf } from '../../../host/boot/elf-symbols.js';
import { makeProgram } from '../../support/elf-program.js';

const CODE = new Uint8Array(0x200).fill(0x90);
const named = (elf: Uint8Array): string[] => functionsOf(elf, 'p').map(({ name, address, bytes }) => `${name} ${address.toString(16)} ${bytes}`);

describe('functions of a program', () => {
  it('come in order, one a place, without what is no code', () => {
    const elf = makeProgram(CODE, { symbols: [
      { name: 'second', address: 0x1040, bytes: 16 }, { name: 'main', address: 0x1000, bytes: 32 }, { name: 'data', address: 0x9000, bytes: 8 },
      { name: '_start', address: 0x1080, type: 0 }, { name: '$x', address: 0x1090, type: 0 }, { name: 'object', address: 0x10a0, type: 1 },
    ] });
    expect(named(elf)).toEqual(['main 1000 32', 'second 1040 16', '_start 1080 0']);
  });

  it('of several names of a place have the plainest, without its version', () => {
    expect(named(makeProgram(CODE, { symbols: [{ name: '__libc_read', address: 0x1000, bytes: 8 }, { name: 'read@@GLIBC_2.2.5', address: 0x1000, bytes: 8 }, { name: '__read', address: 0x1000, bytes: 9 }] }))).toEqual(['read 1000 9']);
  });

  it('have none within another', () => {
    expect(named(makeProgram(CODE, { symbols: [{ name: 'outer', address: 0x1000, bytes: 64 }, { name: 'inner', address: 0x1010, bytes: 8 }, { name: 'next', address: 0x1040, bytes: 8 }] }))).toEqual(['outer 1000 64', 'next 1040 8']);
  });

  it('are the stubs of libraries\' functions, too: behind the first, 16 bytes each', () => {
    expect(named(makeProgram(CODE, { dynamic: ['read', 'write'], plt: 0x1100 }))).toEqual(['read@plt 1110 16', 'write@plt 1120 16']);
  });

  it('are none of a stripped one, and of one whose sections are cut off', () => {
    expect(named(makeProgram(CODE, {}))).toEqual([]);
    const whole = makeProgram(CODE, { symbols: [{ name: 'main', address: 0x1000, bytes: 32 }] });
    for (const length of [0x1200, whole.length - 1, whole.length - 64]) expect(named(whole.subarray(0, length))).toEqual([]);
  });

  it('of what is no program are told so', () => {
    expect(() => functionsOf(new TextEncoder().encode('#!/bin/sh\n'.repeat(20)), 'script')).toThrow('script');
  });
});

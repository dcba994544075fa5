/** Instructions that change or consult system state, with operands that are mostly plausible, for tests/machine/hostile-system.ts. */

import { drawInstruction } from '../support/row-programs.js';

/** Where memory operands lie: the addresses in general registers and in displacements mostly point here. */
export const DATA = 0x3000;

/** MSRs that are there (SDM vol. 4), and some that are not. */
const MSRS = [
  0x10, 0x1b, 0x3a, 0x3b, 0x8b, 0xfe, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x1d9, 0x200, 0x201, 0x20f, 0x250, 0x258, 0x259, 0x268, 0x26f, 0x277, 0x2ff, 0x6e0,
  0x802, 0x803, 0x808, 0x80b, 0x80f, 0x828, 0x830, 0x832, 0x838, 0x83e, 0x83f, 0x8ff, 0xc000_0080, 0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0xc000_0100,
  0xc000_0101, 0xc000_0102, 0xc000_0103, 0xc001_0010, 0xc001_0015, 0xc001_001a, 0xc001_001f, 0xc001_0055, 0xc001_0114, 0xc001_1029, 0x4000_0000, 0xffff_ffff,
];

type Random = () => number;

/** [DI] in 16-bit code, [rDI] otherwise; or another of the four beside it, or that with a byte behind it. */
function addressNear(random: Random): (modrm: number) => number[] {
  return (modrm) => {
    const reg = modrm & 0x38, base = random() % 8 === 0 ? random() % 4 : 7;
    return random() % 4 === 0 ? [0x40 | reg | base, random() & 0xff] : [reg | (random() % 2 === 0 ? base : 7)];
  };
}

/** WRMSR or RDMSR of a number that is there, mostly with a value that was worked on. */
function msrAccess(random: Random): number[] {
  const msr = random() % 16 === 0 ? random() : MSRS[random() % MSRS.length]!;
  const dword = (value: number): number[] => [value & 0xff, value >>> 8 & 0xff, value >>> 16 & 0xff, value >>> 24];
  const value = [random(), 0, random() & 0xfff, 0xfee0_0000 | random() & 0xfff, 1 << (random() & 31)][random() % 5]!;
  // mov ecx; mov eax; mov edx (the sizes are those of 32- and 64-bit code); wrmsr or rdmsr
  return [0xb9, ...dword(msr), 0xb8, ...dword(value), 0xba, ...dword(random() % 3 === 0 ? random() : 0), 0x0f, random() % 4 === 0 ? 0x32 : 0x30];
}

/** The bytes of one instruction (of an MSR access, four). */
export function randomInstruction(random: Random): number[] {
  if (random() % 12 === 0) return msrAccess(random);
  if (random() % 24 === 0) return [random() & 0xff, random() & 0xff];
  return drawInstruction(random, addressNear(random));
}

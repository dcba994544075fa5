/** Instructions that change or consult system state, with operands that are mostly plausible, for tests/machine/hostile-system.ts. */

/** Where memory operands lie: the addresses in general registers and in displacements mostly point here. */
export const DATA = 0x3000;

/** MSRs that are there (SDM vol. 4), and some that are not. */
const MSRS = [
  0x10, 0x1b, 0x3a, 0x3b, 0x8b, 0xfe, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x1d9, 0x200, 0x201, 0x20f, 0x250, 0x258, 0x259, 0x268, 0x26f, 0x277, 0x2ff, 0x6e0,
  0x802, 0x803, 0x808, 0x80b, 0x80f, 0x828, 0x830, 0x832, 0x838, 0x83e, 0x83f, 0x8ff, 0xc000_0080, 0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0xc000_0100,
  0xc000_0101, 0xc000_0102, 0xc000_0103, 0xc001_0010, 0xc001_0015, 0xc001_001a, 0xc001_001f, 0xc001_0055, 0xc001_0114, 0xc001_1029, 0x4000_0000, 0xffff_ffff,
];

/** `?` any byte; `r` ModRM naming a register; `m` ModRM with [BX], [RBX] and the like; a number 0-7 before it is the reg field. */
const FORMS: readonly string[] = [
  // control and debug registers
  '0f 22 r', '0f 20 r', '0f 22 0r', '0f 22 3r', '0f 22 4r', '44 0f 22 0r', '0f 23 r', '0f 21 r', '0f 01 6r', '0f 01 4m', '0f 06',
  // tables and segments
  '0f 01 2m', '0f 01 3m', '0f 01 0m', '0f 01 1m', '0f 00 2r', '0f 00 3r', '0f 00 0r', '0f 00 1r', '0f 00 4r', '0f 00 5r', '0f 02 r', '0f 03 r', '63 r',
  '8e r', '8c r', '07', '17', '1f', '0f a1', '0f a9', '0f b2 m', '0f b4 m', '0f b5 m', 'c4 m', 'c5 m', '65 8b m', '64 89 m',
  // far transfers
  'ff 5m', 'ff 3m', '48 ff 5m', '66 ff 3m', 'cb', 'cf', '48 cf', '66 cf', 'ca ? 0', 'cd ?', 'cc', 'ce', 'f1', 'ea ? ? 01 00 ? 00', '9a ? ? 01 00 ? 00', '62 m',
  '0f 05', '0f 07', '48 0f 07', '0f 34', '0f 35', '48 0f 35',
  // the TLB and caches
  '0f 01 7m', '66 0f 38 82 m', '0f 08', '0f 09', '0f ae 7m',
  // feature state
  '0f 01 d0', '0f 01 d1', '0f 01 ca', '0f 01 cb', '0f 01 f8', '0f 01 f9', '0f ae 0m', '0f ae 1m', '0f ae 4m', '0f ae 5m', '0f ae 2m', 'f3 0f ae 2r', 'f3 48 0f ae 3r', 'f3 0f ae 0r', 'db e3', 'd9 m', '0f 77', '0f 10 m',
  '0f a2', '0f 31', '0f 33', '0f c7 6r', '0f c7 7r', '0f c7 1m', '48 0f c7 1m', 'f0 0f c7 1m', '0f 01 c8', '0f aa', '0f 01 d9', '0f 0b',
  // flags, interrupts, ports
  'fa', 'fb', 'f4', '9c', '9d', '66 9d', '48 9d', '9b', 'e4 ?', 'e6 ?', 'ec', 'ee', 'ed', 'ef', '6c', '6e', 'f3 6d', 'f3 6f', '6d',
  // memory
  '8b m', '89 m', '88 m', '01 m', 'f0 01 m', '87 m', 'ff 6m', '8f m', '50', '58', '60', '61', 'c8 ? ? ?', 'c9', 'e8 ? 0 0 0', 'c3', 'a4', 'a5', 'f3 a4', 'f3 ab', 'f3 a6', 'f2 af', '66 f3 a5', '48 f3 a5', '67 f3 aa',
];

type Random = () => number;

function modrm(token: string, random: Random): number[] {
  const reg = token.length === 2 ? Number(token[0]) : random() % 8;
  if (token.endsWith('r')) return [0xc0 | reg << 3 | random() % 8];
  // [DI] in 16-bit code, [rDI] otherwise; or that with a byte behind it.
  const base = random() % 8 === 0 ? random() % 4 : 7;
  return random() % 4 === 0 ? [0x40 | reg << 3 | base, random() & 0xff] : [reg << 3 | (random() % 2 === 0 ? base : 7)];
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
  return FORMS[random() % FORMS.length]!.split(' ').flatMap((token) => {
    if (token === '?') return [random() & 0xff];
    return /[rm]$/.test(token) ? modrm(token, random) : [Number.parseInt(token, 16)];
  });
}

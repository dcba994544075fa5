/** Who may execute what: each privileged or IOPL-sensitive instruction in every mode and at every privilege, with and without UMIP. */
import { Kernel, type TestOptions } from './kernel.js';

type Contexts = readonly (readonly [name: string, options: TestOptions])[];

const IOPL3 = 0x3000;

const PROTECTED: Contexts = [
  ['0', {}], ['1', { ring: 1 }], ['2', { ring: 2 }], ['3', { ring: 3 }], ['3 IOPL 3', { ring: 3, flags: IOPL3 }],
  ['v86', { v86: true }], ['v86 IOPL 3', { v86: true, flags: IOPL3 }],
];
const LONG: Contexts = [['64/0', {}], ['64/3', { ring: 3 }], ['64/3 IOPL 3', { ring: 3, flags: IOPL3 }], ['c32/3', { ring: 3, bits: 32 }]];

/** Privileged wherever they exist. HLT, LGDT and their kin at CPL 0 would change the machine: they are tested at other privileges. */
const PRIVILEGED: readonly (readonly [string, string])[] = [
  ['MOV from CR0', 'mov %ax, cr0'], ['MOV to CR2', 'mov cr2, %ax'], ['MOV from CR3', 'mov %ax, cr3'], ['MOV from CR4', 'mov %ax, cr4'],
  ['MOV from DR0', 'mov %ax, dr0'], ['MOV to DR1', 'mov dr1, %ax'], ['MOV from DR6', 'mov %ax, dr6'],
  ['CLTS', 'clts'], ['INVLPG', 'invlpg [0x1000]'], ['WBINVD', 'wbinvd'], ['RDMSR', 'mov ecx, 0xc0000080; .ip: rdmsr'],
  ['LMSW', 'smsw ax; .ip: lmsw ax'], ['RDPMC', 'mov ecx, 0x7fffffff; .ip: rdpmc'],
];
const ONLY_OUTSIDE: readonly (readonly [string, string])[] = [
  ['HLT', 'hlt'], ['LGDT', 'lgdt [gdtr]'], ['LIDT', 'lidt [gdtr]'], ['WRMSR', 'mov ecx, 0xc0000080; .ip: wrmsr'], ['INVD', 'invd'], ['MOV to CR0', 'mov cr0, %ax'],
  ['MOV to CR4', 'mov cr4, %ax'], ['MOV to DR7', 'mov dr7, %ax'], ['RSM', 'rsm'], ['XSETBV', 'xsetbv'], ['SYSEXIT', 'sysexit'],
];
/** With selector 0 they change nothing; in virtual-8086 mode they do not exist. */
const SEGMENTS: readonly (readonly [string, string])[] = [
  ['LLDT', 'lldt ax'], ['VERR', 'verr ax'], ['LAR', 'lar %cx, %ax'], ['LSL', 'lsl %cx, %ax'], ['STR', 'str ax'], ['SLDT', 'sldt ax'],
];
const LTR_OUTSIDE: readonly (readonly [string, string])[] = [['LTR', 'ltr ax']];
const IOPL_SENSITIVE: readonly (readonly [string, string])[] = [
  ['CLI', 'cli'], ['STI', 'sti; cli'], ['IN', 'in al, 0x80'], ['OUT', 'out 0x80, al'], ['IN DX', 'mov dx, 0x80; .ip: in eax, dx'],
];
const V86_ONLY: readonly (readonly [string, string])[] = [['PUSHF', 'pushf'], ['POPF', 'push 0; .ip: popf'], ['INT', 'int 0x31'], ['IRET', 'push 2; push cs; mov ax, .t; push ax; .ip: iret; .t: nop']];
const STORES: readonly (readonly [string, string])[] = [
  ['SGDT', 'sgdt [scratch]'], ['SIDT', 'sidt [scratch]'], ['SMSW', 'smsw ax'], ['SMSW to memory', 'smsw [scratch]'],
];

/** Registers of the code's own size. */
function sized(text: string, bits: number): string {
  return text.replace(/%/g, bits === 64 ? 'r' : 'e');
}

function each(k: Kernel, contexts: Contexts, tests: readonly (readonly [string, string])[], suffix = '', home = 32): void {
  for (const [what, text] of tests) {
    for (const [name, options] of contexts) {
      const isSpecial = /mov (%ax, [cd]r|[cd]r\d, %ax)/.test(text);
      const bits = options.v86 && !isSpecial ? 16 : options.bits ?? home;
      k.test(`${what}${suffix} at ${name}`, bits === 16 ? text.replace(/%/g, '') : sized(text, bits), options);
    }
  }
}

const outside = (contexts: Contexts): Contexts => contexts.filter(([, { ring, v86 }]) => v86 || (ring ?? 0) > 0);
const notV86 = (contexts: Contexts): Contexts => contexts.filter(([, { v86 }]) => !v86);
const onlyV86 = (contexts: Contexts): Contexts => contexts.filter(([, { v86 }]) => v86);

function umip(k: Kernel, contexts: Contexts, home: number): void {
  k.run('mov %ax, cr4; or eax, 0x800; mov cr4, %ax');
  each(k, contexts, STORES, ' with UMIP', home);
  each(k, notV86(contexts), [['STR', 'str ax'], ['SLDT', 'sldt ax']], ' with UMIP', home);
  k.run('mov %ax, cr4; and eax, 0xfffff7ff; mov cr4, %ax');
}

function timeStamp(k: Kernel, contexts: Contexts, home: number): void {
  each(k, contexts, [['RDTSC', 'rdtsc; xor eax, eax']], '', home);
  k.run('mov %ax, cr4; or eax, 4; mov cr4, %ax');
  each(k, contexts, [['RDTSC', 'rdtsc; xor eax, eax'], ['RDTSCP', 'rdtscp']], ' with TSD', home);
  k.run('mov %ax, cr4; and eax, 0xfffffffb; mov cr4, %ax');
}

function protectedMode(k: Kernel): void {
  k.title('SDM 3, 5.9: privileged instructions');
  each(k, PROTECTED, PRIVILEGED);
  each(k, outside(PROTECTED), ONLY_OUTSIDE);
  k.title('SDM 2, each page: system segments; unknown in virtual-8086 mode');
  each(k, PROTECTED, SEGMENTS);
  each(k, outside(PROTECTED), LTR_OUTSIDE);
  k.title('SDM 1, 19.5; SDM 3, 20.2.7: IOPL and the I/O map');
  each(k, PROTECTED, IOPL_SENSITIVE);
  each(k, onlyV86(PROTECTED), V86_ONLY);
  k.title('SDM 2, SGDT, SIDT, SLDT, SMSW, STR; SDM 3, 2.5: UMIP');
  each(k, PROTECTED, STORES);
  umip(k, PROTECTED, 32);
  k.title('SDM 3, 2.5: TSD');
  timeStamp(k, PROTECTED, 32);
}

function longMode(k: Kernel): void {
  k.title('SDM 3, 5.9: privileged instructions in long mode');
  each(k, LONG, PRIVILEGED, '', 64);
  each(k, outside(LONG), [...ONLY_OUTSIDE, ['SYSRET', 'sysret'], ['LTR', 'ltr ax'], ['CPUID', 'cpuid; xor eax, eax']], '', 64);
  each(k, LONG.slice(0, 3), [['SWAPGS', 'swapgs'], ['MOV from CR8', 'mov rax, cr8']], '', 64);
  each(k, LONG, SEGMENTS, '', 64);
  k.title('SDM 1, 19.5: IOPL in long mode');
  each(k, LONG, IOPL_SENSITIVE, '', 64);
  k.title('SDM 3, 2.5: UMIP and TSD in long mode');
  umip(k, LONG, 64);
  timeStamp(k, LONG, 64);
  k.title('SDM 2, RDFSBASE and SWAPGS: only with CR4.FSGSBASE, and only in 64-bit mode');
  each(k, LONG.slice(0, 2), [['RDFSBASE', 'rdfsbase rax']], '', 64);
  k.run('mov rax, cr4; or eax, 0x10000; mov cr4, rax');
  each(k, LONG.slice(0, 2), [['RDFSBASE', 'rdfsbase rax'], ['WRGSBASE', 'mov rcx, 0x800000000000; .ip: wrgsbase rcx']], ' with FSGSBASE', 64);
  k.test('RDFSBASE with FSGSBASE at c32/0', 'db 0xf3, 0x0f, 0xae, 0xc0', { bits: 32 });
  k.run('mov rax, cr4; and eax, 0xfffeffff; mov cr4, rax');
}

export function privilege(): Uint8Array {
  const k = new Kernel();
  k.data('scratch: dq 0, 0');
  k.protected();
  protectedMode(k);
  k.long();
  longMode(k);
  return k.image();
}

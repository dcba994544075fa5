/** Every exception that an instruction can raise by itself, in every mode: its error code, what is pushed, and where it points. */
import type { Bits } from '../assembler/operands.js';
import { Kernel, type TestOptions } from './kernel.js';
import { SELECTOR } from './layout.js';
import { segment } from './tables.js';

/** A place to run the same tests: a name for the lines, how to enter, the code's size. */
interface Context {
  name: string;
  options: TestOptions;
  bits: Bits;
}

const REAL: Context = { name: 'real', options: {}, bits: 16 };
const PROTECTED: readonly Context[] = [
  { name: 'v86', options: { v86: true, flags: 0x3000 }, bits: 16 },
  { name: '16/0', options: { bits: 16 }, bits: 16 },
  { name: '16/3', options: { bits: 16, ring: 3 }, bits: 16 },
  { name: '32/0', options: {}, bits: 32 },
  { name: '32/1', options: { ring: 1 }, bits: 32 },
  { name: '32/3', options: { ring: 3 }, bits: 32 },
];
const LONG: readonly Context[] = [
  { name: 'c16/3', options: { bits: 16, ring: 3 }, bits: 16 },
  { name: 'c32/0', options: { bits: 32 }, bits: 32 },
  { name: 'c32/3', options: { bits: 32, ring: 3 }, bits: 32 },
  { name: '64/0', options: {}, bits: 64 },
  { name: '64/3', options: { ring: 3 }, bits: 64 },
];

type Test = (name: string, text: string) => void;
const tester = (k: Kernel, { name, options }: Context): Test => (what, text) => k.test(`${name} ${what}`, text, options);

/** What needs nothing set up. */
function plainFaults(test: Test, bits: Bits): void {
  test('divide by 0', 'mov ax, 5; xor cl, cl; .ip: div cl');
  test('quotient too large', 'mov ax, 0x1000; mov cl, 1; .ip: div cl');
  test('IDIV of the least number', 'mov ax, 0x8000; mov cl, 0xff; .ip: idiv cl');
  test('INT1', 'int1');
  test('INT3', 'int3');
  test('UD2', 'ud2');
  test('LOCK on a register', 'lock add ax, ax');
  test('LOCK on a load', bits === 16 ? 'db 0xf0, 0x03, 0x06, 0, 0' : 'db 0xf0, 0x03, 0x05, 0, 0, 0, 0');
  test('16 bytes', 'db 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90');
  test('15 bytes', 'db 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90');
  test('MOV to CS', 'db 0x8e, 0xc8');
  test('MOV from segment register 6', 'db 0x8c, 0xf0');
  test('LEA of a register', 'db 0x8d, 0xc0');
  test('INT 31h', 'int 0x31');
  test('FF /7', 'db 0xff, 0xf8');
  test('0F 3F', 'db 0x0f, 0x3f');
  test('0F FF', 'db 0x0f, 0xff, 0xc0');
  if (bits === 64) {
    for (const [name, opcode] of [['PUSH ES', 0x06], ['DAA', 0x27], ['AAA', 0x37], ['PUSHA', 0x60], ['82', 0x82], ['CALL far', 0x9a], ['INTO', 0xce], ['AAM', 0xd4], ['SALC', 0xd6], ['JMP far', 0xea]] as const) {
      test(`${name} is gone`, `db ${opcode}, 0, 0, 0, 0, 0, 0`);
    }
    return;
  }
  test('AAM 0', 'aam 0');
  test('INTO with OF', 'mov al, 0x7f; inc al; .ip: into');
  test('INTO without OF', 'xor al, al; .ip: into');
  test('BOUND below', 'mov ax, 4; .ip: bound ax, [bounds]');
  test('BOUND above', 'mov ax, 8; .ip: bound ax, [bounds]');
  test('BOUND within', 'mov ax, 5; .ip: bound ax, [bounds]');
  test('BOUND of a register', 'db 0x62, 0xc0');
}

/** The coprocessor's absence (CR0.EM, TS), its errors, and those of SSE. */
function floatFaults(k: Kernel, contexts: readonly Context[]): void {
  const each = (run: (test: Test) => void): void => contexts.forEach((context) => run(tester(k, context)));
  k.run('mov %ax, cr0; or al, 8; mov cr0, %ax');
  each((test) => { test('x87 with TS', 'fld1'); test('FWAIT with TS alone', 'fwait'); test('MMX with TS', 'emms'); });
  k.run('mov %ax, cr0; or al, 2; mov cr0, %ax');
  each((test) => test('FWAIT with TS and MP', 'fwait'));
  k.run('mov %ax, cr4; or eax, 0x200; mov cr4, %ax');
  each((test) => test('SSE with TS', 'movaps xmm0, [aligned]'));
  k.run('clts; mov %ax, cr0; or al, 4; mov cr0, %ax');
  each((test) => { test('x87 with EM', 'fld1'); test('MMX with EM', 'emms'); test('SSE with EM', 'movaps xmm0, [aligned]'); test('FWAIT with EM', 'fwait'); });
  // NE on, EM and MP off.
  k.run('mov %ax, cr0; and al, 0xf9; or al, 0x20; mov cr0, %ax');
  const divide = 'fninit; fldcw [word_37b]; fld1; fldz; db 0xde, 0xf9; nop;';
  each((test) => {
    test('x87 error at FWAIT', `${divide} .ip: fwait; nop`);
    test('x87 error at the next instruction', `${divide} .ip: fld1`);
    test('x87 error waits for FNINIT', `${divide} .ip: fninit`);
  });
  each((test) => {
    test('SSE unaligned', 'movaps xmm0, [aligned+1]');
    test('SSE error without OSXMMEXCPT', 'movups xmm0, [aligned]; ldmxcsr [mxcsr_open]; .ip: db 0x0f, 0x5e, 0xc0; nop');
    test('MXCSR reserved bit', 'ldmxcsr [mxcsr_bad]');
  });
  k.run('mov %ax, cr4; or eax, 0x600; mov cr4, %ax');
  each((test) => test('SSE error', 'movups xmm0, [aligned]; ldmxcsr [mxcsr_open]; .ip: db 0x0f, 0x5e, 0xc0; nop'));
  k.run('ldmxcsr [mxcsr_reset]; mov %ax, cr4; and eax, 0xfffffdff; mov cr4, %ax');
  each((test) => test('SSE without OSFXSR', 'movaps xmm0, [aligned]'));
  k.run('fninit; mov %ax, cr4; and eax, 0xfffff9ff; mov cr4, %ax');
}

/** #AC where CR0.AM, EFLAGS.AC and CPL 3 meet. */
function alignmentFaults(k: Kernel, contexts: readonly Context[]): void {
  k.run('mov %ax, cr0; or eax, 0x40000; mov cr0, %ax');
  for (const context of contexts) {
    const { name, options, bits } = context, flags = (options.flags ?? 0) | 0x4_0000;
    k.test(`${name} dword at 1 with AC`, 'mov eax, [aligned+1]', { ...options, flags });
    k.test(`${name} word at 1 with AC`, 'mov ax, [aligned+1]', { ...options, flags });
    k.test(`${name} store of a dword at 2 with AC`, 'mov [aligned+2], eax', { ...options, flags });
    k.test(`${name} byte at 1 with AC`, 'mov al, [aligned+1]', { ...options, flags });
    k.test(`${name} dword at 1 without AC`, 'mov eax, [aligned+1]', options);
    if (bits !== 16) k.test(`${name} push at 1 with AC`, 'dec %sp; .ip: push %ax'.replace(/%/g, bits === 64 ? 'r' : 'e'), { ...options, flags });
  }
  k.run('mov %ax, cr0; and eax, 0xfffbffff; mov cr0, %ax');
}

function limitFaults(k: Kernel): void {
  k.title('SDM 3, 5.3 and 6.15: beyond a limit of 64 KiB; #SS by the stack segment, #GP by others');
  for (const { name, options } of PROTECTED.slice(0, 3)) {
    k.test(`${name} load at FFFF`, 'mov bx, 0xffff; .ip: mov ax, [bx]', options.v86 ? options : { ...options, ds: options.ring ? SELECTOR.userData16 : SELECTOR.data16 });
    k.test(`${name} stack at FFFF`, 'mov bp, 0xffff; .ip: mov ax, [bp]', options);
  }
}

function longFaults(k: Kernel): void {
  k.title('SDM 1, 3.3.7.1; SDM 3, 6.15: addresses that are not canonical');
  for (const { name, options } of LONG.slice(3)) {
    k.test(`${name} load`, 'mov rax, 0x800000000000; .ip: mov rax, [rax]', options);
    k.test(`${name} load over the edge`, 'mov rax, 0x7ffffffffffc; .ip: mov rax, [rax]', options);
    k.test(`${name} load by RBP`, 'mov rbp, 0x800000000000; .ip: mov rax, [rbp]', options);
    k.test(`${name} load by RSP`, 'mov rcx, rsp; mov rsp, 0x800000000000; mov rax, rsp; .ip: mov rdx, [rsp]', { ...options, ring: 3 });
    k.test(`${name} GS override of RBP`, 'mov rbp, 0x800000000000; .ip: mov rax, [gs:rbp]', options);
    k.test(`${name} jump`, 'mov rax, 0x800000000000; .ip: jmp rax', options);
    k.test(`${name} return`, 'mov rax, 0x800000000000; push rax; .ip: ret', options);
    k.test(`${name} INVLPG`, 'mov rax, 0x800000000000; .ip: invlpg [rax]', options);
  }
}

function stackSegment(k: Kernel): number {
  return k.descriptor(segment({ limit: 0xfff, access: 0xf3, flags: 4 })) | 3;
}

export function faults(): Uint8Array {
  const k = new Kernel();
  k.place(16, `
    bounds: dw 5, 7, 0, 0
    word_37b: dw 0x37b
    mxcsr_open: dd 0x1f00
    mxcsr_bad: dd 0x11f80
    mxcsr_reset: dd 0x1f80`);
  k.data('aligned: dd 0, 0, 0, 0, 0, 0, 0, 0');
  k.title('SDM 3, 20.1.4 and 6.15: real mode pushes IP, CS and FLAGS, and no error codes');
  plainFaults(tester(k, REAL), 16);
  floatFaults(k, [REAL]);
  k.test('real load at FFFF', 'mov bx, 0xffff; .ip: mov ax, [bx]');
  k.test('real stack at FFFF', 'mov bp, 0xffff; .ip: mov ax, [bp]');
  k.test('real LLDT', 'lldt ax');
  k.test('real VERR', 'verr ax');
  k.test('real ARPL', 'arpl ax, ax');
  k.test('real SYSENTER', 'sysenter');
  k.protected();
  k.title('SDM 3, 6.12.1 and 6.15: protected mode by 32-bit gates');
  for (const context of PROTECTED) plainFaults(tester(k, context), context.bits);
  k.title('SDM 3, 2.5 and 13.1: coprocessor and SSE');
  floatFaults(k, PROTECTED);
  k.title('SDM 3, 6.15, interrupt 17: alignment');
  alignmentFaults(k, PROTECTED);
  limitFaults(k);
  const stack = stackSegment(k);
  k.test('32/3 stack beyond FFF', `mov ax, ${stack}; mov ss, ax; .ip: mov eax, [ss:0xffd]`, { ring: 3 });
  k.test('32/3 push at 0 of 4 KiB', `mov ax, ${stack}; mov ss, ax; mov esp, 0; .ip: push eax`, { ring: 3 });
  k.long();
  k.title('SDM 3, 6.14: long mode pushes SS:RSP always, on a stack aligned to 16 bytes');
  for (const context of LONG) plainFaults(tester(k, context), context.bits);
  k.title('SDM 3, 2.5 and 13.1: coprocessor and SSE in long mode');
  floatFaults(k, LONG);
  k.title('SDM 3, 6.15, interrupt 17: alignment in long mode');
  alignmentFaults(k, LONG);
  longFaults(k);
  return k.image();
}

/** TF, the debug registers, and DR6 after each: where a trap or fault points, what delays it, what MOV DRn refuses. */
import { Kernel, type TestOptions } from './kernel.js';
import { PAGES, SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';

const TF = 0x100, RF = 0x1_0000, IOPL3 = 0x3000;
/** DR7: breakpoint n on; `type` 0 execute, 1 write, 2 I/O, 3 read and write; length less 1. */
const on = (n: number, type = 0, length = 1): number => (1 << (2 * n) | (type | (length - 1) << 2) << (16 + 4 * n)) >>> 0;
const DATA = PAGES + 0x100;

class Debugger {
  constructor(private readonly k: Kernel) {}

  /** A test with the debug registers set before, and DR6 shown after; the four addresses are numbers or labels. */
  test(name: string, text: string, options: TestOptions = {}, dr7 = 0, addresses: readonly (string | number)[] = []): void {
    const { k } = this;
    k.run('xor eax, eax; mov dr7, %ax; mov dr6, %ax');
    for (let n = 0; n < 4; n++) k.run(`mov eax, ${addresses[n] ?? 0}; mov dr${n}, %ax`);
    if (dr7 !== 0) k.run(`mov eax, ${dr7}; mov dr7, %ax`);
    k.test(name, text, options);
    k.show(`${name}: DR6`, 'mov %ax, dr6');
    k.run('xor eax, eax; mov dr7, %ax');
  }
}

function singleStep(d: Debugger, where: string, options: TestOptions): void {
  const step = (name: string, text: string, more: TestOptions = {}): void => d.test(`${where} ${name}`, text, { ...options, ...more, flags: TF | (options.flags ?? 0) | (more.flags ?? 0) });
  step('TF, NOP', 'nop; nop');
  step('TF, a jump', 'jmp .there; ud2; .there: nop');
  step('TF and RF', 'nop; nop', { flags: RF });
  step('TF, UD2: the fault', 'ud2');
  step('TF, INT 31h', 'int 0x31');
}

/** The instruction that sets TF is not trapped after, the one that clears it is. */
function byPopf(d: Debugger): void {
  d.test('POPF sets TF', `push ${TF | 2}; popfd; nop; nop`);
  d.test('POPF clears TF', `push 2; push ${TF | 2}; popfd; .ip: popfd; nop; nop`);
  d.test('TF, MOV SS and one more', `push ${TF | 2}; mov eax, ss; popfd; .ip: mov ss, ax; nop; nop`);
  d.test('TF, MOV SS and UD2', `push ${TF | 2}; mov eax, ss; popfd; .ip: mov ss, ax; ud2`);
  d.test('TF, POP SS and one more', `mov eax, ss; push eax; push ${TF | 2}; popfd; .ip: pop ss; nop; nop`);
  d.test('TF, IRETD', `push ${TF | 2}; push ${SELECTOR.code32}; push .t; iretd; .t: nop; nop`);
  d.test('TF, REP MOVSB of 2', 'mov ecx, 2; mov esi, 0x40000; mov edi, 0x40010; push 0x102; popfd; rep movsb; nop');
}

function instructionBreakpoints(k: Kernel, d: Debugger, long: boolean): void {
  const b = long ? 'long' : '32';
  k.place(long ? 64 : 32, `break_${b}: nop; nop; int 0x31`);
  const jump = `jmp break_${b}`;
  const at = { ip: `break_${b}` };
  k.title(`SDM 3, 17.3.1.1: instruction breakpoints, ${b}; they are faults, and RF passes one`);
  d.test(`${b}: breakpoint 0`, jump, at, on(0), [`break_${b}`]);
  d.test(`${b}: breakpoint 3, globally`, jump, at, on(3) << 1 >>> 0, [0, 0, 0, `break_${b}`]);
  d.test(`${b}: breakpoint off`, jump, at, 0, [`break_${b}`]);
  d.test(`${b}: two at once`, jump, at, on(0) | on(2), [`break_${b}`, 0, `break_${b}`]);
  d.test(`${b}: with RF by IRET`, long ? `push ${SELECTOR.data32}; push 0x8000; push ${RF | 2}; push ${SELECTOR.code64}; push break_${b}; iretq` : `push ${RF | 2}; push ${SELECTOR.code32}; push break_${b}; iretd`, at, on(0), [`break_${b}`]);
  d.test(`${b}: in the middle of an instruction`, jump, at, on(0), [`break_${b}+3`]);
  d.test(`${b}: at 3`, jump, { ...at, ring: 3 }, on(0), [`break_${b}`]);
  d.test(`${b}: behind MOV SS`, `mov eax, ss; mov ss, ax; break_ss_${b}: nop; int 0x31`, { ip: `break_ss_${b}` }, on(0), [`break_ss_${b}`]);
}

function dataBreakpoints(k: Kernel, d: Debugger, long: boolean): void {
  const b = long ? 'long' : '32', at = (offset: number): number => DATA + offset;
  k.title(`SDM 3, 17.2.5 and 17.3.1.2: data breakpoints, ${b}; traps, after the instruction`);
  const rows: readonly (readonly [string, string, number, number])[] = [
    ['write, W1', `mov [${at(0)}], al; nop`, on(0, 1), 0], ['read, W1', `mov al, [${at(0)}]; nop`, on(0, 1), 0],
    ['read, RW1', `mov al, [${at(0)}]; nop`, on(0, 3), 0], ['write, RW1', `mov [${at(0)}], al; nop`, on(0, 3), 0],
    ['dword write over the last byte, W1 at 3', `mov [${at(0)}], eax; nop`, on(0, 1), 3], ['dword write before, W1 at 4', `mov [${at(0)}], eax; nop`, on(0, 1), 4],
    ['byte write into the last of four, W4', `mov [${at(3)}], al; nop`, on(0, 1, 4), 0], ['byte write behind, W4', `mov [${at(4)}], al; nop`, on(0, 1, 4), 0],
    ['byte write, W4 not aligned', `mov [${at(1)}], al; nop`, on(0, 1, 4), 3], ['word write over the start, W2', `mov [${at(1)}], ax; nop`, on(0, 1, 2), 2],
    ['ADD, RW4', `add dword [${at(0)}], 1; nop`, on(0, 3, 4), 0], ['TEST, W4', `test dword [${at(0)}], 1; nop`, on(0, 1, 4), 0],
    ['a fetch does not count', `call data_code_${b}; int 0x31`, on(0, 3), 0],
  ];
  for (const [name, text, dr7, offset] of rows) d.test(`${b}: ${name}`, text, {}, dr7, [name.startsWith('a fetch') ? `data_code_${b}` : at(offset)]);
  k.place(long ? 64 : 32, `data_code_${b}: ret`);
  d.test(`${b}: PUSH`, `mov esp, 0x9000; .ip: push ${long ? 'rax' : 'eax'}; nop`, {}, on(1, 1, 4), [0, 0x9000 - (long ? 8 : 4)]);
  d.test(`${b}: MOVSB, both ends`, `mov esi, ${at(0)}; mov edi, ${at(16)}; movsb; nop`, {}, on(0, 3) | on(1, 1), [at(0), at(16)]);
  d.test(`${b}: REP MOVSB, after the iteration`, `mov ecx, 4; mov esi, ${at(0)}; mov edi, ${at(16)}; .ip: rep movsb; nop`, {}, on(2, 1), [0, 0, at(17)]);
  d.test(`${b}: write and TF`, `mov [${at(0)}], al; nop`, { flags: TF }, on(0, 1), [at(0)]);
  d.test(`${b}: two data breakpoints`, `mov [${at(0)}], eax; nop`, {}, on(0, 1) | on(3, 1), [at(0), 0, 0, at(3)]);
  k.run(`mov word [${at(0)}], ${SELECTOR.data32}`);
  d.test(`${b}: MOV SS from memory`, `mov ss, [${at(0)}]; nop; nop`, {}, on(0, 3, 2), [at(0)]);
  d.test(`${b}: write at 3`, `mov [${at(0)}], al; nop`, { ring: 3 }, on(0, 1), [at(0)]);
  if (long) d.test('long: 8 bytes', `mov [${at(7)}], al; nop`, {}, (1 | 0x9 << 16) >>> 0, [at(0)]);
}

function portBreakpoints(k: Kernel, d: Debugger): void {
  k.title('SDM 3, 17.2.4 and 17.3.1.2: port breakpoints, with CR4.DE');
  d.test('OUT, without DE', 'out 0x80, al; nop', {}, on(0, 2), [0x80]);
  k.run('mov eax, cr4; or al, 8; mov cr4, eax');
  d.test('OUT', 'out 0x80, al; nop', {}, on(0, 2), [0x80]);
  d.test('IN', 'in al, 0x80; nop', {}, on(0, 2), [0x80]);
  d.test('OUT to another port', 'out 0x81, al; nop', {}, on(0, 2), [0x80]);
  d.test('dword IN over the port', 'mov dx, 0x80; .ip: in eax, dx; nop', {}, on(0, 2), [0x83]);
  d.test('OUT, 4 ports', 'out 0x83, al; nop', {}, on(0, 2, 4), [0x80]);
  d.test('OUTSB', `mov esi, ${DATA}; mov dx, 0x80; .ip: outsb; nop`, {}, on(0, 2), [0x80]);
  d.test('REP OUTSB', `mov esi, ${DATA}; mov dx, 0x80; mov ecx, 2; .ip: rep outsb; nop`, {}, on(0, 2), [0x80]);
  k.title('SDM 3, 17.2.2: DR4 and DR5 with CR4.DE');
  k.test('MOV from DR4 with DE', 'mov eax, dr4');
  k.test('MOV to DR5 with DE', 'mov dr5, eax');
  k.run('mov eax, cr4; and al, 0xf7; mov cr4, eax');
}

function registers(k: Kernel, d: Debugger, long: boolean): void {
  const b = long ? 'long' : '32', ax = long ? 'rax' : 'eax';
  k.title(`SDM 3, 17.2: what the debug registers keep, ${b}`);
  k.show(`${b}: DR7 of zeros`, `xor eax, eax; mov dr7, ${ax}; mov ${ax}, dr7`);
  k.show(`${b}: DR6 of zeros`, `xor eax, eax; mov dr6, ${ax}; mov ${ax}, dr6`);
  k.show(`${b}: DR6 of ones`, `mov eax, 0xfffeffff; mov dr6, ${ax}; mov ${ax}, dr6`);
  k.show(`${b}: DR7 of ones but GD`, `mov eax, 0xffffd3fc; mov dr7, ${ax}; mov ${ax}, dr7; xor ecx, ecx; mov dr7, ${long ? 'rcx' : 'ecx'}`);
  k.show(`${b}: DR3`, `mov ${ax}, ${long ? '0x1234567890' : '0x12345678'}; mov dr3, ${ax}; xor eax, eax; mov ${ax}, dr3`);
  k.show(`${b}: DR4 is DR6`, `xor eax, eax; mov dr6, ${ax}; mov ${ax}, dr4`);
  d.test(`${b}: GD, MOV from DR0`, `mov ${ax}, dr0`, {}, 0x2000);
  d.test(`${b}: GD, MOV to DR7`, `mov dr7, ${ax}`, {}, 0x2000);
  k.test(`${b}: GD is off in the handler`, `mov ${ax}, dr7`, { show: SHOW_EAX });
  if (!long) return;
  for (const n of [6, 7]) k.test(`long: DR${n} beyond 32 bits`, `mov rax, 0x100000000; .ip: mov dr${n}, rax`);
  k.test('long: DR0 not canonical', 'mov rax, 0x800000000000; mov dr0, rax; mov rax, dr0; shr rax, 40', { show: SHOW_EAX });
}

export function debug(): Uint8Array {
  const k = new Kernel(), d = new Debugger(k);
  k.title('SDM 3, 17.3.1.4: single steps in real mode; BS is bit 14 of DR6');
  singleStep(d, 'real', {});
  k.protected();
  k.title('SDM 3, 17.3.1.4 and 6.8.3: single steps in protected mode');
  singleStep(d, '16/0', { bits: 16 });
  singleStep(d, 'v86', { v86: true, flags: IOPL3 });
  byPopf(d);
  instructionBreakpoints(k, d, false);
  dataBreakpoints(k, d, false);
  portBreakpoints(k, d);
  registers(k, d, false);
  return k.image();
}

export function debugLong(): Uint8Array {
  const k = new Kernel(), d = new Debugger(k);
  k.long();
  k.title('SDM 3, 17.3.1.4: single steps in long mode');
  singleStep(d, '64/0', {});
  singleStep(d, '64/3', { ring: 3 });
  instructionBreakpoints(k, d, true);
  dataBreakpoints(k, d, true);
  registers(k, d, true);
  return k.image();
}

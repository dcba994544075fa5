/**
 * Task switches: task A is the program's own (tss32), B a 32-bit task, C a 16-bit one. What is saved and loaded, the busy bits, the back
 * link, NT, TS, the debug trap, faults before and after the switch, task gates, returns.
 */
import { Kernel, type TestOptions } from './kernel.js';
import { IMAGE, IMAGE_SEGMENT, RING0_STACK, SELECTOR, USER_STACK } from './layout.js';
import { gate, segment, taskSegment } from './tables.js';

const SHOW_EAX = 1;
const NT = 0x4000, IOPL3 = 0x3000, VM = 0x2_0000;
/** Offsets in a 32-bit TSS. */
const TSS = {
  link: 0, esp0: 4, eip: 0x20, eflags: 0x24, eax: 0x28, ecx: 0x2c, esp: 0x38, es: 0x48, cs: 0x4c, ss: 0x50, ds: 0x54, fs: 0x58, gs: 0x5c, ldt: 0x60, trap: 0x64,
} as const;
type Field = keyof typeof TSS;
type Changes = Partial<Record<Field, number | string>>;

interface Selectors {
  b: number;
  c: number;
  absent: number;
  small: number;
  user: number;
  gateB: number;
  absentGate: number;
  absentData: number;
  absentCode: number;
  ldt: number;
}

const flat = { flags: 0xc };

function describe(k: Kernel): Selectors {
  const b = k.descriptor(taskSegment('task_b', 0x67));
  return {
    b, c: k.descriptor(taskSegment('task_c', 0x2b, 0x81)),
    absent: k.descriptor(taskSegment('task_b', 0x67, 0x09)), small: k.descriptor(taskSegment('task_b', 0x66)), user: k.descriptor(taskSegment('task_b', 0x67, 0xe9)),
    gateB: k.descriptor(gate(0, b, 0xe5)), absentGate: k.descriptor(gate(0, b, 0x65)),
    absentData: k.descriptor(segment({ access: 0x73, ...flat })), absentCode: k.descriptor(segment({ access: 0x7b, ...flat })),
    ldt: k.descriptor(segment({ base: 'ldt_b', limit: 15, access: 0x82 })),
  };
}

function placeTasks(k: Kernel): void {
  const { data32, code32, data16, code16, imageData } = SELECTOR;
  k.data(`template_b: dd 0xdead, ${RING0_STACK}, ${data32}, 0, 0, 0, 0, 0, code_b, 2, 0x11, 0x22, 0x33, 0x44, ${RING0_STACK}, 0x55, 0x66, 0x77
    dd ${data32}, ${code32}, ${data32}, ${data32}, ${data32}, ${data32}, 0, 0x680000`);
  k.data(`template_c: dw 0xdead, ${RING0_STACK}, ${data16}, 0, 0, 0, 0, code_c, 2, 0x11, 0x22, 0x33, 0x44, ${RING0_STACK}, 0x55, 0x66, 0x77, ${imageData}, ${code16}, ${data16}, ${imageData}, 0`);
  k.data(`task_b: ${'dd 0\n'.repeat(26)}`);
  k.data(`task_c: ${'dd 0\n'.repeat(11)}`);
  k.data(`ldt_b: ${segment({ access: 0x93, ...flat })}; dq 0`);
  // B adds up its registers, so that each shows that it was loaded.
  k.place(32, 'code_b: add eax, ecx; add eax, edx; add eax, ebx; add eax, ebp; add eax, esi; add eax, edi; int 0x31');
  k.place(16, 'code_c: add ax, cx; add ax, dx; add ax, bx; add ax, bp; add ax, si; add ax, di; movzx eax, ax; int 0x31');
  k.place(32, 'return_b: iretd; int 0x32');
  k.place(16, 'return_c: iret; int 0x32');
  k.place(32, 'code_error: pop eax; int 0x31');
}

class Tasks {
  constructor(private readonly k: Kernel, readonly s: Selectors) {}

  /** Back to task A, B and C as their templates say but for `changes` of B. */
  prepare(changes: Changes = {}): void {
    const { k, s } = this;
    k.run(`clts; mov esi, template_b; mov edi, task_b; mov ecx, 26; rep movsd; mov esi, template_c; mov edi, task_c; mov ecx, 11; rep movsd
      mov byte [gdt+${s.b + 5}], 0x89; mov byte [gdt+${s.user + 5}], 0xe9; mov byte [gdt+${s.c + 5}], 0x81
      and byte [gdt+${SELECTOR.tss32 + 5}], 0xfd; mov ax, ${SELECTOR.tss32}; ltr ax; xor eax, eax; lldt ax; mov dr6, eax; mov word [tss32], 0`);
    for (const [field, value] of Object.entries(changes)) k.run(`mov dword [task_b+${TSS[field as Field]}], ${value}`);
  }

  test(name: string, text: string, options: TestOptions = {}, changes: Changes = {}): void {
    this.prepare(changes);
    this.k.test(name, text, options);
  }

  /** Types of A and B and the back link of B; then TS. */
  state(name: string): void {
    const { k, s } = this;
    k.show(`${name}: types of A and B, link of B`, `movzx eax, byte [gdt+${SELECTOR.tss32 + 5}]; shl eax, 8; mov al, [gdt+${s.b + 5}]; shl eax, 16; mov ax, [task_b]`);
    k.show(`${name}: TS`, 'mov eax, cr0; and eax, 8');
  }

  /** What A's TSS keeps of the interrupted program. */
  saved(name: string, label: string): void {
    const { k } = this;
    k.show(`${name}: saved EIP`, `mov eax, [tss32+${TSS.eip}]; sub eax, ${label}`);
    k.show(`${name}: saved EFLAGS`, `mov eax, [tss32+${TSS.eflags}]`);
    k.show(`${name}: saved EAX`, `mov eax, [tss32+${TSS.eax}]`);
    k.show(`${name}: saved CS and SS`, `mov eax, [tss32+${TSS.cs}]; shl eax, 16; mov ax, [tss32+${TSS.ss}]`);
    k.show(`${name}: saved ES and GS`, `mov eax, [tss32+${TSS.es}]; shl eax, 16; mov ax, [tss32+${TSS.gs}]`);
  }
}

function switches(k: Kernel, t: Tasks): void {
  const { b, gateB } = t.s;
  k.title('SDM 3, 7.3: CALL, JMP, INT and exceptions to a 32-bit task; table 7-2: busy, NT, link');
  t.test('CALL B', `mov eax, 0x1234; call_b: call ${b}:0`, { ip: 'code_b', show: SHOW_EAX });
  t.state('CALL B');
  t.saved('CALL B', 'call_b');
  t.test('JMP B', `mov eax, 0x1234; stc; jmp_b: jmp ${b}:0`, { ip: 'code_b', show: SHOW_EAX });
  t.state('JMP B');
  t.saved('JMP B', 'jmp_b');
  t.test('JMP B with NT', `jmp ${b}:0`, { ip: 'code_b', flags: NT });
  k.show('JMP B with NT: saved EFLAGS', `mov eax, [tss32+${TSS.eflags}]`);
  t.test('CALL gate of B at 3', `mov eax, 0x77; call_gate: call ${gateB + 3}:0`, { ring: 3, ip: 'code_b' });
  t.state('CALL gate of B at 3');
  t.saved('CALL gate of B at 3', 'call_gate');
  t.test('CALL TSS of DPL 3 at 3', `call ${t.s.user + 3}:0`, { ring: 3, ip: 'code_b' });
  k.title('SDM 2, IRET with NT: back by the link');
  t.test('CALL B and IRET', `mov eax, 0x55; call ${b}:0; pushfd; pop ecx; mov eax, ecx`, { show: SHOW_EAX }, { eip: 'return_b' });
  t.state('CALL B and IRET');
  k.show('EFLAGS of B after IRET', `mov eax, [task_b+${TSS.eflags}]`);
  k.show('EIP of B after IRET', `mov eax, [task_b+${TSS.eip}]; sub eax, return_b`);
  t.test('CALL B twice: it goes on behind its IRET', `call ${b}:0; .ip: call ${b}:0`, { ip: 'return_b' }, { eip: 'return_b' });
  t.test('JMP B, IRET without NT', `jmp ${b}:0`, { ip: 'return_b' }, { eip: 'return_b', esp: 0x7f00 });
}

function gatesOfTasks(k: Kernel, t: Tasks): void {
  const { b } = t.s;
  const place = (vector: number, tss: number): void => k.run(`mov dword [idt32+${vector * 8}], ${(tss << 16) >>> 0}; mov dword [idt32+${vector * 8 + 4}], 0xe500`);
  const back = (vector: number): void => k.run(`mov eax, [keep]; mov [idt32+${vector * 8}], eax; mov eax, [keep+4]; mov [idt32+${vector * 8 + 4}], eax`);
  const keep = (vector: number): void => k.run(`mov eax, [idt32+${vector * 8}]; mov [keep], eax; mov eax, [idt32+${vector * 8 + 4}]; mov [keep+4], eax`);
  k.data('keep: dq 0');
  k.title('SDM 3, 6.12.2: task gates in the IDT; an error code goes on the stack of the new task');
  keep(0x33);
  place(0x33, b);
  t.test('INT to B', 'int_b: int 0x33', { ip: 'code_b', show: SHOW_EAX });
  t.state('INT to B');
  t.saved('INT to B', 'int_b');
  t.test('INT to B at 3', 'int_b3: int 0x33', { ring: 3, ip: 'code_b', show: SHOW_EAX });
  t.saved('INT to B at 3', 'int_b3');
  t.test('INT to B from v86', 'int_v86: int 0x33', { v86: true, flags: IOPL3, ip: 'code_b' });
  k.show('INT to B from v86: saved EFLAGS', `mov eax, [tss32+${TSS.eflags}]`);
  k.show('INT to B from v86: saved EIP', `mov eax, [tss32+${TSS.eip}]; mov ecx, int_v86; movzx ecx, cx; sub eax, ecx`);
  t.test('INT to B from v86 and back', 'int 0x33; mov eax, 0x99', { v86: true, flags: IOPL3, show: SHOW_EAX }, { eip: 'return_b' });
  back(0x33);
  keep(13);
  place(13, b);
  t.test('GP to B', 'mov ax, 0x1230; gp_b: mov ds, ax', { ip: 'code_error', show: SHOW_EAX }, { eip: 'code_error' });
  t.saved('GP to B', 'gp_b');
  k.run('mov byte [idt32+109], 0x65');
  t.test('GP by an absent task gate', 'mov ax, 0x1230; .ip: mov ds, ax');
  back(13);
  keep(8);
  place(8, b);
  k.run('mov byte [idt32+109], 0x0e');
  t.test('double fault to B', 'mov ax, 0x1230; .ip: mov ds, ax', { ip: 'code_error', show: SHOW_EAX }, { eip: 'code_error' });
  k.run('mov byte [idt32+109], 0x8e');
  back(8);
}

function refusals(k: Kernel, t: Tasks): void {
  const { b, absent, small, gateB, absentGate } = t.s;
  k.title('SDM 3, 7.3 and table 7-1: refused before the switch, in the old task');
  t.test('CALL of itself', `call ${SELECTOR.tss32}:0`);
  t.test('JMP to an absent TSS', `jmp ${absent}:0`);
  t.test('JMP to a TSS that is too small', `jmp ${small}:0`);
  t.test('CALL at 3', `call ${b}:0`, { ring: 3 });
  t.test('CALL with RPL 3 at 0', `call ${b + 3}:0`);
  t.test('absent task gate', `call ${absentGate}:0`);
  k.run(`mov word [gdt+${gateB + 2}], 0`);
  t.test('gate to null', `call ${gateB}:0`);
  k.run(`mov word [gdt+${gateB + 2}], ${SELECTOR.data32}`);
  t.test('gate to data', `call ${gateB}:0`);
  k.run(`mov word [gdt+${gateB + 2}], 0xc`);
  t.test('gate into the LDT', `call ${gateB}:0`);
  k.run(`mov word [gdt+${gateB + 2}], ${b}`);
  for (const [name, link] of [['null', 0], ['a TSS that is not busy', b], ['data', SELECTOR.data32], ['itself', SELECTOR.tss32]] as const) {
    t.prepare();
    k.run(`mov word [tss32], ${link}`);
    k.test(`IRET with NT, link to ${name}`, 'iretd', { flags: NT });
  }
}

/** B has CPL 3, so that a handler finds a stack whatever is wrong with B's. */
function newTaskFaults(k: Kernel, t: Tasks): void {
  const { b, absentData, absentCode, ldt } = t.s;
  const { user32, userData } = SELECTOR;
  const user: Changes = { cs: user32, ss: userData, ds: userData, es: userData, fs: userData, gs: userData, esp: USER_STACK };
  const bad = (name: string, changes: Changes, ip = 'code_b'): void => t.test(name, `jmp ${b}:0`, { ip }, { ...user, ...changes });
  k.title('SDM 3, 7.3, table 7-1: faults after the switch are those of the new task');
  bad('B at 3', {});
  bad('CS null', { cs: 3 });
  bad('CS data', { cs: userData });
  bad('CS absent', { cs: absentCode | 3 });
  bad('CS of ring 0 with RPL 3', { cs: SELECTOR.code32 | 3 });
  bad('SS null', { ss: 3 });
  bad('SS of ring 0', { ss: SELECTOR.data32 });
  bad('SS absent', { ss: absentData | 3 });
  bad('DS of ring 0', { ds: SELECTOR.data32 });
  bad('DS absent', { ds: absentData | 3 });
  bad('ES beyond the GDT', { es: 0xfff8 });
  bad('FS null', { fs: 0 });
  bad('GS of a TSS', { gs: b });
  bad('LDT that is data', { ldt: userData });
  bad('LDT in the LDT', { ldt: 0xc });
  bad('EIP beyond the limit', { cs: SELECTOR.user16, eip: 0x2_0000 }, '0x20000');
  t.state('EIP beyond the limit');
  bad('LDT', { ldt });
  t.test('DS from its LDT', `jmp ${b}:0`, { ip: 'code_b' }, { ldt, ds: 4 });
}

function others(k: Kernel, t: Tasks): void {
  const { b, c } = t.s;
  k.title('SDM 3, 7.2.1 and 17.3.1.5: the debug trap flag; B1 to BT in DR6');
  t.test('T flag', `jmp ${b}:0`, { ip: 'code_b' }, { trap: 0x680001 });
  k.show('T flag: DR6', 'mov eax, dr6');
  k.title('SDM 3, 20.2.1 and 7.3: to a virtual-8086 task');
  t.test('v86 task', `jmp ${b}:0`, { ip: 'code_v86' }, { eflags: VM | IOPL3 | 2, cs: IMAGE_SEGMENT, ss: 0, ds: IMAGE_SEGMENT, es: 1, fs: 2, gs: 3, eip: `code_v86-${IMAGE}`, esp: USER_STACK });
  k.place(16, 'code_v86: nop; int 0x31');
  k.title('SDM 3, 7.6: 16-bit tasks');
  t.test('CALL C', `mov eax, 0x12345678; call_c: call ${c}:0`, { ip: 'code_c', show: SHOW_EAX });
  k.show('CALL C: types of A and C, link of C', `movzx eax, byte [gdt+${SELECTOR.tss32 + 5}]; shl eax, 8; mov al, [gdt+${c + 5}]; shl eax, 16; mov ax, [task_c]`);
  t.saved('CALL C', 'call_c');
  t.prepare();
  k.run('mov word [task_c+14], return_c');
  k.test('CALL C and IRET', `mov eax, 0x12345678; call ${c}:0; mov ecx, fs; shl eax, 16; mov ax, cx`, { show: SHOW_EAX });
  k.show('FLAGS of C after IRET', 'movzx eax, word [task_c+16]');
  t.prepare();
  k.run(`mov ax, ${c}; ltr ax`);
  k.test('C as the old task', `mov ax, 0x4321; call_from_c: call ${b}:0`, { ip: 'code_b' });
  k.show('C as the old task: saved IP', 'movzx eax, word [task_c+14]; mov ecx, call_from_c; movzx ecx, cx; sub eax, ecx');
  k.show('C as the old task: saved AX and CS', 'movzx eax, word [task_c+18]; shl eax, 16; mov ax, [task_c+36]');
  k.show('C as the old task: link of B', 'movzx eax, word [task_b]');
}

export function tasks(): Uint8Array {
  const k = new Kernel();
  const s = describe(k), t = new Tasks(k, s);
  placeTasks(k);
  k.protected();
  switches(k, t);
  gatesOfTasks(k, t);
  refusals(k, t);
  newTaskFaults(k, t);
  others(k, t);
  t.prepare();
  return k.image();
}

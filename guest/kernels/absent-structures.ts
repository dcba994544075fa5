/**
 * The processor's own structures in absent and read-only pages: IDT, GDT, LDT, TSS, I/O map, stacks. Each lies across the end of a page, so that
 * what the handlers need is there. Page faults are taken on interrupt stack 1.
 */
import { Kernel } from './kernel.js';
import { PAGES, SELECTOR, TABLES } from './layout.js';
import { LONG, Pager, TABLE } from './pager.js';
import { segment } from './tables.js';

const W = BigInt(LONG.window);
/** Behind the window's first page: the second is what may be absent; then a page of stack. */
const EDGE = W + 0x1000n;
const SECOND = TABLE + 8, THIRD = TABLE + 16, FIRST = TABLE;
const IDT_BEFORE = 0x200, GDT_BEFORE = 0x120, TSS_BEFORE = 0x10, MAP_BEFORE = 0x68;

/** Copies `bytes` from a label to `before` bytes in front of the edge. */
const copy = (label: string, bytes: number, before: number): string => `mov esi, ${label}; mov edi, ${PAGES + 0x1000 - before}; mov ecx, ${bytes}; rep movsb;`;
const entry = (at: number, value: number): string => `mov dword [${at}], ${value}; mov rax, cr3; mov cr3, rax;`;
const restore = `${entry(FIRST, PAGES + 7)} ${entry(SECOND, PAGES + 0x1007)} ${entry(THIRD, PAGES + 0x2007)}`;

function idt(k: Kernel): void {
  k.title('SDM 3, 4.7 and 6.15, interrupt 14: the IDT; the processor reads it as supervisor at any CPL');
  k.run(`${copy('idt64', 0x400, IDT_BEFORE)} mov rax, ${EDGE - BigInt(IDT_BEFORE)}; mov [far_idt+2], rax; lidt [far_idt]; ${entry(SECOND, 0)}`);
  k.test('INT 31h, gate absent', 'int 0x31');
  k.test('INT 31h at 3, gate absent', 'int 0x31', { ring: 3 });
  k.test('UD2, gate there', 'ud2', { ring: 3 });
  k.run(`${entry(SECOND, PAGES + 0x1001)}`);
  k.test('INT 31h at 3, gate in a supervisor page', 'int 0x31', { ring: 3 });
  k.run(`lidt [idtr64]; ${restore}`);
}

function gdt(k: Kernel): void {
  k.title('SDM 3, 4.7: the GDT; descriptors are read as supervisor, and their accessed bit written');
  const [data, fresh] = [0x128, 0x130];
  k.run(`${copy('gdt', 0x110, GDT_BEFORE)}
    mov rax, [descriptors]; mov [${PAGES + 0x1000 + data - GDT_BEFORE}], rax; mov rax, [descriptors+8]; mov [${PAGES + 0x1000 + fresh - GDT_BEFORE}], rax
    mov rax, ${EDGE - BigInt(GDT_BEFORE)}; mov [far_gdt+2], rax; lgdt [far_gdt]; ${entry(SECOND, 0)}`);
  const load = (selector: number): string => `mov eax, ${selector}; .ip: mov ds, ax`;
  k.test('DS, descriptor absent', load(data));
  k.test('DS at 3, descriptor absent', load(data + 3), { ring: 3 });
  k.test('LAR, descriptor absent', `mov ecx, ${data}; .ip: lar eax, ecx`);
  k.test('far return, descriptor absent', `push ${data}; push 0; .ip: retfq`);
  k.run(entry(SECOND, PAGES + 0x1000 + 1));
  k.test('DS at 3, descriptor in a supervisor page', load(data + 3), { ring: 3 });
  k.run('mov rax, cr0; bts rax, 16; mov cr0, rax');
  k.test('DS, accessed, page read-only', load(data));
  k.test('DS, not accessed, page read-only', load(fresh));
  k.test('DS at 3, not accessed, page read-only', load(fresh + 3), { ring: 3 });
  k.run('mov rax, cr0; btr rax, 16; mov cr0, rax');
  k.test('DS, not accessed, page read-only, WP off', load(fresh));
  k.show('its type', `movzx eax, byte [${PAGES + 0x1000 + fresh - GDT_BEFORE + 5}]`);
  k.run(`lgdt [gdtr]; ${restore}`);
}

/** Loads TR with a copy of the TSS `before` bytes in front of the edge. */
function task(k: Kernel, selector: number, before: number): void {
  const at = (offset: number): string => `gdt+${selector + offset}`;
  k.run(`${copy('tss64', 0x8a, before)} mov rax, ${EDGE - BigInt(before)}; mov [${at(2)}], ax; shr rax, 16; mov [${at(4)}], al; mov [${at(7)}], ah; shr rax, 16; mov [${at(8)}], eax
    mov byte [${at(5)}], 0x89; mov ax, ${selector}; ltr ax`);
}

function taskState(k: Kernel, selector: number): void {
  k.title('SDM 3, 7.7 and 4.7: the TSS: RSP0 absent, IST 1 there; then the I/O map');
  task(k, selector, TSS_BEFORE);
  k.run(entry(FIRST, 0));
  k.test('UD2 at 3, RSP0 absent', 'ud2', { ring: 3 });
  k.test('UD2 at 0, RSP0 absent', 'ud2');
  k.test('page fault at 3, RSP0 absent', 'mov rax, 0x8000005000; .ip: mov eax, [rax]', { ring: 3 });
  k.run(restore);
  task(k, selector, MAP_BEFORE);
  k.run(entry(SECOND, 0));
  k.test('IN at 3, I/O map absent', 'in al, 0x80', { ring: 3 });
  k.test('IN at 3, IOPL 3, I/O map absent', 'in al, 0x80', { ring: 3, flags: 0x3000 });
  k.run(`${restore} and byte [gdt+${SELECTOR.tss64 + 5}], 0xfd; mov ax, ${SELECTOR.tss64}; ltr ax`);
}

function stacks(k: Kernel): void {
  k.title('SDM 3, table 6-5: the stack of a handler absent; a page fault during another exception, and during a page fault');
  const top = EDGE + 0x2000n;
  k.run(`mov rax, ${top}; mov [tss64+4], rax; ${entry(THIRD, 0)}`);
  k.test('UD2 at 3: the page fault of its delivery', 'ud2', { ring: 3 });
  k.test('CLI at 3: the page fault of its delivery', 'cli', { ring: 3 });
  k.test('INT 31h at 3: the page fault of its delivery', 'int 0x31', { ring: 3 });
  k.run('mov byte [idt64+228], 0; mov byte [idt64+132], 1');
  k.test('page fault at 3: a double fault', 'mov rax, 0x8000005000; .ip: mov eax, [rax]', { ring: 3 });
  k.run(`mov byte [idt64+228], 1; ${entry(THIRD, PAGES + 0x2001)} mov rax, cr0; bts rax, 16; mov cr0, rax`);
  k.test('UD2 at 3, stack read-only', 'ud2', { ring: 3 });
  k.run(`mov rax, cr0; btr rax, 16; mov cr0, rax; ${entry(THIRD, PAGES + 0x2007)} mov rax, ${W + 0x2008n}; mov [tss64+4], rax; ${entry(SECOND, 0)}`);
  k.test('UD2 at 3, the second push absent', 'ud2', { ring: 3 });
  k.run(`${restore} mov dword [tss64+4], 0x8000; mov dword [tss64+8], 0`);
}

export function absentStructures(): Uint8Array {
  const k = new Kernel();
  const farTask = k.descriptor(`${segment({ limit: 0x89, access: 0x89 })}; dq 0`, 2);
  k.data(`descriptors: ${segment({ access: 0xf3, flags: 0xc })}; ${segment({ access: 0xf2, flags: 0xc })}`);
  k.data('far_idt: dw 0x3ff; dq 0\n far_gdt: dw 0x1ff; dq 0');
  k.long();
  k.run(`mov edi, ${TABLES}; mov ecx, 0x3000; xor eax, eax; rep stosd; mov edi, ${PAGES}; mov ecx, 0xc00; rep stosd; mov byte [idt64+228], 1`);
  new Pager(k, LONG).set({});
  k.run(restore);
  idt(k);
  gdt(k);
  taskState(k, farTask);
  stacks(k);
  return k.image();
}

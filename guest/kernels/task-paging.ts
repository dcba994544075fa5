/** Task switches under paging: each task's CR3, and TSSs in pages that are absent or read-only, which the old task is told of. */
import { Kernel } from './kernel.js';
import { PAGES, RING0_STACK, SELECTOR, TABLES } from './layout.js';
import { segment } from './tables.js';

/** The window's page table for A; B's page directory and its table of the window. */
const TABLE_A = TABLES + 0x2000, DIRECTORY_B = TABLES + 0x3000, TABLE_B = TABLES + 0x4000;
const W = 0x40_0000, EDGE = W + 0x1000;
const TSS_BYTES = 104;
/** Offsets in a TSS. */
const CR3 = 0x1c, EIP = 0x20;

/** One to one for 4 MiB; the window in the next 4 MiB, differently for A and B. */
function page(k: Kernel): void {
  k.run(`
    mov edi, ${TABLES}; mov ecx, 0x1400; xor eax, eax; rep stosd; mov edi, ${TABLES + 0x1000}; mov eax, 7
  .fill: mov [edi], eax; add edi, 4; add eax, 0x1000; cmp eax, 0x400000; jb .fill
    mov dword [${TABLES}], ${TABLES + 0x1007}; mov dword [${TABLES + 4}], ${TABLE_A + 7}
    mov dword [${DIRECTORY_B}], ${TABLES + 0x1007}; mov dword [${DIRECTORY_B + 4}], ${TABLE_B + 7}
    mov dword [${TABLE_A}], ${PAGES + 7}; mov dword [${TABLE_A + 4}], ${PAGES + 0x1007}; mov dword [${TABLE_B}], ${PAGES + 0x2007}
    mov dword [${PAGES + 0x800}], 0xaaaa; mov dword [${PAGES + 0x2800}], 0xbbbb
    mov eax, ${TABLES}; mov cr3, eax; mov [tss32+${CR3}], eax; mov eax, cr0; or eax, 0x80010000; mov cr0, eax; jmp .on; .on:`);
}

/** Back to A in its own pages; both pages of the window there and writable; B's TSS at `base`. */
function prepare(k: Kernel, b: number, base: number): void {
  k.run(`
    clts; mov eax, ${TABLES}; mov cr3, eax; mov dword [${TABLE_A}], ${PAGES + 7}; mov dword [${TABLE_A + 4}], ${PAGES + 0x1007}; mov cr3, eax
    mov eax, ${base}; mov [gdt+${b + 2}], ax; shr eax, 16; mov [gdt+${b + 4}], al; mov byte [gdt+${b + 5}], 0x89; mov [gdt+${b + 7}], ah
    and byte [gdt+${SELECTOR.tss32 + 5}], 0xfd; mov ax, ${SELECTOR.tss32}; ltr ax
    mov esi, template_b; mov edi, ${base}; mov ecx, ${TSS_BYTES}; rep movsb`);
}

const change = (k: Kernel, entry: number, value: number): void => k.run(`mov dword [${entry}], ${value}; mov eax, cr3; mov cr3, eax`);

export function taskPaging(): Uint8Array {
  const k = new Kernel();
  const { code32, data32 } = SELECTOR;
  const b = k.descriptor(segment({ limit: TSS_BYTES - 1, access: 0x89 }));
  k.data(`template_b: dd 0, ${RING0_STACK}, ${data32}, 0, 0, 0, 0, ${DIRECTORY_B}, code_b, 2, 0, 0, 0, 0, ${RING0_STACK}, 0, 0, 0
    dd ${data32}, ${code32}, ${data32}, ${data32}, ${data32}, ${data32}, 0, 0x680000`);
  k.place(32, `code_b: mov eax, [${W + 0x800}]; int 0x31; return_b: mov eax, [${W + 0x800}]; iretd`);
  k.protected();
  page(k);
  k.title('SDM 3, 7.3 and 7.7: CR3 comes from the new TSS and is not saved in the old one');
  k.show('A sees', `mov eax, [${W + 0x800}]`);
  prepare(k, b, PAGES + 0x3000);
  k.test('JMP B: B sees', `jmp ${b}:0`, { ip: 'code_b', show: 1 });
  k.show('CR3 in B', 'mov eax, cr3');
  prepare(k, b, PAGES + 0x3000);
  k.run(`mov eax, return_b; mov [${PAGES + 0x3000 + EIP}], eax`);
  k.test('CALL B and IRET: A sees', `call ${b}:0; mov eax, [${W + 0x800}]`, { show: 1 });
  k.show('CR3 in A', 'mov eax, cr3');
  k.show('CR3 in the TSS of B', `mov eax, [${PAGES + 0x3000 + CR3}]`);
  k.title('SDM 3, 7.3: page faults on either TSS before the switch is made are those of the old task');
  prepare(k, b, W);
  change(k, TABLE_A, 0);
  k.test('JMP to a TSS in an absent page', `jmp ${b}:0`);
  prepare(k, b, EDGE - TSS_BYTES / 2);
  change(k, TABLE_A + 4, 0);
  k.test('JMP to a TSS whose second page is absent', `jmp ${b}:0`);
  k.show('B is not busy', `movzx eax, byte [gdt+${b + 5}]`);
  prepare(k, b, W);
  change(k, TABLE_A, PAGES + 5);
  k.test('CALL to a TSS in a read-only page: the back link', `call ${b}:0`);
  prepare(k, b, W);
  change(k, TABLE_A, PAGES + 5);
  k.run(`mov dword [template_b+${CR3}], ${TABLES}; mov dword [${PAGES + CR3}], ${TABLES}`);
  k.test('JMP to a TSS in a read-only page', `jmp ${b}:0`, { ip: 'code_b', show: 1 });
  prepare(k, b, W);
  k.run(`mov ax, ${b}; ltr ax; mov byte [gdt+${SELECTOR.tss32 + 5}], 0x89; mov dword [tss32+${EIP}], 0`);
  change(k, TABLE_A, 0);
  k.test('JMP from a TSS in an absent page', `jmp ${SELECTOR.tss32}:0`);
  change(k, TABLE_A, PAGES + 5);
  k.test('JMP from a TSS in a read-only page', `jmp ${SELECTOR.tss32}:0`);
  k.run(`mov dword [${TABLE_A}], ${PAGES + 7}; mov eax, cr3; mov cr3, eax`);
  k.run('mov eax, cr0; and eax, 0x7ffeffff; mov cr0, eax');
  return k.image();
}

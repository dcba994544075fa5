/**
 * SMEP and SMAP: what CPL 0 may not do with user pages. Here the first 2 MiB are supervisor pages, and ALIAS shows them to user mode.
 */
import { Kernel, type TestOptions } from './kernel.js';
import { PDPT, TABLES, PAGES } from './layout.js';
import { DIRECTORY, fetch, LONG, Pager, read, TABLE, write } from './pager.js';
import { segment } from './tables.js';

const ALIAS = 0x4000_0000;
/** A table of one descriptor: data for CPL 3. */
const LDT = PAGES + 0x4000;
const SMEP = 1 << 20, SMAP = 1 << 21;
const AC = 0x4_0000;
/** Of the first descriptor in the LDT. */
const LOAD = 'mov ax, 7; .ip: mov ds, ax';

const set = (k: Kernel, bits: number): void => k.run(`mov rax, cr4; or eax, ${bits}; mov cr4, rax`);
const clear = (k: Kernel, bits: number): void => k.run(`mov rax, cr4; and eax, ${~bits >>> 0}; mov cr4, rax`);

function executionPrevention(k: Kernel, pager: Pager): void {
  k.title('SDM 3, 4.6 and 4.7: SMEP; bit I of the error code counts with SMEP even without NXE');
  pager.try('SMEP off', fetch(0));
  set(k, SMEP);
  pager.try('SMEP on', fetch(0));
  pager.try('SMEP on', read(0));
  k.test('SMEP on, fetch at 3', 'nop', { ring: 3, alias: ALIAS });
  pager.set({ PTE: PAGES + 3 });
  pager.try('SMEP on, supervisor page', fetch(0));
  pager.set({ PDE: TABLE + 3 });
  pager.try('SMEP on, supervisor by its PDE', fetch(0));
  pager.set({ PTE: 0 });
  pager.try('SMEP on, absent', fetch(0));
  k.run('mov ecx, 0xc0000080; rdmsr; and eax, 0xfffff7ff; wrmsr');
  pager.set({});
  pager.try('SMEP on, NXE off', fetch(0));
  pager.try('SMEP on, NXE off, alias', fetch(3), 0, { alias: ALIAS });
  pager.set({ PTE: 0 });
  pager.try('SMEP on, NXE off, absent', fetch(0));
  k.run('mov ecx, 0xc0000080; rdmsr; or eax, 0x800; wrmsr');
  clear(k, SMEP);
  pager.set({});
  pager.try('SMEP off again', fetch(0));
}

function accessPrevention(k: Kernel, pager: Pager): void {
  k.title('SDM 3, 4.6.1: SMAP, AC, STAC and CLAC');
  pager.try('SMAP off', read(0));
  set(k, SMAP);
  for (const access of [read(0), write(0)]) {
    pager.try('SMAP on', access);
    pager.try('SMAP on, AC', access, 0, { flags: AC });
    pager.try('SMAP on, STAC', { ...access, text: `stac; ${access.text}` });
    pager.try('SMAP on, CLAC', { ...access, text: `clac; ${access.text}` }, 0, { flags: AC });
  }
  pager.try('SMAP on, no matter for', fetch(0));
  pager.try('SMAP on, alias', read(3), 0, { alias: ALIAS });
  pager.set({ PTE: PAGES + 5 });
  pager.try('SMAP on, PU and AC', write(0), 0, { flags: AC });
  k.run('mov rax, cr0; btr rax, 16; mov cr0, rax');
  pager.try('SMAP on, WP off, PU and AC', write(0), 0, { flags: AC });
  pager.try('SMAP on, WP off, PU', write(0));
  k.run('mov rax, cr0; bts rax, 16; mov cr0, rax');
  pager.set({ PTE: PAGES + 3 });
  pager.try('SMAP on, supervisor page', write(0));
  k.test('STAC at 3', 'stac', { ring: 3, alias: ALIAS });
  k.test('CLAC at 3', 'clac', { ring: 3, alias: ALIAS });
  k.test('STAC in compatibility mode', 'stac; pushfd; pop eax', { bits: 32, show: 1 });
}

/** Descriptors are read with supervisor rights whatever the CPL, and AC does not excuse that. */
function implicitAccesses(k: Kernel, options: (more: TestOptions) => TestOptions): void {
  k.title('SDM 3, 4.6.1: accesses of the processor itself: an LDT in user pages, AC or not');
  for (const [name, more] of [['at 0', {}], ['at 0 with AC', { flags: AC }], ['at 3', { ring: 3 }], ['at 3 with AC', { ring: 3, flags: AC }]] as const) k.test(`LDT in a user page ${name}`, LOAD, options(more));
}

export function supervisor(): Uint8Array {
  const k = new Kernel();
  const inUser = k.descriptor(`${segment({ base: ALIAS + LDT, limit: 15, access: 0x82 })}; dq 0`, 2);
  const inSupervisor = k.descriptor(`${segment({ base: LDT, limit: 15, access: 0x82 })}; dq 0`, 2);
  k.long();
  // The first 2 MiB by 4 KiB pages of the supervisor, and for users at ALIAS.
  k.run(`
    mov edi, ${TABLES}; mov ecx, 0x3000; xor eax, eax; rep stosd
    mov edi, ${TABLES + 0x3000}; mov eax, 3
  .fill: mov [edi], eax; mov dword [edi+4], 0; add edi, 8; add eax, 0x1000; cmp eax, 0x200000; jb .fill
    mov dword [${TABLES + 0x4000}], 0x87; mov dword [${PDPT + 8}], ${TABLES + 0x4007}
    mov dword [${PDPT + 0x1000}], ${TABLES + 0x3003}; mov rax, cr3; mov cr3, rax
    mov dword [${PAGES}], 0x30cd; mov dword [${LDT}], 0xffff; mov dword [${LDT + 4}], 0xcff300`);
  const pager = new Pager(k, LONG);
  pager.set({});
  executionPrevention(k, pager);
  accessPrevention(k, pager);
  const options = (more: TestOptions): TestOptions => (more.ring === 3 ? { ...more, alias: ALIAS } : more);
  k.run(`mov ax, ${inUser}; lldt ax`);
  implicitAccesses(k, options);
  k.run(`mov ax, ${inSupervisor}; lldt ax`);
  k.test('LDT in a supervisor page at 3', LOAD, options({ ring: 3 }));
  clear(k, SMAP);
  k.run(`mov ax, ${inUser}; lldt ax`);
  k.test('LDT in a user page without SMAP', LOAD);
  k.run(`xor eax, eax; lldt ax; mov dword [${DIRECTORY}], 0`);
  return k.image();
}

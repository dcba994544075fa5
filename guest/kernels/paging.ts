/**
 * Paging in its three formats: who may read, write and fetch through which entries, the error codes, the accessed and dirty bits,
 * large pages, NX and reserved bits. What is not the window is mapped one to one.
 */
import { Kernel } from './kernel.js';
import { PAGES, TABLES } from './layout.js';
import { ALL, fetch, flagNames, LEGACY, LONG, NX, P, PAE, Pager, PS, read, RW, TABLE, US, write, type Format } from './pager.js';

/** The page table's own rights, with WP off and on. */
function leafRights(k: Kernel, pager: Pager): void {
  for (const wp of [0, 1]) {
    k.title(`SDM 3, 4.6, 4.7 and 4.8: the last entry's rights with CR0.WP ${wp}; error code bits P 1, W 2, U 4, RSVD 8, I 10`);
    k.run(wp ? 'mov %ax, cr0; or eax, 0x10000; mov cr0, %ax' : 'mov %ax, cr0; and eax, 0xfffeffff; mov cr0, %ax');
    for (const flags of [0, P, P | RW, P | US, P | RW | US]) {
      for (const access of wp ? ALL : ALL.filter(({ name }) => name === 'write at 0' || name === 'read at 3')) {
        const what = `WP${wp} ${flagNames(flags)}`;
        pager.set({ PTE: PAGES + flags });
        pager.try(what, access);
        if (flags & P) pager.bits(`${what}, ${access.name}`);
      }
    }
  }
}

/** The rights of each level above count too. */
function upperRights(k: Kernel, pager: Pager, { levels }: Format): void {
  k.title('SDM 3, 4.6: the rights of all levels together');
  for (const { name, value, hasRights } of levels.slice(0, -1)) {
    pager.set({ [name]: value & ~1 });
    pager.try(`${name} absent`, read(0));
    if (!hasRights) continue;
    for (const access of [write(0), read(3)]) {
      pager.set({ [name]: value & ~6 });
      pager.try(`${name} P`, access);
    }
    for (const access of [write(3), read(3)]) {
      pager.set({ [name]: value & ~2 });
      pager.try(`${name} PU`, access);
    }
    pager.bits(`${name} PU`);
  }
}

function crossings(k: Kernel, pager: Pager): void {
  k.title('SDM 3, 4.7 and 6.15, interrupt 14: CR2 is the first byte that is not reached');
  pager.set({});
  pager.put(TABLE + pager.entryBytes, 0n);
  pager.try('next absent', read(0), 0xffe);
  pager.try('next absent', write(3), 0xffb);
  pager.put(TABLE + pager.entryBytes, BigInt(PAGES + 0x1000 + 1));
  k.run('mov %ax, cr3; mov cr3, %ax');
  pager.try('next P', read(3), 0xfff);
  pager.try('next P', write(0), 0xffb);
  pager.put(TABLE + pager.entryBytes, 0n);
  k.title('SDM 2 and 3, 4.7: reads that will be written fault as writes');
  const changes: readonly (readonly [string, string])[] = [
    ['ADD', '.ip: add dword [%bx], 1'], ['XCHG', '.ip: xchg [%bx], eax'], ['CMPXCHG', '.ip: db 0x0f, 0xb1, 0x03'], ['BTS', '.ip: bts dword [%bx], 1'],
    ['NOT', '.ip: not byte [%bx]'], ['SHL', '.ip: shl dword [%bx], 1'], ['TEST', '.ip: test dword [%bx], 1'], ['POP', '.ip: pop %word [%bx]'], ['MOVSB', 'mov %di, %bx; mov %si, %bx; .ip: movsb'],
  ];
  for (const [name, text] of changes) {
    pager.set({ PTE: PAGES + P + US });
    pager.try('PU', { name: `${name} at 3`, text: text.replace('%word', pager.isLong ? 'qword' : 'dword'), ring: 3 });
  }
}

function reservedBits(k: Kernel, pager: Pager, format: Format): void {
  k.title('SDM 3, 4.3 to 4.5: reserved bits');
  const large = format.bytes === 4 ? 1 << 21 : 1 << 13;
  pager.set({ PDE: PAGES + (7 | PS) });
  if (format === LEGACY) {
    pager.try('PDE with PS, CR4.PSE off', read(0));
    k.run('mov eax, cr4; or al, 0x10; mov cr4, eax');
  }
  // 4 or 2 MiB from 0, so that PAGES lies PAGES behind its start.
  pager.set({ PDE: 7 | PS });
  pager.try('large page', write(3), PAGES);
  pager.bits('large page');
  pager.set({ PDE: 7 | PS | large });
  pager.try('large page, reserved bit', read(3), PAGES);
  pager.set({ PDE: 7 | PS | 1 << 12 });
  pager.try('large page, PAT bit', read(3), PAGES);
  pager.set({ PDE: 1 | PS });
  pager.try('large page P', write(3), PAGES);
  pager.set({ PDE: 6 | PS | large });
  pager.try('large page absent, reserved bit', read(3), PAGES);
  if (format === LEGACY) return;
  for (const { name, value } of format.levels.slice(format === PAE ? 1 : 0)) {
    pager.set({ [name]: BigInt(value) | 1n << 51n });
    pager.try(`${name} bit 51`, read(3));
    pager.try(`${name} bit 51`, write(0));
  }
}

function noExecute(k: Kernel, pager: Pager, { levels }: Format): void {
  const withRights = levels.filter(({ hasRights }) => hasRights);
  k.title('SDM 3, 4.6.2 and 4.7: bit 63 is reserved without EFER.NXE, and NX with it');
  for (const nxe of [0, 1]) {
    k.run(`mov ecx, 0xc0000080; rdmsr; ${nxe ? 'or eax, 0x800' : 'and eax, 0xfffff7ff'}; wrmsr`);
    for (const { name, value } of withRights) {
      pager.set({ [name]: BigInt(value) | NX });
      for (const access of [read(0), read(3), fetch(0), fetch(3)]) pager.try(`NXE${nxe} ${name} NX`, access);
    }
  }
}

/** Everything about one format; its tables are in use. */
function tryFormat(k: Kernel, format: Format): void {
  const pager = new Pager(k, format);
  k.run(`mov dword [${PAGES}], 0x30cd; mov dword [${PAGES + 0x1000}], 0`); // INT 30h, for fetches
  leafRights(k, pager);
  upperRights(k, pager, format);
  crossings(k, pager);
  reservedBits(k, pager, format);
  if (format !== LEGACY) noExecute(k, pager, format);
}

export function paging2Level(): Uint8Array {
  const k = new Kernel();
  k.protected();
  k.run(`
    mov edi, ${TABLES}; mov ecx, 0x3000; xor eax, eax; rep stosd
    mov edi, ${TABLES + 0x1000}; mov eax, 7
  .fill: mov [edi], eax; add edi, 4; add eax, 0x1000; cmp eax, 0x400000; jb .fill
    mov dword [${TABLES}], ${TABLES + 0x1000 + 7}; mov eax, ${TABLES}; mov cr3, eax
    mov eax, cr0; or eax, 0x80000000; mov cr0, eax; jmp .on; .on:`);
  tryFormat(k, LEGACY);
  k.title('SDM 3, 4.3: PSE-36, bits 32 and up of a 4 MiB page in bits 13 and up of its entry');
  const pager = new Pager(k, LEGACY);
  k.run(`mov dword [${PAGES}], 0x12345678`);
  pager.set({ PDE: 7 | PS | 1 << 13 });
  k.show('4 GiB and above, where there is no memory', `mov eax, [0x400000+${PAGES}]; cmp eax, 0x12345678; mov eax, 0; jne .other; inc eax; .other:`);
  k.run('mov eax, cr0; and eax, 0x7fffffff; mov cr0, eax; mov eax, cr4; and al, 0xef; mov cr4, eax');
  return k.image();
}

export function pagingPae(): Uint8Array {
  const k = new Kernel();
  k.protected();
  k.run(`
    mov edi, ${TABLES}; mov ecx, 0x4000; xor eax, eax; rep stosd
    mov dword [${TABLES}], ${TABLES + 0x3001}; mov dword [${TABLES + 0x3000}], 0x87; mov dword [${TABLES + 0x3008}], 0x200087
    mov eax, cr4; or al, 0x20; mov cr4, eax; mov eax, ${TABLES}; mov cr3, eax
    mov eax, cr0; or eax, 0x80000000; mov cr0, eax; jmp .on; .on:`);
  tryFormat(k, PAE);
  k.title('SDM 3, 4.4.1: MOV to CR3 reads the four PDPTEs and refuses reserved bits in those that are present');
  for (const [name, bit] of [['1', 1n], ['2', 2n], ['5', 5n], ['8', 8n], ['63', 63n]] as const) {
    new Pager(k, PAE).put(TABLES + 16, 1n | 1n << bit);
    k.test(`PDPTE with bit ${name}`, 'mov eax, cr3; .ip: mov cr3, eax');
  }
  new Pager(k, PAE).put(TABLES + 16, 0xffff_ffff_ffff_fffen);
  k.test('absent PDPTE with all bits', 'mov eax, cr3; .ip: mov cr3, eax');
  k.title('SDM 3, 4.4.1: a PDPTE in memory counts from the next MOV to CR3');
  const pager = new Pager(k, PAE);
  pager.set({});
  pager.put(TABLES + 8, 0n);
  k.run('invlpg [0x40000000]');
  pager.try('PDPTE absent since', read(0));
  k.run('mov eax, cr3; mov cr3, eax');
  pager.try('PDPTE absent', write(0));
  k.run('mov eax, cr0; and eax, 0x7fffffff; mov cr0, eax; mov eax, cr4; and al, 0xdf; mov cr4, eax');
  return k.image();
}

export function paging4Level(): Uint8Array {
  const k = new Kernel();
  k.long();
  k.run(`mov edi, ${TABLES}; mov ecx, 0x3000; xor eax, eax; rep stosd`);
  tryFormat(k, LONG);
  const pager = new Pager(k, LONG);
  k.title('SDM 3, 4.5: pages of 1 GiB, and PS where it is reserved');
  pager.set({ PDPTE: 7 | PS });
  pager.try('1 GiB page', write(3), PAGES);
  pager.bits('1 GiB page');
  pager.set({ PDPTE: 7 | PS | 1 << 13 });
  pager.try('1 GiB page, bit 13', read(3), PAGES);
  pager.set({ PDPTE: 7 | PS | 1 << 29 });
  pager.try('1 GiB page, bit 29', read(3), PAGES);
  pager.set({ PDPTE: 7 | PS | 1 << 12 });
  pager.try('1 GiB page, PAT bit', read(3), PAGES);
  pager.set({ PML4E: TABLES + 7 + PS });
  pager.try('PML4E with PS', read(3));
  return k.image();
}

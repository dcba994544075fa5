/**
 * What must be forgotten of old translations, and when: INVLPG, CR3, global pages, PCIDs, large pages, and what a fault forgets by itself.
 * Only what the manual promises is tested: an entry may also be dropped earlier.
 */
import { Kernel } from './kernel.js';
import { PAGES, PML4, TABLES } from './layout.js';
import { LONG, Pager, TABLE, write } from './pager.js';

const W = LONG.window;
/** Two pages with a number each, and two regions of 2 MiB. */
const [A, B] = [PAGES, PAGES + 0x1000];
const GLOBAL = 0x100;
const OTHER_PML4 = TABLES + 0x3000;
const PGE = 0x80, PCIDE = 1 << 17;
const NO_FLUSH = 'bts rax, 63';

const see = (k: Kernel, name: string, at = 0): void => k.show(name, `mov rbx, ${BigInt(W) + BigInt(at)}; mov eax, [rbx]`);
/** Reads the window, so that its translation is kept. */
const touch = (at = 0): string => `mov rbx, ${BigInt(W) + BigInt(at)}; mov eax, [rbx];`;
const map = (page: number, flags = 7): string => `mov dword [${TABLE}], ${page + flags};`;
const invalidate = `mov rbx, ${W}; invlpg [rbx];`;
const RELOAD = 'mov rax, cr3; mov cr3, rax;';

function plain(k: Kernel): void {
  k.title('SDM 3, 4.10.4.1: INVLPG and MOV to CR3');
  k.run(`${map(A)} ${RELOAD} ${touch()} ${map(B)} ${invalidate}`);
  see(k, 'INVLPG');
  k.run(`${map(A)} ${RELOAD} ${touch()} ${map(B)} ${RELOAD}`);
  see(k, 'MOV to CR3');
  k.run(`${map(A)} ${RELOAD} ${touch()} mov dword [${TABLES + 0x1000}], ${TABLE + 0x1007}; mov dword [${TABLE + 0x1000}], ${B + 7}; ${invalidate}`);
  see(k, 'INVLPG after a change of the PDE');
  k.run(`mov dword [${TABLES + 0x1000}], ${TABLE + 7}; ${RELOAD}`);
  see(k, 'MOV to CR3 after a change of the PDE');
  k.title('SDM 3, 4.10.2.3: what was absent is not kept');
  k.run(`mov dword [${TABLE + 8}], 0; ${RELOAD}`);
  new Pager(k, LONG).try('absent', write(0), 0x1000);
  k.run(`mov dword [${TABLE + 8}], ${B + 7}`);
  see(k, 'present since', 0x1000);
}

function rights(k: Kernel): void {
  k.title('SDM 3, 4.10.4.3: the fault itself forgets; a write after a read sets D');
  k.run(`${map(A, 5)} ${RELOAD} mov rax, cr0; bts rax, 16; mov cr0, rax; ${touch()}`);
  const pager = new Pager(k, LONG);
  pager.try('read-only', write(0));
  k.run(map(A));
  k.test('writable after the fault', `mov rbx, ${W}; .ip: mov [rbx+4], eax`);
  k.run(`${map(A)} ${RELOAD} ${touch()} mov [rbx+4], eax`);
  k.show('PTE after a read and a write', `mov eax, [${TABLE}]; and eax, 0x60`);
  k.run(`${map(A)} ${RELOAD} ${touch()} mov [rbx+4], eax; ${map(A)} ${invalidate} mov eax, [rbx]`);
  k.show('PTE after D is cleared, INVLPG and a read', `mov eax, [${TABLE}]; and eax, 0x60`);
  k.run(`${map(A)} ${RELOAD} ${touch()} mov rax, cr0; btr rax, 16; mov cr0, rax; ${map(A, 5)} ${invalidate}`);
  k.test('read-only with WP off', `mov rbx, ${W}; .ip: mov [rbx+4], eax`);
  k.run('mov rax, cr0; bts rax, 16; mov cr0, rax');
  k.test('read-only with WP on since', `mov rbx, ${W}; .ip: mov [rbx+4], eax`);
  k.run('mov rax, cr0; btr rax, 16; mov cr0, rax');
}

function large(k: Kernel): void {
  k.title('SDM 3, 4.10.4.1: INVLPG of any address drops a large page whole');
  k.run(`mov dword [${TABLES + 0x1000}], 0x87; ${RELOAD} ${touch(A)} ${touch(B)} mov dword [${TABLES + 0x1000}], 0x200087; mov rbx, ${BigInt(W) + BigInt(B)}; invlpg [rbx]`);
  see(k, 'another address of the page', A);
  k.run(`mov dword [${TABLES + 0x1000}], ${TABLE + 7}; ${map(A)} ${RELOAD}`);
  see(k, '4 KiB pages again');
}

function global(k: Kernel): void {
  k.title('SDM 3, 4.10.2.4 and 4.10.4.1: global pages; a change of CR4.PGE drops them, and INVLPG does');
  k.run(`mov rax, cr4; or al, ${PGE}; mov cr4, rax; ${map(A, 7 + GLOBAL)} ${RELOAD} ${touch()} ${map(B, 7 + GLOBAL)} ${invalidate}`);
  see(k, 'INVLPG of a global page');
  k.run(`${map(A, 7 + GLOBAL)} mov rax, cr4; and al, ${~PGE & 0xff}; mov cr4, rax`);
  see(k, 'PGE off');
  k.run(`${touch()} ${map(B)} ${RELOAD}`);
  see(k, 'G counts for nothing then');
  k.run(`mov rax, cr4; or al, ${PGE}; mov cr4, rax; ${map(B, 7 + GLOBAL)} ${invalidate} ${touch()} ${map(A)} mov rax, cr4; and al, ${~PGE & 0xff}; mov cr4, rax; or al, ${PGE}; mov cr4, rax`);
  see(k, 'PGE off and on');
  k.run(`mov rax, cr4; and al, ${~PGE & 0xff}; mov cr4, rax`);
}

/** Two address spaces: the window is A's page under PML4 and PCID 1, B's under OTHER_PML4 and PCID 2. */
function processContexts(k: Kernel): void {
  k.title('SDM 3, 4.10.1 and 4.10.4.1: a PCID sees its own translations');
  k.run(`
    mov esi, ${PML4}; mov edi, ${OTHER_PML4}; mov ecx, 512; rep movsq
    mov dword [${OTHER_PML4 + 8}], ${OTHER_PML4 + 0x1007}; mov dword [${OTHER_PML4 + 0x1000}], ${OTHER_PML4 + 0x2007}
    mov dword [${OTHER_PML4 + 0x2000}], ${OTHER_PML4 + 0x3007}; mov dword [${OTHER_PML4 + 0x3000}], ${B + 7}
    ${map(A)} mov rax, cr4; or eax, ${PCIDE}; mov cr4, rax; mov eax, ${PML4 + 1}; mov cr3, rax; ${touch()}`);
  k.run(`mov eax, ${OTHER_PML4 + 2}; ${NO_FLUSH}; mov cr3, rax`);
  see(k, 'PCID 2, nothing flushed');
  k.run(`mov eax, ${PML4 + 1}; ${NO_FLUSH}; mov cr3, rax`);
  see(k, 'PCID 1, nothing flushed');
  k.show('CR3', 'mov rax, cr3');
  k.run(`${map(B)} mov eax, ${OTHER_PML4 + 2}; ${NO_FLUSH}; mov cr3, rax; mov eax, ${PML4 + 1}; mov cr3, rax`);
  see(k, 'PCID 1, flushed by its own CR3 write');
  k.run(`${map(A)} ${invalidate}`);
  see(k, 'PCID 1, INVLPG');
  k.run(`mov dword [${OTHER_PML4 + 0x3000}], ${A + 7}; mov eax, ${OTHER_PML4 + 2}; mov cr3, rax`);
  see(k, 'PCID 2, flushed');
  k.run(`mov dword [${OTHER_PML4 + 0x3000}], ${B + 7}; ${invalidate}`);
  see(k, 'PCID 2, INVLPG');
  k.run(`mov rax, cr3; and eax, 0xfffff000; mov cr3, rax`);
  see(k, 'PCID 0 with the tables of 2');
  k.run(`mov eax, ${PML4}; ${NO_FLUSH}; mov cr3, rax; mov eax, ${PML4}; mov cr3, rax`);
  see(k, 'PCID 0 with its own tables, flushed');
  k.run(`${touch()} ${map(B)} mov rax, cr4; and eax, ${~PCIDE >>> 0}; mov cr4, rax`);
  see(k, 'PCIDE off');
}

/** INVPCID: one address of one PCID, one PCID, all with global pages, all without. */
function invalidations(k: Kernel): void {
  k.title('SDM 2, INVPCID');
  k.data('invpcid_0: dq 0, 0\n invpcid_1: dq 1, 0x8000000000\n invpcid_bad: dq 0x1000, 0\n invpcid_wild: dq 1, 0x800000000000');
  const fill = `mov rax, cr4; or eax, ${PCIDE}; mov cr4, rax; mov eax, ${PML4 + 1}; ${NO_FLUSH}; mov cr3, rax; ${map(A)} ${invalidate} ${touch()} ${map(B)} mov eax, ${PML4}; ${NO_FLUSH}; mov cr3, rax;`;
  const look = (name: string): void => {
    k.run(`mov eax, ${PML4 + 1}; ${NO_FLUSH}; mov cr3, rax`);
    see(k, name);
  };
  for (const [name, type, descriptor] of [['an address of PCID 1', 0, 'invpcid_1'], ['PCID 1', 1, 'invpcid_1'], ['all and global', 2, 'invpcid_0'], ['all', 3, 'invpcid_0']] as const) {
    k.run(fill);
    k.test(`INVPCID ${type}`, `mov eax, ${type}; .ip: invpcid rax, [${descriptor}]`);
    look(`after INVPCID of ${name}`);
  }
  k.test('INVPCID 4', 'mov eax, 4; .ip: invpcid rax, [invpcid_0]');
  k.test('INVPCID, reserved bits', 'mov eax, 1; .ip: invpcid rax, [invpcid_bad]');
  k.test('INVPCID, not canonical', 'xor eax, eax; .ip: invpcid rax, [invpcid_wild]');
  k.test('INVPCID at 3', 'invpcid rax, [invpcid_0]', { ring: 3 });
  k.run(`mov eax, ${PML4}; mov cr3, rax; mov rax, cr4; and eax, ${~PCIDE >>> 0}; mov cr4, rax`);
  k.test('INVPCID of PCID 1 without PCIDE', 'xor eax, eax; .ip: invpcid rax, [invpcid_1]');
  k.test('INVPCID of PCID 0 without PCIDE', 'xor eax, eax; .ip: invpcid rax, [invpcid_0]');
}

/** Code through two linear addresses: what is written through one is executed through the other. */
function aliases(k: Kernel): void {
  k.title('SDM 3, 11.6: self-modifying code, through its own address and through another');
  k.run(`${map(A + 0x2000)} mov dword [${TABLE + 8}], ${A + 0x2007}; ${RELOAD} mov dword [${A + 0x2000}], 0xc3c0ff; mov rbx, ${W}; mov eax, 5; call rbx; call rbx; mov [rbx+8], eax`);
  k.show('INC EAX of 5, twice', `mov eax, [${A + 0x2008}]`);
  k.run(`mov byte [${A + 0x2001}], 0xc8; mov rbx, ${W}; mov eax, 5; call rbx; mov [rbx+8], eax`);
  k.show('DEC EAX of 5 written by the physical address', `mov eax, [${A + 0x2008}]`);
  k.run(`mov rbx, ${BigInt(W) + 0x1001n}; mov byte [rbx], 0xc0; mov rbx, ${W}; mov eax, 5; call rbx; mov [rbx+8], eax`);
  k.show('INC EAX of 5 written by another page', `mov eax, [${A + 0x2008}]`);
}

function start(): Kernel {
  const k = new Kernel();
  k.long();
  k.run(`mov edi, ${TABLES}; mov ecx, 0x3000; xor eax, eax; rep stosd; mov dword [${A}], 0xaaaa; mov dword [${B}], 0xbbbb; mov dword [${0x20_0000 + A}], 0xcccc`);
  new Pager(k, LONG).set({});
  return k;
}

export function tlb(): Uint8Array {
  const k = start();
  plain(k);
  rights(k);
  large(k);
  global(k);
  aliases(k);
  return k.image();
}

export function pcid(): Uint8Array {
  const k = start();
  processContexts(k);
  invalidations(k);
  return k.image();
}

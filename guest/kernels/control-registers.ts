/** What MOV CRn, LMSW and WRMSR EFER refuse, and that a refused write changes nothing. */
import { Kernel } from './kernel.js';
import { SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';
import { taskSegment } from './tables.js';

const EFER = 0xc000_0080;
const PCIDE = 1 << 17;

function real(k: Kernel): void {
  k.title('SDM 3, 2.5 and 20.1.4: refused in real mode by #GP without error code');
  k.test('real: PG without PE', 'mov eax, cr0; or eax, 0x80000000; .ip: mov cr0, eax');
  k.test('real: NW without CD', 'mov eax, cr0; btr eax, 30; .ip: mov cr0, eax');
  k.test('real: CR4 bit 31', 'mov eax, 0x80000000; .ip: mov cr4, eax');
  k.test('real: PCIDE', `mov eax, ${PCIDE}; .ip: mov cr4, eax`);
  k.test('real: EFER bit 1', `mov ecx, ${EFER}; xor edx, edx; mov eax, 2; .ip: wrmsr`);
  k.test('real: an MSR that does not exist', 'mov ecx, 0x12345678; .ip: rdmsr');
  k.show('real: cr0', 'mov eax, cr0');
  k.show('real: cr4', 'mov eax, cr4');
  k.show('real: ET cannot be cleared', 'mov eax, cr0; and al, 0xef; mov cr0, eax; mov eax, cr0');
}

function protectedMode(k: Kernel): void {
  k.title('SDM 3, 2.5: refused in protected mode by #GP(0)');
  k.test('protected: PE cannot go with PG set', 'mov eax, cr0; or eax, 0x80000000; btr eax, 0; .ip: mov cr0, eax');
  k.test('protected: NW without CD', 'mov eax, cr0; btr eax, 30; .ip: mov cr0, eax');
  k.test('protected: PCIDE', `mov eax, ${PCIDE}; .ip: mov cr4, eax`);
  k.test('protected: CR1', 'db 0x0f, 0x22, 0xc8');
  k.test('protected: CR5', 'db 0x0f, 0x20, 0xe8');
  k.test('protected: CR7', 'db 0x0f, 0x20, 0xf8');
  k.title('SDM 3, 9.8.5: long mode wants PAE');
  k.test('protected: LME and PG without PAE', `mov ecx, ${EFER}; rdmsr; or eax, 0x100; wrmsr; mov eax, cr0; or eax, 0x80000000; .ip: mov cr0, eax`);
  const short = k.descriptor(taskSegment('tss_short', 0x2b, 0x81));
  k.data(`tss_short: ${'dd 0\n'.repeat(11)}`);
  k.run(`mov ax, ${short}; ltr ax; mov eax, cr4; or al, 0x20; mov cr4, eax`);
  k.test('protected: LME and PG with a 16-bit TSS', 'mov eax, cr0; or eax, 0x80000000; .ip: mov cr0, eax');
  k.run(`and byte [gdt+${SELECTOR.tss32 + 5}], 0xfd; mov ax, ${SELECTOR.tss32}; ltr ax; mov eax, cr4; and al, 0xdf; mov cr4, eax`);
  k.test('protected: EFER.LME goes again', `mov ecx, ${EFER}; rdmsr; and eax, 0xfffffeff; wrmsr; rdmsr`, { show: SHOW_EAX });
  k.test('protected: EFER high half', `mov ecx, ${EFER}; rdmsr; mov edx, 1; .ip: wrmsr`);
  k.show('protected: cr0', 'mov eax, cr0');
  k.show('protected: cr4', 'mov eax, cr4');
}

function longMode(k: Kernel): void {
  k.title('SDM 3, 2.5, 4.10.1 and 9.8.5: refused in long mode');
  k.test('long: LME under paging', `mov ecx, ${EFER}; rdmsr; and eax, 0xfffffeff; .ip: wrmsr`);
  k.test('long: PAE', 'mov rax, cr4; btr eax, 5; .ip: mov cr4, rax');
  k.test('long: PG from 64-bit code', 'mov rax, cr0; btr eax, 31; .ip: mov cr0, rax');
  k.test('long: CR0 beyond 32 bits', 'mov rax, cr0; bts rax, 32; .ip: mov cr0, rax');
  k.test('long: CR4 beyond 32 bits', 'mov rax, cr4; bts rax, 40; .ip: mov cr4, rax');
  k.test('long: CR4 bit 15', 'mov rax, cr4; bts rax, 15; .ip: mov cr4, rax');
  k.test('long: CR3 beyond the physical address', 'mov rax, cr3; bts rax, 52; .ip: mov cr3, rax');
  k.test('long: PCIDE with a PCID in CR3', 'mov rax, cr3; or al, 1; mov cr3, rax; mov rax, cr4; bts rax, 17; .ip: mov cr4, rax');
  k.run('mov rax, cr3; and al, 0; mov cr3, rax');
  k.test('long: PCIDE', 'mov rax, cr4; bts rax, 17; mov cr4, rax; mov rax, cr4', { show: SHOW_EAX });
  k.test('long: CR3 bit 63 is no part of it', 'mov rax, cr3; bts rax, 63; mov cr3, rax; mov rax, cr3; shr rax, 32', { show: SHOW_EAX });
  k.test('long: PG under PCIDE', 'mov eax, cr0; btr eax, 31; .ip: mov cr0, eax', { bits: 32 });
  k.run('mov rax, cr4; btr rax, 17; mov cr4, rax');
  k.test('long: CR8 has four bits', 'mov eax, 16; .ip: mov cr8, rax');
  k.test('long: CR8 keeps them', 'mov eax, 15; mov cr8, rax; mov rax, cr8; xor ecx, ecx; mov cr8, rcx', { show: SHOW_EAX });
  k.test('long: CR9', 'mov rax, cr9');
  k.test('long: non-canonical LSTAR', 'mov ecx, 0xc0000082; mov edx, 0x8000; .ip: wrmsr');
  k.test('long: non-canonical FS base', 'mov ecx, 0xc0000100; mov edx, 0x8000; .ip: wrmsr');
  k.show('long: cr0', 'mov rax, cr0');
  k.show('long: cr3', 'mov rax, cr3');
  k.show('long: cr4', 'mov rax, cr4');
}

export function controlRegisters(): Uint8Array {
  const k = new Kernel();
  real(k);
  k.protected();
  protectedMode(k);
  k.long();
  longMode(k);
  return k.image();
}

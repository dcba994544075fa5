/** Going from mode to mode, and what is left behind in the segment registers. */
import { Kernel } from './kernel.js';
import { SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';

const EFER = 0xc000_0080;

/** Segment limits outlive protected mode; a load in real mode changes the base alone. */
function unrealMode(k: Kernel): void {
  k.title('SDM 3, 9.9.2 and 20.1: segment limits survive the way back to real mode');
  k.test('limit of 64 KiB', 'mov ebx, 0x10000; .ip: mov eax, [ebx]');
  k.run(`
    cli; push ds; lgdt [gdtr]; mov eax, cr0; or al, 1; mov cr0, eax; jmp .a; .a: mov bx, ${SELECTOR.data32}; mov es, bx
    and al, 0xfe; mov cr0, eax; jmp .b; .b: pop ds`);
  k.show('es:20000', 'mov ebx, 0x20000; mov dword [es:ebx], 0x12345678; mov eax, [es:ebx]');
  k.show('es:20000 with ES loaded anew', 'mov ax, 0x1000; mov es, ax; mov ebx, 0x10000; mov eax, [es:ebx]');
  k.run('lgdt [gdtr]; mov eax, cr0; or al, 1; mov cr0, eax; jmp .a; .a: mov bx, 0x20; mov es, bx; and al, 0xfe; mov cr0, eax; jmp .b; .b: xor ax, ax; mov es, ax');
}

function protectedMode(k: Kernel): void {
  k.title('SDM 3, 9.9.1: protected mode, and 16-bit code in it');
  k.show('protected mode: cr0', 'mov eax, cr0');
  k.test('32-bit code: address beyond 64 KiB', 'mov eax, [0x100000]');
  k.test('16-bit code: MOV EAX is 3 bytes with its prefix', 'mov eax, 0x11223344; .ip: ud2', { bits: 16, show: SHOW_EAX });
  k.test('LMSW does not clear PE', 'xor ax, ax; lmsw ax; mov eax, cr0', { show: SHOW_EAX });
  k.test('LMSW sets TS', 'mov ax, 9; lmsw ax; mov eax, cr0; clts', { show: SHOW_EAX });
  k.test('CLTS clears TS', 'mov eax, cr0', { show: SHOW_EAX });
  k.test('EFER.LME goes again', `mov ecx, ${EFER}; rdmsr; and eax, 0xfffffeff; wrmsr; rdmsr`, { show: SHOW_EAX });
}

function longMode(k: Kernel): void {
  k.title('SDM 3, 9.8.5: long mode, compatibility mode');
  k.show('long mode: cr0', 'mov rax, cr0');
  k.show('long mode: cr4', 'mov rax, cr4');
  k.show('long mode: efer', `mov ecx, ${EFER}; rdmsr; mov eax, eax`);
  k.test('48 is DEC EAX in compatibility mode', 'mov eax, 5; db 0x48; db 0x40; inc eax', { bits: 32, show: SHOW_EAX });
  k.test('48 is REX.W in 64-bit mode', 'mov eax, 5; db 0x48; inc eax', { show: SHOW_EAX });
  k.test('16-bit code under long mode', 'mov eax, 0x11223344; .ip: ud2', { bits: 16, show: SHOW_EAX });
  k.test('64-bit registers survive compatibility mode',
    `mov rax, 0x123456789abcdef0; push ${SELECTOR.code32}; push to_compatibility; retfq`, { show: SHOW_EAX });
  k.place(32, `to_compatibility: nop; jmp ${SELECTOR.code64}:back_in_64`);
  k.place(64, 'back_in_64: shr rax, 32; int 0x30');
}

/** The last way of all: by the 16-bit segments of the protected mode. */
function back(k: Kernel): void {
  k.title('SDM 3, 9.9.2: from long mode to protected mode to real mode');
  k.protected();
  k.show('cr0 in protected mode', 'mov eax, cr0');
  k.show('efer in protected mode', `mov ecx, ${EFER}; rdmsr`);
  k.test('still 32-bit', 'mov eax, 0x11223344; .ip: ud2', { show: SHOW_EAX });
  k.real();
  k.show('cr0 in real mode', 'mov eax, cr0');
  k.test('INT 20h', 'int 0x20');
  k.show('stack', 'mov ax, ss; shl eax, 16; mov ax, sp');
}

export function modes(): Uint8Array {
  const k = new Kernel();
  k.title('SDM 3, 9.1.1: after reset');
  k.show('cr0 after reset', 'mov eax, cr0');
  unrealMode(k);
  k.protected();
  protectedMode(k);
  k.long();
  longMode(k);
  back(k);
  return k.image();
}

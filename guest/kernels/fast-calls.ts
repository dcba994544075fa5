/** SYSCALL, SYSRET, SYSENTER, SYSEXIT and SWAPGS: segments, stack, flags and addresses; what they refuse. */
import { Kernel } from './kernel.js';
import { SELECTOR, USER_STACK } from './layout.js';
import { segment } from './tables.js';

const STAR = 0xc000_0081, LSTAR = 0xc000_0082, CSTAR = 0xc000_0083, SFMASK = 0xc000_0084, EFER = 0xc000_0080, GS_BASE = 0xc000_0101, KERNEL_GS_BASE = 0xc000_0102;
const SYSENTER_CS = 0x174, SYSENTER_ESP = 0x175, SYSENTER_EIP = 0x176;
const FLAT = { flags: 0xc }, LONG = { flags: 0xa };

const write = (k: Kernel, msr: number, low: string | number, high: string | number = 0): void => k.run(`mov ecx, ${msr}; mov eax, ${low}; mov edx, ${high}; wrmsr`);

/** Six descriptors in the order that both pairs of instructions count on; the first selector. */
function describe(k: Kernel, kernelCode: { flags: number }): number {
  const first = k.descriptor(segment({ access: 0x9b, ...kernelCode }));
  k.descriptor(segment({ access: 0x93, ...FLAT }));
  k.descriptor(segment({ access: 0xfb, ...FLAT }));
  k.descriptor(segment({ access: 0xf3, ...FLAT }));
  k.descriptor(segment({ access: 0xfb, ...LONG }));
  k.descriptor(segment({ access: 0xf3, ...FLAT }));
  return first;
}

function syscalls(k: Kernel, first: number): void {
  k.place(64, 'on_syscall: mov [kept_rcx], rcx; mov [kept_r11], r11; int 0x31');
  k.place(64, 'on_compatible: mov [kept_rcx], rcx; mov [kept_r11], r11; mov eax, 0xc0; int 0x31');
  write(k, STAR, 0, `${first + ((first + 16 | 3) * 65536)}`);
  write(k, LSTAR, 'on_syscall');
  write(k, CSTAR, 'on_compatible');
  write(k, SFMASK, 0);
  const kept = (name: string, label: string): void => {
    k.show(`${name}: RCX`, `mov rax, [kept_rcx]; sub rax, ${label}`);
    k.show(`${name}: R11`, 'mov rax, [kept_r11]');
  };
  k.title('SDM 2 and AMD APM 3, SYSCALL: RCX is the address behind, R11 the flags; the stack pointer stays');
  k.test('SYSCALL at 3', 'call_a: syscall', { ring: 3, ip: 'on_syscall', flags: 0x8d5 });
  kept('SYSCALL at 3', 'call_a');
  k.test('SYSCALL at 0', 'call_b: syscall', { ip: 'on_syscall' });
  kept('SYSCALL at 0', 'call_b');
  write(k, SFMASK, 0x4_08d5);
  k.test('SYSCALL with a mask', 'call_c: syscall', { ring: 3, ip: 'on_syscall', flags: 0x4_0cd5 });
  kept('SYSCALL with a mask', 'call_c');
  write(k, SFMASK, 0x100);
  k.test('SYSCALL with TF masked', 'call_d: syscall', { ring: 3, ip: 'on_syscall', flags: 0x100 });
  kept('SYSCALL with TF masked', 'call_d');
  write(k, SFMASK, 0);
  k.run(`mov ecx, ${EFER}; rdmsr; and al, 0xfe; wrmsr`);
  k.test('SYSCALL without SCE', 'syscall', { ring: 3 });
  k.test('SYSRET without SCE', 'sysretq');
  k.run(`mov ecx, ${EFER}; rdmsr; or al, 1; wrmsr`);
  k.title('AMD APM 3, SYSCALL: from compatibility mode by CSTAR');
  k.test('SYSCALL at 3, compatibility mode', 'call_e: syscall', { ring: 3, bits: 32, ip: 'on_compatible', show: 1 });
  kept('SYSCALL at 3, compatibility mode', 'call_e');
}

function sysrets(k: Kernel): void {
  k.place(64, 'user_64: int 0x31');
  k.place(32, 'user_32: int 0x31');
  const back = (name: string, text: string, ip: string): void => k.test(name, text, { ip });
  k.title('SDM 2, SYSRET: CS and SS by STAR, flags by R11 without RF and VM');
  back('SYSRETQ', `mov rsp, ${USER_STACK}; mov rcx, user_64; mov r11d, 2; sysretq`, 'user_64');
  back('SYSRETQ, all flags', `mov rsp, ${USER_STACK}; mov rcx, user_64; mov r11, 0x37fcd7; sysretq`, 'user_64');
  back('SYSRETQ, RF and VM', `mov rsp, ${USER_STACK}; mov rcx, user_64; mov r11d, 0x30002; sysretq`, 'user_64');
  back('SYSRET to 32-bit code', `mov rsp, ${USER_STACK}; mov rcx, 0x1200000000; lea rcx, [rcx+user_32]; mov r11d, 0x202; sysret`, 'user_32');
}

function sysenters(k: Kernel, first: number): void {
  k.place(64, 'on_sysenter: int 0x31');
  k.title('SDM 2, SYSENTER and SYSEXIT in long mode');
  write(k, SYSENTER_CS, 0);
  k.test('SYSENTER without a CS', 'sysenter', { ring: 3 });
  k.test('SYSEXIT without a CS', 'sysexit');
  write(k, SYSENTER_CS, first + 3);
  write(k, SYSENTER_ESP, 0x7f00);
  write(k, SYSENTER_EIP, 'on_sysenter');
  k.test('SYSENTER at 3', 'sysenter', { ring: 3, ip: 'on_sysenter', flags: 0x8d5 | 0x200 });
  k.test('SYSENTER at 3, compatibility mode', 'sysenter', { ring: 3, bits: 32, ip: 'on_sysenter' });
  k.test('SYSENTER at 0', 'sysenter', { ip: 'on_sysenter' });
  k.test('SYSEXIT to 32-bit code', 'mov ecx, 0x8f00; mov edx, user_32; sysexit', { ip: 'user_32', flags: 0x8d5 });
  k.test('SYSEXIT to 64-bit code', 'mov ecx, 0x8f00; mov edx, user_64; sysexitq', { ip: 'user_64' });
  k.test('SYSEXIT to 64-bit code, RDX not canonical', 'mov ecx, 0x8f00; mov rdx, 0x800000000000; .ip: sysexitq');
  k.test('SYSEXIT to 64-bit code, RCX not canonical', 'mov rcx, 0x800000000000; mov edx, user_64; .ip: sysexitq');
  k.test('SYSENTER_EIP not canonical', `mov ecx, ${SYSENTER_EIP}; xor eax, eax; mov edx, 0x8000; .ip: wrmsr`);
}

function swaps(k: Kernel): void {
  k.title('SDM 2, SWAPGS; SDM 3, 3.4.4: bases of FS and GS in MSRs');
  write(k, GS_BASE, 0x1111);
  write(k, KERNEL_GS_BASE, 0x2222, 0x33);
  k.run('swapgs');
  k.show('GS base after SWAPGS', `mov ecx, ${GS_BASE}; rdmsr; shl rdx, 32; or rax, rdx`);
  k.show('kernel GS base after SWAPGS', `mov ecx, ${KERNEL_GS_BASE}; rdmsr; shl rdx, 32; or rax, rdx`);
  k.show('GS selector keeps', 'mov eax, gs');
  k.run(`mov ax, ${SELECTOR.data32}; mov gs, ax`);
  k.show('GS base after a load of GS', `mov ecx, ${GS_BASE}; rdmsr; shl rdx, 32; or rax, rdx`);
  k.show('kernel GS base after a load of GS', `mov ecx, ${KERNEL_GS_BASE}; rdmsr; shl rdx, 32; or rax, rdx`);
}

/** SYSENTER outside long mode, with 32-bit kernel code. */
function protectedMode(k: Kernel, first: number): void {
  k.place(32, 'on_sysenter_32: int 0x31');
  k.place(32, 'user_protected: int 0x31');
  k.title('SDM 2, SYSENTER and SYSEXIT in protected mode');
  write(k, SYSENTER_CS, 0);
  k.test('protected: SYSENTER without a CS', 'sysenter', { ring: 3 });
  write(k, SYSENTER_CS, first);
  write(k, SYSENTER_ESP, 0x7f00);
  write(k, SYSENTER_EIP, 'on_sysenter_32');
  k.test('protected: SYSENTER at 3', 'sysenter', { ring: 3, ip: 'on_sysenter_32', flags: 0x8d5 | 0x200 });
  k.test('protected: SYSENTER from v86', 'sysenter', { v86: true, ip: 'on_sysenter_32' });
  k.test('protected: SYSEXIT', 'mov ecx, 0x8f00; mov edx, user_protected; sysexit', { ip: 'user_protected', flags: 0x8d5 });
  k.test('protected: SYSEXIT at 3', 'sysexit', { ring: 3 });
}

export function fastCalls(): Uint8Array {
  const k = new Kernel();
  const long = describe(k, LONG), short = describe(k, FLAT);
  k.data('kept_rcx: dq 0\n kept_r11: dq 0');
  k.protected();
  protectedMode(k, short);
  k.long();
  syscalls(k, long);
  sysrets(k);
  sysenters(k, long);
  swaps(k);
  return k.image();
}

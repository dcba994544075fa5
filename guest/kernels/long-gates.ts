/** Gates and returns in long mode: 16-byte call gates, interrupt stacks, stack alignment, IRETQ and far returns. */
import { Kernel, type TestOptions } from './kernel.js';
import { OTHER_STACK, SELECTOR } from './layout.js';
import { SHOW_HANDLER_FLAGS } from './runtime.js';
import { gate, longGate, segment } from './tables.js';

const CALL = 0x8c, DPL3 = 0x60, IF = 0x200, NT = 0x4000, IOPL3 = 0x3000;
const LONG = { flags: 0xa };

function callGates(k: Kernel): void {
  const make = (target: string, selector: number, type: number, more = ''): number => k.descriptor(more === '' ? longGate(target, selector, type) : `${gate(target, selector, type)}; ${more}`, 2);
  const call = (name: string, selector: number, options: TestOptions = {}): void => {
    const far = k.unique();
    k.data(`pointer_${far}: dd 0; dw ${selector}`);
    k.test(name, `call fword [pointer_${far}]`, options);
  };
  const absent = k.descriptor(segment({ access: 0x1b, ...LONG })), conforming = k.descriptor(segment({ access: 0x9f, ...LONG }));
  const open = make('stack64', SELECTOR.code64, CALL | DPL3);
  k.title('SDM 3, 5.8.3.1 and 5.8.5.1: call gates of 64 bits push 8 bytes each, and no parameters');
  call('gate at 0', open);
  call('gate at 3', open, { ring: 3 });
  call('gate at 3 from 32-bit code', open, { ring: 3, bits: 32 });
  call('gate at 0, stack not aligned', open, { sp: 0x7ffd });
  call('conforming, at 3', make('end_outside', conforming, CALL | DPL3), { ring: 3, ip: 'end_outside' });
  k.title('SDM 3, 5.8.3.1: refused');
  call('gate of DPL 0, at 3', make('stack64', SELECTOR.code64, CALL), { ring: 3 });
  call('absent gate', make('stack64', SELECTOR.code64, 0x0c));
  call('gate to 32-bit code', make('stack64', SELECTOR.code32, CALL));
  call('gate to absent code', make('stack64', absent, CALL));
  call('gate to null', make('stack64', 0, CALL));
  call('gate outward', make('stack64', SELECTOR.user64 & ~3, CALL));
  call('gate of 16 bits', make('stack64', SELECTOR.code64, 0x84));
  call('type in the upper half', make('stack64', SELECTOR.code64, CALL, 'dd 0, 0x0c00'));
  call('not canonical', make('stack64', SELECTOR.code64, CALL, 'dd 0x8000, 0'));
  call('TSS', SELECTOR.tss64);
  call('data', SELECTOR.data32);
  call('null', 0);
  call('null with RPL 3', 3, { ring: 3 });
}

/** Replaces a gate of the IDT. */
function place(k: Kernel, vector: number, text: string): void {
  const label = `gate_${k.unique()}`;
  k.data(`${label}: ${text}`);
  k.run(`mov rax, [${label}]; mov [idt64+${vector * 16}], rax; mov rax, [${label}+8]; mov [idt64+${vector * 16 + 8}], rax`);
}
const own = (vector: number, type = 0xee, ist = 0): string => longGate(`stub64_${vector}`, SELECTOR.code64, type, ist);

function interruptGates(k: Kernel): void {
  const flags = { flags: IF | NT | IOPL3 | 0x8d5, show: SHOW_HANDLER_FLAGS };
  const forAll = (what: string): void => {
    k.test(`${what} at 0`, 'int 0x31', flags);
    k.test(`${what} at 3`, 'int 0x31', { ...flags, ring: 3 });
    k.test(`${what} from 32-bit code at 3`, 'int 0x31', { ...flags, ring: 3, bits: 32 });
  };
  k.title('SDM 3, 6.14: interrupt and trap gates, alignment of the stack, interrupt stacks');
  forAll('interrupt gate');
  place(k, 0x31, own(0x31, 0xef));
  forAll('trap gate');
  for (let n = 1; n < 16; n += 7) k.test(`stack ${n} beyond alignment`, 'int 0x31', { sp: 0x8000 - n });
  place(k, 0x31, own(0x31, 0xee, 2));
  k.run(`mov dword [ist64+8], ${OTHER_STACK + 5}`);
  forAll('IST 2');
  k.run('mov dword [ist64+16], 0; mov dword [ist64+20], 0x8000');
  place(k, 0x31, own(0x31, 0xee, 3));
  place(k, 12, own(12, 0x8e, 1));
  k.test('IST 3 not canonical', 'int 0x31');
  k.run('mov dword [tss64+4], 0; mov dword [tss64+8], 0x8000');
  place(k, 0x31, own(0x31));
  k.test('RSP0 not canonical', 'int 0x31', { ring: 3 });
  k.run('mov dword [tss64+4], 0x8000; mov dword [tss64+8], 0');
  place(k, 12, own(12, 0x8e));
}

function refusals(k: Kernel): void {
  k.title('SDM 3, 6.14.1 and 6.13: gates that refuse; EXT only when no INT n is the cause');
  const code = SELECTOR.code64;
  const rows: readonly (readonly [string, string])[] = [
    ['absent', longGate('stub64_49', code, 0x6e)], ['16-bit gate', longGate('stub64_49', code, 0xe6)], ['task gate', longGate('stub64_49', code, 0xe5)],
    ['call gate', longGate('stub64_49', code, 0xec)], ['null', longGate('stub64_49', 0, 0xee)], ['32-bit code', longGate('stub64_49', SELECTOR.code32, 0xee)],
    ['data', longGate('stub64_49', SELECTOR.data32, 0xee)], ['code of ring 3', longGate('stub64_49', SELECTOR.user64 & ~3, 0xee)],
    ['not canonical', `${gate('stub64_49', code, 0xee)}; dd 0x8000, 0`],
  ];
  for (const [name, text] of rows) {
    place(k, 0x31, text);
    k.test(`INT 31h, ${name}`, 'int 0x31');
    place(k, 6, text);
    k.test(`UD2, ${name}`, 'ud2');
  }
  place(k, 6, own(6, 0x8e));
  k.test('INT 6 at 3, gate of DPL 0', 'int 6', { ring: 3 });
  k.test('INT 40h, beyond the IDT', 'int 0x40');
  place(k, 13, longGate('stub64_13', code, 0x0e));
  k.test('NP while GP is delivered', 'mov ax, 0x1230; .ip: mov ds, ax');
  place(k, 13, own(13, 0x8e));
}

function returns(k: Kernel): void {
  const frame = (ss: number, cs: number, rip = '.t', rsp = 0x9000): string => `push ${ss}; push ${rsp}; push 2; push ${cs}; push ${rip}; .ip: iretq; .t: nop`;
  place(k, 0x31, own(0x31));
  k.title('SDM 2, IRET and RET in 64-bit mode');
  k.test('IRETQ to itself', frame(SELECTOR.data32, SELECTOR.code64));
  k.test('IRETQ at 0 to null SS', frame(0, SELECTOR.code64));
  k.test('IRETQ to ring 3', frame(SELECTOR.userData, SELECTOR.user64));
  k.test('IRETQ to ring 3, null SS', frame(3, SELECTOR.user64));
  k.test('IRETQ to 32-bit code of ring 3, null SS', frame(3, SELECTOR.user32));
  k.test('IRETQ to 32-bit code', `${frame(SELECTOR.data32, SELECTOR.code32).replace('.t: nop', 'nop')}`.replace('push .t', 'push end_compatible'), { ip: 'end_compatible' });
  k.test('IRETQ to null CS', frame(SELECTOR.data32, 0));
  k.test('IRETQ to data', frame(SELECTOR.data32, SELECTOR.data32));
  k.test('IRETQ with a kernel SS to ring 3', frame(SELECTOR.data32, SELECTOR.user64));
  k.test('IRETQ inward', frame(SELECTOR.data32, SELECTOR.code64), { ring: 3 });
  k.test('IRETQ with NT', frame(SELECTOR.data32, SELECTOR.code64), { flags: NT });
  k.test('IRETQ not canonical', `mov rcx, 0x800000000000; push ${SELECTOR.data32}; push 0x7000; push 2; push ${SELECTOR.code64}; push rcx; .ip: iretq`);
  k.test('RETFQ not canonical', `mov rcx, 0x800000000000; push ${SELECTOR.code64}; push rcx; .ip: retfq`);
  k.test('RETFQ to ring 3, null SS', `push 3; push 0x9000; push ${SELECTOR.user64}; push end_outside; .ip: retfq`);
  k.test('RETFQ to null', 'push 0; push 0; .ip: retfq');
  k.test('L and D together', `push ${k.descriptor(segment({ access: 0x9b, flags: 0xe }))}; push 0; .ip: retfq`);
  k.test('VM in the image of IRETQ', `push ${SELECTOR.data32}; push 0x7f00; push 0x20002; push ${SELECTOR.code64}; push .t; .ip: iretq; .t: pushfq; pop rax`, { show: 1 });
  k.title('SDM 2, MOV, POP, LSS: null SS in 64-bit mode');
  k.test('SS null at 0', 'xor eax, eax; mov ss, ax; push rax; pop rax; int 0x31');
  k.test('SS null with RPL 1 at 0', 'mov eax, 1; .ip: mov ss, ax');
  k.test('SS null with RPL 3 at 3', 'mov eax, 3; .ip: mov ss, ax', { ring: 3 });
  k.test('SS null in 32-bit code at 0', 'xor eax, eax; .ip: mov ss, ax', { bits: 32 });
  k.title('SDM 3, 3.2.4: in 64-bit mode bases and limits count for FS and GS bases only');
  const small = k.descriptor(segment({ base: 0x1000, limit: 0, access: 0x91 }));
  k.test('write through a read-only DS', `mov ax, ${small}; mov ds, ax; mov es, ax; .ip: mov [scratch], eax; mov [es:scratch], eax`);
  k.test('FS base', `mov dword [0x9104], 0x77; mov ax, ${small}; mov fs, ax; mov eax, [fs:0x8104]`, { show: 1 });
  k.test('FS null keeps nothing', `mov ax, ${small}; mov fs, ax; xor eax, eax; mov fs, ax; mov ecx, 0xc0000100; rdmsr`, { show: 1 });
}

export function longGates(): Uint8Array {
  const k = new Kernel();
  k.place(64, 'end_outside: int 0x32');
  k.place(32, 'end_compatible: int 0x32');
  k.data('scratch: dq 0');
  k.long();
  callGates(k);
  interruptGates(k);
  refusals(k);
  returns(k);
  return k.image();
}

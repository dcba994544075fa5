/** Call, interrupt and trap gates in protected mode: what they check, which stack they take, what they push and copy. */
import { Kernel, type TestOptions } from './kernel.js';
import { PAGES, SELECTOR } from './layout.js';
import { SHOW_HANDLER_FLAGS } from './runtime.js';
import { gate, segment, shortGate } from './tables.js';

const CALL32 = 0x8c, CALL16 = 0x84, DPL3 = 0x60;
const IF = 0x200, NT = 0x4000, IOPL3 = 0x3000;
const FLAT = { flags: 0xc };

/** Descriptors that gates lead to. */
function targets(k: Kernel) {
  return {
    conforming: k.descriptor(segment({ access: 0x9f, ...FLAT })),
    absent: k.descriptor(segment({ access: 0x1b, ...FLAT })),
    user: SELECTOR.user32 & ~3,
    small: k.descriptor(segment({ access: 0x9b, limit: 0xfff, flags: 4 })),
  };
}
type Targets = ReturnType<typeof targets>;

/** `ud2`-like ends for code that runs at CPL 1 to 3. */
const REPORT = 'end_outside';

function callGates(k: Kernel, t: Targets): void {
  const make = (target: string, selector: number, type: number, count = 0): number => k.descriptor(gate(target, selector, type, count));
  const call = (name: string, selector: number, options: TestOptions = {}, before = ''): void =>
    k.test(name, `${before} .ip: call ${selector}:0x1234`, options);
  const two = 'push 0x11111111; push 0x22222222;';
  k.title('SDM 3, 5.8.3 to 5.8.5: call gates, same privilege and inward, with parameters');
  for (const count of [0, 1, 2, 31]) call(`32-bit gate, ${count} parameters, at 3`, make('stack32', SELECTOR.code32, CALL32 | DPL3, count), { ring: 3 }, two);
  call('32-bit gate, 2 parameters, at 0', make('stack32', SELECTOR.code32, CALL32 | DPL3, 2), {}, two);
  call('32-bit gate, 2 parameters, at 1', make('stack32', SELECTOR.code32, CALL32 | DPL3, 2), { ring: 1 }, two);
  const short = k.descriptor(shortGate('stack16', SELECTOR.code16, CALL16 | DPL3, 2));
  call('16-bit gate, 2 parameters, at 3', short, { ring: 3 }, two);
  call('16-bit gate, 2 parameters, at 0', short, {}, two);
  k.test('16-bit gate from 16-bit code at 3', `push 0x1111; push 0x2222; .ip: call ${short}:0`, { ring: 3, bits: 16 });
  k.test('32-bit gate from 16-bit code at 3', `push 0x1111; push 0x2222; .ip: call ${make('stack32', SELECTOR.code32, CALL32 | DPL3, 1)}:0`, { ring: 3, bits: 16 });
  const inner = make(REPORT, SELECTOR.ring1 & ~3, CALL32 | DPL3, 2);
  k.test('to ring 1 from 3', `${two} .ip: call ${inner}:0`, { ring: 3, ip: REPORT });
  k.test('to ring 1 from 0', `call ${inner}:0`);
  k.test('JMP to ring 1 from 1', `${two} .ip: jmp ${inner}:0`, { ring: 1, ip: REPORT });
  k.test('JMP inward', `jmp ${make('stack32', SELECTOR.code32, CALL32 | DPL3)}:0`, { ring: 3 });
  k.test('JMP at 0', `push 0x33333333; .ip: jmp ${make('stack32', SELECTOR.code32, CALL32)}:0`, { ip: '0x33333333' });
  k.test('conforming code from 3', `${two} .ip: call ${make(REPORT, t.conforming, CALL32 | DPL3, 2)}:0`, { ring: 3, ip: REPORT });
  k.title('SDM 3, 5.8.4: what a call gate refuses');
  call('gate of DPL 0 at 3', make('stack32', SELECTOR.code32, CALL32), { ring: 3 });
  call('gate of DPL 0 with RPL 3 at 0', make('stack32', SELECTOR.code32, CALL32) + 3);
  call('absent gate', make('stack32', SELECTOR.code32, 0x0c));
  call('absent gate of DPL 0 at 3', make('stack32', SELECTOR.code32, 0x0c), { ring: 3 });
  call('gate to null', make('stack32', 0, CALL32));
  call('gate to data', make('stack32', SELECTOR.data32, CALL32));
  call('gate beyond the GDT', make('stack32', 0xfff8, CALL32));
  call('gate to absent code', make('stack32', t.absent, CALL32));
  call('gate outward', make('stack32', t.user, CALL32));
  call('gate beyond the limit', make('stack32', t.small, CALL32));
  call('gate to absent code at 3', make('stack32', t.absent, CALL32 | DPL3), { ring: 3 });
}

/** The stack of ring 1 in the TSS is made bad: faults still reach ring 0. */
function innerStacks(k: Kernel): void {
  k.title('SDM 3, 5.8.5 and 6.13: stacks in the TSS that do not do; #TS and #SS with the selector of the stack');
  const inner = k.descriptor(gate(REPORT, SELECTOR.ring1 & ~3, CALL32 | DPL3, 2));
  const readOnly = k.descriptor(segment({ access: 0xb1, ...FLAT })), absent = k.descriptor(segment({ access: 0x33, ...FLAT }));
  const small = k.descriptor(segment({ base: PAGES, limit: 0xf, access: 0xb3, flags: 4 }));
  const rows: readonly (readonly [string, number])[] = [
    ['null', 1], ['of ring 0', SELECTOR.data32], ['with RPL 0', SELECTOR.ring1Data & ~3], ['read-only', readOnly + 1], ['absent', absent + 1],
    ['code', SELECTOR.ring1], ['beyond the GDT', 0xfff9], ['in the LDT, which there is not', 0xd],
  ];
  for (const [name, selector] of rows) {
    k.run(`mov dword [tss32+16], ${selector}`);
    k.test(`SS1 ${name}`, `push 1; push 2; .ip: call ${inner}:0`, { ring: 3 });
  }
  k.run(`mov dword [tss32+16], ${small + 1}; mov dword [tss32+12], 0x10`);
  k.test('SS1 too small', `push 1; push 2; .ip: call ${inner}:0`, { ring: 3 });
  k.run(`mov dword [tss32+16], ${SELECTOR.ring1Data}; mov dword [tss32+12], 0x7800`);
}

/** Replaces gate `vector` of the IDT by the one at a label. */
function place(k: Kernel, vector: number, text: string): void {
  const label = `gate_${k.unique()}`;
  k.data(`${label}: ${text}`);
  k.run(`mov eax, [${label}]; mov [idt32+${vector * 8}], eax; mov eax, [${label}+4]; mov [idt32+${vector * 8 + 4}], eax`);
}

function interruptGates(k: Kernel, t: Targets): void {
  const flags = { flags: IF | NT | IOPL3 | 0x8d5, show: SHOW_HANDLER_FLAGS };
  const forAll = (what: string): void => {
    k.test(`${what} at 0`, 'int 0x31', flags);
    k.test(`${what} at 3`, 'int 0x31', { ...flags, ring: 3 });
    k.test(`${what} from 16-bit code at 3`, 'int 0x31', { ...flags, ring: 3, bits: 16 });
    k.test(`${what} from v86`, 'int 0x31', { ...flags, v86: true, flags: flags.flags & ~NT });
  };
  k.title('SDM 3, 6.12.1: interrupt gates clear IF, trap gates do not; both clear TF, NT, RF and VM');
  forAll('32-bit interrupt gate');
  place(k, 0x31, gate('stub32_49', SELECTOR.code32, 0xef));
  forAll('32-bit trap gate');
  place(k, 0x31, shortGate('stub286_49', SELECTOR.code16, 0xe6));
  forAll('16-bit interrupt gate');
  place(k, 0x31, shortGate('stub286_49', SELECTOR.code16, 0xe7));
  forAll('16-bit trap gate');
  k.title('SDM 3, 6.12.1: conforming handlers run at the privilege of the program');
  place(k, 0x31, gate('end_by_32', t.conforming, 0xee));
  k.test('conforming handler at 3', 'int 0x31', { ring: 3, ip: 'end_by_32' });
  k.test('conforming handler at 0', 'int 0x31', { ip: 'end_by_32' });
  k.test('conforming handler from v86', 'int 0x31', { v86: true, flags: IOPL3 });
  place(k, 0x31, gate('end_by_32', SELECTOR.ring1 & ~3, 0xee));
  k.test('handler at 1 from 3', 'int 0x31', { ring: 3, ip: 'end_by_32' });
  k.test('handler at 1 from 0', 'int 0x31');
  k.test('handler at 1 from v86', 'int 0x31', { v86: true, flags: IOPL3 });
}

/** Refusals by INT n and by an exception, whose error codes have EXT. */
function refusals(k: Kernel, t: Targets): void {
  k.title('SDM 3, 6.12 and 6.13: gates that refuse; EXT only when no INT n is the cause');
  const rows: readonly (readonly [string, string])[] = [
    ['absent gate', gate('stub32_49', SELECTOR.code32, 0x6e)], ['type 0', gate('stub32_49', SELECTOR.code32, 0xe0)], ['call gate', gate('stub32_49', SELECTOR.code32, 0xec)],
    ['null', gate('stub32_49', 0, 0xee)], ['data', gate('stub32_49', SELECTOR.data32, 0xee)], ['absent code', gate('stub32_49', t.absent, 0xee)],
    ['beyond the GDT', gate('stub32_49', 0xfff8, 0xee)], ['code of ring 3', gate('stub32_49', t.user, 0xee)], ['beyond the limit', gate('stub32_49', t.small, 0xee)],
  ];
  for (const [name, text] of rows) {
    place(k, 0x31, text);
    k.test(`INT 31h, ${name}`, 'int 0x31');
    place(k, 6, text);
    k.test(`UD2, ${name}`, 'ud2');
  }
  place(k, 6, gate('stub32_6', SELECTOR.code32, 0x8e));
  k.test('UD2 at 3, gate of DPL 0', 'ud2', { ring: 3 });
  k.test('INT 6 at 3, gate of DPL 0', 'int 6', { ring: 3 });
  k.test('INT 40h, beyond the IDT', 'int 0x40');
  for (const vector of [3, 4]) place(k, vector, gate(`stub32_${vector}`, SELECTOR.code32, 0x8e));
  k.test('INT3 at 3, gate of DPL 0', 'int3', { ring: 3 });
  k.test('INTO at 3, gate of DPL 0', 'mov al, 0x7f; inc al; .ip: into', { ring: 3 });
  k.test('INT1 at 3, gate of DPL 0', 'int1', { ring: 3 });
  k.title('SDM 3, table 6-5: double faults');
  place(k, 13, gate('stub32_13', SELECTOR.code32, 0x0e));
  k.test('NP while GP is delivered', 'mov ax, 0x1230; .ip: mov ds, ax');
  k.test('NP while GP is delivered at 3', 'cli', { ring: 3 });
  k.test('NP while INT 13 is delivered: INT n is benign', 'int 0x0d');
  place(k, 13, gate('stub32_13', SELECTOR.code32, 0x8e));
  place(k, 0, gate('stub32_0', SELECTOR.code32, 0x0e));
  k.test('NP while DE is delivered', 'xor ecx, ecx; .ip: div ecx');
  place(k, 0, gate('stub32_0', SELECTOR.code32, 0x8e));
  place(k, 5, gate('stub32_5', SELECTOR.code32, 0x0e));
  k.test('NP while BR is delivered: BR is benign', 'mov eax, 9; .ip: bound eax, [zeros]');
  place(k, 5, gate('stub32_5', SELECTOR.code32, 0x8e));
}

function interruptReturns(k: Kernel): void {
  k.title('SDM 2, IRET: what it changes of the flags at each privilege');
  const all = 0x24_7fd7;
  const back = (bits: number, flags: number): string => `push ${flags}; mov eax, cs; push eax; push .t; .ip: ${bits === 32 ? 'iretd' : 'iretw'}; .t: pushfd; pop eax; push 2; popfd`;
  k.test('IRETD sets all at 0', `${back(32, all & ~0x4100)}`, { show: 1 });
  k.test('IRETD at 3, IOPL 0', `${back(32, all & ~0x4100)}`, { ring: 3, show: 1 });
  k.test('IRETD at 3, IOPL 3', `${back(32, all & ~0x4100)}`, { ring: 3, flags: IOPL3, show: 1 });
  k.test('POPFD at 0', `push ${all & ~0x4100}; popfd; pushfd; pop eax; push 2; popfd`, { show: 1 });
  k.test('POPFD at 3, IOPL 0', `push ${all & ~0x4100}; popfd; pushfd; pop eax; push 2; popfd`, { ring: 3, show: 1 });
  k.test('POPFD at 3, IOPL 3', `push ${all & ~0x4100}; popfd; pushfd; pop eax; push 2; popfd`, { ring: 3, flags: IOPL3, show: 1 });
  k.test('POPFD does not set VM, RF, VIF or VIP', 'push 0x1b0002; popfd; pushfd; pop eax', { show: 1 });
}

export function gates(): Uint8Array {
  const k = new Kernel();
  const t = targets(k);
  k.place(32, `${REPORT}: int 0x32; end_by_32: int 0x32`);
  k.data('zeros: dd 0, 0');
  k.protected();
  callGates(k, t);
  innerStacks(k);
  interruptGates(k, t);
  refusals(k, t);
  interruptReturns(k);
  return k.image();
}

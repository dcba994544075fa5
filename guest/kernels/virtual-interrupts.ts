/** CR4.VME and CR4.PVI: the virtual interrupt flag, and INT n of 8086 programs through their own vectors. */
import { Kernel, type TestOptions } from './kernel.js';
import { IMAGE_SEGMENT, RING0_STACK, SELECTOR } from './layout.js';
import { taskSegment } from './tables.js';

const IF = 0x200, IOPL3 = 0x3000, VIF = 0x8_0000, VIP = 0x10_0000;
/** Redirected to the program: not DONE, and not 32h. */
const REDIRECTED = 0x21;

/** A TSS with a redirection map in front of its I/O map: a bit for each vector, 1 to stay with the monitor. */
function taskState(k: Kernel): number {
  const map = Array.from({ length: 32 }, (_, byte) => (byte === REDIRECTED >> 3 ? 0xff & ~(1 << (REDIRECTED & 7)) : 0xff));
  k.data(`tss_vme: dd 0, ${RING0_STACK}, ${SELECTOR.data32}; ${'dd 0\n'.repeat(22)} dw 0, 0x88
    redirection: db ${map.join(', ')}
    db ${Array.from({ length: 0x21 }, () => 255).join(', ')}`);
  return k.descriptor(taskSegment('tss_vme', 0x88 + 0x20));
}

/** One program in virtual-8086 mode; UD2 ends it, and its frame shows VIF and VIP. */
function v86(k: Kernel, name: string, text: string, flags = 0, more: TestOptions = {}): void {
  k.test(name, `${text}; ud2`, { v86: true, flags, show: 1, ...more });
}

function flagsOf(k: Kernel): void {
  k.title('SDM 3, 20.3.2: CLI and STI change VIF where IOPL is below 3');
  v86(k, 'CLI', 'cli', VIF);
  v86(k, 'STI', 'sti');
  v86(k, 'STI with VIP', '.ip: sti', VIP);
  v86(k, 'STI with VIP and VIF', '.ip: sti', VIP | VIF);
  v86(k, 'STI with VIP, IOPL 3', 'sti; cli', VIP | IOPL3);
  v86(k, 'CLI with IOPL 3', 'cli', VIF | IOPL3);
  k.title('SDM 3, 20.3.2; SDM 2, PUSHF and POPF: the image has IOPL 3 and VIF as IF');
  v86(k, 'PUSHF', 'pushf; pop ax', 0);
  v86(k, 'PUSHF with VIF', 'pushf; pop ax', VIF);
  v86(k, 'PUSHF with IF and not VIF', 'pushf; pop ax', IF);
  v86(k, 'PUSHF with IOPL 3', 'pushf; pop ax', IOPL3 | VIF);
  v86(k, 'PUSHFD', 'pushfd');
  v86(k, 'POPF of IF', 'push 0x202; popf');
  v86(k, 'POPF without IF', 'push 2; popf', VIF);
  v86(k, 'POPF of IF with VIP', 'push 0x202; .ip: popf', VIP);
  v86(k, 'POPF without IF with VIP', 'push 2; popf', VIP);
  v86(k, 'POPF of TF', 'push 0x102; .ip: popf');
  v86(k, 'POPF of IOPL and NT', 'push 0x7002; popf');
  v86(k, 'POPFD', 'push 0; push 2; .ip: popfd');
  k.title('SDM 2, IRET: VIF from the image');
  const back = (flags: number): string => `push ${flags}; push cs; mov ax, .t; push ax; .ip: iret; .t: nop`;
  v86(k, 'IRET with IF', back(0x202), 0, { show: 0 });
  v86(k, 'IRET without IF', back(2), VIF, { show: 0 });
  v86(k, 'IRET with IF and VIP', back(0x202), VIP, { show: 0 });
  v86(k, 'IRET with TF', back(0x102), 0, { show: 0 });
  v86(k, 'IRETD', '.ip: iretd');
}

function redirections(k: Kernel): void {
  k.title('SDM 3, table 20-2: INT n by the redirection map');
  k.place(16, 'in_8086: pop bx; pop cx; pop ax; ud2');
  k.run(`mov eax, in_8086; and eax, 0xffff; or eax, ${IMAGE_SEGMENT * 65536}; mov [${REDIRECTED * 4}], eax`);
  const at: TestOptions = { ip: 'in_8086' };
  v86(k, 'redirected, IOPL 0', `int ${REDIRECTED}`, VIF | 0x8d5, at);
  v86(k, 'redirected, IOPL 0, no VIF', `int ${REDIRECTED}`, IF, at);
  v86(k, 'redirected, IOPL 3', `int ${REDIRECTED}`, IOPL3 | VIF, at);
  v86(k, 'redirected, IOPL 3 and IF', `int ${REDIRECTED}`, IOPL3 | IF, at);
  v86(k, 'not redirected, IOPL 0', 'int 0x31');
  v86(k, 'not redirected, IOPL 3', 'int 0x31', IOPL3);
  v86(k, 'INT3 is never redirected', 'int3');
  v86(k, 'INT 3 of two bytes, not redirected', 'db 0xcd, 3');
  k.run('mov eax, cr4; and al, 0xfe; mov cr4, eax');
  v86(k, 'without VME, IOPL 0', `int ${REDIRECTED}`, VIF, {});
  v86(k, 'without VME, IOPL 3', `int ${REDIRECTED}`, IOPL3);
  v86(k, 'without VME, STI', '.ip: sti');
}

function protectedVirtual(k: Kernel): void {
  k.title('SDM 3, 20.4: protected-mode virtual interrupts at CPL 3');
  const pvi = (name: string, text: string, flags = 0, more: TestOptions = {}): void => k.test(`PVI: ${name}`, `${text}; ud2`, { ring: 3, flags, show: 1, ...more });
  pvi('STI without PVI', '.ip: sti');
  k.run('mov eax, cr4; or al, 2; mov cr4, eax');
  pvi('STI', 'sti');
  pvi('CLI', 'cli', VIF);
  pvi('STI with VIP', '.ip: sti', VIP);
  pvi('STI at 1', '.ip: sti', 0, { ring: 1 });
  pvi('CLI with IOPL 3', 'cli', VIF | IOPL3 | IF);
  pvi('PUSHF shows the flags as they are', 'pushfd; pop eax', VIF);
  pvi('POPF leaves VIF alone', 'push 0x202; popfd', 0);
  k.run('mov eax, cr4; and al, 0xfd; mov cr4, eax');
}

export function virtualInterrupts(): Uint8Array {
  const k = new Kernel(), task = taskState(k);
  k.protected();
  k.run(`mov ax, ${task}; ltr ax; mov eax, cr4; or al, 1; mov cr4, eax`);
  flagsOf(k);
  redirections(k);
  protectedVirtual(k);
  return k.image();
}

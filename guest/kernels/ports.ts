/** The I/O permission map: of the 32-bit and the 64-bit TSS, for programs at CPL 3 and in virtual-8086 mode. */
import { Kernel, type TestOptions } from './kernel.js';
import { SELECTOR } from './layout.js';
import { taskSegment } from './tables.js';

const IOPL3 = 0x3000;
/** Ports that are there everywhere and mind nothing: page registers of the DMA controller's kind, POST codes. */
const OPEN: readonly number[] = [0x80, 0x81, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];

type Run = (name: string, text: string, options?: TestOptions) => void;

/** Opens the ports of OPEN in the map at `label`. */
function open(k: Kernel, label: string): void {
  for (const port of OPEN) k.run(`btr dword [${label}+${port >> 5 << 2}], ${port & 31}`);
}

function accesses(run: Run): void {
  run('byte, open', 'in al, 0x80');
  run('byte, closed', 'in al, 0x82');
  run('word, both open', 'in ax, 0x80');
  run('word, second closed', 'in ax, 0x81');
  run('dword, all open', 'in eax, 0x84');
  run('dword, over bytes of the map', 'in eax, 0x86');
  run('dword, last two closed', 'in eax, 0x88');
  run('word, over bytes of the map', 'in ax, 0x87');
  run('OUT, open', 'out 0x80, al');
  run('OUT, closed', 'out 0x83, al');
  run('byte, last of the map', 'mov dx, 0xff; .ip: in al, dx');
  run('word, last of the map', 'mov dx, 0xff; .ip: in ax, dx');
  run('dword, last four', 'mov dx, 0xfc; .ip: in eax, dx');
  run('byte behind the map', 'mov dx, 0x100; .ip: in al, dx');
  run('byte beyond the limit', 'mov dx, 0x110; .ip: in al, dx');
  run('port FFFF', 'mov dx, 0xffff; .ip: in al, dx');
  run('INSB, closed', 'mov dx, 0x82; .ip: insb');
  run('OUTSB, closed', 'mov dx, 0x82; .ip: outsb');
}

function protectedMode(k: Kernel): void {
  k.protected();
  open(k, 'ports32');
  k.title('SDM 1, 19.5.2: the I/O permission map at CPL 3');
  accesses((name, text) => k.test(`3: ${name}`, text, { ring: 3 }));
  k.title('SDM 3, 20.2.8: in virtual-8086 mode the map counts whatever the IOPL');
  accesses((name, text) => k.test(`v86: ${name}`, text, { v86: true, flags: IOPL3 }));
  k.title('SDM 1, 19.5.1: CPL within IOPL looks at no map');
  k.test('3, IOPL 3: closed', 'in al, 0x82', { ring: 3, flags: IOPL3 });
  k.test('2, IOPL 1: closed', 'in al, 0x82', { ring: 2, flags: 0x1000 });
  k.test('1, IOPL 1: closed', 'in al, 0x82', { ring: 1, flags: 0x1000 });
  k.title('SDM 3, 7.2.1: map base and limit');
  k.run('mov word [tss32+0x66], 0xffff');
  k.test('map base FFFF', 'in al, 0x80', { ring: 3 });
  k.run('mov word [tss32+0x66], 0x89');
  k.test('map base at the limit', 'in al, 0', { ring: 3 });
  k.run('mov word [tss32+0x66], 0x88; mov byte [ports32+0x20], 0');
  k.test('map of one byte, port 0', 'in al, 0', { ring: 3 });
  k.run('mov word [tss32+0x66], 0x68; mov byte [ports32+0x20], 0xff');
  const bare = k.descriptor(taskSegment('tss32', 0x67)), short = k.descriptor(taskSegment('tss_short', 0x2b, 0x81));
  k.data(`tss_short: dw 0, 0x8000, ${SELECTOR.data16}, 0, 0, 0, 0; dd 0, 0, 0, 0, 0, 0, 0, 0`);
  k.run(`mov ax, ${bare}; ltr ax`);
  k.test('TSS without a map', 'in al, 0x80', { ring: 3 });
  k.run(`mov ax, ${short}; ltr ax`);
  k.test('16-bit TSS', 'in al, 0x80', { ring: 3 });
  k.run(`and byte [gdt+${SELECTOR.tss32 + 5}], 0xfd; mov ax, ${SELECTOR.tss32}; ltr ax`);
}

export function ports(): Uint8Array {
  const k = new Kernel();
  protectedMode(k);
  k.long();
  open(k, 'ports64');
  k.title('SDM 3, 7.7: the map of the 64-bit TSS');
  accesses((name, text) => k.test(`64/3: ${name}`, text, { ring: 3 }));
  k.test('c32/3: open', 'in al, 0x80', { ring: 3, bits: 32 });
  k.test('c32/3: closed', 'in al, 0x82', { ring: 3, bits: 32 });
  return k.image();
}

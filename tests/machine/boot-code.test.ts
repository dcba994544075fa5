/** Boot code in real mode, of a kernel with protocol 2.00: what it gets from the BIOS services that every entry has (guest/bios.ts). */
import { afterEach, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';
import { runUntilText, watchConsole } from '../support/console.js';

const SECTOR = 512;

/** A boot sector with a header of protocol 2.00, and setup code that starts at the second sector's jump. */
function bootKernel(code: string): Uint8Array {
  const a = new TextAssembler(0);
  a.bits = 16;
  a.text(`db 0xeb, 0x26, "HdrS"; dw 0x200, 0, 0, 0, 0; db 0, 1; dw 0; dd 0, 0, 0, 0; dw 0, 0\n main: push cs; pop ds; push cs; pop es; cld\n ${code}`);
  const setup = a.assemble();
  const file = new Uint8Array(SECTOR * 5 + 16);
  file[0x1f1] = 3;
  file.set([0x55, 0xaa], 0x1fe);
  file.set(setup, SECTOR);
  if (file[SECTOR + 2] !== 0x48 || setup.length > SECTOR * 3) throw new Error('the setup code does not lie as the protocol has it');
  return file;
}

/** Prints the memory map, conventional memory, a PCI function found by its class and one by its number, ticks that go on, and what is typed up to a line's end. */
const ASK = `
    xor ebx, ebx
  region:
    mov eax, 0xe820; mov edx, 0x534d4150; mov ecx, 20; mov di, buffer; int 0x15; jc regions_end
    mov eax, [buffer]; call hex; mov eax, [buffer+8]; call hex; mov eax, [buffer+16]; call hex; call newline
    test ebx, ebx; jne region
  regions_end:
    int 0x12; movzx eax, ax; call hex; call newline
    mov ax, 0xb101; int 0x1a; mov eax, edx; call hex
    mov ax, 0xb103; mov ecx, 0x060100; xor si, si; int 0x1a; movzx eax, bx; call hex
    mov ax, 0xb102; mov cx, 0x1005; mov dx, 0x1af4; xor si, si; int 0x1a; jc exit
    mov di, 0x2e; mov ax, 0xb109; int 0x1a; movzx eax, cx; call hex
    mov ax, 0xb102; mov cx, 0x1005; mov dx, 0x1af4; mov si, 1; int 0x1a; movzx eax, ah; call hex; call newline
    sti
    mov ah, 0; int 0x1a; mov bp, dx
  tick: mov ah, 0; int 0x1a; cmp dx, bp; je tick
  keys:
    mov ah, 1; int 0x16; je keys
    mov bl, al
    mov ah, 0; int 0x16; cmp al, bl; jne exit
    mov ah, 0x0e; int 0x10
    cmp al, 10; jne keys
  exit: mov dx, 0x501; mov al, 0; out dx, al; hlt
  hex:    # EAX in eight digits and a space
    push cx; mov cx, 8
  digit:
    rol eax, 4; push eax; and al, 15; add al, 0x30; cmp al, 0x3a; jb decimal
    add al, 0x27
  decimal: mov ah, 0x0e; int 0x10; pop eax
    dec cx; jne digit
    mov ax, 0x0e20; int 0x10
    pop cx; ret
  newline: mov ax, 0x0e0a; int 0x10; ret
  buffer: dd 0, 0, 0, 0, 0`;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

it('finds memory, cards, ticks and keys', async () => {
  machine = await createMachine({ kernel: bootKernel(ASK), memoryMiB: 64, icountShift: 5, devices: [{ model: 'virtio-rng' }], limits: { instructions: 1_000_000_000n } });
  const screen = watchConsole(machine);
  machine.attachInput(true);
  await runUntilText(machine, screen, /20494350 .*\n/);
  machine.write('typed ahead, more than a FIFO full\n');
  expect(await machine.run()).toMatchObject({ reason: 'debug-exit', code: 1 });
  expect(screen.text.split('\n')).toEqual([
    '00000000 0009fc00 00000001 ', '0009fc00 00000400 00000002 ', '000e0000 00020000 00000002 ', '00100000 03f00000 00000001 ', 'b0000000 10000000 00000002 ',
    '0000027f ',
    // "PCI "; the LPC bridge, 00:1f.0; the random source's subsystem; and no second one.
    '20494350 000000f8 00000004 00000086 ',
    'typed ahead, more than a FIFO full', '',
  ]);
}, 60_000);

/**
 * A disk that shows test cards, one for each kind of mode and each way of drawing: its program sets a mode by the video BIOS or by registers, fills video
 * memory with a pattern that repeats nowhere, says "D" on port E9h, and waits for a key before it goes on to the next. It ends with "E".
 */
import { TextAssembler } from '../../guest/assembler/text.js';

const SECTOR = 512;
const DISK_BYTES = 1 << 20;
const LOADER = 0x7c00;
const PROGRAM = 0x8000;
/** So many sectors are loaded. */
const SECTORS = 48;

export interface ScreenCard {
  name: string;
  code: string;
}

export const bios = (mode: number): string => `mov ax, ${mode}; int 0x10`;
const indexed = (port: number, index: number, value: number): string => `mov dx, ${port}; mov ax, ${(value << 8) | index}; out dx, ax`;
const sequencer = (index: number, value: number): string => indexed(0x3c4, index, value);
const graphics = (index: number, value: number): string => indexed(0x3ce, index, value);
const crtc = (index: number, value: number): string => indexed(0x3d4, index, value);
const attribute = (index: number, value: number): string => `mov dx, 0x3da; in al, dx; mov dx, 0x3c0; mov al, ${index}; out dx, al; mov al, ${value}; out dx, al; mov al, 0x20; out dx, al`;
export const vbe = (index: number, value: number): string => `mov dx, 0x1ce; mov ax, ${index}; out dx, ax; inc dx; mov ax, ${value}; out dx, ax`;
/** Bytes from an address on, of a pattern by a seed; 0 for 64 KiB. */
const fill = (segment: number, bytes: number, seed = 0): string => `mov ax, ${segment}; mov es, ax; xor di, di; mov cx, ${bytes}; mov bl, ${seed}; call fill`;
const noCursor = 'mov ah, 1; mov cx, 0x2000; int 0x10';
const planes = (bytes: number, segment = 0xa000): string => [0, 1, 2, 3].map((plane) => `${sequencer(2, 1 << plane)}; ${fill(segment, bytes, plane * 0x3b)}`).join('; ');
const text = (mode: number, segment = 0xb800): string => `${bios(mode)}; ${noCursor}; ${fill(segment, 0x4000)}`;
export const mode = (width: number, height: number, bits: number, flags = 0x41): string => [vbe(4, 0), vbe(1, width), vbe(2, height), vbe(3, bits), vbe(4, flags)].join('; ');
export const banks = (count: number): string => Array.from({ length: count }, (_, bank) => `${vbe(5, bank)}; ${fill(0xa000, 0, (bank * 17) & 255)}`).join('; ');
const linear = (width: number, height: number, bits: number): string => `${mode(width, height, bits)}; ${banks(Math.ceil((width * height * Math.ceil(bits / 8)) / 0x10000))}`;
/** Mode 13h with its chain undone: 320 by 200 in four planes of bytes. */
const modeX = `${bios(0x13)}; ${sequencer(4, 6)}; ${crtc(0x14, 0)}; ${crtc(0x17, 0xe3)}; ${planes(0)}`;
const dac = 'mov dx, 0x3c8; xor al, al; out dx, al; inc dx; mov cx, 768; colour: mov al, cl; rol al, 3; xor al, ch; out dx, al; loop colour';

export const SCREEN_CARDS: readonly ScreenCard[] = [
  ...[0, 1, 2, 3].map((n) => ({ name: `text mode ${n}`, code: text(n) })),
  { name: 'text mode 7', code: text(7, 0xb000) },
  { name: 'text with a font of 8x8', code: `${bios(3)}; mov ax, 0x1112; mov bl, 0; int 0x10; ${noCursor}; ${fill(0xb800, 0x4000)}` },
  { name: 'text with two fonts', code: `${bios(3)}; mov ax, 0x1112; mov bl, 1; int 0x10; ${bios(0x83)}; mov ax, 0x1102; mov bl, 1; int 0x10; ${sequencer(3, 4)}; ${noCursor}; ${fill(0xb800, 0x4000)}` },
  { name: 'text of eight dots', code: `${text(3)}; ${sequencer(1, 1)}` },
  { name: 'text from another start', code: `${text(3)}; ${crtc(0x0d, 123)}; ${crtc(0x13, 50)}` },
  { name: 'text with a cursor', code: `${bios(3)}; mov ax, 0x0941; mov bx, 0x5e; mov cx, 300; int 0x10; ${noCursor}` },
  { name: 'CGA mode 4', code: `${bios(4)}; ${fill(0xb800, 0x4000)}` },
  { name: 'CGA mode 5', code: `${bios(5)}; ${fill(0xb800, 0x4000)}` },
  { name: 'CGA mode 6', code: `${bios(6)}; ${fill(0xb800, 0x4000)}` },
  { name: 'EGA mode Dh', code: `${bios(0x0d)}; ${planes(0)}` },
  { name: 'EGA mode Eh', code: `${bios(0x0e)}; ${planes(0)}` },
  { name: 'EGA mode 10h', code: `${bios(0x10)}; ${planes(0)}` },
  { name: 'VGA mode 11h', code: `${bios(0x11)}; ${planes(0)}` },
  { name: 'VGA mode 12h', code: `${bios(0x12)}; ${planes(0)}` },
  { name: 'planes off, colours moved', code: `${attribute(0x12, 0x0b)}; ${attribute(3, 0x2a)}; ${attribute(0x14, 4)}; ${attribute(0x10, 0x81)}` },
  { name: 'a split and a start', code: `${bios(0x12)}; ${planes(0)}; ${crtc(0x0c, 0x10)}; ${crtc(0x0d, 0x21)}; ${crtc(0x18, 200)}; ${crtc(7, 0x2e)}; ${crtc(9, 0)}` },
  { name: 'write modes', code: [
    bios(0x12), planes(0), sequencer(2, 15),
    // A row each: set and reset, functions on the latches, a mask; a copy by latches; colours; a mask from the byte.
    graphics(0, 9), graphics(1, 5), graphics(3, 0x1a), graphics(8, 0x7e), 'mov di, 2000; mov cx, 4000; call through',
    graphics(1, 0), graphics(3, 8), graphics(8, 0x3c), 'mov di, 8000; mov cx, 2000; call through',
    graphics(5, 2), graphics(3, 0x10), graphics(8, 0xe7), 'mov di, 12000; mov cx, 3000; call through',
    graphics(5, 3), graphics(0, 6), graphics(3, 3), 'mov di, 18000; mov cx, 3000; call through',
    graphics(5, 1), 'mov ax, 0xa000; mov ds, ax; xor si, si; mov di, 24000; mov cx, 6000; rep movsb; xor ax, ax; mov ds, ax',
  ].join('; ') },
  { name: 'mode 13h', code: `${bios(0x13)}; ${fill(0xa000, 64000)}` },
  { name: 'mode 13h with colours of its own', code: dac },
  { name: 'mode X', code: modeX },
  { name: 'mode X of 240 lines', code: `${modeX}; mov dx, 0x3c2; mov al, 0xe3; out dx, al; ${[[0x11, 0x2c], [6, 0x0d], [7, 0x3e], [9, 0x41], [0x10, 0xea], [0x11, 0xac], [0x12, 0xdf], [0x15, 0xe7], [0x16, 6]].map(([index, value]) => crtc(index!, value!)).join('; ')}` },
  ...([[640, 400, 8], [640, 480, 8], [640, 480, 15], [640, 480, 16], [640, 480, 24], [640, 480, 32], [800, 600, 16], [1024, 768, 32], [1920, 1080, 32]] as const).map(([width, height, bits]) => ({
    name: `VBE ${width}x${height}x${bits}`, code: linear(width, height, bits),
  })),
  { name: 'VBE with a wider line and offsets', code: `${mode(640, 480, 8)}; ${banks(9)}; ${vbe(6, 1024)}; ${vbe(8, 24)}; ${vbe(9, 17)}` },
  { name: 'VBE with eight bits a colour', code: `${mode(640, 480, 8, 0x61)}; ${banks(5)}; ${dac.replaceAll('colour', 'wide')}` },
  { name: 'text after all', code: `${vbe(4, 0)}; ${text(3)}` },
];

const ROUTINES = `
  fill: mov ax, di; xor al, ah; add al, bl; mov [es:di], al; inc di; loop fill; ret
  through: mov ax, 0xa000; mov es, ax
  pass: mov al, [es:di]; mov ax, di; mov [es:di], al; inc di; loop pass; ret
  show: mov al, 0x44; out 0xe9, al; mov ah, 0; int 0x16; ret
`;

function program(cards: readonly ScreenCard[]): Uint8Array {
  const a = new TextAssembler(PROGRAM);
  a.bits = 16;
  for (const { code } of cards) a.text(`${code}\ncall show`);
  a.text(`mov al, 0x45; out 0xe9, al\nend: cli; hlt; jmp end\n${ROUTINES}`);
  return a.assemble();
}

function loader(): Uint8Array {
  const a = new TextAssembler(LOADER);
  a.bits = 16;
  a.text(`
    xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, ${LOADER}; sti
    mov ah, 0x42; mov si, packet; int 0x13; jc failed
    mov ax, ${PROGRAM}; jmp ax
  failed: mov al, 0x46; out 0xe9, al; hlt
  packet: dw 16, ${SECTORS}, ${PROGRAM}, 0
    dd 1, 0
  `);
  return a.assemble();
}

/** The image of the disk. */
export function screenDisk(cards: readonly ScreenCard[] = SCREEN_CARDS): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES), code = program(cards);
  if (code.length > SECTORS * SECTOR) throw new Error(`the cards' program has ${code.length} bytes`);
  disk.set(loader());
  disk.set([0x55, 0xaa], SECTOR - 2);
  disk.set(code, SECTOR);
  return disk;
}

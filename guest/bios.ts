/**
 * BIOS services for kernels that start in real mode: as much as Linux's setup code asks for (arch/x86/boot), in our own
 * words. Interface after Ralf Brown's interrupt list and ACPI 6.4, 15.1 (E820). Text written to the screen and keys go by COM1.
 *
 * INT 10h  mode, cursor, teletype        INT 11h, 12h  equipment, conventional memory    INT 13h  no drive
 * INT 15h  E820, E801, 88h, A20          INT 16h  a key, shift state                     INT 1Ah  no clock
 */
import { Jump, RealAssembler } from './assembler/real.js';

/** A line of the memory map, in bytes. */
export interface BiosMapEntry {
  base: number;
  bytes: number;
  type: number;
}

export interface BiosOptions {
  map: readonly BiosMapEntry[];
  /** Bytes of RAM from 1 MiB up, below 4 GiB. */
  extendedBytes: number;
  /** Bytes of conventional memory. */
  conventionalBytes: number;
}

export interface BiosImage {
  /** Bytes at linear addresses: interrupt vectors, BIOS data, code. */
  segments: { gpa: number; bytes: Uint8Array }[];
}

const SEGMENT = 0xf000;
const OFFSET = 0xe000;
const VECTORS = 256;
const ENTRY_BYTES = 20;
const DATA_AREA = 0x400;
const KIB = 1024;
const MIB = 1024 * KIB;
/** Offsets of the saved flags behind PUSH BP. */
const FLAGS = 6;

function writeReturns(a: RealAssembler): void {
  const answer = (name: string, text: string, ...change: number[]): void => {
    a.label(name);
    a.op('push bp; mov bp, sp', 0x55, 0x89, 0xe5);
    a.op(text, ...change);
    a.op('pop bp; iret', 0x5d, 0xcf);
  };
  answer('success', 'and byte [bp+6], not carry', 0x80, 0x66, FLAGS, 0xfe);
  answer('failure', 'or byte [bp+6], carry', 0x80, 0x4e, FLAGS, 0x01);
  answer('zero', 'or byte [bp+6], zero', 0x80, 0x4e, FLAGS, 0x40);
  a.label('ignored');
  a.op('iret', 0xcf);
}

function writeScreen(a: RealAssembler): void {
  a.label('int10');
  a.ifAh(0x0f, 'getMode');
  a.ifAh(0x03, 'getCursor');
  a.ifAh(0x0e, 'teletype');
  a.op('iret', 0xcf);
  a.label('getMode');
  a.op('mov ax, 80 columns, mode 3; mov bh, 0; iret', 0xb8, 0x03, 0x50, 0xb7, 0x00, 0xcf);
  a.label('getCursor');
  a.op('mov cx, 0607h; xor dx, dx; iret', 0xb9, 0x07, 0x06, 0x31, 0xd2, 0xcf);
  a.label('teletype');
  a.op('push dx; push ax; mov dx, 3fdh', 0x52, 0x50, 0xba, 0xfd, 0x03);
  a.label('busy');
  a.op('in al, dx; test al, 20h', 0xec, 0xa8, 0x20);
  a.jumpIf(Jump.E, 'busy');
  a.op('pop ax; mov dl, f8h; out dx, al; pop dx; iret', 0x58, 0xb2, 0xf8, 0xee, 0x5a, 0xcf);
}

function writeSmall(a: RealAssembler, options: BiosOptions): void {
  a.label('int11');
  a.op('mov ax, 80 columns and an FPU; iret', 0xb8, 0x22, 0x00, 0xcf);
  a.label('int12');
  a.op('mov ax,', 0xb8);
  a.word(Math.floor(options.conventionalBytes / KIB));
  a.op('iret', 0xcf);
  a.label('int13');
  a.op('mov ah, bad command', 0xb4, 0x01);
  a.jump('failure');
  a.label('int1a');
  a.ifAh(0, 'getTicks');
  a.jump('failure');
  a.label('getTicks');
  a.op('xor cx, cx; xor dx, dx; mov al, 0; iret', 0x31, 0xc9, 0x31, 0xd2, 0xb0, 0x00, 0xcf);
}

function writeKeyboard(a: RealAssembler): void {
  a.label('int16');
  a.ifAh(0x00, 'getKey');
  a.ifAh(0x10, 'getKey');
  a.ifAh(0x01, 'zero'); // nothing is known to wait: a port cannot be looked into without taking the byte
  a.ifAh(0x11, 'zero');
  a.op('mov al, 0; iret', 0xb0, 0x00, 0xcf);
  a.label('getKey');
  a.op('push dx; mov dx, 3fdh', 0x52, 0xba, 0xfd, 0x03);
  a.label('noKey');
  a.op('in al, dx; test al, 1', 0xec, 0xa8, 0x01);
  a.jumpIf(Jump.E, 'noKey');
  a.op('mov dl, f8h; in al, dx; mov ah, 0; pop dx; iret', 0xb2, 0xf8, 0xec, 0xb4, 0x00, 0x5a, 0xcf);
}

function writeSystem(a: RealAssembler, options: BiosOptions): void {
  const kib = Math.floor(options.extendedBytes / KIB);
  const below16 = Math.min(kib, 15 * KIB);
  const above16 = Math.max(0, Math.floor((options.extendedBytes - 15 * MIB) / (64 * KIB)));
  a.label('int15');
  a.ifAx(0xe820, 'e820');
  a.ifAx(0xe801, 'e801');
  a.ifAx(0x2400, 'done');
  a.ifAx(0x2401, 'done');
  a.ifAx(0x2402, 'a20Status');
  a.ifAx(0x2403, 'a20Support');
  a.ifAh(0x88, 'extended');
  a.label('unknown');
  a.op('mov ah, 86h', 0xb4, 0x86);
  a.jump('failure');
  a.label('a20Status');
  a.op('mov al, 1', 0xb0, 0x01);
  a.jump('done');
  a.label('a20Support');
  a.op('xor bx, bx', 0x31, 0xdb);
  a.label('done');
  a.op('mov ah, 0', 0xb4, 0x00);
  a.jump('success');
  a.label('extended');
  a.op('mov ax,', 0xb8);
  a.word(Math.min(kib, 0xffff));
  a.jump('success');
  a.label('e801');
  a.op('mov ax,', 0xb8);
  a.word(below16);
  a.op('mov bx,', 0xbb);
  a.word(Math.min(above16, 0xffff));
  a.op('mov cx, ax; mov dx, bx', 0x89, 0xc1, 0x89, 0xda);
  a.jump('success');
}

function writeMap(a: RealAssembler, map: readonly BiosMapEntry[]): void {
  const smap = [0x50, 0x41, 0x4d, 0x53];
  a.label('e820');
  a.op('cmp edx, "SMAP"', 0x66, 0x81, 0xfa, ...smap);
  a.jumpIf(Jump.NE, 'unknown');
  a.op('cmp ecx, 20', 0x66, 0x83, 0xf9, ENTRY_BYTES);
  a.jumpIf(Jump.B, 'unknown');
  a.op('cmp ebx, entries', 0x66, 0x83, 0xfb, map.length);
  a.jumpIf(Jump.AE, 'unknown');
  a.op('push si; push di; push cx', 0x56, 0x57, 0x51);
  a.op('imul si, bx, 20; add si, table', 0x6b, 0xf3, ENTRY_BYTES, 0x81, 0xc6);
  a.word('map');
  a.op('mov cx, 20; cld; rep movsb from cs', 0xb9, ENTRY_BYTES, 0x00, 0xfc, 0xf3, 0x2e, 0xa4);
  a.op('pop cx; pop di; pop si', 0x59, 0x5f, 0x5e);
  a.op('mov eax, "SMAP"; mov ecx, 20', 0x66, 0xb8, ...smap, 0x66, 0xb9, ENTRY_BYTES, 0, 0, 0);
  a.op('inc ebx; cmp ebx, entries', 0x66, 0x43, 0x66, 0x83, 0xfb, map.length);
  a.jumpIf(Jump.NE, 'success');
  a.op('xor ebx, ebx', 0x66, 0x31, 0xdb);
  a.jump('success');
  a.label('map');
  for (const { base, bytes, type } of map) {
    const row = new DataView(new ArrayBuffer(ENTRY_BYTES));
    row.setBigUint64(0, BigInt(base), true);
    row.setBigUint64(8, BigInt(bytes), true);
    row.setUint32(16, type, true);
    a.op('', ...new Uint8Array(row.buffer));
  }
}

/** Where the vectors point. */
const SERVICES: Readonly<Record<number, string>> = {
  0x10: 'int10', 0x11: 'int11', 0x12: 'int12', 0x13: 'int13', 0x15: 'int15', 0x16: 'int16', 0x1a: 'int1a',
};

/** BIOS data area: serial ports, the extended area, memory size, and the screen of mode 3. */
function dataArea(conventionalBytes: number): Uint8Array {
  const area = new DataView(new ArrayBuffer(256));
  [0x3f8, 0x2f8, 0x3e8, 0x2e8].forEach((port, i) => area.setUint16(i * 2, port, true));
  area.setUint16(0x0e, conventionalBytes >> 4, true);
  area.setUint16(0x10, 0x22, true);
  area.setUint16(0x13, Math.floor(conventionalBytes / KIB), true);
  area.setUint8(0x49, 3);
  area.setUint16(0x4a, 80, true);
  area.setUint16(0x63, 0x3d4, true);
  area.setUint8(0x84, 24);
  area.setUint16(0x85, 16, true);
  return new Uint8Array(area.buffer);
}

/** The services for a machine with this memory. */
export function biosServices(options: BiosOptions): BiosImage {
  const a = new RealAssembler(OFFSET);
  writeReturns(a);
  writeScreen(a);
  writeSmall(a, options);
  writeKeyboard(a);
  writeSystem(a, options);
  writeMap(a, options.map);
  const vectors = new DataView(new ArrayBuffer(VECTORS * 4));
  for (let vector = 0; vector < VECTORS; vector++) {
    vectors.setUint16(vector * 4, a.addressOf(SERVICES[vector] ?? 'ignored'), true);
    vectors.setUint16(vector * 4 + 2, SEGMENT, true);
  }
  return {
    segments: [
      { gpa: 0, bytes: new Uint8Array(vectors.buffer) },
      { gpa: DATA_AREA, bytes: dataArea(options.conventionalBytes) },
      { gpa: SEGMENT * 16 + OFFSET, bytes: a.assemble() },
    ],
  };
}

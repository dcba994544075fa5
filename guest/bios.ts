/**
 * BIOS services for what is started without firmware: as much as boot code of Linux, of boot loaders and of network boot programs asks for, in our own
 * words. Interface after Ralf Brown's interrupt list, ACPI 6.4, 15.1 (E820) and the PCI BIOS Specification 2.1. Text
 * written to the screen and keys go by COM1.
 *
 * INT 08h, 70h  the timer, other IRQs   INT 10h  mode, cursor, teletype        INT 11h, 12h  equipment, conventional memory
 * INT 13h  no drive                     INT 15h  E820, E801, 88h, A20          INT 16h  keys, shift state
 * INT 1Ah  ticks, PCI (B1h)
 */
import { TextAssembler } from './assembler/text.js';

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
  /** Where real-mode code is entered that wants a running timer (18.2 Hz): it starts the timer, and returns (far) to what is on the stack. */
  start: { segment: number; offset: number };
}

const SEGMENT = 0xf000;
const OFFSET = 0xd000;
const VECTORS = 256;
const ENTRY_BYTES = 20;
const DATA_AREA = 0x400;
const KIB = 1024;
const MIB = 1024 * KIB;

/** A service ends by a jump to one of these, which change the flags that its caller gets. */
const RETURNS = `
  success: push bp; mov bp, sp; and word [bp+6], 0xfffe; pop bp; iret
  failure: push bp; mov bp, sp; or word [bp+6], 1; pop bp; iret
  zero: push bp; mov bp, sp; or word [bp+6], 0x40; pop bp; iret
  notZero: push bp; mov bp, sp; and word [bp+6], 0xffbf; pop bp; iret
  ignored: iret`;

/** The timer counts at 46Ch and calls INT 1Ch; no other interrupt has anything to say here. */
const INTERRUPTS = `
  irq0:
    push ds; push eax
    xor ax, ax; mov ds, ax
    inc dword [0x46c]
    cmp dword [0x46c], 0x1800b0; jb sameDay    # ticks of a day
    mov dword [0x46c], 0; inc byte [0x470]
  sameDay:
    int 0x1c
    mov al, 0x20; out 0x20, al
    pop eax; pop ds; iret
  irqHigh: push ax; mov al, 0x20; out 0xa0, al; jmp endOfInterrupt
  irqLow: push ax
  endOfInterrupt: mov al, 0x20; out 0x20, al; pop ax; iret`;

/** Mode 2, full count: 18.2 Hz; its line unmasked. */
const START = `
  start:
    push ax
    mov al, 0x34; out 0x43, al
    xor al, al; out 0x40, al; out 0x40, al
    in al, 0x21; and al, 0xfe; out 0x21, al
    pop ax
    retf`;

const SCREEN = `
  int10:
    cmp ah, 0x0f; je getMode
    cmp ah, 0x03; je getCursor
    cmp ah, 0x0e; je teletype
    iret
  getMode: mov ax, 0x5003; mov bh, 0; iret    # 80 columns, mode 3
  getCursor: mov cx, 0x0607; xor dx, dx; iret
  teletype:
    push dx; push ax
    mov dx, 0x3fd
  busy: in al, dx; test al, 0x20; je busy
    pop ax
    mov dl, 0xf8; out dx, al
    pop dx; iret`;

const SMALL = (options: BiosOptions): string => `
  int11: mov ax, 0x22; iret    # 80 columns and an FPU
  int12: mov ax, ${Math.floor(options.conventionalBytes / KIB)}; iret
  int13: mov ah, 1; jmp failure    # bad command
  int1a:
    cmp ah, 0xb1; je pci
    cmp ah, 0; jne failure
    push ds; xor ax, ax; mov ds, ax
    mov dx, [0x46c]; mov cx, [0x46e]; mov al, [0x470]; mov byte [0x470], 0
    pop ds; iret`;

/** A port cannot be looked into without taking the byte: one key is kept in the buffer at 41Eh, the buffer's tail at 41Ch says whether. */
const KEYBOARD = `
  int16:
    and ah, 0xef    # 10h to 12h are those of the long keyboard
    cmp ah, 0; je getKey
    cmp ah, 1; je peekKey
    mov al, 0; iret
  getKey:
    call poll; je getKey
    push ds; push 0; pop ds
    mov byte [0x41c], 0x1e; mov al, [0x41e]
    pop ds
    mov ah, 0; iret
  peekKey:
    call poll; je zero
    push ds; push 0; pop ds; mov al, [0x41e]; pop ds
    mov ah, 0; jmp notZero
  poll:    # ZF: no key
    push ds; push dx; push ax
    push 0; pop ds
    cmp byte [0x41c], 0x1e; jne polled
    mov dx, 0x3fd; in al, dx; test al, 1; je polled
    mov dl, 0xf8; in al, dx; mov [0x41e], al
    mov byte [0x41c], 0x20; or al, 1
  polled:
    pop ax; pop dx; pop ds; ret`;

function systemServices({ extendedBytes, map }: BiosOptions): string {
  const kib = Math.floor(extendedBytes / KIB);
  const above16 = Math.max(0, Math.floor((extendedBytes - 15 * MIB) / (64 * KIB)));
  return `
  int15:
    cmp ax, 0xe820; je e820
    cmp ax, 0xe801; je e801
    cmp ax, 0x2400; je done
    cmp ax, 0x2401; je done
    cmp ax, 0x2402; je a20Status
    cmp ax, 0x2403; je a20Support
    cmp ah, 0x88; je extended
  unknown: mov ah, 0x86; jmp failure
  a20Status: mov al, 1; jmp done
  a20Support: xor bx, bx
  done: mov ah, 0; jmp success
  extended: mov ax, ${Math.min(kib, 0xffff)}; jmp success
  e801:
    mov ax, ${Math.min(kib, 15 * KIB)}; mov bx, ${Math.min(above16, 0xffff)}
    mov cx, ax; mov dx, bx; jmp success
  e820:
    cmp edx, 0x534d4150; jne unknown    # "SMAP"
    cmp ecx, ${ENTRY_BYTES}; jb unknown
    cmp ebx, ${map.length}; jae unknown
    push si; push di; push cx
    mov si, bx; shl si, 2; mov cx, si; shl cx, 2; add si, cx; add si, map    # entries of 20 bytes
    mov cx, ${ENTRY_BYTES}; cld; rep cs movsb
    pop cx; pop di; pop si
    mov eax, 0x534d4150; mov ecx, ${ENTRY_BYTES}
    inc ebx; cmp ebx, ${map.length}; jne success
    xor ebx, ebx; jmp success`;
}

/** One bus, configuration mechanism 1. BX names a function, DI a register; functions are looked for by ID (B102h) or class (B103h). */
const PCI = `
  pci:
    cmp al, 1; je pciPresent
    cmp al, 2; je pciFindDevice
    cmp al, 3; je pciFindClass
    cmp al, 0x08; jb pciUnknown
    cmp al, 0x0d; ja pciUnknown
    push dx; push eax
    call pciSelect
    pop eax
    cmp al, 0x08; je pciReadByte
    cmp al, 0x09; je pciReadWord
    cmp al, 0x0a; je pciReadDword
    cmp al, 0x0b; je pciWriteByte
    cmp al, 0x0c; je pciWriteWord
    push eax; mov eax, ecx; out dx, eax; pop eax; jmp pciDone
  pciReadByte: push ax; in al, dx; mov cl, al; pop ax; jmp pciDone
  pciReadWord: push ax; in ax, dx; mov cx, ax; pop ax; jmp pciDone
  pciReadDword: push eax; in eax, dx; mov ecx, eax; pop eax; jmp pciDone
  pciWriteByte: push ax; mov al, cl; out dx, al; pop ax; jmp pciDone
  pciWriteWord: push ax; mov ax, cx; out dx, ax; pop ax
  pciDone: pop dx
  pciGood: mov ah, 0; jmp success
  pciUnknown: mov ah, 0x81; jmp failure
  pciNone: mov ah, 0x86; jmp failure
  pciPresent:
    mov edx, 0x20494350; mov bx, 0x0210; mov cl, 0; mov al, 1; xor edi, edi    # "PCI ", 2.10
    jmp pciGood
  pciSelect:    # EAX is lost; DX: the port of the register's own bytes
    movzx eax, bx; shl eax, 8; or eax, 0x80000000
    mov dx, di; and dl, 0xfc; mov al, dl
    mov dx, 0xcf8; out dx, eax
    mov dx, di; and dx, 3; add dx, 0xcfc; ret
  pciFindDevice:    # CX device, DX vendor, SI how many to pass over
    push edx; push ecx; push di; push si
    shl ecx, 16; mov cx, dx; mov di, 0; mov edx, 0xffffffff
    jmp pciFind
  pciFindClass:    # ECX class in its low three bytes
    push edx; push ecx; push di; push si
    shl ecx, 8; mov di, 8; mov edx, 0xffffff00
  pciFind:    # ECX under the mask EDX in register DI
    xor bx, bx
  pciNext:
    push edx
    call pciSelect; in eax, dx
    pop edx
    and eax, edx; cmp eax, ecx; jne pciOther
    sub si, 1; jc pciFound
  pciOther: inc bl; jne pciNext
    pop si; pop di; pop ecx; pop edx; jmp pciNone
  pciFound: pop si; pop di; pop ecx; pop edx; jmp pciGood`;

function writeMap(a: TextAssembler, map: readonly BiosMapEntry[]): void {
  a.label('map');
  for (const { base, bytes, type } of map) {
    a.number(base, 8);
    a.number(bytes, 8);
    a.number(type, 4);
  }
}

/** Where the vectors point. */
const SERVICES: Readonly<Record<number, string>> = {
  0x10: 'int10', 0x11: 'int11', 0x12: 'int12', 0x13: 'int13', 0x15: 'int15', 0x16: 'int16', 0x1a: 'int1a',
};

/** IRQ 0 to 7 at 08h, 8 to 15 at 70h. */
function serviceOf(vector: number): string {
  if (vector === 0x08) return 'irq0';
  if (vector > 0x08 && vector < 0x10) return 'irqLow';
  return vector >= 0x70 && vector < 0x78 ? 'irqHigh' : SERVICES[vector] ?? 'ignored';
}

/** BIOS data area: serial ports, the extended area, memory size, an empty keyboard buffer, and the screen of mode 3. */
function dataArea(conventionalBytes: number): Uint8Array {
  const area = new DataView(new ArrayBuffer(256));
  [0x3f8, 0x2f8, 0x3e8, 0x2e8].forEach((port, i) => area.setUint16(i * 2, port, true));
  area.setUint16(0x0e, conventionalBytes >> 4, true);
  area.setUint16(0x10, 0x22, true);
  area.setUint16(0x13, Math.floor(conventionalBytes / KIB), true);
  [0x1a, 0x1c, 0x80].forEach((at) => area.setUint16(at, 0x1e, true));
  area.setUint16(0x82, 0x3e, true);
  area.setUint8(0x49, 3);
  area.setUint16(0x4a, 80, true);
  area.setUint16(0x63, 0x3d4, true);
  area.setUint8(0x84, 24);
  area.setUint16(0x85, 16, true);
  return new Uint8Array(area.buffer);
}

/** The services for a machine with this memory. */
export function biosServices(options: BiosOptions): BiosImage {
  const a = new TextAssembler(OFFSET);
  for (const part of [RETURNS, INTERRUPTS, START, SCREEN, SMALL(options), KEYBOARD, systemServices(options), PCI]) a.text(part);
  writeMap(a, options.map);
  const vectors = new DataView(new ArrayBuffer(VECTORS * 4));
  for (let vector = 0; vector < VECTORS; vector++) {
    vectors.setUint16(vector * 4, a.addressOf(serviceOf(vector)), true);
    vectors.setUint16(vector * 4 + 2, SEGMENT, true);
  }
  return {
    segments: [
      { gpa: 0, bytes: new Uint8Array(vectors.buffer) },
      { gpa: DATA_AREA, bytes: dataArea(options.conventionalBytes) },
      { gpa: SEGMENT * 16 + OFFSET, bytes: a.assemble() },
    ],
    start: { segment: SEGMENT, offset: a.addressOf('start') },
  };
}

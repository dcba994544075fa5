/**
 * A bare program that writes numbered records to a disk, and the check of what it must have left when it was cut off. The disk is a virtio
 * card in slot 1, a drive of an IDE controller there, or one of the board's AHCI controller.
 *
 *     sector 0, 1    the number of the last record that is whole, in turns
 *     sector 16 on   sixteen slots of 4 KiB: record N in slot N modulo 16, each word of it N
 *
 * For each record: write its slot, flush, write the number, flush, tell the number to port 0xe9. Without a write cache (`flushes` false:
 * the feature is not taken) there are no flushes, and every write must count by itself.
 */
import { TextAssembler } from '../../../guest/assembler/text.js';

const CODE = 0x10000;
const SLOTS = 16;
const SLOT_BYTES = 4096;
const FIRST_BYTE = 16 * 512;
export const IMAGE_BYTES = FIRST_BYTE + SLOTS * SLOT_BYTES;

/** What a disk is on, and how the program drives it: `start` once, then `write` (sector EAX, EDX bytes at 0x111000) and `flush`, each to its end. */
export type Controller = 'virtio' | 'ide' | 'ahci';

/** Virtio by the legacy interface. Descriptors: header, data unless flushed, status. */
const virtio = (flushes: boolean): string => `
start:
  # BAR 0 of slot 1, and its command register: I/O, memory, bus master.
  mov edx, 0xcf8; mov eax, 0x80000810; out dx, eax; mov edx, 0xcfc; in eax, dx; and eax, 0xfffffffc; mov [bar], eax
  mov edx, 0xcf8; mov eax, 0x80000804; out dx, eax; mov edx, 0xcfc; mov eax, 7; out dx, eax
  # Acknowledge, driver; features; queue 0 at 0x100000; driver OK.
  mov edx, [bar]; add edx, 18; mov al, 3; out dx, al
  mov edx, [bar]; add edx, 4; mov eax, ${flushes ? 0x200 : 0}; out dx, eax
  mov edx, [bar]; add edx, 14; xor eax, eax; out dx, ax
  mov edx, [bar]; add edx, 8; mov eax, 0x100; out dx, eax
  mov edx, [bar]; add edx, 18; mov al, 7; out dx, al
  ret
write:
  mov [0x110008], eax
  mov [0x110000], 1
  mov [0x100018], edx
  mov [0x10000c], 0x10001
  jmp request
flush:
  ${flushes ? 'mov [0x110000], 4; mov [0x10000c], 0x20001' : 'ret'}
request:
  mov [0x11000c], 0
  mov [0x100000], 0x110000; mov [0x100004], 0; mov [0x100008], 16
  mov [0x100010], 0x111000; mov [0x100014], 0; mov [0x10001c], 0x20001
  mov [0x100020], 0x112000; mov [0x100024], 0; mov [0x100028], 1; mov [0x10002c], 2
  mov [0x112000], 0xff
  mov eax, [index]; inc eax; and eax, 0xffff; mov [index], eax
  shl eax, 16; mov [0x100800], eax
  mov edx, [bar]; add edx, 16; xor eax, eax; out dx, ax
wait:
  mov eax, [0x101000]; shr eax, 16; cmp eax, [index]; jne wait
  mov al, [0x112000]; test al, al; jnz failed
  ret
index: dd 0
`;

/** The first drive at the old ports, by PIO: WRITE SECTORS and FLUSH CACHE. */
const IDE = `
start:
  mov edx, 0xcf8; mov eax, 0x80000804; out dx, eax; mov edx, 0xcfc; mov eax, 7; out dx, eax
  mov edx, 0x3f6; mov al, 2; out dx, al
  ret
write:
  mov esi, eax; mov ebp, edx; shr ebp, 9
  mov edx, 0x1f6; mov al, 0xe0; out dx, al
  mov edx, 0x1f2; mov eax, ebp; out dx, al
  mov edx, 0x1f3; mov eax, esi; out dx, al
  inc edx; shr eax, 8; out dx, al
  inc edx; shr eax, 8; out dx, al
  mov edx, 0x1f7; mov al, 0x30; out dx, al
  mov esi, 0x111000
sector:
  call ready
  mov edx, 0x1f0; mov ecx, 256; rep outsw
  dec ebp; jnz sector
ready:
  mov edx, 0x1f7; in al, dx; test al, 0x80; jnz ready
  test al, 0x21; jnz failed
  ret
flush:
  mov edx, 0x1f7; mov al, 0xe7; out dx, al
  jmp ready
`;

/** Port 0 of the board's controller: WRITE DMA EXT and FLUSH CACHE EXT in slot 0, its list at 0x120000, its table at 0x122000. */
const AHCI = `
start:
  mov edx, 0xcf8; mov eax, 0x8000fa24; out dx, eax; mov edx, 0xcfc; in eax, dx; and eax, 0xfffffff0; mov [bar], eax
  mov edx, 0xcf8; mov eax, 0x8000fa04; out dx, eax; mov edx, 0xcfc; mov eax, 7; out dx, eax
  mov edi, [bar]
  mov eax, 0x80000000; mov [edi+4], eax
  mov eax, 0x120000; mov [edi+0x100], eax; mov eax, 0x121000; mov [edi+0x108], eax
  xor eax, eax; mov [edi+0x104], eax; mov [edi+0x10c], eax
  mov eax, 0x16; mov [edi+0x118], eax; mov eax, 0x17; mov [edi+0x118], eax
  ret
write:
  or eax, 0x40000000; mov [0x122004], eax
  mov eax, edx; dec eax; mov [0x12208c], eax
  shr edx, 9; mov [0x12200c], edx
  mov [0x122080], 0x111000
  mov [0x122000], 0x358027
  mov [0x120000], 0x10045
  jmp request
flush:
  mov [0x122004], 0x40000000; mov [0x12200c], 0
  mov [0x122000], 0xea8027
  mov [0x120000], 5
request:
  mov [0x120004], 0; mov [0x120008], 0x122000
  mov edi, [bar]; mov eax, 1; mov [edi+0x138], eax
wait:
  mov eax, [edi+0x138]; test eax, eax; jnz wait
  mov eax, [edi+0x120]; test al, 0x21; jnz failed
  ret
`;

const DRIVERS: Readonly<Record<Controller, (flushes: boolean) => string>> = { virtio, ide: () => IDE, ahci: () => AHCI };

const program = (first: number, driver: string): string => `
  cld
  call start
  mov ebx, ${first}
next:
  mov edi, 0x111000; mov eax, ebx; mov ecx, 1024; rep stosd
  mov eax, ebx; and eax, 15; shl eax, 3; add eax, 16
  mov edx, 4096
  call write
  call flush
  mov edi, 0x111000; mov eax, ebx; mov ecx, 128; rep stosd
  mov eax, ebx; and eax, 1
  mov edx, 512
  call write
  call flush
  mov edx, 0xe9; mov eax, ebx; mov ecx, 4
tell:
  out dx, al; shr eax, 8; dec ecx; jnz tell
  inc ebx
  jmp next
failed:
  mov edx, 0x501; out dx, al
  jmp failed
${driver}
bar: dd 0
`;

/** The program, starting with record `first`. */
export function recordWriter(first: number, flushes: boolean, controller: Controller = 'virtio'): Uint8Array {
  const a = new TextAssembler(CODE);
  a.bits = 32;
  a.text(program(first, DRIVERS[controller](flushes)).replace(/mov \[(\w+)\], (0x[0-9a-f]+|\d+)/g, 'mov dword [$1], $2'));
  return a.assemble();
}

/** Numbers that came through port 0xe9, four bytes each. */
export function numbersIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(4 * i, true));
}

/** What is wrong with an image that was cut off after record `told` was acknowledged; undefined when nothing is. And the last record. */
export function checkRecords(image: Uint8Array, told: number): { last: number; wrong: string | undefined } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const all = (at: number, bytes: number): number | undefined => {
    const word = view.getUint32(at, true);
    for (let i = 0; i < bytes; i += 4) if (view.getUint32(at + i, true) !== word) return undefined;
    return word;
  };
  const numbers = [all(0, 512), all(512, 512)];
  const last = Math.max(...numbers.map((number) => number ?? 0));
  if (numbers.includes(undefined)) return { last, wrong: 'half a sector with a number' };
  if (last < told) return { last, wrong: `record ${told} was acknowledged, the last on the disk is ${last}` };
  for (let n = Math.max(1, last - SLOTS + 2); n <= last; n++) {
    if (all(FIRST_BYTE + (n % SLOTS) * SLOT_BYTES, SLOT_BYTES) !== n) return { last, wrong: `record ${n} is not whole, and ${last} is the last` };
  }
  return { last, wrong: undefined };
}

/** Wraps code as a 32-bit ELF file: a kernel with a PVH note (Xen note type 18: the entry in 32-bit protected mode), or a program of Linux. */

const HEADER_BYTES = 52;
const ROW_BYTES = 32;
const NOTE_AT = HEADER_BYTES + 2 * ROW_BYTES;
/** Three words, "Xen" with its NUL, the entry. */
const NOTE_BYTES = 20;
const CODE_AT = 0x100;
/** Types of program headers, and their flags. */
const Row = { LOAD: 1, NOTE: 4, GNU_STACK: 0x6474e551 } as const;
const Flag = { READ: 4, READ_WRITE: 6, ALL: 7 } as const;

/** The code at `base`, where it is loaded, with `memory` bytes behind it, zeroed; and a second program header. */
function elf32(code: Uint8Array, base: number, entry: number, memory: number, second: readonly number[]): { out: Uint8Array; words: (at: number, ...values: number[]) => void } {
  const out = new Uint8Array(CODE_AT + code.length);
  const view = new DataView(out.buffer);
  const words = (at: number, ...values: number[]): void => values.forEach((value, i) => view.setUint32(at + i * 4, value, true));
  // e_ident (32-bit, little-endian, version 1); type EXEC, machine 386; version; entry; phoff; shoff; flags
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  words(16, 2 | (3 << 16), 1, entry, HEADER_BYTES, 0, 0);
  view.setUint16(40, HEADER_BYTES, true);
  view.setUint16(42, ROW_BYTES, true);
  view.setUint16(44, 2, true);
  // type, offset, vaddr, paddr, filesz, memsz, flags, align
  words(HEADER_BYTES, Row.LOAD, CODE_AT, base, base, code.length, code.length + memory, Flag.ALL, 16);
  words(HEADER_BYTES + ROW_BYTES, ...second);
  out.set(code, CODE_AT);
  return { out, words };
}

/** `base` is both where the code is loaded and where it starts, unless `entry` says otherwise; `memory` counts what follows it, zeroed. */
export function pvhElf(code: Uint8Array, base: number, entry: number, memory: number): Uint8Array {
  const { out, words } = elf32(code, base, entry, memory, [Row.NOTE, NOTE_AT, 0, 0, NOTE_BYTES, NOTE_BYTES, Flag.READ, 4]);
  words(NOTE_AT, 4, 4, 18, 0x006e6558, entry);
  return out;
}

/** A static program whose stack holds no code. It starts at `base`, which ends in 0x100 as the code's place in the file does. */
export function programElf(code: Uint8Array, base: number, memory: number): Uint8Array {
  return elf32(code, base, base, memory, [Row.GNU_STACK, 0, 0, 0, 0, 0, Flag.READ_WRITE, 16]).out;
}

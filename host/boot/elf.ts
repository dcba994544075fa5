/**
 * Reads ELF executables and modules for x86: program headers, notes, sections, in both classes.
 *
 * Follows the System V ABI (gABI 4.1) and its processor supplements for i386 and x86-64. Offsets above 2^53 cannot be
 * those of a file at hand and are refused.
 */
import { ImageError } from './errors.js';

export const EM_386 = 3;
export const EM_X86_64 = 62;
export const PT_LOAD = 1;
export const PT_NOTE = 4;
const ET_EXEC = 2;
const ET_DYN = 3;
const SHT_NOBITS = 8;

export interface ElfSegment {
  type: number;
  flags: number;
  offset: number;
  fileBytes: number;
  memoryBytes: number;
  /** Physical address, where a kernel is loaded. */
  physical: number;
  virtual: bigint;
  align: number;
}

export interface ElfImage {
  class64: boolean;
  machine: number;
  type: number;
  entry: bigint;
  segments: ElfSegment[];
}

export interface ElfNote {
  owner: string;
  type: number;
  data: Uint8Array;
}

/** Where the fields are, by class (32-bit first). */
interface Reader {
  view: DataView;
  wide: boolean;
  word(at: number): number;
}

function readerOf(bytes: Uint8Array): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[4] === 2;
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  return { view, wide, word };
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

function readSegment({ view, wide, word }: Reader, at: number): ElfSegment {
  if (wide) {
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: word(at + 8),
      virtual: view.getBigUint64(at + 16, true),
      physical: word(at + 24),
      fileBytes: word(at + 32),
      memoryBytes: word(at + 40),
      align: word(at + 48),
    };
  }
  return {
    type: word(at),
    offset: word(at + 4),
    virtual: BigInt(word(at + 8)),
    physical: word(at + 12),
    fileBytes: word(at + 16),
    memoryBytes: word(at + 20),
    flags: word(at + 24),
    align: word(at + 28),
  };
}

/** Reads an executable's headers; `name` is the file as the user knows it. */
export function readElf(bytes: Uint8Array, name: string): ElfImage {
  const damaged = 'Take a fresh copy of it.';
  if (bytes.length < 52 || (bytes[4] === 2 && bytes.length < 64)) {
    throw new ImageError(name, `is an ELF file of only ${bytes.length} bytes, too short for its header`, damaged);
  }
  if ((bytes[4] !== 1 && bytes[4] !== 2) || bytes[5] !== 1) {
    throw new ImageError(name, 'is an ELF file, but not a little-endian one of 32 or 64 bits', 'Give a kernel for x86.');
  }
  const reader = readerOf(bytes);
  const { view, wide, word } = reader;
  const machine = view.getUint16(18, true);
  const type = view.getUint16(16, true);
  if (machine !== EM_386 && machine !== EM_X86_64) {
    throw new ImageError(name, `is an ELF file for machine type ${machine}, not for x86`, 'Give a kernel for x86 (i386 or x86-64).');
  }
  if (type !== ET_EXEC && type !== ET_DYN) {
    throw new ImageError(name, `is an ELF file of type ${type}, not an executable`, 'Give a linked kernel (vmlinux), not an object or a module.');
  }
  const tableAt = wide ? word(32) : word(28);
  const entrySize = view.getUint16(wide ? 54 : 42, true);
  const count = view.getUint16(wide ? 56 : 44, true);
  if (entrySize < (wide ? 56 : 32) || tableAt + count * entrySize > bytes.length) {
    throw new ImageError(name, `is cut off: its program headers (${count} of ${entrySize} bytes at ${tableAt}) do not fit in ${bytes.length} bytes`, damaged);
  }
  const segments = Array.from({ length: count }, (_, index) => readSegment(reader, tableAt + index * entrySize));
  for (const segment of segments) {
    if (segment.type !== PT_LOAD && segment.type !== PT_NOTE) continue;
    if (segment.offset + segment.fileBytes > bytes.length) {
      throw new ImageError(name, `is cut off: a segment needs bytes ${segment.offset} to ${segment.offset + segment.fileBytes}, the file has ${bytes.length}`, damaged);
    }
    if (segment.type === PT_LOAD && segment.memoryBytes < segment.fileBytes) {
      throw new ImageError(name, `has a segment with more bytes in the file (${segment.fileBytes}) than in memory (${segment.memoryBytes})`, damaged);
    }
  }
  return { class64: wide, machine, type, entry: wide ? view.getBigUint64(24, true) : BigInt(word(24)), segments };
}

/** Notes of a kernel: Linux has some ten, Xen twenty. Headers may name the same bytes again and again, so the walk is counted, not the file. */
const MOST_NOTES = 4096;

/** The notes of all PT_NOTE segments. A note that runs past its segment ends the walk. Throws ImageError past MOST_NOTES; `name` is for that. */
export function readNotes(bytes: Uint8Array, image: ElfImage, name: string): ElfNote[] {
  const notes: ElfNote[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const segment of image.segments) {
    if (segment.type !== PT_NOTE) continue;
    const align = segment.align === 8 ? 8 : 4;
    const up = (value: number): number => Math.ceil(value / align) * align;
    const end = segment.offset + segment.fileBytes;
    for (let at = segment.offset; at + 12 <= end; ) {
      const nameBytes = view.getUint32(at, true);
      const dataBytes = view.getUint32(at + 4, true);
      const dataAt = at + up(12 + nameBytes);
      if (dataAt + dataBytes > end) break;
      if (notes.length === MOST_NOTES) throw new ImageError(name, `has more than ${MOST_NOTES} notes, at byte ${at}`, 'Take a fresh copy of it.');
      const owner = String.fromCharCode(...bytes.subarray(at + 12, at + 12 + Math.min(Math.max(nameBytes - 1, 0), 64)));
      notes.push({ owner, type: view.getUint32(at + 8, true), data: bytes.subarray(dataAt, dataAt + dataBytes) });
      at = dataAt + up(dataBytes);
    }
  }
  return notes;
}

export interface ElfSection {
  name: string;
  type: number;
  address: bigint;
  /** Number of the section that this one refers to: a table's strings. */
  link: number;
  data: Uint8Array;
}

/** The sections of any ELF file; none when it is damaged or has no table of them. */
export function sectionsOf(bytes: Uint8Array): ElfSection[] {
  if (!isElf(bytes) || bytes.length < 64) return [];
  const { view, wide, word } = readerOf(bytes), tableAt = wide ? word(40) : word(32);
  const entrySize = view.getUint16(wide ? 58 : 46, true), count = view.getUint16(wide ? 60 : 48, true), namesIndex = view.getUint16(wide ? 62 : 50, true);
  if (entrySize < (wide ? 64 : 40) || tableAt + count * entrySize > bytes.length || namesIndex >= count) return [];
  const section = (index: number): ElfSection & { nameAt: number } => {
    const at = tableAt + index * entrySize, type = view.getUint32(at + 4, true), offset = word(at + (wide ? 24 : 16)), size = word(at + (wide ? 32 : 20));
    const address = wide ? view.getBigUint64(at + 16, true) : BigInt(view.getUint32(at + 12, true)), link = view.getUint32(at + (wide ? 40 : 24), true);
    return { name: '', nameAt: view.getUint32(at, true), type, address, link, data: type === SHT_NOBITS ? new Uint8Array(0) : bytes.subarray(offset, offset + size) };
  };
  const names = section(namesIndex).data;
  return Array.from({ length: count }, (_, index) => {
    const { nameAt, ...found } = section(index), end = names.indexOf(0, nameAt);
    return { ...found, name: String.fromCharCode(...names.subarray(nameAt, end)) };
  });
}

/** The bytes of a named section of any ELF file; undefined when there is none or the file is damaged. */
export function sectionOf(bytes: Uint8Array, name: string): Uint8Array | undefined {
  return sectionsOf(bytes).find((section) => section.name === name && section.type !== SHT_NOBITS)?.data;
}

/** The last byte of a segment that is not zero, plus one: what follows need not be stored. */
function significantBytes(data: Uint8Array): number {
  let end = data.length;
  while (end > 0 && data[end - 1] === 0) end--;
  return end;
}

const PAGE = 4096;

/**
 * The same executable with nothing but its segments and notes: no sections, no zeros at the end of a segment. It loads
 * to the same bytes, and is read faster.
 */
export function slimElf(bytes: Uint8Array, name: string): Uint8Array {
  const image = readElf(bytes, name);
  const kept = image.segments.filter((segment) => segment.type === PT_LOAD || segment.type === PT_NOTE);
  const reader = readerOf(bytes);
  const headerBytes = reader.wide ? 64 : 52;
  const rowBytes = reader.wide ? 56 : 32;
  let end = headerBytes + kept.length * rowBytes;
  const placed = kept.map((segment) => {
    const data = bytes.subarray(segment.offset, segment.offset + segment.fileBytes);
    const size = segment.type === PT_LOAD ? significantBytes(data) : data.length;
    const at = Math.ceil(end / PAGE) * PAGE;
    end = at + size;
    return { segment, at, data: data.subarray(0, size) };
  });
  const out = new Uint8Array(end);
  out.set(bytes.subarray(0, headerBytes));
  const view = new DataView(out.buffer);
  const put = (at: number, value: number | bigint): void =>
    reader.wide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, Number(value), true);
  put(reader.wide ? 32 : 28, headerBytes); // program headers
  put(reader.wide ? 40 : 32, 0); // no section headers
  view.setUint16(reader.wide ? 54 : 42, rowBytes, true);
  view.setUint16(reader.wide ? 56 : 44, kept.length, true);
  for (let i = reader.wide ? 58 : 46; i < headerBytes; i += 2) view.setUint16(i, 0, true);
  placed.forEach(({ segment, at, data }, index) => {
    const row = headerBytes + index * rowBytes;
    const { wide } = reader;
    view.setUint32(row, segment.type, true);
    view.setUint32(row + (wide ? 4 : 24), segment.flags, true);
    put(row + (wide ? 8 : 4), at);
    put(row + (wide ? 16 : 8), segment.virtual);
    put(row + (wide ? 24 : 12), segment.physical);
    put(row + (wide ? 32 : 16), data.length);
    put(row + (wide ? 40 : 20), segment.memoryBytes);
    put(row + (wide ? 48 : 28), segment.align);
    out.set(data, at);
  });
  return out;
}

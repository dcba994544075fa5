/**
 * Multiboot kernels: the header, the two ways to be loaded (ELF, or flat by addresses in the header), and the information
 * structure. Follows the Multiboot Specification, version 0.6.96, sections 3.1 to 3.3.
 */
import { ImageError } from './errors.js';
import type { Segment } from './plan.js';
import { CONVENTIONAL_END, e820Map, ONE_MIB, ramLayout } from './ram-layout.js';

const HEADER_MAGIC = 0x1badb002;
/** The header lies wholly in the first 8 KiB. */
const SEARCH_BYTES = 8192;
/** Header flags 0 to 15 are demands; we know page alignment, memory information and video mode (which may be ignored). */
const KNOWN_DEMANDS = 0x0007;
const FLAT = 1 << 16;

export interface MultibootHeader {
  /** Of the header in the file. */
  offset: number;
  flags: number;
  /** Addresses for a flat file. */
  flat: { headerAt: number; loadAt: number; loadEnd: number; bssEnd: number; entry: number } | undefined;
}

export function findMultibootHeader(bytes: Uint8Array): MultibootHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  for (let offset = 0; offset + 12 <= Math.min(bytes.length, SEARCH_BYTES); offset += 4) {
    if (word(offset) !== HEADER_MAGIC || ((word(offset) + word(offset + 4) + word(offset + 8)) >>> 0) !== 0) continue;
    const flags = word(offset + 4);
    const isFlat = (flags & FLAT) !== 0 && offset + 32 <= bytes.length;
    const flat = isFlat
      ? { headerAt: word(offset + 12), loadAt: word(offset + 16), loadEnd: word(offset + 20), bssEnd: word(offset + 24), entry: word(offset + 28) }
      : undefined;
    return { offset, flags, flat };
  }
  return undefined;
}

/** Throws when the kernel demands what is not there. */
export function checkDemands(header: MultibootHeader, name: string): void {
  const unknown = header.flags & 0xffff & ~KNOWN_DEMANDS;
  if (unknown) throw new ImageError(name, `demands multiboot features 0x${unknown.toString(16)}, which no loader is known to have`, 'Take a fresh copy of it.');
}

/** A flat file by the addresses in its header. */
export function flatSegments(file: Uint8Array, header: MultibootHeader, name: string): { segments: Segment[]; end: number; entry: number } {
  const { headerAt, loadAt, loadEnd, bssEnd, entry } = header.flat!;
  const from = header.offset - (headerAt - loadAt);
  const to = loadEnd === 0 ? file.length : from + (loadEnd - loadAt);
  if (headerAt < loadAt || from < 0 || to > file.length || to < from) {
    throw new ImageError(name, `has a multiboot header that asks for bytes ${from} to ${to} of ${file.length}`, 'Take a fresh copy of it.');
  }
  return { segments: [{ gpa: loadAt, bytes: file.subarray(from, to) }], end: Math.max(loadAt + to - from, bssEnd), entry };
}

export interface MultibootModule {
  segment: Segment;
  text: string;
}

const INFO_BYTES = 120;
const MODULE_BYTES = 16;
const MAP_ENTRY_BYTES = 24;
const enum Flag { MEMORY = 1, COMMAND_LINE = 4, MODULES = 8, MAP = 0x40, LOADER_NAME = 0x200 }

/** The information structure with everything it points to, from `at` up. */
export function multibootInfo(at: number, memory: number, cmdline: string, modules: readonly MultibootModule[]): Segment {
  const map = e820Map(memory);
  const text = new TextEncoder();
  const strings = [cmdline, 'pintail', ...modules.map((module) => module.text)].map((it) => text.encode(`${it}\0`));
  const modulesAt = INFO_BYTES;
  const mapAt = modulesAt + modules.length * MODULE_BYTES;
  let stringsEnd = mapAt + map.length * MAP_ENTRY_BYTES;
  const stringAt = strings.map((bytes) => (stringsEnd += bytes.length) - bytes.length);
  const out = new Uint8Array(stringsEnd);
  const view = new DataView(out.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  put(0, Flag.MEMORY | Flag.COMMAND_LINE | Flag.MODULES | Flag.MAP | Flag.LOADER_NAME);
  put(4, Math.floor(CONVENTIONAL_END / 1024));
  put(8, Math.floor((ramLayout(memory).lowBytes - ONE_MIB) / 1024));
  put(16, at + stringAt[0]!);
  put(20, modules.length);
  put(24, at + modulesAt);
  put(44, map.length * MAP_ENTRY_BYTES);
  put(48, at + mapAt);
  put(64, at + stringAt[1]!);
  modules.forEach(({ segment }, i) => {
    put(modulesAt + i * MODULE_BYTES, segment.gpa);
    put(modulesAt + i * MODULE_BYTES + 4, segment.gpa + segment.bytes.length);
    put(modulesAt + i * MODULE_BYTES + 8, at + stringAt[2 + i]!);
  });
  map.forEach((entry, i) => {
    const row = mapAt + i * MAP_ENTRY_BYTES;
    put(row, MAP_ENTRY_BYTES - 4); // its size, not counting this word
    view.setBigUint64(row + 4, BigInt(entry.base), true);
    view.setBigUint64(row + 12, BigInt(entry.bytes), true);
    put(row + 20, entry.type);
  });
  strings.forEach((bytes, i) => out.set(bytes, stringAt[i]!));
  return { gpa: at, bytes: out };
}

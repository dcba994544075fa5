/**
 * Functions of ELF programs and libraries: the symbol tables of their sections, static and dynamic, and the stubs of the procedure linkage table, which have a name but no
 * symbol. System V ABI (gABI 4.1, "Symbol Table"); psABI for x86-64, 5.2.
 */

import { readElf, sectionsOf, type ElfSection } from './elf.js';

export interface ElfFunction {
  /** The file's own address, as objdump and addr2line have it. */
  address: bigint;
  /** 0: it does not say how long it is. */
  bytes: bigint;
  name: string;
}

const PT_LOAD = 1, EXECUTABLE = 1;
const SHT_SYMTAB = 2, SHT_RELA = 4, SHT_REL = 9, SHT_DYNSYM = 11;
const STT_NOTYPE = 0, STT_FUNC = 2, STT_GNU_IFUNC = 10;
const STUB_BYTES = 16n;

interface Code {
  from: bigint;
  to: bigint;
}

/** Where a file's code lies: its executable segments. `offset` is its first byte's in the file. Throws ImageError. */
export function codeOf(bytes: Uint8Array, path: string): (Code & { offset: number; fileBytes: number })[] {
  return readElf(bytes, path).segments.flatMap(({ type, flags, virtual, offset, fileBytes }) => (
    type === PT_LOAD && (flags & EXECUTABLE) !== 0 && fileBytes > 0 ? [{ from: virtual, to: virtual + BigInt(fileBytes), offset, fileBytes }] : []
  ));
}

const isIn = (code: readonly Code[], address: bigint): boolean => code.some(({ from, to }) => address >= from && address < to);

/** In order of addresses; one a place, and none within another. Empty for a file without sections. Throws ImageError where it is no program. */
export function functionsOf(bytes: Uint8Array, path: string): ElfFunction[] {
  const code = codeOf(bytes, path), sections = sectionsOf(bytes), wide = bytes[4] === 2;
  const tables = sections.filter(({ type }) => type === SHT_SYMTAB || type === SHT_DYNSYM);
  const symbols = tables.flatMap((table) => symbolsOf(table, sections, wide)).filter(({ address, name, type }) => isIn(code, address) && isFunction(name, type));
  return withoutInner([...symbols, ...stubsOf(sections, wide)].sort(byPlaceThenName));
}

const isFunction = (name: string, type: number): boolean => type === STT_FUNC || type === STT_GNU_IFUNC || (type === STT_NOTYPE && /^[A-Za-z_]/.test(name));

interface Symbol extends ElfFunction {
  type: number;
}

function symbolsOf(table: ElfSection, sections: readonly ElfSection[], wide: boolean): Symbol[] {
  const { data } = table, view = new DataView(data.buffer, data.byteOffset, data.byteLength), size = wide ? 24 : 16, names = sections[table.link]?.data ?? new Uint8Array(0);
  return Array.from({ length: Math.floor(data.length / size) }, (_, n) => {
    const at = n * size, info = data[at + (wide ? 4 : 12)]!;
    const address = wide ? view.getBigUint64(at + 8, true) : BigInt(view.getUint32(at + 4, true)), bytes = wide ? view.getBigUint64(at + 16, true) : BigInt(view.getUint32(at + 8, true));
    // A version is behind the name: "memcpy@@GLIBC_2.14".
    return { address, bytes, type: info & 15, name: textAt(names, view.getUint32(at, true)).split('@')[0]! };
  });
}

function textAt(names: Uint8Array, at: number): string {
  const end = names.indexOf(0, at);
  return new TextDecoder().decode(names.subarray(at, end < 0 ? names.length : end));
}

/** The stubs by which functions of libraries are called: "read@plt". The first of .plt finds functions for the others. */
function stubsOf(sections: readonly ElfSection[], wide: boolean): ElfFunction[] {
  const named = (wanted: string): ElfSection | undefined => sections.find(({ name }) => name === wanted);
  const relocations = named('.rela.plt') ?? named('.rel.plt'), second = named('.plt.sec'), stubs = second ?? named('.plt');
  if (relocations === undefined || stubs === undefined || (relocations.type !== SHT_RELA && relocations.type !== SHT_REL)) return [];
  const table = sections[relocations.link], symbols = table === undefined || table.type !== SHT_DYNSYM ? [] : symbolsOf(table, sections, wide);
  const { data } = relocations, view = new DataView(data.buffer, data.byteOffset, data.byteLength), size = (wide ? 16 : 8) + (relocations.type === SHT_RELA ? (wide ? 8 : 4) : 0);
  return Array.from({ length: Math.floor(data.length / size) }, (_, n) => {
    const symbol = symbols[wide ? view.getUint32(n * size + 12, true) : view.getUint32(n * size + 4, true) >>> 8];
    return { address: stubs.address + STUB_BYTES * BigInt(second === undefined ? n + 1 : n), bytes: STUB_BYTES, name: `${symbol === undefined || symbol.name === '' ? 'indirect' : symbol.name}@plt` };
  });
}

/** Of several names of a place the one that programs are written with: fewest underscores in front, then the shortest. */
function byPlaceThenName(a: ElfFunction, b: ElfFunction): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  const underscores = (name: string): number => /^_*/.exec(name)![0].length;
  return underscores(a.name) - underscores(b.name) || a.name.length - b.name.length || (a.name < b.name ? -1 : 1);
}

function withoutInner(symbols: readonly ElfFunction[]): ElfFunction[] {
  const kept: ElfFunction[] = [];
  for (const { address, bytes, name } of symbols) {
    const last = kept.at(-1);
    if (last?.address === address) last.bytes = bytes > last.bytes ? bytes : last.bytes;
    else if (last === undefined || address >= last.address + last.bytes) kept.push({ address, bytes, name });
  }
  return kept;
}

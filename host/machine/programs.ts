/**
 * Files of a guest's programs and libraries, by which attribution names the functions of user code. Which file a page of code is of, and which part of it, is told by the
 * page's bytes: kernels map files as they are, so nobody needs to say what was loaded where, and address spaces come and go as they like.
 * The module asks once for each page of an address space (assembly/profile/programs.ts).
 */

import { AttributionLimit, AttributionTable, CodeAt, FunctionBit, ProgramSymbol } from '../../assembly/surface/attribution.js';
import { codeOf, functionsOf, type ElfFunction } from '../boot/elf-symbols.js';
import type { ModuleInstance } from '../rings/instance.js';
import { OptionError } from './errors.js';

/** A file as the guest runs it: an ELF executable or library. */
export interface ProgramFile {
  /** As the guest has it; reports name it by its last part. */
  path: string;
  elf: Uint8Array;
}

interface Program {
  path: string;
  elf: Uint8Array;
  names: ReadonlyMap<bigint, string>;
  /** Its symbols in the module's table. */
  first: number;
  count: number;
}

/** A page of a file, `address` the file's own. */
interface FilePage {
  program: number;
  bytes: Uint8Array;
  address: bigint;
}

const PAGE = 4096;
const GAP = 1n << BigInt(ProgramSymbol.GAP_BIT);
const ADDRESS_BITS = BigInt(FunctionBit.PROGRAM);

export class Programs {
  /** By number less one. */
  private readonly programs: Program[] = [];
  private readonly pages = new Map<number, FilePage[]>();
  private symbols = 0;
  /** Where the page before lies: of equal pages of several files the one beside it is meant. */
  private last: { space: bigint; program: number; bias: bigint } | undefined;

  constructor(private readonly instance: ModuleInstance) {}

  /** Throws OptionError where there is no room, and ImageError where it is no program. A file that is known already is nothing new. */
  add({ path, elf }: ProgramFile): void {
    if (this.programs.some((known) => known.path === path && isEqual(known.elf, elf))) return;
    const code = codeOf(elf, path), functions = functionsOf(elf, path), ends = code.map(({ to }) => to), words = boundariesOf(functions, ends);
    if (this.programs.length >= AttributionLimit.PROGRAMS - 1) throw new OptionError('programs', `more than ${AttributionLimit.PROGRAMS - 1} files.`);
    if (this.symbols + words.length > AttributionLimit.PROGRAM_SYMBOLS) throw new OptionError('programs', `${path}: no room for ${words.length} more symbols; there are ${AttributionLimit.PROGRAM_SYMBOLS}.`);
    const program = this.programs.push({ path, elf, names: new Map(functions.map(({ address, name }) => [address, name])), first: this.symbols, count: words.length });
    const table = this.instance.exports.attributionTable(AttributionTable.PROGRAM_SYMBOLS) >>> 0;
    words.forEach((word, n) => this.instance.view.setBigUint64(table + 8 * (this.symbols + n), word, true));
    this.symbols += words.length;
    for (const { from, offset, fileBytes } of code) this.index(program, elf, from - BigInt(offset), offset, offset + fileBytes);
    this.instance.exports.setPrograms(this.programs.length);
  }

  private index(program: number, elf: Uint8Array, shift: bigint, from: number, to: number): void {
    for (let at = from - (from % PAGE); at < to; at += PAGE) {
      const bytes = elf.subarray(at, at + PAGE), key = digestOf(bytes), page = { program, bytes, address: BigInt(at) + shift };
      this.pages.set(key, [...(this.pages.get(key) ?? []), page]);
    }
  }

  /** Answers the module's question. */
  place(): void {
    const { exports, view, bytes } = this.instance, at = exports.attributionTable(AttributionTable.CODE) >>> 0;
    const space = view.getBigUint64(at + CodeAt.SPACE, true), linear = view.getBigUint64(at + CodeAt.PAGE, true), frame = view.getUint32(at + CodeAt.FRAME, true);
    const found = this.find(bytes.subarray(frame, frame + PAGE), space, linear), program = found === undefined ? undefined : this.programs[found.program - 1]!;
    const bias = found === undefined ? 0n : BigInt.asUintN(64, linear - found.address);
    if (found !== undefined) this.last = { space, program: found.program, bias };
    view.setBigUint64(at + CodeAt.BIAS, bias, true);
    view.setUint32(at + CodeAt.PROGRAM, found?.program ?? 0, true);
    view.setUint32(at + CodeAt.FIRST, program?.first ?? 0, true);
    view.setUint32(at + CodeAt.COUNT, program?.count ?? 0, true);
    exports.placeCode();
  }

  private find(bytes: Uint8Array, space: bigint, linear: bigint): FilePage | undefined {
    const all = (this.pages.get(digestOf(bytes)) ?? []).filter((page) => isEqual(padded(page.bytes), bytes)), { last } = this;
    // The same program with its symbols and stripped: the former.
    const most = Math.max(...all.map(({ program }) => this.programs[program - 1]!.count)), equal = all.filter(({ program }) => this.programs[program - 1]!.count === most);
    return equal.find(({ program, address }) => last?.space === space && last.program === program && last.bias === BigInt.asUintN(64, linear - address)) ?? equal[0];
  }

  /** Of a node's address that has a program's number: the file, the file's own address, and the name where a symbol says. */
  nameOf(address: bigint): { file: string; address: bigint; name?: string } | undefined {
    const program = this.programs[Number(address >> ADDRESS_BITS) - 1], own = address & ((1n << ADDRESS_BITS) - 1n), name = program?.names.get(own);
    return program === undefined ? undefined : { file: program.path, address: own, ...(name === undefined ? {} : { name }) };
  }
}

/** Where functions begin, and where none does any more. */
function boundariesOf(functions: readonly ElfFunction[], ends: readonly bigint[]): bigint[] {
  return functions.flatMap(({ address, bytes }, n) => {
    const next = functions[n + 1]?.address, end = bytes === 0n ? ends.find((to) => to > address) : address + bytes;
    return end === undefined || (next !== undefined && next <= end) ? [address] : [address, end | GAP];
  });
}

/** A file's last page is followed by zeros in memory. */
function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length === PAGE) return bytes;
  const page = new Uint8Array(PAGE);
  page.set(bytes);
  return page;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, n) => byte === b[n]);

/** FNV-1a by words, twice, as one number of 53 bits: what it finds is compared. */
function digestOf(bytes: Uint8Array): number {
  const page = padded(bytes), view = new DataView(page.buffer, page.byteOffset, PAGE);
  let a = 0x811c9dc5, b = 0x1234567;
  for (let at = 0; at < PAGE; at += 4) {
    const word = view.getUint32(at, true);
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ word, 0x85ebca6b) ^ (b >>> 15);
  }
  return (a >>> 0) * 0x200000 + (b & 0x1fffff);
}

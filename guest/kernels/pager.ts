/**
 * A window of linear addresses that goes through tables of the kernel's own, in each format of paging: its entries, accesses to it,
 * and its accessed and dirty bits. SDM vol. 3, 4.3 to 4.5.
 */
import type { Kernel, TestOptions } from './kernel.js';
import { PAGES, PML4, TABLES } from './layout.js';

interface Level {
  name: string;
  /** Where the window's entry is, what it normally says, and its size in bytes. */
  entry: number;
  value: number;
  /** Its R/W and U/S bits count: not so in PAE's PDPTE. */
  hasRights: boolean;
}

export interface Format {
  name: string;
  bytes: 4 | 8;
  window: string;
  /** From the root to the page table. */
  levels: readonly Level[];
}

const level = (name: string, entry: number, value: number, hasRights = true): Level => ({ name, entry, value, hasRights });
export const [DIRECTORY, TABLE] = [TABLES + 0x1000, TABLES + 0x2000];
const LEAF = PAGES + 7;

export const LEGACY: Format = { name: '2-level', bytes: 4, window: '0x400000', levels: [level('PDE', TABLES + 4, TABLE + 7), level('PTE', TABLE, LEAF)] };
export const PAE: Format = {
  name: 'PAE', bytes: 8, window: '0x40000000',
  levels: [level('PDPTE', TABLES + 8, DIRECTORY + 1, false), level('PDE', DIRECTORY, TABLE + 7), level('PTE', TABLE, LEAF)],
};
export const LONG: Format = {
  name: '4-level', bytes: 8, window: '0x8000000000',
  levels: [level('PML4E', PML4 + 8, TABLES + 7), level('PDPTE', TABLES, DIRECTORY + 7), level('PDE', DIRECTORY, TABLE + 7), level('PTE', TABLE, LEAF)],
};

/** An access to the window: one instruction at `.ip`, at some privilege. */
export interface Access {
  name: string;
  text: string;
  ring: 0 | 3;
  isFetch?: boolean;
}
export const read = (ring: 0 | 3): Access => ({ name: `read at ${ring}`, text: '.ip: mov eax, [%bx]', ring });
export const write = (ring: 0 | 3): Access => ({ name: `write at ${ring}`, text: '.ip: mov [%bx+4], eax', ring });
export const fetch = (ring: 0 | 3): Access => ({ name: `fetch at ${ring}`, text: 'jmp %bx', ring, isFetch: true });
export const ALL: readonly Access[] = [read(0), write(0), fetch(0), read(3), write(3), fetch(3)];

export const P = 1, RW = 2, US = 4, PS = 0x80;
export const NX = 1n << 63n;
export const flagNames = (flags: number): string => (flags & P ? ['P', flags & RW ? 'W' : '', flags & US ? 'U' : ''].join('') : 'absent');

export class Pager {
  constructor(private readonly k: Kernel, private readonly format: Format) {}

  get entryBytes(): number { return this.format.bytes; }
  get isLong(): boolean { return this.format === LONG; }

  /** Writes the window's entries, those in `changes` instead of the normal ones, and drops the TLB. */
  set(changes: Readonly<Record<string, bigint | number>>): void {
    for (const { name, entry, value } of this.format.levels) this.put(entry, BigInt(changes[name] ?? value));
    this.k.run('mov %ax, cr3; mov cr3, %ax');
  }

  put(at: number, value: bigint): void {
    this.k.run(`mov dword [${at}], ${value & 0xffff_ffffn}`);
    if (this.format.bytes === 8) this.k.run(`mov dword [${at + 4}], ${value >> 32n}`);
  }

  /** One access; `at` behind the start of the window. */
  try(what: string, access: Access, at = 0, more: TestOptions = {}): void {
    const native = access.text.replace(/%/g, this.format === LONG ? 'r' : 'e');
    const text = `mov ${this.format === LONG ? 'rbx' : 'ebx'}, ${BigInt(this.format.window) + BigInt(at)}; ${native}`;
    const options: TestOptions = access.isFetch ? { ring: access.ring, ip: '0', ...more } : { ring: access.ring, ...more };
    this.k.test(`${what}, ${access.name}`, text, options);
  }

  /** A and D of every level, a digit each from the root: 1 accessed, 2 dirty. */
  bits(what: string): void {
    const digits = this.format.levels.map(({ entry }) => `shl eax, 4; mov ecx, [${entry}]; shr ecx, 5; and ecx, 3; or eax, ecx`);
    this.k.show(`${what}: AD`, `xor eax, eax; ${digits.join('; ')}`);
  }
}

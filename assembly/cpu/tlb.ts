// The software TLB. Nine direct-mapped tables of 1024 entries: read, write and execute, for supervisor code with SMAP
// closed, supervisor with SMAP open (or absent), and user. A ring crossing or STAC changes tables and flushes nothing.
//
//   entry, 16 bytes:  | tag: u64 | addend: u32 | flags: u32 |
//
// The tag is the linear page; the index comes from the first byte's page and the tag is held against the last byte's, so
// one comparison covers validity, permission and page crossing. linear + addend (mod 2^32) is the address in linear memory.
// Pages that are not RAM are never entered, nor is a page with code in a write table: those take the slow path.
// Non-global entries are logged as they are filled, so that a change of CR3 costs what was filled since the last.
// While alignment is checked (CR0.AM, AC, CPL 3) or a data breakpoint is armed, the fast paths see a table of nothing, so that the
// slow path looks at every access.
// A large page is entered 4 KiB at a time; a Bloom filter of 2 MiB regions tells INVLPG when it must look for all pieces.

import { TLB, TLB_TABLE_SIZE } from "../base/layout";
import { Counter, count } from "../base/counters";
import { cpu, Cr0, Cr4, Flag } from "./state";

@inline const ENTRIES: u64 = 1023;
@inline const TABLES: usize = 9 * TLB_TABLE_SIZE;
@inline const LOG: usize = TLB + TABLES;
@inline const LOG_ENTRIES: u32 = 16384;
@inline const LARGE: usize = LOG + 4 * <usize>LOG_ENTRIES;
@inline const LARGE_BYTES: usize = 4096;
@inline const BLANK: usize = LARGE + LARGE_BYTES;
@inline const INVALID: u64 = ~0;

export const enum Access { READ, WRITE, EXEC }
/** Whose tables: supervisor with SMAP closed, supervisor with it open, user. */
export const enum Class { KERNEL, OPEN, USER }
export const enum Entry { GLOBAL = 1, LARGE = 2 }

@inline export function tableOf(who: u32, access: u32): u32 { return <u32>TLB + (who * 3 + access) * <u32>TLB_TABLE_SIZE; }
@inline export function entryAt(table: u32, linear: u64): u32 { return table + ((<u32>(linear >> 12) & <u32>ENTRIES) << 4); }

/** Class of an explicit access at the current privilege. */
export function currentClass(): u32 {
  if (cpu.cpl == 3) return Class.USER;
  return cpu.cr4 & Cr4.SMAP && !(cpu.flags & Flag.AC) ? Class.KERNEL : Class.OPEN;
}

/** Class of an implicit supervisor access (descriptor tables, TSS): AC does not open SMAP for it. SDM vol. 3, 4.6.1. */
export function systemClass(): u32 { return cpu.cr4 & Cr4.SMAP ? Class.KERNEL : Class.OPEN; }

/** Points the fast paths at the tables of the current privilege. Call after CPL, CR4.SMAP or AC changed. */
export function selectTlb(): void {
  const who = currentClass();
  cpu.tlbRead = tableOf(who, Access.READ);
  cpu.tlbWrite = tableOf(who, Access.WRITE);
  if (isAlignmentChecked() || isDataWatched()) { cpu.tlbRead = <u32>BLANK; cpu.tlbWrite = <u32>BLANK; }
  cpu.tlbExec = tableOf(who == Class.USER ? Class.USER : Class.KERNEL, Access.EXEC);
}

/** Data accesses of programs are checked for alignment. SDM vol. 3, 6.15 (interrupt 17). */
export function isAlignmentChecked(): bool { return cpu.cpl == 3 && (cpu.cr0 & Cr0.AM) != 0 && (cpu.flags & Flag.AC) != 0; }
/** A breakpoint on data (R/W 1 or 3) is enabled. SDM vol. 3, 17.2.4. */
export function isDataWatched(): bool {
  for (let n: u32 = 0; n < 4; n++) if (cpu.dr7 >> (n << 1) & 3 && cpu.dr7 >> (16 + (n << 2)) & 1) return true;
  return false;
}
/** The fast paths are off: accesses are looked at one by one. */
@inline export function isLookedAt(): bool { return cpu.tlbRead == <u32>BLANK; }

/** Enters a page. `host` is the linear-memory address of its first byte. */
export function enterPage(table: u32, linear: u64, host: usize, flags: u32): void {
  count(Counter.TLB_FILLS);
  const page = linear & ~0xfff, e = entryAt(table, linear);
  store<u64>(e, page);
  store<u32>(e, <u32>host - <u32>page, 8);
  store<u32>(e, flags, 12);
  if (!(flags & Entry.GLOBAL)) logEntry(e);
  if (flags & Entry.LARGE) markLarge(linear);
}

function logEntry(e: u32): void {
  const n = cpu.tlbLog;
  if (n < LOG_ENTRIES) store<u32>(LOG + 4 * <usize>n, e);
  if (n <= LOG_ENTRIES) cpu.tlbLog = n + 1;
}

export function flushAll(): void {
  count(Counter.TLB_FLUSHES);
  memory.fill(TLB, 0xff, TABLES);
  memory.fill(BLANK, 0xff, TLB_TABLE_SIZE);
  memory.fill(LARGE, 0, LARGE_BYTES);
  cpu.tlbLog = 0;
}

/** Drops every entry that is not global: MOV CR3. */
export function flushNonGlobal(): void {
  count(Counter.TLB_FLUSHES);
  const n = cpu.tlbLog;
  if (n > LOG_ENTRIES) dropWhere(Entry.GLOBAL, 0);
  else for (let k: u32 = 0; k < n; k++) {
    const e = load<u32>(LOG + 4 * <usize>k);
    if (!(load<u32>(e, 12) & Entry.GLOBAL)) store<u64>(e, INVALID);
  }
  cpu.tlbLog = 0;
}

/** Drops the entries whose flags under `mask` equal `want`. */
function dropWhere(mask: u32, want: u32): void {
  for (let e: usize = TLB; e < TLB + TABLES; e += 16) if ((load<u32>(e, 12) & mask) == want) store<u64>(e, INVALID);
}

/** INVLPG: the page at `linear`, global or not, and all pieces of a large page around it. */
export function flushPage(linear: u64): void {
  const page = linear & ~0xfff;
  for (let t: u32 = 0; t < 9; t++) {
    const e = entryAt(<u32>TLB + t * <u32>TLB_TABLE_SIZE, linear);
    if (load<u64>(e) == page) store<u64>(e, INVALID);
  }
  if (isLarge(linear)) dropWhere(Entry.LARGE, Entry.LARGE);
}

/** A page has just got code: no write entry may lead to it. `host` is its linear-memory address. */
export function dropWriters(host: usize): void {
  for (let who: u32 = 0; who < 3; who++) {
    const table = tableOf(who, Access.WRITE);
    for (let e = table; e < table + <u32>TLB_TABLE_SIZE; e += 16) {
      if (<u32>load<u64>(e) + load<u32>(e, 8) == <u32>host) store<u64>(e, INVALID);
    }
  }
}

// A 1 GiB page marks its gigabyte in the second half, a 2 or 4 MiB page its 2 MiB regions in the first.
@inline function largeBit(n: u64): usize { return LARGE + <usize>((n >> 3) & 2047); }
@inline function bitOf(n: u64): u32 { return <u32>1 << <u32>(n & 7); }

function markLarge(linear: u64): void {
  const small = linear >> 21, big = linear >> 30;
  store<u8>(largeBit(small), <u8>(load<u8>(largeBit(small)) | bitOf(small)));
  const p = largeBit(big) + 2048;
  store<u8>(p, <u8>(load<u8>(p) | bitOf(big)));
}

/**
 * True if a piece of a large page around `linear` may be entered. A 1 GiB page's pieces may lie in other 2 MiB regions, so
 * the gigabyte's mark is what decides when 1 GiB pages exist; with 2 MiB pages alone the finer mark would do.
 */
function isLarge(linear: u64): bool {
  const small = linear >> 21, big = linear >> 30;
  if (load<u8>(largeBit(small)) & bitOf(small)) return true;
  return cpu.hugePages != 0 && (load<u8>(largeBit(big) + 2048) & bitOf(big)) != 0;
}

// The software TLB: direct-mapped tables, for read, write and execute, for supervisor code with SMAP closed,
// supervisor with SMAP open (or absent), and user. A ring crossing or STAC changes tables and flushes nothing; nor does a change
// of PCID that asks to keep what there is (contexts.ts says where the tables lie).
//
//   entry, 16 bytes:  | tag: u64 | addend: u32 | flags: u32 |
//
// A hit has no side effect; whatever would miss goes the slow path, in order. What is entered does not depend on any cache: every execution
// keeps to both, so the TLB's contents are the machine's. What empties it leaves the block in hand.
//
// The tag is the linear page; the index comes from the first byte's page and the tag is held against the last byte's, so
// one comparison covers validity, permission and page crossing. linear + addend (mod 2^32) is the address in linear memory.
// Pages that are not RAM are never entered. A page with code is entered in a write table like others, with a mark in its tag that no
// look-up expects: a store to it takes the slow path, which does not walk (cpu/memory.ts storeMissed).
// While alignment is checked (CR0.AM, AC, CPL 3) or a data breakpoint is armed, the fast paths see a table of nothing, so that the
// slow path looks at every access.
// A large page is entered 4 KiB at a time; a Bloom filter of 2 MiB regions tells INVLPG when all pieces must go.

import { RAM, TLB, TLB_BLANK, TLB_ENTRIES, TLB_LOGS, TLB_SIZE, TLB_TABLE_SIZE } from "../base/layout";
import { anew } from "../base/anew";
import { leaveBlock, spend, Work } from "../base/control";
import { links, machine } from "../base/machine";
import { bring } from "../memory/ram";
import { Counter, count } from "../base/counters";
import { cpu, CpuState, Cr0, Cr4, Flag } from "./state";
import {
  Entry, INVALID, MARK, clearTables, dropAllContexts, dropContext, dropEverything, dropLarge, dropPage, dropPageOf, filterAt, logEntry, markWritersOf, sharedTables,
  findBank, switchContext,
} from "./contexts";

/** What cuts a page number to an index. */
@inline export const TLB_MASK: u32 = <u32>TLB_ENTRIES - 1;

export const enum Access { READ, WRITE, EXEC }
/** Whose tables: supervisor with SMAP closed, supervisor with it open, user. */
export const enum Class { KERNEL, OPEN, USER }

@inline export function tableOf(who: u32, access: u32): u32 {
  return (who == Class.KERNEL ? sharedTables() : cpu.tlbBank + (who == Class.USER ? 3 * <u32>TLB_TABLE_SIZE : 0)) + access * <u32>TLB_TABLE_SIZE;
}
@inline export function entryAt(table: u32, linear: u64): u32 { return table + ((<u32>(linear >> 12) & <u32>(TLB_ENTRIES - 1)) << 4); }

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
  if (isAlignmentChecked() || isDataWatched()) { cpu.tlbRead = <u32>TLB_BLANK; cpu.tlbWrite = <u32>TLB_BLANK; }
  cpu.tlbExec = tableOf(who == Class.USER ? Class.USER : Class.KERNEL, Access.EXEC);
}

/** Data accesses of programs are checked for alignment. SDM vol. 3, 6.15 (interrupt 17). */
export function isAlignmentChecked(): bool { return cpu.cpl == 3 && (cpu.cr0 & Cr0.AM) != 0 && (cpu.flags & Flag.AC) != 0; }
/** A breakpoint on data (R/W 1 or 3) is enabled. SDM vol. 3, 17.2.4. */
export function isDataWatched(): bool {
  if (!(cpu.dr7 & 0xff)) return false;
  for (let n: u32 = 0; n < 4; n++) if (cpu.dr7 >> (n << 1) & 3 && cpu.dr7 >> (16 + (n << 2)) & 1) return true;
  return false;
}
/** The fast paths are off: accesses are looked at one by one. */
@inline export function isLookedAt(): bool { return cpu.tlbRead == <u32>TLB_BLANK; }

/** Enters a page. `host` is the linear-memory address of its first byte; `marked`: it is to be written and holds code. */
export function enterPage(table: u32, linear: u64, host: usize, flags: u32, marked: bool): void {
  count(Counter.TLB_FILLS);
  const page = linear & ~0xfff, e = entryAt(table, linear);
  store<u64>(e, marked ? page | MARK : page);
  store<u32>(e, <u32>host - <u32>page, 8);
  store<u32>(e, load<u32>(e, 12) & Entry.IN_LOGS | flags, 12);
  logEntry(e);
  if (flags & Entry.LARGE) markLarge(linear);
}

/** Gives the processor its TLB; `fresh`: in memory that has none. */
export function attachTlb(fresh: bool): void {
  cpu.tlbTables = <u32>TLB;
  cpu.tlbLogs = <u32>TLB_LOGS;
  memory.fill(TLB_BLANK, 0xff, TLB_TABLE_SIZE);
  if (fresh) clearTables();
  findBank();
  selectTlb();
}

/** At attach: where the tables lie is the build's own. */
export function noteTlb(): void { anew(changetype<usize>(cpu) + offsetof<CpuState>("tlbRead"), offsetof<CpuState>("hugePages") - offsetof<CpuState>("tlbRead")); }

/** True for a write entry that leads to a page with code, and covers an access whose last byte is `last`. */
@inline export function isMarked(e: u32, last: u64): bool { return load<u64>(e) == (last & ~0xfff | MARK); }
/** The page of a marked entry holds no code any more. */
@inline export function unmark(e: u32): void { store<u64>(e, load<u64>(e) & ~MARK); }

export function flushAll(): void {
  count(Counter.TLB_FLUSHES);
  spend(Work.FLUSH);
  leaveBlock();
  cpu.hugePages = 0;
  dropEverything();
  selectTlb();
}

/** MOV CR3: to its PCID; unless `keep`, what is not global of that is dropped. */
export function enterContext(keep: bool): void {
  spend(Work.FLUSH);
  leaveBlock();
  if (!keep) count(Counter.TLB_FLUSHES);
  switchContext(keep);
  selectTlb();
}

/** INVLPG: the page at `linear`, global or not, and all pieces of a large page around it. */
export function flushPage(linear: u64): void {
  spend(Work.FLUSH);
  leaveBlock();
  dropPage(linear);
  if (isLarge(linear)) dropLarge();
}

/** INVPCID types 0, 1 and 3: a page of a PCID, a PCID, all PCIDs, each without global pages. */
export function flushPageOf(pcid: u32, linear: u64): void {
  spend(Work.FLUSH);
  leaveBlock();
  dropPageOf(pcid, linear);
  if (isLarge(linear)) dropLarge();
}
export function flushContext(pcid: u32): void { count(Counter.TLB_FLUSHES); spend(Work.FLUSH); leaveBlock(); dropContext(pcid); }
export function flushContexts(): void { count(Counter.TLB_FLUSHES); spend(Work.FLUSH); leaveBlock(); dropAllContexts(); }

/** A page has just got code: stores to it take the slow path. `host` is its linear-memory address. */
export function markWriters(host: usize): void { markWritersOf(<u32>host); }

// A 1 GiB page marks its gigabyte in the second half, a 2 or 4 MiB page its 2 MiB regions in the first.
@inline function largeBit(n: u64): usize { return <usize>filterAt() + <usize>((n >> 3) & 2047); }
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

/** Sees to it that every page that an entry leads to is there, of a machine whose pages come when they are touched: look-ups do not ask. */
export function bringMapped(): void {
  for (let e = <u32>TLB; e < <u32>(TLB + TLB_SIZE) && links.absent; e += 16) {
    const page = load<u64>(e), host = <usize>((<u32>page & ~0xfff) + load<u32>(e, 8));
    if ((page | MARK) == INVALID || host < RAM || <u64>(host - RAM) >= machine.ramSize) continue;
    bring(host, 1);
  }
}

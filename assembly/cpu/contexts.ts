// Where the TLB's tables lie, and which of them belong to which process-context identifier. Intel SDM vol. 3, 4.10.1 to 4.10.4.
//
//   | supervisor, SMAP closed: R W X | bank 0: open R W -, user R W X | bank 1 | ... bank 7 | logs | large | blank | directory |
//
// A PCID's mappings live in a bank of their own, so that a change of CR3 changes table addresses, and the comparison of a look-up
// knows nothing of PCIDs. There are eight banks; one that is wanted for another PCID is taken from the one used longest ago.
// The tables of supervisor code with SMAP closed hold kernels' own pages, which are global almost always: all PCIDs share them,
// and what is not global in them goes at every change of PCID. Without CR4.PCIDE the PCID is 0 and one bank is used.
//
// Entries that are not global are logged as they are filled, so that dropping them costs what was filled since the last time.

import { TLB, TLB_TABLE_SIZE } from "../base/layout";
import { cpu, Cr4 } from "./state";

@inline export const BANKS: u32 = 8;
/** The supervisor's shared tables are the first three; a bank has six. */
@inline const SHARED_BYTES: u32 = 3 * <u32>TLB_TABLE_SIZE;
@inline const BANK_BYTES: u32 = 6 * <u32>TLB_TABLE_SIZE;
@inline const FIRST_BANK: u32 = <u32>TLB + SHARED_BYTES;
@inline const LOGS: u32 = FIRST_BANK + BANKS * BANK_BYTES;
@inline const LOG_ENTRIES: u32 = 4096;
@inline export const LARGE: u32 = LOGS + (BANKS + 1) * LOG_ENTRIES * 4;
@inline export const LARGE_BYTES: u32 = 4096;
/** A table of nothing. */
@inline export const BLANK: u32 = LARGE + LARGE_BYTES;
@inline const DIRECTORY: u32 = BLANK + <u32>TLB_TABLE_SIZE;

@inline export const INVALID: u64 = ~0;
/** Entry flags. */
export const enum Entry { GLOBAL = 1, LARGE = 2 }

/** A bank, or (the last) the shared tables. */
@unmanaged class Bank {
  /** In use, and its PCID. */
  live: u32;
  pcid: u32;
  /** When it was last switched to. */
  used: u32;
  /** Entries in its log; one more than fit when it has overflowed. */
  logged: u32;
}
@inline function bank(n: u32): Bank { return changetype<Bank>(<usize>(DIRECTORY + 16 * n)); }
@inline const SHARED: u32 = BANKS;
/** Count of switches. */
@inline const CLOCK: usize = DIRECTORY + 16 * (BANKS + 1);

@inline function tablesOf(n: u32): u32 { return n == SHARED ? <u32>TLB : FIRST_BANK + n * BANK_BYTES; }
@inline function bytesOf(n: u32): u32 { return n == SHARED ? SHARED_BYTES : BANK_BYTES; }
@inline export function sharedTables(): u32 { return <u32>TLB; }
/** Tables of bank `n`, or 0 if it is not in use. */
export function bankTables(n: u32): u32 { return bank(n).live ? tablesOf(n) : 0; }
@inline function bankAt(table: u32): u32 { return table < FIRST_BANK ? SHARED : (table - FIRST_BANK) / BANK_BYTES; }

export function currentPcid(): u32 { return cpu.cr4 & Cr4.PCIDE ? <u32>cpu.cr3 & 0xfff : 0; }

/** Notes an entry that is not global. */
export function logEntry(e: u32): void {
  const n = bankAt(e), b = bank(n);
  if (b.logged < LOG_ENTRIES) store<u32>(<usize>(LOGS + (n * LOG_ENTRIES + b.logged) * 4), e);
  if (b.logged <= LOG_ENTRIES) b.logged++;
}

/** Drops the entries of a bank whose flags under `mask` equal `want`. */
function dropWhere(n: u32, mask: u32, want: u32): void {
  const from = tablesOf(n), end = from + bytesOf(n);
  for (let e = from; e < end; e += 16) if ((load<u32>(e, 12) & mask) == want) store<u64>(e, INVALID);
}

function dropNonGlobal(n: u32): void {
  const b = bank(n);
  if (b.logged > LOG_ENTRIES) dropWhere(n, Entry.GLOBAL, 0);
  else for (let k: u32 = 0; k < b.logged; k++) {
    const e = load<u32>(<usize>(LOGS + (n * LOG_ENTRIES + k) * 4));
    if (!(load<u32>(e, 12) & Entry.GLOBAL)) store<u64>(e, INVALID);
  }
  b.logged = 0;
}

/** Drops all pieces of large pages. */
export function dropLarge(): void {
  dropWhere(SHARED, Entry.LARGE, Entry.LARGE);
  for (let n: u32 = 0; n < BANKS; n++) if (bank(n).live) dropWhere(n, Entry.LARGE, Entry.LARGE);
}

/** The bank of a PCID, or BANKS. */
function find(pcid: u32): u32 {
  let n: u32 = 0;
  while (n < BANKS && !(bank(n).live && bank(n).pcid == pcid)) n++;
  return n;
}

/** A bank for a PCID that has none, empty. */
function claim(pcid: u32): u32 {
  let oldest: u32 = 0;
  for (let n: u32 = 0; n < BANKS; n++) {
    if (!bank(n).live) { oldest = n; break; }
    if (bank(n).used < bank(oldest).used) oldest = n;
  }
  const b = bank(oldest);
  b.live = 1; b.pcid = pcid; b.logged = 0;
  memory.fill(tablesOf(oldest), 0xff, BANK_BYTES);
  return oldest;
}

function use(n: u32): void {
  const now = load<u32>(CLOCK) + 1;
  store<u32>(CLOCK, now);
  bank(n).used = now;
  cpu.tlbBank = tablesOf(n);
}

/** CR3 has been written: its PCID's bank comes into use, without its entries that are not global unless `keep`. */
export function switchContext(keep: bool): void {
  const pcid = currentPcid();
  let n = find(pcid);
  dropNonGlobal(SHARED);
  if (n == BANKS) n = claim(pcid);
  else if (!keep) dropNonGlobal(n);
  use(n);
}

/** Drops a PCID's entries that are not global. */
export function dropContext(pcid: u32): void {
  if (pcid == currentPcid()) dropNonGlobal(SHARED);
  const n = find(pcid);
  if (n < BANKS) dropNonGlobal(n);
}

/** Drops what is not global of every PCID; of the others global entries go with it. */
export function dropAllContexts(): void {
  const pcid = currentPcid();
  for (let n: u32 = 0; n < BANKS; n++) if (bank(n).pcid != pcid) bank(n).live = 0;
  dropContext(pcid);
}

/** Drops a page of one PCID, not its global entries; nothing if the PCID has no bank. */
export function dropPageOf(pcid: u32, linear: u64): void {
  if (pcid == currentPcid()) dropPageIn(SHARED, linear, true);
  const n = find(pcid);
  if (n < BANKS) dropPageIn(n, linear, true);
}

/** Drops a page of the current PCID, and global entries for it of any. */
export function dropPage(linear: u64): void {
  dropPageIn(SHARED, linear, false);
  for (let n: u32 = 0; n < BANKS; n++) if (bank(n).live) dropPageIn(n, linear, false);
}

function dropPageIn(n: u32, linear: u64, keepGlobal: bool): void {
  const page = linear & ~0xfff, from = tablesOf(n), end = from + bytesOf(n);
  // Others' entries of the page stay unless they are global.
  const globalOnly = !keepGlobal && n != SHARED && from != cpu.tlbBank;
  for (let table = from; table < end; table += <u32>TLB_TABLE_SIZE) {
    const e = table + ((<u32>(linear >> 12) & 1023) << 4);
    if (load<u64>(e) != page) continue;
    const global = (load<u32>(e, 12) & Entry.GLOBAL) != 0;
    if (global ? !keepGlobal : !globalOnly) store<u64>(e, INVALID);
  }
}

/** Everything is dropped; the current PCID gets a bank. */
export function dropEverything(): void {
  memory.fill(<usize>TLB, 0xff, SHARED_BYTES);
  memory.fill(<usize>BLANK, 0xff, TLB_TABLE_SIZE);
  memory.fill(<usize>LARGE, 0, LARGE_BYTES);
  memory.fill(<usize>DIRECTORY, 0, 16 * (BANKS + 1) + 4);
  use(claim(currentPcid()));
}

// Where the TLB's tables lie, which of them belong to which process-context identifier, and dropping what is in them. Intel SDM vol. 3,
// 4.10.1 to 4.10.4.
//
//   tables:  | supervisor, SMAP closed: R W X | bank 0: open R W -, user R W X | bank 1 | ... bank 7 |
//   logs:    | shared: own, global, large | bank 0 | ... bank 7 | filter of large pages | directory |
//
// A PCID's mappings live in a bank of their own, so that a change of CR3 changes table addresses, and the comparison of a look-up
// knows nothing of PCIDs. There are eight banks; one that is wanted for another PCID is taken from the one used longest ago.
// The tables of supervisor code with SMAP closed hold kernels' own pages, which are global almost always: all PCIDs share them,
// and what is not global in them goes at every change of PCID. Without CR4.PCIDE the PCID is 0 and one bank is used.
//
// Every entry is logged as it is filled, in up to two of three logs: what is global or what is not, and pieces of large pages. So dropping
// any of them costs what was filled since the last time, never a look through the tables. A slot is in a log once, however often it is filled.

import { RAM, TLB_ENTRIES, TLB_TABLE_SIZE } from "../base/layout";
import { spend, Work } from "../base/control";
import { cpu, Cr4 } from "./state";

@inline export const BANKS: u32 = 8;
/** The supervisor's shared tables are the first three; a bank has six. */
@inline const SHARED_TABLES: u32 = 3;
@inline const BANK_TABLES: u32 = 6;
@inline const SHARED_BYTES: u32 = SHARED_TABLES * <u32>TLB_TABLE_SIZE;
@inline const BANK_BYTES: u32 = BANK_TABLES * <u32>TLB_TABLE_SIZE;
@inline const TABLES_BYTES: u32 = SHARED_BYTES + BANKS * BANK_BYTES;

@inline export const INVALID: u64 = ~0;
/** In a tag: the page holds code, so a store takes the slow path. It follows what is in the decode cache and is no state. */
@inline export const MARK: u64 = 1;
/** Entry flags: of the page, and in which logs the slot is. */
export const enum Entry { GLOBAL = 1, LARGE = 2, IN_OWN = 4, IN_GLOBAL = 8, IN_LARGE = 16, IN_LOGS = 28 }

/** A log: numbers of slots within its bank, two bytes each. */
const enum Log { OWN, GLOBAL, LARGE }
@inline const LOG_BYTES: u32 = 2 * BANK_TABLES * <u32>TLB_ENTRIES;
@inline const LOGS_OF_BANK: u32 = 3 * LOG_BYTES;
@inline const LOGS_BYTES: u32 = (BANKS + 1) * LOGS_OF_BANK;
/** Which 2 MiB and which 1 GiB regions have large pages entered (tlb.ts). */
@inline export const FILTER_BYTES: u32 = 4096;

/** A bank, or (the last) the shared tables. */
@unmanaged class Bank {
  /** In use, and its PCID. */
  live: u32;
  pcid: u32;
  /** When it was last switched to. */
  used: u32;
  pad0: u32;
  /** Slots in its logs. */
  own: u32;
  global: u32;
  large: u32;
  pad1: u32;
}
@inline const BANK_ROW: u32 = 32;
@inline const SHARED: u32 = BANKS;

@inline function bank(n: u32): Bank { return changetype<Bank>(<usize>(cpu.tlbLogs + LOGS_BYTES + FILTER_BYTES + BANK_ROW * n)); }
/** Count of switches. */
@inline function switchesAt(): usize { return <usize>(cpu.tlbLogs + LOGS_BYTES + FILTER_BYTES + BANK_ROW * (BANKS + 1)); }
@inline export function filterAt(): u32 { return cpu.tlbLogs + LOGS_BYTES; }
@inline function logOf(n: u32, log: u32): u32 { return cpu.tlbLogs + n * LOGS_OF_BANK + log * LOG_BYTES; }

@inline export function sharedTables(): u32 { return cpu.tlbTables; }
@inline function tablesOf(n: u32): u32 { return n == SHARED ? cpu.tlbTables : cpu.tlbTables + SHARED_BYTES + n * BANK_BYTES; }
@inline function bytesOf(n: u32): u32 { return n == SHARED ? SHARED_BYTES : BANK_BYTES; }
@inline function bankAt(e: u32): u32 { const from = e - cpu.tlbTables; return from < SHARED_BYTES ? SHARED : (from - SHARED_BYTES) / BANK_BYTES; }

export function currentPcid(): u32 { return cpu.cr4 & Cr4.PCIDE ? <u32>cpu.cr3 & 0xfff : 0; }

// --- Logs ---

/** Notes an entry in the logs of its kind in which its slot is not yet. */
export function logEntry(e: u32): void {
  const flags = load<u32>(e, 12), n = bankAt(e), b = bank(n), slot = (e - tablesOf(n)) >> 4;
  let now = flags;
  if (flags & Entry.GLOBAL) {
    if (!(flags & Entry.IN_GLOBAL)) { store<u16>(logOf(n, Log.GLOBAL) + 2 * b.global, <u16>slot); b.global++; now |= Entry.IN_GLOBAL; }
  } else if (!(flags & Entry.IN_OWN)) { store<u16>(logOf(n, Log.OWN) + 2 * b.own, <u16>slot); b.own++; now |= Entry.IN_OWN; }
  if (flags & Entry.LARGE && !(flags & Entry.IN_LARGE)) {
    store<u16>(logOf(n, Log.LARGE) + 2 * b.large, <u16>slot); b.large++; now |= Entry.IN_LARGE;
  }
  store<u32>(e, now, 12);
}

/** Empties a log of `slots`: each leaves it (`bit`), and is dropped where its flags under `mask` are `want`. */
function emptyLog(n: u32, log: u32, slots: u32, bit: u32, mask: u32, want: u32): void {
  const at = logOf(n, log), tables = tablesOf(n);
  for (let k: u32 = 0; k < slots; k++) {
    const e = tables + (<u32>load<u16>(at + 2 * k) << 4), flags = load<u32>(e, 12);
    store<u32>(e, flags & ~bit, 12);
    if ((flags & mask) == want) store<u64>(e, INVALID);
  }
  spend(slots / Work.LINKS_A_UNIT);
}

function dropNonGlobal(n: u32): void {
  const b = bank(n);
  emptyLog(n, Log.OWN, b.own, Entry.IN_OWN, Entry.GLOBAL, 0);
  b.own = 0;
}

/** Drops all of a bank. */
function dropWhole(n: u32): void {
  const b = bank(n);
  emptyLog(n, Log.OWN, b.own, Entry.IN_OWN, 0, 0);
  emptyLog(n, Log.GLOBAL, b.global, Entry.IN_GLOBAL, 0, 0);
  emptyLog(n, Log.LARGE, b.large, Entry.IN_LARGE, 0, 0);
  b.own = 0; b.global = 0; b.large = 0;
}

function dropLargeIn(n: u32): void {
  const b = bank(n);
  emptyLog(n, Log.LARGE, b.large, Entry.IN_LARGE, Entry.LARGE, Entry.LARGE);
  b.large = 0;
}

/** Drops all pieces of large pages. */
export function dropLarge(): void {
  dropLargeIn(SHARED);
  for (let n: u32 = 0; n < BANKS; n++) if (bank(n).live) dropLargeIn(n);
}

/** Marks the write entries that lead to a page, by its linear-memory address. */
export function markWritersOf(host: u32): void {
  markWritersIn(SHARED, host);
  for (let n: u32 = 0; n < BANKS; n++) if (bank(n).live) markWritersIn(n, host);
}
function markWritersIn(n: u32, host: u32): void {
  markLogged(n, Log.OWN, bank(n).own, host);
  markLogged(n, Log.GLOBAL, bank(n).global, host);
}
function markLogged(n: u32, log: u32, slots: u32, host: u32): void {
  const at = logOf(n, log), tables = tablesOf(n);
  for (let k: u32 = 0; k < slots; k++) {
    const slot = <u32>load<u16>(at + 2 * k), table = slot / <u32>TLB_ENTRIES;
    // Write tables are the second of three, as readers and code have the others (tlb.ts).
    if (table != 1 && table != 4) continue;
    const e = tables + (slot << 4), tag = load<u64>(e);
    if (<u32>(tag & ~MARK) + load<u32>(e, 8) == host) store<u64>(e, tag | MARK);
  }
  spend(slots / Work.LINKS_A_UNIT);
}

// --- Banks ---

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
  dropWhole(oldest);
  b.live = 1; b.pcid = pcid;
  return oldest;
}

function use(n: u32): void {
  const now = load<u32>(switchesAt()) + 1;
  store<u32>(switchesAt(), now);
  bank(n).used = now;
  cpu.tlbBank = tablesOf(n);
}

/** At attach: the bank in use is the one switched to last. */
export function findBank(): void {
  let n: u32 = 0;
  while (n < BANKS - 1 && !(bank(n).live && bank(n).used == load<u32>(switchesAt()))) n++;
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
    const e = table + ((<u32>(linear >> 12) & (<u32>TLB_ENTRIES - 1)) << 4);
    if ((load<u64>(e) & ~MARK) != page) continue;
    const global = (load<u32>(e, 12) & Entry.GLOBAL) != 0;
    if (global ? !keepGlobal : !globalOnly) store<u64>(e, INVALID);
  }
}

/** Everything is dropped; the current PCID gets a bank. */
export function dropEverything(): void {
  dropWhole(SHARED);
  for (let n: u32 = 0; n < BANKS; n++) { dropWhole(n); bank(n).live = 0; }
  memory.fill(<usize>filterAt(), 0, FILTER_BYTES);
  use(claim(currentPcid()));
}

/** Lays an empty TLB out in fresh memory. An addend is saved as its distance from RAM, so none is RAM's own. */
export function clearTables(): void {
  const end = cpu.tlbTables + TABLES_BYTES;
  for (let e = cpu.tlbTables; e < end; e += 16) { store<u64>(e, INVALID); store<u64>(e, RAM, 8); }
  memory.fill(<usize>cpu.tlbLogs, 0, LOGS_BYTES + FILTER_BYTES + BANK_ROW * (BANKS + 1) + 4);
}

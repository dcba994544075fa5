// What the tables say of a requester, as it is kept until software invalidates it (6.2.2): its domain, and the stages that its addresses go through. In scalable
// mode that is the context and the entry of the PASID that it stands for in one. Direct-mapped by requester. With caching mode on refusals are kept too.

import { CONTEXT_CACHE, CONTEXT_CACHE_SIZE, CONTEXT_ENTRIES } from "./layout";
import { Pasid, Ttm } from "./scalable-spec";
import { LEVEL_BITS, PAGE_BITS } from "./spec";
import { tableMode, unit } from "./state";

@unmanaged export class Context {
  /** The requester, plus one; 0: nothing here. */
  tag: u32;
  domain: u32;
  /** The second stage's first table, and its levels: 3 to 5, or 0 where there is no such stage. */
  table: u64;
  levels: u32;
  /** Why requests are refused, 0 when they are not; faults are not to be recorded. */
  reason: u32;
  hidden: u32;
  /** Of the counts by requester. */
  row: u16;
  /** Bits that an address may have: the unit's, or where fewer those that the second stage translates. */
  bits: u16;
  /** The first stage's first table, and its levels: 4 or 5, or 0 where there is none. */
  first: u64;
  firstLevels: u32;
  /** Of the requests; with SUPERVISOR where they are privileged. */
  pasid: u32;
  /** Privileged requests obey the right to write (WPE). */
  protects: u32;
  pad0: u32;
  pad1: u64;
}
/** In the place of a PASID: not those of a user. */
@inline export const SUPERVISOR: u32 = 1 << 31;

@inline export function contextAt(i: u32): Context { return changetype<Context>(CONTEXT_CACHE + (<usize>(i & (CONTEXT_ENTRIES - 1)) << 6)); }
/** Where a requester of bus 0 and those beside it on the same slot spread. */
@inline export function placeOf(requester: u32): u32 { return requester ^ requester >> 6; }

/** Requests go through a second stage of a width that the unit has. */
export function secondStage(c: Context, table: u64, width: u32): void {
  c.table = table; c.levels = width + 2;
  c.bits = <u16>min(unit.addressBits, PAGE_BITS + c.levels * LEVEL_BITS);
}

// --- Invalidation ---

/** What is kept of scalable mode's contexts carries no domain: naming one drops them all (6.5.2.1). */
@inline function namesDomains(): bool { return tableMode() == Ttm.LEGACY; }

export function dropContexts(): void { memory.fill(CONTEXT_CACHE, 0, CONTEXT_CACHE_SIZE); }

export function dropContextsOfDomain(domain: u32): void {
  if (!namesDomains()) { dropContexts(); return; }
  for (let i: u32 = 0; i < CONTEXT_ENTRIES; i++) if (contextAt(i).domain == domain) contextAt(i).tag = 0;
}

/** Those of a domain whose requester is `source` under `mask`. */
export function dropContextsOf(domain: u32, source: u32, mask: u32): void {
  for (let i: u32 = 0; i < CONTEXT_ENTRIES; i++) {
    const c = contextAt(i);
    if ((c.domain == domain || !namesDomains()) && !((c.tag - 1 ^ source) & mask & 0xffff)) c.tag = 0;
  }
}

/** Of the PASID cache: those of a domain, and of one PASID where it is not negative. */
export function dropPasids(domain: u32, pasid: i32): void {
  for (let i: u32 = 0; i < CONTEXT_ENTRIES; i++) {
    const c = contextAt(i);
    if (c.domain == domain && (pasid < 0 || (c.pasid & Pasid.BITS) == <u32>pasid)) c.tag = 0;
  }
}

/** FM of an invalidation and SQ of an interrupt entry: which bits of the function number do not count (6.5.2.1, 9.9). */
export function sourceMask(qualifier: u32): u32 {
  switch (qualifier) {
    case 1: return 0xfffb;
    case 2: return 0xfff9;
    case 3: return 0xfff8;
    default: return 0xffff;
  }
}

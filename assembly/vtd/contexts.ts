// From a requester to its domain: root table by bus, context table by device and function (3.4.2), and the cache of what was found, which keeps what
// memory has changed since until software invalidates it (6.2.2). Direct-mapped by requester. With caching mode on it keeps refusals too, under domain 0.

import { CONTEXT_CACHE, CONTEXT_CACHE_SIZE, CONTEXT_ENTRIES } from "./layout";
import { Count, tally } from "./counters";
import { CONTEXT_HIGH_RESERVED, CONTEXT_LOW_RESERVED, Entry, LEVEL_BITS, PAGE_BITS, Reason, ROOT_RESERVED, TABLE_ADDRESS, TranslationType } from "./spec";
import { rowOf } from "./requesters";
import { beyondMemory, fetchPair, unit } from "./state";

@unmanaged export class Context {
  /** The requester, plus one; 0: nothing here. */
  tag: u32;
  domain: u32;
  /** The first table, and levels below it: 3 to 5, or 0 to pass through. */
  table: u64;
  levels: u32;
  /** Why requests are refused, 0 when they are not; faults are not to be recorded. */
  reason: u32;
  hidden: u32;
  /** Of the counts by requester. */
  row: u16;
  /** Bits that an address may have: the unit's, or where fewer those that the levels translate. */
  bits: u16;
}
@inline export function contextAt(i: u32): Context { return changetype<Context>(CONTEXT_CACHE + (<usize>(i & (CONTEXT_ENTRIES - 1)) << 5)); }
/** Where a requester of bus 0 and those beside it on the same slot spread. */
@inline function placeOf(requester: u32): u32 { return requester ^ requester >> 6; }

/** The context of a requester; its `reason` says whether there is one. What is not kept lies in the entry only until the next look-up. */
export function contextOf(requester: u32): Context {
  const c = contextAt(placeOf(requester));
  if (c.tag == requester + 1) { tally(Count.CONTEXT_HITS); return c; }
  tally(Count.CONTEXT_MISSES);
  memory.fill(changetype<usize>(c), 0, offsetof<Context>());
  c.reason = read(c, requester);
  c.row = <u16>rowOf(requester);
  if (!c.reason || unit.caching) c.tag = requester + 1;
  if (c.reason) c.domain = 0;
  return c;
}

function read(c: Context, requester: u32): u32 {
  if (!fetchPair(unit.root + <u64>(requester >> 8) * Entry.BYTES)) return Reason.ROOT_ACCESS;
  if (!(unit.word & Entry.PRESENT)) return Reason.ROOT_ABSENT;
  if (unit.word & (ROOT_RESERVED | beyondMemory()) || unit.word2) return Reason.ROOT_RESERVED;
  if (!fetchPair((unit.word & TABLE_ADDRESS) + <u64>(requester & 0xff) * Entry.BYTES)) return Reason.CONTEXT_ACCESS;
  // Evaluated whether the entry is present or not (9.3).
  c.hidden = unit.word & Entry.FPD ? 1 : 0;
  if (!(unit.word & Entry.PRESENT)) return Reason.CONTEXT_ABSENT;
  if (unit.word & (CONTEXT_LOW_RESERVED | beyondMemory()) || unit.word2 & CONTEXT_HIGH_RESERVED) return Reason.CONTEXT_RESERVED;
  return take(c, <u32>(unit.word >> Entry.TT_SHIFT) & 3, <u32>unit.word2 & 7);
}

/** Translation type and width must be ones that the unit has; device TLBs it has none. */
function take(c: Context, type: u32, width: u32): u32 {
  if (type != <u32>TranslationType.PAGES && type != <u32>TranslationType.PASS || !(unit.widths >> width & 1)) return Reason.CONTEXT_INVALID;
  c.domain = <u32>(unit.word2 >> Entry.DOMAIN_SHIFT) & 0xffff;
  c.table = unit.word & TABLE_ADDRESS;
  c.levels = type == TranslationType.PASS ? 0 : width + 2;
  c.bits = <u16>(c.levels ? min(unit.addressBits, PAGE_BITS + c.levels * LEVEL_BITS) : unit.addressBits);
  return Reason.NONE;
}

// --- Invalidation ---

export function dropContexts(): void { memory.fill(CONTEXT_CACHE, 0, CONTEXT_CACHE_SIZE); }

export function dropContextsOfDomain(domain: u32): void {
  for (let i: u32 = 0; i < CONTEXT_ENTRIES; i++) if (contextAt(i).domain == domain) contextAt(i).tag = 0;
}

/** Those of a domain whose requester is `source` under `mask`. */
export function dropContextsOf(domain: u32, source: u32, mask: u32): void {
  for (let i: u32 = 0; i < CONTEXT_ENTRIES; i++) {
    const c = contextAt(i);
    if (c.domain == domain && !((c.tag - 1 ^ source) & mask & 0xffff)) c.tag = 0;
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

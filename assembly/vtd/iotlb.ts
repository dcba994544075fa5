// The IOTLB: what walks have found, by domain and page, in sets by the page's lowest bits; the way used longest ago gives way. Sizes are the card's
// options and those of no product. Entries stay until software invalidates them, whatever memory says meanwhile (6.2.3), so a driver that
// forgets an invalidation is seen here as on a real board.
//
// An entry of 32 bytes: page number in units of its own size, where it leads, and a word: domain, size, rights, that it is one, and that a first stage led
// there. Of a first stage's pages the PASID is part of what they are found by; a second stage's are the whole domain's.

import { Context } from "./contexts";
import { Count, tally } from "./counters";
import { IOTLB_CACHE } from "./layout";
import { Pasid } from "./scalable-spec";
import { LEVEL_BITS, PAGE_BITS } from "./spec";
import { unit } from "./state";

@unmanaged export class Page { number: u64; base: u64; meta: u32; used: u32; pasid: u32; pad0: u32; }
const enum Meta { RIGHTS = 3, SIZE_SHIFT = 2, VALID = 0x10, FIRST = 0x20, DOMAIN_SHIFT = 16 }
@inline const SIZES: u32 = 3;

@inline export function pageAt(i: u32): Page { return changetype<Page>(IOTLB_CACHE + (<usize>i << 5)); }
@inline export function entries(): u32 { return unit.sets * unit.ways; }
/** Bits of an address within a page of a size. */
@inline export function bitsOf(size: u32): u32 { return PAGE_BITS + size * LEVEL_BITS; }
@inline export function isThere(p: Page): bool { return (p.meta & Meta.VALID) != 0; }
@inline export function domainOf(p: Page): u32 { return p.meta >> Meta.DOMAIN_SHIFT; }
@inline export function sizeOf(p: Page): u32 { return p.meta >> Meta.SIZE_SHIFT & 3; }
@inline export function rightsOf(p: Page): u32 { return p.meta & Meta.RIGHTS; }
@inline export function isFirst(p: Page): bool { return (p.meta & Meta.FIRST) != 0; }
@inline function metaOf(domain: u32, size: u32): u32 { return domain << Meta.DOMAIN_SHIFT | Meta.VALID | size << Meta.SIZE_SHIFT; }
/** What pages of a context's requests carry, but for their size; and their PASID. */
@inline function metaOfContext(c: Context): u32 { return metaOf(c.domain, 0) | (c.firstLevels ? Meta.FIRST : 0); }
@inline function pasidOf(c: Context): u32 { return c.firstLevels ? c.pasid : 0; }

/** Looks for an address of a context's requests: base, rights and size into the unit's words. A page without the rights `needed` is none. */
export function lookUp(c: Context, iova: u64, needed: u32): bool {
  tally(Count.LOOKUPS);
  const meta = metaOfContext(c), pasid = pasidOf(c);
  let size: u32 = 0, p = find(meta, pasid, iova >> PAGE_BITS);
  while (!p && ++size < SIZES) if (unit.large >> size & 1) p = find(meta | size << Meta.SIZE_SHIFT, pasid, iova >> bitsOf(size));
  if (!p || needed & ~rightsOf(changetype<Page>(p))) { tally(Count.MISSES); return false; }
  const page = changetype<Page>(p);
  page.used = ++unit.clock;
  unit.base = page.base; unit.rights = rightsOf(page); unit.size = size;
  tally(Count.HITS);
  if (size) tally(Count.HITS_LARGE);
  return true;
}

@inline function setOf(number: u64): u32 { return (<u32>number & (unit.sets - 1)) * unit.ways; }

function find(meta: u32, pasid: u32, number: u64): usize {
  let at = changetype<usize>(pageAt(setOf(number)));
  const end = at + (<usize>unit.ways << 5);
  for (; at < end; at += 32) {
    const p = changetype<Page>(at);
    if (p.number == number && (p.meta & ~(<u32>Meta.RIGHTS)) == meta && p.pasid == pasid) return at;
  }
  return 0;
}

/** Keeps what a walk has left in the unit's words. */
export function keep(c: Context, iova: u64): void {
  const number = iova >> bitsOf(unit.size), meta = metaOfContext(c) | unit.size << Meta.SIZE_SHIFT;
  // A first stage's page may be there already, without the right to write.
  const there = c.firstLevels ? find(meta, c.pasid, number) : 0, p = there ? changetype<Page>(there) : oldest(setOf(number));
  p.number = number; p.base = unit.base; p.used = ++unit.clock;
  p.meta = meta | unit.rights; p.pasid = pasidOf(c);
  if (unit.size) unit.large |= 1 << unit.size;
  if (c.firstLevels) unit.staged = 1;
}

/** The way of a set that gives way. */
function oldest(first: u32): Page {
  let found = pageAt(first);
  for (let way: u32 = 0; way < unit.ways; way++) {
    const p = pageAt(first + way);
    if (!isThere(p)) return p;
    // The clock may have gone round: by distance.
    if (unit.clock - p.used > unit.clock - found.used) found = p;
  }
  return found;
}

// --- Invalidation ---

export function dropPages(): void {
  memory.fill(IOTLB_CACHE, 0, <usize>entries() << 5);
  unit.large = 0; unit.staged = 0;
}

export function dropPagesOfDomain(domain: u32): void {
  for (let i: u32 = 0; i < entries(); i++) if (domainOf(pageAt(i)) == domain) pageAt(i).meta = 0;
}

/** Those of a domain's second stage that overlap 2^mask pages at an address; of its first stages, all (6.5.2.3). */
export function dropPagesAt(domain: u32, iova: u64, mask: u32): void {
  if (mask == 0 && !unit.staged) { dropPageAt(domain, iova); return; }
  for (let i: u32 = 0; i < entries(); i++) {
    const p = pageAt(i);
    if (isThere(p) && domainOf(p) == domain && (isFirst(p) || overlaps(p, iova, mask))) p.meta = 0;
  }
}

/** Those of a domain's first stage by PASID; where `mask` is not negative, that overlap 2^mask pages at an address. */
export function dropPagesOfPasid(domain: u32, pasid: u32, iova: u64, mask: i32): void {
  for (let i: u32 = 0; i < entries(); i++) {
    const p = pageAt(i);
    if (isThere(p) && isFirst(p) && domainOf(p) == domain && (p.pasid & Pasid.BITS) == pasid && (mask < 0 || overlaps(p, iova, <u32>mask))) p.meta = 0;
  }
}

/** Both are aligned to their sizes, so one lies in the other or they are apart. */
function overlaps(p: Page, iova: u64, mask: u32): bool {
  const first = iova >> PAGE_BITS >> mask, own = sizeOf(p) * LEVEL_BITS;
  return own <= mask ? p.number << own >> mask == first : p.number == first << mask >> own;
}

function dropPageAt(domain: u32, iova: u64): void {
  for (let size: u32 = 0; size < SIZES; size++) {
    if (size && !(unit.large >> size & 1)) continue;
    const p = find(metaOf(domain, size), 0, iova >> bitsOf(size));
    if (p) changetype<Page>(p).meta = 0;
  }
}

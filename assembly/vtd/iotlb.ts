// The IOTLB: what walks have found, by domain and page, in sets by the page's lowest bits; the way used longest ago gives way. Sizes are the card's
// options and those of no product. Entries stay until software invalidates them, whatever memory says meanwhile (6.2.3), so a driver that
// forgets an invalidation is seen here as on a real board.
//
// An entry of 32 bytes: page number in units of its own size, where it leads, and a word: domain, size, rights, and that it is one.

import { Count, tally } from "./counters";
import { IOTLB_CACHE } from "./layout";
import { LEVEL_BITS, PAGE_BITS } from "./spec";
import { unit } from "./state";

@unmanaged export class Page { number: u64; base: u64; meta: u32; used: u32; pad0: u64; }
const enum Meta { RIGHTS = 3, SIZE_SHIFT = 2, VALID = 0x10, DOMAIN_SHIFT = 16 }
@inline const SIZES: u32 = 3;

@inline export function pageAt(i: u32): Page { return changetype<Page>(IOTLB_CACHE + (<usize>i << 5)); }
@inline export function entries(): u32 { return unit.sets * unit.ways; }
/** Bits of an address within a page of a size. */
@inline export function bitsOf(size: u32): u32 { return PAGE_BITS + size * LEVEL_BITS; }
@inline export function isThere(p: Page): bool { return (p.meta & Meta.VALID) != 0; }
@inline export function domainOf(p: Page): u32 { return p.meta >> Meta.DOMAIN_SHIFT; }
@inline export function sizeOf(p: Page): u32 { return p.meta >> Meta.SIZE_SHIFT & 3; }
@inline export function rightsOf(p: Page): u32 { return p.meta & Meta.RIGHTS; }
@inline function metaOf(domain: u32, size: u32): u32 { return domain << Meta.DOMAIN_SHIFT | Meta.VALID | size << Meta.SIZE_SHIFT; }

/** Looks for an address of a domain: base, rights and size into the unit's words. */
export function lookUp(domain: u32, iova: u64): bool {
  tally(Count.LOOKUPS);
  let size: u32 = 0, p = find(domain, iova >> PAGE_BITS, 0);
  while (!p && ++size < SIZES) if (unit.large >> size & 1) p = find(domain, iova >> bitsOf(size), size);
  if (!p) { tally(Count.MISSES); return false; }
  const page = changetype<Page>(p);
  page.used = ++unit.clock;
  unit.base = page.base; unit.rights = rightsOf(page); unit.size = size;
  tally(Count.HITS);
  if (size) tally(Count.HITS_LARGE);
  return true;
}

@inline function setOf(number: u64): u32 { return (<u32>number & (unit.sets - 1)) * unit.ways; }

function find(domain: u32, number: u64, size: u32): usize {
  const meta = metaOf(domain, size);
  let at = changetype<usize>(pageAt(setOf(number)));
  const end = at + (<usize>unit.ways << 5);
  for (; at < end; at += 32) {
    const p = changetype<Page>(at);
    if (p.number == number && (p.meta & ~(<u32>Meta.RIGHTS)) == meta) return at;
  }
  return 0;
}

/** Keeps what a walk has left in the unit's words. */
export function keep(domain: u32, iova: u64): void {
  const number = iova >> bitsOf(unit.size), first = setOf(number);
  let oldest = pageAt(first);
  for (let way: u32 = 0; way < unit.ways; way++) {
    const p = pageAt(first + way);
    if (!isThere(p)) { oldest = p; break; }
    // The clock may have gone round: by distance.
    if (unit.clock - p.used > unit.clock - oldest.used) oldest = p;
  }
  oldest.number = number; oldest.base = unit.base; oldest.used = ++unit.clock;
  oldest.meta = metaOf(domain, unit.size) | unit.rights;
  if (unit.size) unit.large |= 1 << unit.size;
}

// --- Invalidation ---

export function dropPages(): void {
  memory.fill(IOTLB_CACHE, 0, <usize>entries() << 5);
  unit.large = 0;
}

export function dropPagesOfDomain(domain: u32): void {
  for (let i: u32 = 0; i < entries(); i++) if (domainOf(pageAt(i)) == domain) pageAt(i).meta = 0;
}

/** Those of a domain that overlap 2^mask pages at an address. */
export function dropPagesAt(domain: u32, iova: u64, mask: u32): void {
  if (mask == 0) { dropPageAt(domain, iova); return; }
  const first = iova >> PAGE_BITS >> mask;
  for (let i: u32 = 0; i < entries(); i++) {
    const p = pageAt(i), own = sizeOf(p) * LEVEL_BITS;
    if (!isThere(p) || domainOf(p) != domain) continue;
    // Both are aligned to their sizes, so one lies in the other or they are apart.
    if (own <= mask ? p.number << own >> mask == first : p.number == first << mask >> own) p.meta = 0;
  }
}

function dropPageAt(domain: u32, iova: u64): void {
  for (let size: u32 = 0; size < SIZES; size++) {
    if (size && !(unit.large >> size & 1)) continue;
    const p = find(domain, iova >> bitsOf(size), size);
    if (p) changetype<Page>(p).meta = 0;
  }
}

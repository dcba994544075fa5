// Invalidations by what they name, whoever asks: registers (11.4.4, 11.4.8) or the queue (6.5). A transfer is over before the next instruction, so there
// is never one to wait for: drains are done when they are asked for. False: there is no such granularity, and nothing was done.

import { spend } from "../device/allowance";
import { dropContexts, dropContextsOf, dropContextsOfDomain, dropPasids, sourceMask } from "./contexts";
import { Count, tally } from "./counters";
import { dropPages, dropPagesAt, dropPagesOfDomain, dropPagesOfPasid, entries } from "./iotlb";
import { PasidInv } from "./scalable-spec";
import { CONTEXT_ENTRIES } from "./layout";
import { Granule, Iva, MAMV, TABLE_ADDRESS } from "./spec";
import { dropTables, dropTablesAt, dropTablesOfDomain } from "./tables";

/** Entries looked at for a unit of work (device/allowance.ts). */
@inline const ENTRIES_LOG2: u32 = 3;

export function invalidateContexts(granule: u32, domain: u32, source: u32, qualifier: u32): bool {
  spend(CONTEXT_ENTRIES >> ENTRIES_LOG2);
  switch (granule) {
    case Granule.GLOBAL: tally(Count.CONTEXT_GLOBAL); dropContexts(); return true;
    case Granule.DOMAIN: tally(Count.CONTEXT_DOMAIN); dropContextsOfDomain(domain); return true;
    case Granule.SELECTED: tally(Count.CONTEXT_DEVICE); dropContextsOf(domain, source, sourceMask(qualifier)); return true;
    default: return false;
  }
}

/** `place` is laid out as IVA: address, hint, address mask. */
export function invalidatePages(granule: u32, domain: u32, place: u64): bool {
  const mask = <u32>place & Iva.AM;
  spend(granule == Granule.SELECTED && mask == 0 ? 2 : entries() >> ENTRIES_LOG2);
  switch (granule) {
    case Granule.GLOBAL: tally(Count.IOTLB_GLOBAL); dropPages(); dropTables(); return true;
    case Granule.DOMAIN: tally(Count.IOTLB_DOMAIN); dropPagesOfDomain(domain); dropTablesOfDomain(domain); return true;
    case Granule.SELECTED: return mask <= MAMV && invalidateAt(domain, place, mask);
    default: return false;
  }
}

function invalidateAt(domain: u32, place: u64, mask: u32): bool {
  tally(Count.IOTLB_PAGE);
  dropPagesAt(domain, place & TABLE_ADDRESS, mask);
  if (!(place & Iva.IH)) dropTablesAt(domain, place & TABLE_ADDRESS, mask);
  return true;
}

/** The PASID cache (6.5.2.2). */
export function invalidatePasids(granule: u32, domain: u32, pasid: u32): bool {
  spend(CONTEXT_ENTRIES >> ENTRIES_LOG2);
  tally(Count.PASIDS);
  switch (granule) {
    case PasidInv.CACHE_DOMAIN: dropPasids(domain, -1); return true;
    case PasidInv.CACHE_PASID: dropPasids(domain, <i32>pasid); return true;
    case PasidInv.CACHE_GLOBAL: dropContexts(); return true;
    default: return false;
  }
}

/** Pages of a first stage by PASID (6.5.2.4); `place` as in invalidatePages. */
export function invalidatePasidPages(granule: u32, domain: u32, pasid: u32, place: u64): bool {
  if (granule != PasidInv.PAGES_PASID && granule != PasidInv.PAGES_SELECTED) return false;
  spend(entries() >> ENTRIES_LOG2);
  tally(Count.IOTLB_PASID);
  dropPagesOfPasid(domain, pasid, place & TABLE_ADDRESS, granule == PasidInv.PAGES_SELECTED ? <i32>(place & Iva.AM) : -1);
  return true;
}

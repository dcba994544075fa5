// What the host is told of the remapping unit, for people to look at (host/machine/iommu-text.ts): four 64-bit words about one thing at a time, in
// scratch memory, or a row of eight where it lies. Nothing of the machine changes.

import { entries, domainOf, bitsOf, isFirst, isThere, pageAt, rightsOf, sizeOf } from "./iotlb";
import { keptEntry } from "./entries";
import { IRTE_ENTRIES, MAX_REQUESTERS } from "./layout";
import { rowAt } from "./requesters";
import { Reg } from "./spec";
import { get32, unit } from "./state";
import { UnitLook } from "../surface/iommu";

const SCRATCH: usize = memory.data(32);

function words(a: u64, b: u64, c: u64, d: u64): usize {
  store<u64>(SCRATCH, a); store<u64>(SCRATCH, b, 8); store<u64>(SCRATCH, c, 16); store<u64>(SCRATCH, d, 24);
  return SCRATCH;
}

/** The words' address, 0 where there is no such thing. */
export function lookAtUnit(what: u32, i: u32): usize {
  if (!unit.block) return 0;
  switch (what) {
    case UnitLook.TABLES: return words(unit.root, unit.interrupts, get32(Reg.GSTS), unit.addressBits);
    case UnitLook.PAGE: return i < entries() ? lookAtPage(i) : 0;
    case UnitLook.ENTRY: return i < IRTE_ENTRIES ? words(keptEntry(i).tag, keptEntry(i).low, keptEntry(i).high, 0) : 0;
    case UnitLook.REQUESTER: return i < MAX_REQUESTERS && rowAt(i).tag ? changetype<usize>(rowAt(i)) : 0;
    default: return 0;
  }
}

/** Bits of the page, 0 for an entry that is free; address, where it leads; rights, domain, and of a first stage's page that it is one, and its PASID. */
function lookAtPage(i: u32): usize {
  const p = pageAt(i), bits = bitsOf(sizeOf(p));
  return words(isThere(p) ? bits : 0, p.number << bits, p.base, <u64>p.pasid << 32 | <u64>(isFirst(p) ? 1 : 0) << 18 | <u64>domainOf(p) << 2 | rightsOf(p));
}

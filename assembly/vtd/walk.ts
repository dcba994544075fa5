// A walk through a domain's second-stage tables (3.7, 9.8): nine bits of the address a level, to a page of 4 KiB, 2 MiB or 1 GiB. Rights are those that
// every entry on the way gives; an entry that gives none is not present. At most five reads: there is no way round in a circle. Reasons are those of legacy
// mode; scalable mode's for the same are next to each other (inScalableMode).

import { spend } from "../device/allowance";
import { Context } from "./contexts";
import { Count, tally } from "./counters";
import { ScalableReason } from "./scalable-spec";
import { LEVEL_BITS, PAGE_BITS, Pte, PTE_ADDRESS, PTE_TRANSIENT, Reason } from "./spec";
import { beyondMemory, fetch, unit } from "./state";
import { findTable, keepTable } from "./tables";

/** Units of a read of a table (device/allowance.ts). */
@inline const READ_UNITS: u32 = 2;
/** Levels whose entries may be pages: 4 KiB, 2 MiB, 1 GiB. */
@inline export const PAGE_LEVELS: u32 = 3;

/** Base, rights and size of the page into the unit's words; a Reason. */
export function walk(c: Context, iova: u64, write: bool): u32 {
  let level = findTable(c.domain, iova, c.levels), table = unit.word;
  if (!level) { level = c.levels; table = c.table; unit.rights = Pte.RIGHTS; }
  const wanted: u32 = write ? Pte.WRITE : Pte.READ;
  for (; level; level--) {
    countRead();
    if (!fetch(table + (iova >> (PAGE_BITS + (level - 1) * LEVEL_BITS) & 511) * 8)) { unit.atRoot = level == c.levels ? 1 : 0; return Reason.PAGING_ACCESS; }
    const entry = unit.word;
    unit.rights &= <u32>entry & Pte.RIGHTS;
    if (!(unit.rights & wanted)) { unit.size = 0; return write ? Reason.WRITE : Reason.READ; }
    const last = level == 1 || level <= PAGE_LEVELS && (entry & Pte.LARGE) != 0;
    if (entry & reservedOf(level, last)) return Reason.PAGING_RESERVED;
    if (last) { take(entry, level); return Reason.NONE; }
    table = entry & PTE_ADDRESS;
    keepTable(c.domain, iova, level - 1, table, unit.rights);
  }
  return Reason.NONE;
}

/** An entry is read: of a table of either stage. */
export function countRead(): void {
  tally(Count.WALK_READS);
  unit.reads++;
  spend(READ_UNITS);
}

function take(entry: u64, level: u32): void {
  unit.size = level - 1;
  unit.base = entry & PTE_ADDRESS & ~((<u64>1 << (PAGE_BITS + unit.size * LEVEL_BITS)) - 1);
}

/** Bits that an entry must not have at its level. */
function reservedOf(level: u32, last: bool): u64 {
  const common = (beyondMemory() & PTE_ADDRESS) | PTE_TRANSIENT;
  if (!last) return common | Pte.SNOOP | (level > PAGE_LEVELS ? <u64>Pte.LARGE : 0);
  const within = (<u64>1 << (PAGE_BITS + (level - 1) * LEVEL_BITS)) - (<u64>1 << PAGE_BITS);
  return common | within | (unit.snoop ? 0 : <u64>Pte.SNOOP);
}

/** What scalable mode calls a refusal of legacy mode's walk of a second stage. */
export function inScalableMode(reason: u32): u32 {
  switch (reason) {
    case Reason.PAGING_ACCESS: return unit.atRoot ? ScalableReason.SECOND_ROOT_ACCESS : ScalableReason.SECOND_ACCESS;
    case Reason.PAGING_RESERVED: return ScalableReason.SECOND_RESERVED;
    case Reason.WRITE: return ScalableReason.WRITE;
    case Reason.READ: return ScalableReason.READ;
    default: return reason;
  }
}

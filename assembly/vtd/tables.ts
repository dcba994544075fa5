// The paging-structure cache (6.2.4): for a domain and the upper bits of an address, the table that a walk would come to, and the rights on the way
// there. Few entries, each may hold anything; they give way in turn. Hints of invalidations (IH) keep it.

import { Count, tally } from "./counters";
import { MAX_TABLES_KEPT, TABLE_CACHE } from "./layout";
import { LEVEL_BITS, PAGE_BITS } from "./spec";
import { unit } from "./state";

@unmanaged export class Kept {
  /** The address above what the table covers. */
  prefix: u64;
  table: u64;
  /** The table's level, 1 the last; 0: nothing here. */
  level: u32;
  domain: u32;
  rights: u32;
  pad0: u32;
}
@inline export function keptAt(i: u32): Kept { return changetype<Kept>(TABLE_CACHE + (<usize>min(i, MAX_TABLES_KEPT - 1) << 5)); }
/** Bits of an address that a table at a level covers. */
@inline function coverOf(level: u32): u32 { return PAGE_BITS + level * LEVEL_BITS; }

/** The lowest table known for an address below `levels`; its level, 0 for none. Table and rights into the unit's words. */
export function findTable(domain: u32, iova: u64, levels: u32): u32 {
  for (let level: u32 = 1; level < levels; level++) {
    const prefix = iova >> coverOf(level);
    for (let i: u32 = 0; i < unit.tables; i++) {
      const k = keptAt(i);
      if (k.level != level || k.domain != domain || k.prefix != prefix) continue;
      unit.word = k.table; unit.rights = k.rights;
      tally(Count.TABLE_HITS);
      return level;
    }
  }
  return 0;
}

export function keepTable(domain: u32, iova: u64, level: u32, table: u64, rights: u32): void {
  if (!unit.tables) return;
  const k = keptAt(unit.nextTable);
  unit.nextTable = (unit.nextTable + 1) % unit.tables;
  k.prefix = iova >> coverOf(level); k.table = table; k.level = level; k.domain = domain; k.rights = rights;
}

export function dropTables(): void { for (let i: u32 = 0; i < unit.tables; i++) keptAt(i).level = 0; }

export function dropTablesOfDomain(domain: u32): void {
  for (let i: u32 = 0; i < unit.tables; i++) if (keptAt(i).domain == domain) keptAt(i).level = 0;
}

/** Those on the way to any of 2^mask pages at an address. */
export function dropTablesAt(domain: u32, iova: u64, mask: u32): void {
  for (let i: u32 = 0; i < unit.tables; i++) {
    const k = keptAt(i);
    if (!k.level || k.domain != domain) continue;
    const own = coverOf(k.level), range = PAGE_BITS + mask;
    if (own <= range ? k.prefix << own >> range == iova >> range : k.prefix == iova >> range << range >> own) k.level = 0;
  }
}

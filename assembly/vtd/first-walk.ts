// A walk through a first stage (3.6, 9.7): the processor's tables of four or five levels, with accessed and dirty bits. Nested (3.8), each table's address and the
// page's go through the second stage before they are memory's. At most five reads, each of them after a walk of the second stage's at most five.

import { Attr, attrOf, noteWrite, pageOf, ramAt } from "../memory/ram";
import { Context, SUPERVISOR } from "./contexts";
import { Fte, ScalableReason } from "./scalable-spec";
import { LEVEL_BITS, PAGE_BITS, Pte, PTE_ADDRESS, Reason } from "./spec";
import { beyondMemory, fetch, unit } from "./state";
import { countRead, inScalableMode, PAGE_LEVELS, walk } from "./walk";

/** Where the second stage says that an address of the first leads, left in the unit's base: a ScalableReason. Rights that it gives are in the unit's. */
function through(c: Context, address: u64, write: bool, beyond: u32): u32 {
  if (!c.levels) { unit.base = address; unit.rights = Pte.RIGHTS; unit.size = PAGE_LEVELS; return Reason.NONE; }
  if (address >> c.bits) return beyond;
  const reason = walk(c, address, write);
  if (reason) return inScalableMode(reason);
  unit.base |= address & ((<u64>1 << (PAGE_BITS + unit.size * LEVEL_BITS)) - 1);
  return Reason.NONE;
}

/** Base, rights and size of the page into the unit's words; a ScalableReason. */
export function walkFirst(c: Context, iova: u64, write: bool): u32 {
  let table = c.first, rights: u32 = Pte.RIGHTS;
  for (let level = c.firstLevels; level; level--) {
    let reason = through(c, table + (iova >> (PAGE_BITS + (level - 1) * LEVEL_BITS) & 511) * 8, false, ScalableReason.FIRST_BEYOND);
    if (reason) return reason == <u32>ScalableReason.READ ? <u32>ScalableReason.SECOND_RIGHTS : reason;
    const at = unit.base, mayMark = (unit.rights & Pte.WRITE) != 0;
    countRead();
    if (!fetch(at)) return level == c.firstLevels ? ScalableReason.FIRST_ROOT_ACCESS : ScalableReason.FIRST_ACCESS;
    const entry = unit.word, last = level == 1 || level <= PAGE_LEVELS && (entry & Fte.LARGE) != 0;
    reason = refusalOf(c, entry, level, last);
    if (reason) return reason;
    if (!(entry & Fte.WRITE)) rights &= ~(<u32>Pte.WRITE);
    if (!last) {
      reason = mark(at, entry, Fte.ACCESSED, mayMark);
      if (reason) return reason;
      table = entry & PTE_ADDRESS;
      continue;
    }
    return takePage(c, iova, at, entry, level, write, mayWrite(c, rights), mayMark);
  }
  return ScalableReason.FIRST_ACCESS;
}

/** Privileged requests write where the entries do not let them, unless they are told to obey (WPE). */
@inline function mayWrite(c: Context, rights: u32): bool { return (rights & Pte.WRITE) != 0 || (c.pasid & SUPERVISOR) != 0 && !c.protects; }

function refusalOf(c: Context, entry: u64, level: u32, last: bool): u32 {
  if (!(entry & Fte.PRESENT)) return ScalableReason.FIRST_ABSENT;
  // Nested, an address's upper bits are the second stage's business.
  const beyond = c.levels ? 0 : beyondMemory() & PTE_ADDRESS, within = (<u64>1 << (PAGE_BITS + (level - 1) * LEVEL_BITS)) - (<u64>1 << PAGE_BITS);
  if (entry & (beyond | (last && level > 1 ? within & ~(<u64>Fte.PAT_LARGE) : 0) | (level > PAGE_LEVELS ? <u64>Fte.LARGE : 0))) return ScalableReason.FIRST_RESERVED;
  return entry & Fte.USER || c.pasid & SUPERVISOR ? <u32>Reason.NONE : <u32>ScalableReason.FIRST_USER;
}

/** Sets what is missing of an entry's accessed and dirty bits. */
function mark(at: u64, entry: u64, bits: u64, allowed: bool): u32 {
  if ((entry & bits) == bits) return Reason.NONE;
  const host = ramAt(at, 8);
  if (!allowed) return ScalableReason.SECOND_RIGHTS;
  if (!host || attrOf(pageOf(host)) & Attr.ROM) return ScalableReason.FIRST_ACCESS;
  store<u64>(host, entry | bits);
  noteWrite(host, 8);
  return Reason.NONE;
}

/** The page at the walk's end. It is kept as writable only once it is dirty, so that the first write comes here. */
function takePage(c: Context, iova: u64, at: u64, entry: u64, level: u32, write: bool, writable: bool, mayMark: bool): u32 {
  if (write && !writable) return ScalableReason.WRITE;
  const marked = mark(at, entry, write ? <u64>Fte.ACCESSED | Fte.DIRTY : <u64>Fte.ACCESSED, mayMark);
  if (marked) return marked;
  const size = level - 1, within = (<u64>1 << (PAGE_BITS + size * LEVEL_BITS)) - 1, gpa = (entry & PTE_ADDRESS & ~within) | (iova & within);
  const reason = through(c, gpa, write, ScalableReason.OUTPUT_BEYOND);
  if (reason) return reason;
  // Of two stages' pages the smaller counts.
  unit.size = min(size, unit.size);
  unit.base &= ~((<u64>1 << (PAGE_BITS + unit.size * LEVEL_BITS)) - 1);
  unit.rights &= Pte.READ | (writable && (write || entry & Fte.DIRTY) ? <u32>Pte.WRITE : 0);
  return Reason.NONE;
}

// What device/dma asks for each page of a transfer: where an address of a requester leads (3.6). Off, only protected memory matters (PMEN,
// 11.4.10); on, the requester's context, then the IOTLB, then a walk. The interrupt range is never memory.

import { isTraced, noteEvent } from "../base/trace";
import { REFUSED } from "../device/dma";
import { TraceKind } from "../surface/trace";
import { contextOf } from "./context-cache";
import { Context } from "./contexts";
import { Count, tally } from "./counters";
import { noteFault } from "./faults";
import { keep, lookUp, bitsOf } from "./iotlb";
import { LEVEL_BITS, PAGE_BITS, Pmen, PROTECTED_LOW, Pte, Reason, Reg, TABLE_ADDRESS } from "./spec";
import { get32, get64, tableMode, translates, unit } from "./state";
import { rowAt } from "./requesters";
import { walkFirst } from "./first-walk";
import { ScalableReason, Ttm } from "./scalable-spec";
import { inScalableMode, walk } from "./walk";

/** FEExxxxx: messages come by another door (device/interrupt). */
@inline const INTERRUPT_RANGE: u64 = 0xfee;

/** A guest-physical address, or REFUSED. `address` lies in one page with all that is asked for. */
export function translate(requester: u32, address: u64, write: u32): u64 {
  if (address >> 20 == INTERRUPT_RANGE) return REFUSED;
  if (!translates()) return open(address);
  const c = contextOf(requester);
  if (c.reason) return refuse(c, requester, address, c.reason, write);
  if (c.firstLevels) { if (!isCanonical(address, c.firstLevels)) return refuse(c, requester, address, ScalableReason.NOT_CANONICAL, write); }
  else if (address >> c.bits) return refuse(c, requester, address, isScalable() ? <u32>ScalableReason.ADDRESS : <u32>Reason.ADDRESS, write);
  if (!c.levels && !c.firstLevels) { tally(Count.PASSED); rowAt(c.row).passed++; return open(address); }
  return throughPages(c, requester, address, write);
}

@inline function isScalable(): bool { return tableMode() == Ttm.SCALABLE; }

/** The bits above those that a first stage translates are all like the highest of them. */
function isCanonical(address: u64, levels: u32): bool {
  const above = 64 - PAGE_BITS - levels * LEVEL_BITS;
  return <u64>(<i64>(address << above) >> above) == address;
}

/** A walk of whatever stages there are; the page into the unit's words, a reason of the mode that is on. */
function walkStages(c: Context, address: u64, write: bool): u32 {
  unit.reads = 0;
  if (c.firstLevels) return walkFirst(c, address, write);
  const reason = walk(c, address, write);
  return reason && isScalable() ? inScalableMode(reason) : reason;
}

/** Caching mode keeps that nothing is there as well. */
@inline function isKept(c: Context, reason: u32): bool {
  return reason == Reason.NONE || unit.caching != 0 && !c.firstLevels && unit.rights == 0 && (reason == <u32>Reason.READ || reason == <u32>Reason.WRITE || reason == <u32>ScalableReason.READ || reason == <u32>ScalableReason.WRITE);
}

function throughPages(c: Context, requester: u32, address: u64, write: u32): u64 {
  const row = rowAt(c.row);
  const wanted: u32 = write ? Pte.WRITE : Pte.READ;
  let reads: u32 = 0;
  if (lookUp(c, address, c.firstLevels ? wanted : 0)) row.hits++;
  else {
    const reason = walkStages(c, address, write != 0);
    reads = unit.reads;
    row.misses++; row.walkReads += reads;
    if (isKept(c, reason)) keep(c, address);
    if (reason) return refuse(c, requester, address, reason, write);
  }
  if (!(unit.rights & wanted)) return refuse(c, requester, address, rightsReason(write), write);
  const gpa = unit.base | (address & ((<u64>1 << bitsOf(unit.size)) - 1));
  if (isTraced()) noteEvent(TraceKind.TRANSLATED, requester, gpa, reads);
  return gpa;
}

/** A kept page gives no such right. */
function rightsReason(write: u32): u32 {
  const reason: u32 = write ? Reason.WRITE : Reason.READ;
  return isScalable() ? inScalableMode(reason) : reason;
}

function refuse(c: Context, requester: u32, address: u64, reason: u32, write: u32): u64 {
  rowAt(c.row).refused++;
  if (isTraced()) noteEvent(TraceKind.REFUSED, requester, address, reason);
  noteFault(requester, address & TABLE_ADDRESS, reason, !write, c.hidden != 0);
  return REFUSED;
}

/** Protected memory is closed to what is not translated; nothing is recorded of that (11.4.10.1). */
function open(address: u64): u64 {
  if (!(get32(Reg.PMEN) & Pmen.PRS)) return address;
  const low = address >= get32(Reg.PLMBASE) && address <= (<u64>get32(Reg.PLMLIMIT) | PROTECTED_LOW);
  const high = address >= get64(Reg.PHMBASE) && address <= (get64(Reg.PHMLIMIT) | PROTECTED_LOW);
  if (!low && !high) return address;
  tally(Count.PROTECTED);
  return REFUSED;
}

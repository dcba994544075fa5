// What device/dma asks for each page of a transfer: where an address of a requester leads (3.6). Off, only protected memory matters (PMEN,
// 11.4.10); on, the requester's context, then the IOTLB, then a walk. The interrupt range is never memory.

import { isTraced, noteEvent } from "../base/trace";
import { REFUSED } from "../device/dma";
import { TraceKind } from "../surface/trace";
import { Context, contextOf } from "./contexts";
import { Count, tally } from "./counters";
import { noteFault } from "./faults";
import { keep, lookUp, bitsOf } from "./iotlb";
import { Pmen, PROTECTED_LOW, Pte, Reason, Reg, TABLE_ADDRESS } from "./spec";
import { get32, get64, translates, unit } from "./state";
import { rowAt } from "./requesters";
import { walk } from "./walk";

/** FEExxxxx: messages come by another door (device/interrupt). */
@inline const INTERRUPT_RANGE: u64 = 0xfee;

/** A guest-physical address, or REFUSED. `address` lies in one page with all that is asked for. */
export function translate(requester: u32, address: u64, write: u32): u64 {
  if (address >> 20 == INTERRUPT_RANGE) return REFUSED;
  if (!translates()) return open(address);
  const c = contextOf(requester);
  if (c.reason) return refuse(c, requester, address, c.reason, write);
  if (address >> c.bits) return refuse(c, requester, address, Reason.ADDRESS, write);
  if (!c.levels) { tally(Count.PASSED); rowAt(c.row).passed++; return open(address); }
  return throughPages(c, requester, address, write);
}

function throughPages(c: Context, requester: u32, address: u64, write: u32): u64 {
  const row = rowAt(c.row);
  let reads: u32 = 0;
  if (lookUp(c.domain, address)) row.hits++;
  else {
    unit.reads = 0;
    const reason = walk(c, address, write != 0);
    reads = unit.reads;
    row.misses++; row.walkReads += reads;
    // Caching mode: that nothing is there is kept as well.
    if (unit.caching && !unit.rights && (reason == <u32>Reason.READ || reason == <u32>Reason.WRITE)) keep(c.domain, address);
    if (reason) return refuse(c, requester, address, reason, write);
    keep(c.domain, address);
  }
  if (!(unit.rights & <u32>(write ? Pte.WRITE : Pte.READ))) return refuse(c, requester, address, write ? Reason.WRITE : Reason.READ, write);
  const gpa = unit.base | (address & ((<u64>1 << bitsOf(unit.size)) - 1));
  if (isTraced()) noteEvent(TraceKind.TRANSLATED, requester, gpa, reads);
  return gpa;
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

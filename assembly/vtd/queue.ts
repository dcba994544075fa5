// The invalidation queue (6.5.2): descriptors of 16 bytes, in scalable mode of 32 where software says so, in a ring in memory, taken one by one from IQH to IQT. What is wrong with one stops the queue
// at it, with FSTS.IQE, until software has cleared that. Each descriptor is an item of the machine's allowance: a long queue goes on at its turn.

import { beginTurn, cancelTurn, endTurn, mayWork, waitsForTurn } from "../device/allowance";
import { Attr, attrOf, noteWrite, pageOf, ramAt } from "../memory/ram";
import { Count, tally } from "./counters";
import { dropEntries, dropEntriesAt } from "./entries";
import { raiseEvent } from "./events";
import { setStatus } from "./faults";
import { invalidateContexts, invalidatePages, invalidatePasidPages, invalidatePasids } from "./invalidate";
import { Pasid, PASID_CACHE_RESERVED, PASID_PAGES_RESERVED, PasidInv } from "./scalable-spec";
import {
  Command, CONTEXT_RESERVED, Desc, Fsts, Granule, Ics, Inv, INTERRUPT_RESERVED, IOTLB_RESERVED, IOTLB_RESERVED_HIGH, Iq, Iva, MAMV, QueueError, Reg, TABLE_ADDRESS, WAIT_RESERVED,
  WAIT_RESERVED_HIGH,
} from "./spec";
import { fetchPair, get32, get64, isOn, put32, put64, unit } from "./state";

/** Descriptors are four bits of type, and three more above (11 to 9). */
@inline function typeOf(low: u64): u32 { return <u32>(low & 15 | low >> 5 & 0x70); }
@inline function granuleOf(low: u64): u32 { return <u32>(low >> Desc.GRANULE_SHIFT) & 3; }
@inline function domainOf(low: u64): u32 { return <u32>(low >> Desc.DID_SHIFT) & 0xffff; }
/** Bytes of the ring. */
@inline function ringBytes(): u64 { return <u64>4096 << (get64(Reg.IQA) & Iq.SIZE); }
@inline function isWide(): bool { return (get64(Reg.IQA) & <u64>Iq.WIDE) != 0; }
@inline function descriptorBytes(): u64 { return isWide() ? <u64>Iq.WIDE_BYTES : <u64>Iq.DESCRIPTOR_BYTES; }

/** Takes what lies between head and tail. */
export function runQueue(): void {
  while (isOn(Command.QIE) && !(get32(Reg.FSTS) & Fsts.IQE)) {
    const head = get64(Reg.IQH), tail = get64(Reg.IQT);
    if (head == tail || waitsForTurn(unit.turn) || !mayWork(unit.turn)) return;
    const error = tail >= ringBytes() || tail & (descriptorBytes() - 1) ? <u32>QueueError.TAIL : takeAt(head);
    if (error) { stop(error); return; }
    tally(Count.DESCRIPTORS);
    put64(Reg.IQH, head + descriptorBytes() & (ringBytes() - 1));
  }
}

/** There is allowance again. */
export function goOn(): void {
  beginTurn();
  runQueue();
  endTurn();
}

/** QIE was set or cleared: the head is at the start. */
export function restartQueue(): void {
  cancelTurn(unit.turn);
  put64(Reg.IQH, 0);
}

function stop(error: u32): void {
  tally(Count.QUEUE_ERRORS);
  put64(Reg.IQERCD, error);
  setStatus(Fsts.IQE);
}

function takeAt(head: u64): u32 {
  const at = (get64(Reg.IQA) & TABLE_ADDRESS) + head;
  if (isWide() && !fetchPair(at + Iq.DESCRIPTOR_BYTES)) return QueueError.FETCH;
  const more = isWide() ? unit.word | unit.word2 : 0;
  if (!fetchPair(at)) return QueueError.FETCH;
  if (more) return QueueError.RESERVED;
  const low = unit.word, high = unit.word2;
  let good = false;
  switch (typeOf(low)) {
    case Inv.CONTEXT: good = takeContexts(low, high); break;
    case Inv.IOTLB: good = takePages(low, high); break;
    case Inv.INTERRUPT: good = takeEntries(low, high); break;
    case Inv.WAIT: good = wait(low, high); break;
    case Inv.PASID_IOTLB: if (!unit.scalable) return QueueError.TYPE; good = takePasidPages(low, high); break;
    case Inv.PASID_CACHE: if (!unit.scalable) return QueueError.TYPE; good = takePasids(low, high); break;
    default: return QueueError.TYPE;
  }
  return good ? QueueError.NONE : QueueError.RESERVED;
}

function takeContexts(low: u64, high: u64): bool {
  if (low & CONTEXT_RESERVED || high) return false;
  return invalidateContexts(granuleOf(low), domainOf(low), <u32>(low >> Desc.SID_SHIFT) & 0xffff, <u32>(low >> Desc.FM_SHIFT) & 3);
}

function takePages(low: u64, high: u64): bool {
  const selected = granuleOf(low) == Granule.SELECTED;
  if (low & IOTLB_RESERVED || high & IOTLB_RESERVED_HIGH || selected && (high & Iva.AM) > MAMV) return false;
  return invalidatePages(granuleOf(low), domainOf(low), high);
}

@inline function pasidIn(low: u64): u32 { return <u32>(low >> PasidInv.PASID_SHIFT) & Pasid.BITS; }

function takePasids(low: u64, high: u64): bool {
  return !(low & PASID_CACHE_RESERVED) && !high && invalidatePasids(granuleOf(low), domainOf(low), pasidIn(low));
}

function takePasidPages(low: u64, high: u64): bool {
  return !(low & PASID_PAGES_RESERVED) && !(high & IOTLB_RESERVED_HIGH) && invalidatePasidPages(granuleOf(low), domainOf(low), pasidIn(low), high);
}

/** Without interrupt remapping there is no such descriptor. */
function takeEntries(low: u64, high: u64): bool {
  if (!unit.remaps || low & INTERRUPT_RESERVED || high) return false;
  if (low >> Desc.GRANULE_SHIFT & 1) dropEntriesAt(<u32>(low >> Desc.IIDX_SHIFT) & 0xffff, <u32>(low >> Desc.IM_SHIFT) & 31);
  else dropEntries();
  return true;
}

/** All before it is done. A status that would go elsewhere than to RAM goes nowhere. */
function wait(low: u64, high: u64): bool {
  if (low & WAIT_RESERVED || high & WAIT_RESERVED_HIGH) return false;
  tally(Count.WAITS);
  if (low & Desc.WAIT_STATUS) writeStatus(high, <u32>(low >> Desc.STATUS_SHIFT));
  if (low & Desc.WAIT_INTERRUPT && !(get32(Reg.ICS) & Ics.IWC)) {
    put32(Reg.ICS, Ics.IWC);
    raiseEvent(Reg.IECTL);
  }
  return true;
}

function writeStatus(gpa: u64, value: u32): void {
  const host = ramAt(gpa, 4);
  if (!host || attrOf(pageOf(host)) & Attr.ROM) return;
  store<u32>(host, value);
  noteWrite(host, 4);
}

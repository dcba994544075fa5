// Memory words: linear addresses at the current privilege. `bytes` is 1, 2, 4 or 8.
// The Fast forms inline the TLB look-up where `bytes` is a constant; the others call.

import { Op } from "./ops";
import { record } from "./block";
import { running, Val } from "./words";
import { cpu } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { loadForUpdate, loadLinear, loadMissed, probeLinear, storeLinear, storeMissed } from "../cpu/memory";
import { checkSegment } from "../cpu/segments";

@inline export function loadFast<M>(a: Val, bytes: u32): Val {
  if (!running<M>()) return record(Op.LOAD, a, 0, 0, bytes);
  const e = entryAt(cpu.tlbRead, a);
  if (load<u64>(e) == ((a + bytes - 1) & ~0xfff)) {
    const p = <usize>(<u32>a + load<u32>(e, 8));
    return bytes == 8 ? load<u64>(p) : bytes == 4 ? load<u32>(p) : bytes == 2 ? load<u16>(p) : load<u8>(p);
  }
  return loadMissed(a, bytes);
}

@inline export function storeFast<M>(a: Val, bytes: u32, v: Val): void {
  if (!running<M>()) { record(Op.STORE, a, v, 0, bytes); return; }
  const e = entryAt(cpu.tlbWrite, a);
  if (load<u64>(e) == ((a + bytes - 1) & ~0xfff)) {
    const p = <usize>(<u32>a + load<u32>(e, 8));
    if (bytes == 8) store<u64>(p, v); else if (bytes == 4) store<u32>(p, <u32>v); else if (bytes == 2) store<u16>(p, <u16>v); else store<u8>(p, <u8>v);
    return;
  }
  storeMissed(a, bytes, v);
}

@inline export function loadMem<M>(a: Val, bytes: u32): Val { return running<M>() ? loadLinear(a, bytes) : record(Op.LOAD, a, 0, 0, bytes); }
@inline export function storeMem<M>(a: Val, bytes: u32, v: Val): void {
  if (running<M>()) storeLinear(a, bytes, v); else record(Op.STORE, a, v, 0, bytes);
}
/** A store to the stack: an address that is not canonical is #SS. Records whose only memory is the stack say so themselves. */
@inline export function storeStack<M>(a: Val, bytes: u32, v: Val): void {
  if (running<M>()) storeFast<M>(a, bytes, v); else record(Op.STORE, a, v, 0, bytes | STACK);
}
/** In a STORE's imm, beside the bytes. */
@inline export const STACK: u32 = 256;

/** Raises what a store would, and stores nothing. */
@inline export function probeMem<M>(a: Val, bytes: u32): void { if (running<M>()) probeLinear(a, bytes); else record(Op.PROBE, a, 0, 0, bytes); }

/** In a LOAD_RMW's imm, beside the bytes: the LOCK prefix, or XCHG. */
@inline export const LOCKED: u32 = 512;

// Read-modify-write: one look-up, for writing, so that a page that may only be read is a write fault. What is aimed at is loaded, and stored
// to, at once; in Run the aim is the address in linear memory, 0 where only the slow path may go, in Build it is the LOAD_RMW.

@inline export function aim<M>(a: Val, bytes: u32, locked: bool): Val {
  if (!running<M>()) return record(Op.LOAD_RMW, a, 0, 0, bytes | (locked ? LOCKED : 0));
  const e = entryAt(cpu.tlbWrite, a);
  return load<u64>(e) == ((a + bytes - 1) & ~0xfff) ? <u64>(<u32>a + load<u32>(e, 8)) : 0;
}
/** The value at what is aimed at; may fault. */
@inline export function loadAimed<M>(aimed: Val, a: Val, bytes: u32): Val {
  if (!running<M>()) return aimed;
  if (!aimed) return loadForUpdate(a, bytes);
  return bytes == 8 ? load<u64>(<usize>aimed) : bytes == 4 ? load<u32>(<usize>aimed) : bytes == 2 ? load<u16>(<usize>aimed) : load<u8>(<usize>aimed);
}
/** Stores there: what loadAimed has let pass cannot fault. */
@inline export function storeAimed<M>(aimed: Val, a: Val, bytes: u32, v: Val): void {
  if (!running<M>()) { record(Op.STORE_RMW, a, v, aimed, bytes); return; }
  const p = <usize>aimed;
  if (!p) storeLinear(a, bytes, v);
  else if (bytes == 8) store<u64>(p, v); else if (bytes == 4) store<u32>(p, <u32>v); else if (bytes == 2) store<u16>(p, <u16>v); else store<u8>(p, <u8>v);
}

/** Linear address of `offset` in a segment that is not known to be flat; raises #GP or #SS past its limit. */
@inline export function throughSegment<M>(seg: u32, offset: Val, bytes: u32, write: bool): Val {
  return running<M>() ? linearIn(seg, offset, bytes, write) : record(Op.CHECK_SEGMENT, offset, 0, 0, <u64>seg | <u64>bytes << 8 | <u64>write << 16);
}
import { segment, Mode } from "../cpu/state";
import { NOWHERE } from "../cpu/memory";
export function linearIn(seg: u32, offset: u64, bytes: u32, write: bool): u64 {
  const base = segment(seg).base;
  if (cpu.mode & Mode.LONG) return base + offset;
  if (!checkSegment(seg, <u32>offset, bytes, write)) return NOWHERE;
  return (base + offset) & 0xffff_ffff;
}

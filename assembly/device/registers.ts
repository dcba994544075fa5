// Register tables and the one engine that reads and writes by them.
//
// A block is a run of bytes a device shows; a row says where a register lies in it, how wide it is, which bits the guest
// may change and what the rest of the data sheet's access column says. Rows and the byte-to-row map are a cache, made
// at attach; the values lie in the device's state at `values + offset`. An access of any width at any offset touches
// each register it overlaps once: hooks run per register, not per byte. Bytes no row covers read as zero and ignore
// writes.
//
// Hooks: onRead (dev: usize, offset: u32) => void runs before the value is taken, so it can refresh it.
// onWrite (dev: usize, offset: u32, old: u64, written: u64) => void runs after the store; `written` is what the guest wrote,
// with bytes it did not write taken from the old value, or zero in a register that is write-one-to-clear.

import { TraceKind } from "../surface/trace";
import { isTraced, noteEvent } from "../base/trace";
import { count, nameOwned, takeCounters } from "../base/counters";
import { Crossing } from "../surface/counters";
import { spend } from "./allowance";
import { crossHosted } from "../base/hosted";
import { MAX_TABLES, TABLE_LIST, TABLE_WORDS, TABLES, TABLES_SIZE } from "./layout";

/** The data sheet's access column. */
export const enum Access {
  RO, RW, WO,
  /** Writing one clears. */
  W1C,
  /** Reading clears. */
  RC,
}

@unmanaged export class Register {
  offset: u32;
  bytes: u8; access: u8; pad0: u16;
  onRead: u32;
  onWrite: u32;
  reset: u64;
  /** Bits the guest can set and clear. */
  writable: u64;
  /** Bits that writing one clears. */
  clear: u64;
  /** A static string for tests and traces. */
  name: u32;
  /** Counter of guest reads, and one above of guest writes; 0 for none. */
  counter: u32;
}
@inline const ROW_BYTES: usize = 48;

/** A block's table, kept in the cache region. The map holds a u16 row number plus one for each byte of the block. */
@unmanaged export class Block { rows: u32; map: u32; bytes: u32; count: u32; capacity: u32; pad0: u32; pad1: u64; }

@unmanaged class Arena { used: u32; blocks: u32; }
@inline const arena = changetype<Arena>(TABLE_WORDS);

/** Forgets every table; before attach. */
export function clearTables(): void { arena.used = 0; arena.blocks = 0; }

function take(bytes: u32): u32 {
  const at = (arena.used + 15) & ~15;
  if (at + bytes > <u32>TABLES_SIZE) return 0;
  arena.used = at + bytes;
  memory.fill(TABLES + at, 0, bytes);
  return <u32>TABLES + at;
}

/** Makes an empty table for `bytes` bytes of registers and at most `capacity` rows. It cannot fail within the region's budget. */
export function makeBlock(bytes: u32, capacity: u32): Block {
  const b = changetype<Block>(<usize>take(offsetof<Block>()));
  b.map = take(bytes << 1); b.rows = take(capacity * <u32>ROW_BYTES);
  b.bytes = bytes; b.capacity = capacity;
  if (arena.blocks < MAX_TABLES) {
    store<u32>(TABLE_LIST + (<usize>arena.blocks << 2), <u32>changetype<usize>(b));
    arena.blocks++;
  }
  return b;
}

/** For tests: the tables made so far. */
export function blockCount(): u32 { return arena.blocks; }
export function blockAt(i: u32): Block { return changetype<Block>(i < arena.blocks ? <usize>load<u32>(TABLE_LIST + (<usize>i << 2)) : 0); }

@inline export function row(b: Block, index: u32): Register { return changetype<Register>(<usize>b.rows + <usize>index * ROW_BYTES); }

/**
 * Adds a register: its place and width (1, 2, 4 or 8 bytes), access, value after reset, and the bits the guest may change
 * (RW, WO) or clear (W1C). Returns the row, for hooks and for registers of mixed access. A row over an older one takes its bytes.
 */
export function define(b: Block, name: string, offset: u32, bytes: u32, access: u32, reset: u64, mask: u64): Register {
  const index = b.count < b.capacity ? b.count++ : b.capacity - 1, r = row(b, index);
  r.offset = offset; r.bytes = <u8>bytes; r.access = <u8>access; r.reset = reset; r.name = <u32>changetype<usize>(name);
  r.writable = access == Access.RW || access == Access.WO ? mask : 0;
  r.clear = access == Access.W1C ? mask : 0;
  for (let i: u32 = 0; i < bytes && offset + i < b.bytes; i++) store<u16>(<usize>b.map + (<usize>(offset + i) << 1), <u16>(index + 1));
  return r;
}

/** Hooks by function-table index, 0 for none. */
export function hook(r: Register, onRead: u32, onWrite: u32): void { r.onRead = onRead; r.onWrite = onWrite; }

/** Counts the guest's accesses to each register of a block, under the rows' names; after the last row is defined. */
export function countAccesses(b: Block, card: string, number: u32): void {
  for (let i: u32 = 0; i < b.count; i++) {
    const r = row(b, i), first = takeCounters(2);
    r.counter = first;
    nameOwned(first, card, number, -1, changetype<string>(<usize>r.name), "reads", Crossing.B1);
    nameOwned(first + 1, card, number, -1, changetype<string>(<usize>r.name), "writes", Crossing.B1);
  }
}

/** Gives every register its reset value. */
export function resetBlock(b: Block, values: usize): void {
  spend(b.count >> 1);
  memory.fill(values, 0, b.bytes);
  for (let i: u32 = 0; i < b.count; i++) if (rowAt(b, row(b, i).offset) == i + 1) setValue(row(b, i), values, row(b, i).reset);
}

@inline function rowAt(b: Block, offset: u32): u32 { return <u32>load<u16>(<usize>b.map + (<usize>offset << 1)); }

export function valueOf(r: Register, values: usize): u64 {
  const at = values + r.offset;
  switch (<u32>r.bytes) {
    case 1: return load<u8>(at);
    case 2: return load<u16>(at);
    case 4: return load<u32>(at);
    default: return load<u64>(at);
  }
}

export function setValue(r: Register, values: usize, value: u64): void {
  const at = values + r.offset;
  switch (<u32>r.bytes) {
    case 1: store<u8>(at, <u8>value); break;
    case 2: store<u16>(at, <u16>value); break;
    case 4: store<u32>(at, <u32>value); break;
    default: store<u64>(at, value);
  }
}

@inline function laneMask(bytes: u32): u64 { return bytes >= 8 ? ~(<u64>0) : (<u64>1 << (<u64>bytes << 3)) - 1; }

/** A guest's read of 1 to 8 bytes at any offset. */
export function guestRead(b: Block, values: usize, dev: usize, offset: u32, bytes: u32): u64 {
  let value: u64 = 0, done: u32 = 0;
  while (done < bytes) {
    const at = offset + done, index = at < b.bytes ? rowAt(b, at) : 0;
    if (!index) { done++; continue; }
    const r = row(b, index - 1), skip = at - r.offset, piece = min(bytes - done, <u32>r.bytes - skip);
    const part = (readRegister(r, values, dev) >> (<u64>skip << 3)) & laneMask(piece);
    value |= part << (<u64>done << 3);
    done += piece;
  }
  return value;
}

function readRegister(r: Register, values: usize, dev: usize): u64 {
  if (r.counter) { count(r.counter); crossHosted(r.counter); }
  if (r.onRead) call_indirect<void>(r.onRead, dev, r.offset);
  const value = valueOf(r, values);
  if (r.counter && isTraced()) noteEvent(TraceKind.READ, r.counter, value, r.bytes);
  if (r.access == <u8>Access.RC) setValue(r, values, 0);
  return r.access == <u8>Access.WO ? 0 : value;
}

/** A guest's write of 1 to 8 bytes at any offset. */
export function guestWrite(b: Block, values: usize, dev: usize, offset: u32, bytes: u32, value: u64): void {
  let done: u32 = 0;
  while (done < bytes) {
    const at = offset + done, index = at < b.bytes ? rowAt(b, at) : 0;
    if (!index) { done++; continue; }
    const r = row(b, index - 1), skip = at - r.offset, piece = min(bytes - done, <u32>r.bytes - skip);
    const lanes = laneMask(piece) << (<u64>skip << 3);
    writeRegister(r, values, dev, lanes, (value >> (<u64>done << 3)) << (<u64>skip << 3) & lanes);
    done += piece;
  }
}

function writeRegister(r: Register, values: usize, dev: usize, lanes: u64, value: u64): void {
  if (r.counter) { count(r.counter + 1); crossHosted(r.counter + 1); }
  if (r.counter && isTraced()) noteEvent(TraceKind.WRITE, r.counter + 1, value, r.bytes);
  const old = valueOf(r, values), settable = r.writable & lanes;
  setValue(r, values, ((old & ~settable) | (value & settable)) & ~(value & r.clear));
  const kept = r.clear ? 0 : old & ~lanes;
  if (r.onWrite) call_indirect<void>(r.onWrite, dev, r.offset, old, value | kept);
}

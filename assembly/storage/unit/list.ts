// The guest's list of places in memory, which a transfer by DMA goes through: AHCI's PRDT (Serial ATA AHCI 1.3.1, 4.2.3.3) and the bus master's PRD table
// (Programming Interface for Bus Master IDE Controller 1.0, 1.2). What is kept of it is the entry in hand and the bytes of it that are done, so a transfer
// goes on where it was, however it is cut. One walk looks at a bounded number of entries.

import { dmaRead, dmaWrite } from "../../device/dma";
import { Unit } from "./state";

/** Entries of one walk, and of one fetch. */
@inline const MOST_ENTRIES: u32 = 512;
@inline const FETCH_ENTRIES: u32 = 32;
const FETCHED: usize = memory.data(512, 16);

/** What an entry looks like. */
export const enum ListKind { AHCI, BUS_MASTER }
export const enum Way { COUNT, INWARD, OUTWARD }

@inline function entryBytes(kind: u32): u32 { return kind == ListKind.AHCI ? 16 : 8; }
@inline function addressAt(kind: u32, at: usize): u64 { return kind == ListKind.AHCI ? load<u64>(at) & ~<u64>1 : <u64>(load<u32>(at) & ~1); }
/** AHCI has a count less one in 22 bits, the bus master 16 bits of which 0 is all; both are even. */
@inline function bytesAt(kind: u32, at: usize): u32 {
  if (kind == ListKind.AHCI) return (load<u32>(at, 12) & 0x3f_ffff | 1) + 1;
  const bytes = load<u32>(at, 4) & 0xfffe;
  return bytes ? bytes : 0x1_0000;
}
@inline function isLast(kind: u32, at: usize): bool { return kind == ListKind.BUS_MASTER && load<u32>(at, 4) >> 31 != 0; }

/** Begins at the first of `entries`. */
export function startList(u: Unit, address: u64, entries: u32): void { u.listAt = address; u.listLeft = entries; u.listDone = 0; }

/** Where a walk is: a copy of what the drive keeps, so that one which only counts changes nothing. */
@unmanaged class Walk { at: u64; left: u32; done: u32; }
const WALK: usize = memory.data(16, 8);
@inline const walk = changetype<Walk>(WALK);

/** Goes over at most `wanted` bytes; those it found a place for. `refused` of them were no memory: the walk ends there. */
export function goThrough(u: Unit, kind: u32, requester: u32, wanted: u32, way: u32, data: usize): u32 {
  const size = entryBytes(kind);
  walk.at = u.listAt; walk.left = u.listLeft; walk.done = u.listDone;
  let moved: u32 = 0, looked: u32 = 0;
  while (moved < wanted && walk.left && looked < MOST_ENTRIES) {
    const fetched = min(walk.left, FETCH_ENTRIES);
    if (!dmaRead(requester, walk.at, FETCHED, fetched * size)) break;
    for (let i: u32 = 0; i < fetched && moved < wanted && walk.left; i++) {
      const at = FETCHED + <usize>(i * size), bytes = bytesAt(kind, at), piece = min(wanted - moved, bytes - min(walk.done, bytes));
      if (!movePiece(requester, addressAt(kind, at) + walk.done, data + moved, piece, way)) { looked = MOST_ENTRIES; break; }
      moved += piece; walk.done += piece;
      if (walk.done >= bytes) { walk.done = 0; walk.at += size; walk.left = isLast(kind, at) ? 0 : walk.left - 1; looked++; }
    }
  }
  if (way != Way.COUNT) { u.listAt = walk.at; u.listLeft = walk.left; u.listDone = walk.done; }
  return moved;
}

@inline function movePiece(requester: u32, address: u64, data: usize, bytes: u32, way: u32): bool {
  if (way == Way.COUNT || !bytes) return true;
  return way == Way.INWARD ? dmaWrite(requester, address, data, bytes) : dmaRead(requester, address, data, bytes);
}

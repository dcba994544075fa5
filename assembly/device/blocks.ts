// Requests between a disk and the host, in the module's memory.
//
// A disk has a table of requests and an area for their data. It asks, ends the slice, and the host answers every request
// before the next instruction runs (virtual time stands still meanwhile); then the device's service takes the answers and may ask
// again, until nothing is left to ask. So the host's speed is never seen by the guest, and the area is free again at each service.
//
//      table: count, then 64 bytes each:  type | answer | sector (8) | bytes | data, from the table | flags | the owner's words

import { endSlice } from "./clock";
import { Answer, AskedTable } from "../surface/blocks";
import { DISK_TABLES } from "./layout";

@inline export const MAX_DISKS: u32 = 8;
@inline export const MAX_ASKED: u32 = AskedTable.MOST;
@inline const DISK_BYTES: usize = 512 * 1024;
@inline const TABLE_BYTES: u32 = 8192;
/** Bytes of data that one batch of requests may carry. */
@inline export const DATA_BYTES: u32 = <u32>DISK_BYTES - TABLE_BYTES;

@unmanaged export class Asked {
  type: u32;
  answer: u32;
  sector: u64;
  bytes: u32;
  /** Where its data lies, from where its table does. */
  data: u32;
  flags: u32;
  // The owner's: the chain and its queue, where in the request this part lies, what becomes of the answer.
  head: u32;
  queue: u32;
  offset: u32;
  fate: u32;
  pad0: u32;
  /** Of a controller that has no chains: where the guest's buffers are. */
  place: u64; list: u64;
}
@unmanaged class Table { count: u32; used: u32; }

@inline function table(disk: u32): Table { return changetype<Table>(DISK_TABLES + <usize>(disk & 7) * DISK_BYTES); }
@inline export function askedAt(disk: u32, i: u32): Asked { return changetype<Asked>(changetype<usize>(table(disk)) + AskedTable.FIRST + <usize>i * AskedTable.ENTRY_BYTES); }
@inline export function askedCount(disk: u32): u32 { return min(table(disk).count, MAX_ASKED); }
/** Bytes of data that the batch still has room for, 0 when it takes no more requests. */
export function roomToAsk(disk: u32): u32 { return table(disk).count >= MAX_ASKED ? 0 : DATA_BYTES - min(table(disk).used, DATA_BYTES); }

/** A new request with room for its data; null when the batch is full. */
export function ask(disk: u32, type: u32, sector: u64, bytes: u32): Asked {
  const t = table(disk);
  if (t.count >= MAX_ASKED || bytes > roomToAsk(disk)) return changetype<Asked>(0);
  const a = askedAt(disk, t.count);
  memory.fill(changetype<usize>(a), 0, AskedTable.ENTRY_BYTES);
  a.type = type; a.answer = Answer.UNANSWERED; a.sector = sector; a.bytes = bytes;
  a.data = TABLE_BYTES + t.used;
  t.used += (bytes + 15) & ~15;
  t.count++;
  endSlice();
  return a;
}

/** Address of a request's data. */
export function dataOf(a: Asked): usize {
  const from = changetype<usize>(a) - DISK_TABLES;
  return DISK_TABLES + (from & ~(DISK_BYTES - 1)) + a.data;
}

/** Takes back the last request. */
export function unask(disk: u32): void {
  const t = table(disk);
  if (!t.count) return;
  t.count--;
  t.used -= (askedAt(disk, t.count).bytes + 15) & ~15;
}

/** Every request of the batch has been answered, and dealt with. */
export function clearAsked(disk: u32): void { table(disk).count = 0; table(disk).used = 0; }

/** For the host: where a disk's table is. */
export function diskTable(disk: u32): u32 { return <u32>changetype<usize>(table(disk)); }

// What the host asks of translations and says of them, between runs of the module: it fetches the open batch, compiles it whenever it likes,
// puts the functions in the table and says so. The host sees nothing of the guest and decides nothing of it.

import { control } from "../base/control";
import { links } from "../base/machine";
import { dropAllBlocks } from "../decode/cache";
import { Import } from "../translate/imports";
import { writeModule } from "../translate/module";
import { DESK, MAX_BATCHES, MAX_REGIONS, OUT } from "../translate/places";
import { isStale, regionOf } from "../translate/regions";
import { batchOf, begin, codeWaiting, Desk, desk, dropBatch, numberOf, release } from "./batches";
import { startPace } from "./pace";
import { AT_ONCE } from "./translations";

export { codeWaiting, dropBatch } from "./batches";

/** Ticks of a region's part between two looks at it, a power of two; with a threshold below it is looked at every time. */
@inline const SELDOM: u32 = 4096;

/** On with a threshold in ticks, off with 0; `eager`: what is translated is to be compiled at once. What there was is dropped. */
export function setTranslation(threshold: u32, eager: u32): void {
  desk.asked = threshold; desk.eager = eager;
  startPace();
  desk.looks = threshold < SELDOM ? ~0 : ~(SELDOM - 1);
  desk.balance = AT_ONCE; desk.reckoned = control.base;
  dropAllBlocks();
}

/** Writes the open batch's module and opens the next; the module's bytes, at waitingModuleAt(). 0: there is none, or it is refused. */
export function takeBatch(): u32 {
  if (!codeWaiting()) return 0;
  const bytes = writeModule(), taken = desk.open;
  if (desk.open - desk.oldest >= MAX_BATCHES - 1) dropBatch();
  desk.open++;
  begin();
  desk.bytes += bytes;
  if (!bytes) refuseBatch(taken);
  return bytes;
}
export function waitingModuleAt(): u32 { return <u32>OUT; }
/** Serial number of the batch taken last, and of the oldest that is there. */
export function takenBatch(): u32 { return desk.open - 1; }
export function oldestBatch(): u32 { return links.translations ? desk.oldest : desk.open + 1; }
/** How many functions a batch has, and the number of the region that its `k`th is. */
export function functionsIn(serial: u32): u32 { return batchOf(serial).count; }
export function regionIn(serial: u32, k: u32): u32 { return numberOf(batchOf(serial), k); }
/** Index of a module's first function behind those that it imports. */
export function firstFunction(): u32 { return Import.COUNT; }
export function mostRegions(): u32 { return MAX_REGIONS; }
/** Where a region begins in the guest. */
export function regionRipLo(n: u32): u32 { return <u32>regionOf(n).rip; }
export function regionRipHi(n: u32): u32 { return <u32>(regionOf(n).rip >> 32); }

@inline function isThere(serial: u32): bool { return links.translations != 0 && serial - desk.oldest < desk.open - desk.oldest; }
/** The batch was compiled: the functions of its regions are in the table from `base` on, by their numbers. 0: it is no more. */
export function linkBatch(serial: u32, base: u32): u32 {
  if (!isThere(serial)) return 0;
  const b = batchOf(serial);
  for (let k: u32 = 0; k < b.count; k++) {
    const n = numberOf(b, k), r = regionOf(n);
    if (isStale(r)) { release(r); desk.stale++; }
    else if (r.tag) r.slot = base + n;
  }
  return 1;
}
/** It was not, and never will: its blocks stay with the interpreter, as those that wait. */
export function refuseBatch(serial: u32): void {
  if (isThere(serial)) desk.refused += batchOf(serial).count;
}
/** Address of what is counted: Desk, from `translated` on. */
export function translationCounts(): u32 { return <u32>DESK + <u32>offsetof<Desk>("translated"); }

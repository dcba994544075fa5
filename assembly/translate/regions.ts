// The regions that have been translated, and what each stands on: a number a region, the same as its place here. A region may be entered only
// while all of that is so: mode, code segment, its pages where they were, no block of theirs dropped since.

import { codeChanges } from "../base/changes";
import { links } from "../base/machine";
import { cpu, segment, Seg } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { pageOf } from "../memory/ram";
import { REGION_BYTES, REGIONS } from "./places";

@inline export const MAX_PAGES: u32 = 16;
/** In a block's region: it is a part of that one, and may not be entered there. */
@inline export const MEMBER: u32 = 0x4000_0000;

@unmanaged export class Region {
  rip: u64;
  csBase: u64;
  mode: u32;
  pages: u32;
  /** Index of its function in the table; 0 while it is being compiled, or when it was refused. */
  slot: u32;
  csLimit: u32;
  /** Blocks that it may be entered at. */
  entries: u32;
  /** Times that it was left by a jump to an address it did not know. */
  misses: u32;
  /** 1: such addresses have been learned since. */
  grown: u32;
  /** Changes of code up to when none of its own was found (links.changes). */
  seen: u32;
  /** Guest instructions in it. */
  insns: u32;
  /** What the blocks that lead to it hold (run/batches.ts); 0: the region is no more. */
  tag: u32;
  /** 1: it was formed with the sizes of a large one; ticks that a small one has run for, and what leaving it has cost, in ticks. */
  large: u32; spent: u32;
  /** Tag of the region that this one is to replace, and that runs until it can; 0: none. */
  before: u32;
  /** Times that it has been made anew. */
  renewals: u32;
}
@inline export function regionOf(n: u32): Region { return changetype<Region>(REGIONS + <usize>n * REGION_BYTES); }

/** A page: | linear u64 | host u32 | changes u32 | */
@inline function pageAt(r: Region, k: u32): usize { return changetype<usize>(r) + 72 + (<usize>k << 4); }
export function linearPage(r: Region, k: u32): u64 { return load<u64>(pageAt(r, k)); }
export function notePage(r: Region, linear: u64, host: u32, changes: u32): void {
  const p = pageAt(r, r.pages);
  store<u64>(p, linear); store<u32>(p, host, 8); store<u32>(p, changes, 12);
  r.pages++;
}

/** Code of it has been dropped: it will never be current again. */
export function isStale(r: Region): bool {
  if (r.seen == links.changes) return false;
  for (let k: u32 = 0; k < r.pages; k++) {
    const p = pageAt(r, k);
    if (codeChanges(pageOf(load<u32>(p, 8))) != load<u32>(p, 12)) return true;
  }
  r.seen = links.changes;
  return false;
}
/**
 * May it be entered at rip, for the rest? One block may be run at several linear addresses: a region of several entries looks at rip itself,
 * and leaves at once when it is none of them; so one of several pages does with the page (structure.ts).
 */
export function isCurrent(r: Region): bool {
  return (r.entries != 1 || r.rip == cpu.rip) && standsAsFormed(r) && (r.pages != 1 || isPresent(pageAt(r, 0)));
}
/** Mode and code segment. */
export function standsAsFormed(r: Region): bool {
  return r.mode == cpu.mode && r.csBase == segment(Seg.CS).base && r.csLimit == segment(Seg.CS).limit;
}
/** The exec table has the page where it was. */
function isPresent(p: usize): bool {
  const linear = load<u64>(p), e = entryAt(cpu.tlbExec, linear);
  return load<u64>(e) == linear && <u32>linear + load<u32>(e, 8) == load<u32>(p, 8);
}
export function hostPage(r: Region, k: u32): u32 { return load<u32>(pageAt(r, k), 8); }

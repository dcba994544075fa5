// AMD's legacy performance counters: PERFEVTSEL0-3 and PERFCTR0-3 (C001_0000 to C001_0007), and RDPMC. APM vol. 2, 13.2.1 and 13.2.2. They
// exist without a CPUID bit, and hypervisors and test kernels write them unasked.
//
// Two events are counted, because the machine knows them: instructions retired (C0h) and cycles (76h), both one a tick, and only where an event is
// enabled for every privilege level. A counter of anything else stays as it was written. None interrupts when it overflows.

import { ticks } from "../base/control";
import { MSRS } from "./state";
import { LEGACY_COUNTERS, PERFEVTSEL0 } from "./msr-spec";

/** What PERFEVTSELn and PERFCTRn hold; of a counter that counts, less the ticks that it began at. */
@unmanaged class Slot { select: u64; value: u64; }
@inline function slot(n: u32): Slot { return changetype<Slot>(MSRS + 0x280 + (<usize>n << 4)); }

/** Counters are 48 bits wide. */
@inline const WIDTH: u64 = 0xffff_ffff_ffff;
/** USR, OS and EN: on at every level. Edge detection, inversion, a count mask and a unit mask make other events. */
@inline const EVERYWHERE: u64 = 1 << 16 | 1 << 17 | 1 << 22;
@inline const EVENT: u64 = 0xf_0000_00ff;
@inline const OTHERWISE: u64 = 0xff84_ff00;
@inline const RETIRED: u64 = 0xc0;
@inline const CYCLES: u64 = 0x76;

function counts(select: u64): bool {
  const event = select & EVENT;
  return (event == RETIRED || event == CYCLES) && (select & EVERYWHERE) == EVERYWHERE && !(select & OTHERWISE);
}

@inline export function isCounter(index: u32): bool { return index - PERFEVTSEL0 < 2 * LEGACY_COUNTERS; }

/** PERFCTRn. */
export function readCounter(n: u32): u64 {
  const s = slot(n);
  return counts(s.select) ? (s.value + ticks()) & WIDTH : s.value;
}
function writeCounter(n: u32, v: u64): void {
  const s = slot(n);
  s.value = counts(s.select) ? v - ticks() : v & WIDTH;
}

/** `index`: PERFEVTSEL0 to PERFCTR3. */
export function readCounterMsr(index: u32): u64 {
  const n = index & 3;
  return index - PERFEVTSEL0 < LEGACY_COUNTERS ? slot(n).select : readCounter(n);
}
export function writeCounterMsr(index: u32, v: u64): void {
  const n = index & 3;
  if (index - PERFEVTSEL0 >= LEGACY_COUNTERS) { writeCounter(n, v); return; }
  const count = readCounter(n);
  slot(n).select = v;
  writeCounter(n, count);
}

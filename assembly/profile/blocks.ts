// The block about to run, as attribution needs it: how many of its records are run in one step, what they access, and whose they are. A step
// ends where a function does, and what moves the stack elsewhere or repeats is one by itself. Known by block and address; what is known is
// good until the decode cache is emptied, for until then no block's place is used again.

import { RECORD } from "../base/control";
import { links } from "../base/machine";
import { cpu, Mode, segment, Seg } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { Block, firstRecord, lookUp } from "../decode/cache";
import { Insn } from "../decode/record";
import { isProgram, isTold } from "./programs";
import { knownAt, Known, KnownIs, KNOWN_SLOTS, Profile, profile } from "./state";
import { endOf, markAt, nextMark, startOf } from "./symbols";
import { Trait, traitsAt, traitsOf } from "./traits";

@inline export function linearRip(): u64 {
  return cpu.mode & Mode.LONG ? cpu.rip : (cpu.rip + segment(Seg.CS).base) & 0xffff_ffff;
}

/** What is known of the block at `linear`; null where it is not in the TLB or not decoded: looking further would be the guest's. */
export function knownHere(linear: u64): Known {
  const e = entryAt(cpu.tlbExec, linear);
  if (load<u64>(e) != (linear & ~0xfff)) return changetype<Known>(0);
  const b = lookUp(<u32>linear + load<u32>(e, 8), cpu.mode), p = profile();
  if (!changetype<usize>(b)) return changetype<Known>(0);
  if (links.blockSpace < p.blockSpace) p.epoch++;
  p.blockSpace = links.blockSpace;
  const k = knownAt((<u32>changetype<usize>(b) >> 3) * 0x9e37_79b1 >> 16 & (KNOWN_SLOTS - 1));
  if (k.block != <u32>changetype<usize>(b) || k.rip != linear || k.epoch != p.epoch || k.flags & KnownIs.UNPLACED) learn(k, b, linear, p);
  return k;
}

function learn(k: Known, b: Block, linear: u64, p: Profile): void {
  k.block = <u32>changetype<usize>(b); k.rip = linear; k.epoch = p.epoch;
  k.start = startOf(linear); k.mark = <u16>markAt(linear);
  k.loads = 0; k.stores = 0; k.count = 0; k.flags = isProgram(p) && !isTold(linear) ? <u8>KnownIs.UNPLACED : 0;
  const first = firstRecord(b), page = linear & ~0xfff, end = min(endOf(linear), nextMark(linear));
  for (let r = first; r < b.end; r += RECORD) {
    const i = changetype<Insn>(<usize>r), traits = traitsOf(i);
    store<u16>(traitsAt(r), <u16>traits);
    if (r != first && (traits & Trait.ALONE || page + i.offset >= end)) return;
    k.count++;
    k.loads += <u16>(traits & Trait.COUNT);
    k.stores += <u16>(traits >> Trait.STORES_SHIFT & Trait.COUNT);
    if (traits & Trait.REPEATS) k.flags |= <u8>KnownIs.REPEATS;
    if (traits & Trait.ALONE) return;
  }
}

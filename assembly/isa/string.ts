// MOVS CMPS STOS LODS SCAS, alone and repeated. SDM vol. 2; vol. 1, 7.3.9.
// A repetition is many ticks: each iteration counts one. It runs in one go up to the loop's limit, page by page where both
// sides are plain RAM, and leaves rip on itself when it is not finished, so that interrupts are taken between iterations
// exactly where a processor that does one at a time would take them. A fault leaves the iterations before it done.

import { control } from "../base/control";
import { countUnretired } from "../base/counters";
import { Insn, Is } from "../decode/record";
import { Run, getReg, setReg, faulted, running } from "../ir/words";
import { loadLinear, storeLinear } from "../cpu/memory";
import { entryAt } from "../cpu/tlb";
import { does, Trait } from "../base/vendor";
import { cpu, Flag, Mode, Seg } from "../cpu/state";
import { linearIn } from "../ir/words-memory";
import { Flags, setFlags } from "../ir/words-flags";
import { recordRun } from "./effects";
import { inSegment, ownRip, R } from "./operands";

export const enum Str { MOVS, CMPS, STOS, LODS, SCAS }

/** Width of rSI, rDI and rCX: the address size. */
@inline function widthOf(i: Insn): u32 { return i.flags & Is.ADDR16 ? 16 : i.flags & Is.ADDR32 ? 32 : 64; }

export function string<M>(i: Insn, op: u32): void {
  if (!running<M>()) return recordRun(i);
  if (!(i.flags & (Is.REP | Is.REPNE))) { once(i, op); return; }
  repeat(i, op);
}

function repeat(i: Insn, op: u32): void {
  const width = widthOf(i);
  let left = getReg<Run>(R.CX, width);
  if (left == 0) return;
  let done: u64 = 0;
  const room = control.limit - (control.base + <u64>((control.current - control.first) >> 5));
  while (done < room && left != 0) {
    const n = bulk(i, op, min(left, room - done));
    if (n) { done += n; left -= n; setReg<Run>(R.CX, left, width); continue; }
    once(i, op);
    if (faulted<Run>()) { control.base += done; countUnretired(done); return; }
    done++; left--;
    setReg<Run>(R.CX, left, width);
    if (op == Str.CMPS || op == Str.SCAS) {
      const zf = cpu.ccResult == 0;
      if (i.flags & Is.REP ? !zf : zf) { left = 0; break; }
    }
    if (control.end == 0) break; // a device or a store to code wants a look
  }
  control.base += done - 1;
  countUnretired(left != 0 ? done : done - 1);
  if (left != 0) { cpu.rip = ownRip(i); control.end = 0; control.again = 1; }
}

/** One iteration; nothing moves when it faults. Which of its sides CMPS reads first is the vendor's. */
function once(i: Insn, op: u32): void {
  const bits = <u32>i.bits, bytes = bits >> 3, width = widthOf(i), compares = op == Str.CMPS || op == Str.SCAS;
  const late = op == Str.CMPS && does(Trait.CMPS_SOURCE_FIRST);
  let b = compares && !late ? loadLinear(destination(width, bytes, false), bytes) : 0;
  if (faulted<Run>()) return;
  const fromAcc = op == Str.STOS || op == Str.SCAS;
  const v = fromAcc ? getReg<Run>(R.AX, bits) : loadLinear(inSegment<Run>(i, getReg<Run>(R.SI, width), bytes, false), bytes);
  if (faulted<Run>()) return;
  if (late) {
    b = loadLinear(destination(width, bytes, false), bytes);
    if (faulted<Run>()) return;
  }
  if (op == Str.MOVS || op == Str.STOS) {
    if (!storeLinear(destination(width, bytes, true), bytes, v)) return;
  } else if (op == Str.LODS) setReg<Run>(R.AX, v, bits);
  else setFlags<Run>(Flags.SUB, v, b, v - b, bits);
  const step: u64 = cpu.flags & Flag.DF ? <u64>0 - bytes : bytes;
  if (!fromAcc) setReg<Run>(R.SI, getReg<Run>(R.SI, width) + step, width);
  if (op != Str.LODS) setReg<Run>(R.DI, getReg<Run>(R.DI, width) + step, width);
}

/** Linear address of ES:rDI; ES cannot be overridden. */
function destination(width: u32, bytes: u32, write: bool): u64 {
  const di = getReg<Run>(R.DI, width);
  if (cpu.mode & Mode.LONG || cpu.mode & Mode.FLAT) return di;
  return linearIn(Seg.ES, di, bytes, write);
}

/** Iterations of MOVS or STOS, upwards, that stay in one page on each side and hit the TLB: done at once. 0 if none. */
function bulk(i: Insn, op: u32, most: u64): u64 {
  if (op != Str.MOVS && op != Str.STOS || cpu.flags & Flag.DF) return 0;
  if (!(cpu.mode & (Mode.LONG | Mode.FLAT)) || i.seg != Seg.NONE || i.flags & Is.ADDR16) return 0;
  const width = widthOf(i), bytes = <u64>(i.bits >> 3);
  const di = getReg<Run>(R.DI, width);
  const to = entryAt(cpu.tlbWrite, di);
  if (load<u64>(to) != (di & ~0xfff)) return 0;
  let n = min(most, (0x1000 - (di & 0xfff)) / bytes);
  const target = <usize>(<u32>di + load<u32>(to, 8));
  if (op == Str.MOVS) {
    const si = getReg<Run>(R.SI, width), from = entryAt(cpu.tlbRead, si);
    if (load<u64>(from) != (si & ~0xfff)) return 0;
    n = min(n, (0x1000 - (si & 0xfff)) / bytes);
    const source = <usize>(<u32>si + load<u32>(from, 8));
    // Overlapping upwards copies repeat a pattern: one at a time.
    if (source < target && target < source + <usize>(n * bytes)) return 0;
    memory.copy(target, source, <usize>(n * bytes));
    setReg<Run>(R.SI, si + n * bytes, width);
  } else fillWith(target, n, <u32>bytes);
  if (n) setReg<Run>(R.DI, di + n * bytes, width);
  return n;
}
function fillWith(target: usize, n: u64, bytes: u32): void {
  const v = getReg<Run>(R.AX, 64);
  if (bytes == 1 || v == 0) { memory.fill(target, <u8>v, <usize>n * bytes); return; }
  const end = target + <usize>n * bytes;
  for (let p = target; p < end; p += bytes) {
    if (bytes == 8) store<u64>(p, v); else if (bytes == 4) store<u32>(p, <u32>v); else store<u16>(p, <u16>v);
  }
}

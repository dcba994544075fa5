// FLDENV, FNSTENV, FRSTOR, FNSAVE: the environment in its four layouts. Intel SDM vol. 1, 8.1.10, figures 8-9 to 8-12.
//
//            0     2     4     6       8    10   12   (16-bit)    0    4    8    12   16   20   24   (32-bit; words above: ones)
//  protected FCW   FSW   FTW   FIP     FCS  FDP  FDS              FCW  FSW  FTW  FIP  FCS|FOP  FDP  FDS
//  real      FCW   FSW   FTW   FIP     FIP:FOP   FDP  FDP         the same with the upper pointer bits in bits 12 to 27
//
// Then, for FNSAVE, ST(0) to ST(7), ten bytes each. FCS and FDS read as 0, as on processors that announce their deprecation.

import { Insn } from "../decode/record";
import { Run, faulted } from "../ir/words";
import { loadMem } from "../ir/words-memory";
import { cpu, fpr, Mode } from "../cpu/state";
import { EXPONENT_MAX } from "../float/f80";
import { address } from "./operands";
import { IMAGE, loadImage, probeImage, storeImage } from "./x87-buffer";
import { initialize } from "./x87-register";
import { FCW_FIXED, FCW_VALID, st, summarize } from "./x87-stack";

@inline function isReal(): bool { return !(cpu.mode & Mode.PROTECTED) || (cpu.mode & Mode.V86) != 0; }
@inline function environmentBytes(wide: bool): u32 { return wide ? 28 : 14; }

/** Two bits a physical register: valid, zero, special, empty. SDM vol. 1, 8.1.7. */
export function fullTags(): u32 {
  let tags: u32 = 0;
  for (let r: u32 = 0; r < 8; r++) tags |= tagOf(r) << (2 * r);
  return tags;
}
function tagOf(r: u32): u32 {
  if (((<u32>cpu.ftw >> r) & 1) == 0) return 3;
  const e = <u32>load<u16>(fpr(r), 8) & EXPONENT_MAX, m = load<u64>(fpr(r));
  if (e == 0 && m == 0) return 1;
  return e == 0 || e == EXPONENT_MAX || <i64>m >= 0 ? 2 : 0;
}
/** One bit a register: set unless its full tag says empty. */
function abridged(tags: u32): u32 {
  let bits: u32 = 0;
  for (let r: u32 = 0; r < 8; r++) bits |= <u32>(((tags >> (2 * r)) & 3) != 3) << r;
  return bits;
}

function buildEnvironment(wide: bool): void {
  const step: usize = wide ? 4 : 2;
  if (wide) memory.fill(IMAGE, 0xff, 28);
  store<u16>(IMAGE, cpu.fcw);
  store<u16>(IMAGE + step, cpu.fsw);
  store<u16>(IMAGE + 2 * step, <u16>fullTags());
  const fip = <u32>cpu.fip, fdp = <u32>cpu.fdp, fop = <u32>cpu.fop & 0x7ff;
  if (wide) {
    const real = isReal();
    store<u32>(IMAGE, real ? 0xffff_0000 | (fip & 0xffff) : fip, 12);
    store<u32>(IMAGE, real ? (fip >> 16 << 12) | fop : fop << 16, 16);
    store<u32>(IMAGE, real ? 0xffff_0000 | (fdp & 0xffff) : fdp, 20);
    store<u32>(IMAGE, real ? fdp >> 16 << 12 : 0xffff_0000, 24);
  } else {
    const real = isReal();
    store<u16>(IMAGE, <u16>fip, 6);
    store<u16>(IMAGE, <u16>(real ? ((fip >> 16 & 15) << 12) | fop : 0), 8);
    store<u16>(IMAGE, <u16>fdp, 10);
    store<u16>(IMAGE, <u16>(real ? (fdp >> 16 & 15) << 12 : 0), 12);
  }
}

function takeEnvironment(wide: bool): void {
  const step: usize = wide ? 4 : 2;
  cpu.fcw = <u16>((<u32>load<u16>(IMAGE) & FCW_VALID) | FCW_FIXED);
  cpu.fsw = load<u16>(IMAGE + step);
  cpu.ftw = <u8>abridged(load<u16>(IMAGE + 2 * step));
  const at = wide ? load<u32>(IMAGE, 16) : <u32>load<u16>(IMAGE, 8);
  const above = wide ? load<u32>(IMAGE, 24) : <u32>load<u16>(IMAGE, 12);
  const fip = wide ? load<u32>(IMAGE, 12) : <u32>load<u16>(IMAGE, 6);
  const fdp = wide ? load<u32>(IMAGE, 20) : <u32>load<u16>(IMAGE, 10);
  if (isReal()) {
    cpu.fop = <u16>(at & 0x7ff);
    cpu.fip = (fip & 0xffff) | ((at >> 12 & 0xffff) << 16);
    cpu.fdp = (fdp & 0xffff) | ((above >> 12 & 0xffff) << 16);
  } else {
    if (wide) cpu.fop = <u16>(at >> 16 & 0x7ff);
    cpu.fip = fip;
    cpu.fdp = fdp;
  }
  summarize();
}

export function storeEnvironment(i: Insn): void {
  const wide = i.bits != 16, bytes = environmentBytes(wide);
  const a = address<Run>(i, bytes, true);
  if (!probeImage(a, bytes, wide ? 4 : 2)) return;
  buildEnvironment(wide);
  storeImage(a, 0, bytes);
  cpu.fcw = <u16>(<u32>cpu.fcw | 0x3f);
  summarize();
}

/** Loads an image, its first word and then its last byte before the rest: that is what a fault names. */
function loadWhole(a: u64, bytes: u32, wide: bool): bool {
  loadMem<Run>(a, wide ? 4 : 2);
  if (faulted<Run>()) return false;
  loadMem<Run>(a + bytes - 1, 1);
  return !faulted<Run>() && loadImage(a, bytes);
}

export function loadEnvironment(i: Insn): void {
  const wide = i.bits != 16, bytes = environmentBytes(wide);
  if (loadWhole(address<Run>(i, bytes, false), bytes, wide)) takeEnvironment(wide);
}

export function storeState(i: Insn): void {
  const wide = i.bits != 16, head = environmentBytes(wide);
  const a = address<Run>(i, head + 80, true);
  if (!probeImage(a, head + 80, wide ? 4 : 2)) return;
  buildEnvironment(wide);
  for (let r: u32 = 0; r < 8; r++) {
    const to = IMAGE + head + 10 * r;
    store<u64>(to, load<u64>(st(r)));
    store<u16>(to, load<u16>(st(r), 8), 8);
  }
  storeImage(a, 0, head + 80);
  initialize();
}

export function loadState(i: Insn): void {
  const wide = i.bits != 16, head = environmentBytes(wide);
  if (!loadWhole(address<Run>(i, head + 80, false), head + 80, wide)) return;
  takeEnvironment(wide);
  for (let r: u32 = 0; r < 8; r++) {
    const from = IMAGE + head + 10 * r;
    store<u64>(st(r), load<u64>(from));
    store<u16>(st(r), load<u16>(from, 8), 8);
  }
}

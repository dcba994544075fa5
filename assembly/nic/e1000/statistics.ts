// Statistics registers (manual 13.7). Each stays at its largest value until it is read; lengths include the FCS.

import { E1000, getReg, setReg } from "./state";
import { Stat } from "./spec";

@inline const FCS_BYTES: u32 = 4;

export function addStat(d: E1000, at: u32, n: u32): void {
  const old = getReg(d, at);
  setReg(d, at, old + n < old ? 0xffff_ffff : old + n);
}

/** A 64-bit count in two registers. */
function addWide(d: E1000, low: u32, n: u64): void {
  const sum = (<u64>getReg(d, low + 4) << 32 | getReg(d, low)) + n;
  setReg(d, low, <u32>sum);
  setReg(d, low + 4, <u32>(sum >> 32));
}

/** Reading the upper half clears both (the engine clears the upper one itself). */
export function readHigh(dev: usize, offset: u32): void { setReg(changetype<E1000>(dev), offset - 4, 0); }

/** The register of a length's class, counted from the one for 64 bytes. */
function sizeClass(first: u32, wire: u32): u32 {
  if (wire <= 64) return first;
  if (wire < 128) return first + 4;
  if (wire < 256) return first + 8;
  if (wire < 512) return first + 12;
  return wire < 1024 ? first + 16 : first + 20;
}

/** A good frame received, `bytes` without FCS. */
export function countReceived(d: E1000, to: usize, bytes: u32): void {
  const wire = bytes + FCS_BYTES;
  addStat(d, sizeClass(Stat.PRC64, wire), 1);
  addStat(d, Stat.GPRC, 1);
  if (isBroadcast(to)) addStat(d, Stat.BPRC, 1);
  else if (load<u8>(to) & 1) addStat(d, Stat.MPRC, 1);
  addWide(d, Stat.GORCL, wire);
}

/** Any frame that came, wanted or not. */
export function countSeen(d: E1000, bytes: u32): void {
  addStat(d, Stat.TPR, 1);
  addWide(d, Stat.TORL, bytes + FCS_BYTES);
}

/** `n` frames of `bytes` each sent. */
export function countSent(d: E1000, to: usize, bytes: u32, n: u32): void {
  const wire = max(bytes, 60) + FCS_BYTES;
  addStat(d, sizeClass(Stat.PTC64, wire), n);
  addStat(d, Stat.GPTC, n);
  addStat(d, Stat.TPT, n);
  if (isBroadcast(to)) addStat(d, Stat.BPTC, n);
  else if (load<u8>(to) & 1) addStat(d, Stat.MPTC, n);
  addWide(d, Stat.GOTCL, <u64>wire * n);
  addWide(d, Stat.TOTL, <u64>wire * n);
}

@inline export function isBroadcast(to: usize): bool { return load<u32>(to) == 0xffff_ffff && load<u16>(to, 4) == 0xffff; }

// RFLAGS, put together from where its bits live. Intel SDM vol. 1, 3.4.3.
// The six status flags are derived from two words (state.ts: ccResult, ccCarry) so that an instruction that sets them
// stores two values and computes nothing; the others are kept as they are in cpu.flags.

import { control, leaveBlock } from "../base/control";
import { cpu, Flag } from "./state";
import { updateMode, updateTrace } from "./mode";

/** 1 if the low byte has an even number of ones. */
@inline function evenParity(v: u64): u64 { return (popcnt(v & 0xff) & 1) ^ 1; }

/** The six status flags, at their places. */
export function statusFlags(): u64 {
  const r = cpu.ccResult, c = cpu.ccCarry;
  const cf = c >> 63;
  const pf = evenParity(r) ^ (c & 1);
  const af = (c >> 3) & 1;
  const zf = <u64>(r == 0);
  const sf = (r >> 63) ^ ((c >> 1) & 1);
  const ovf = cf ^ ((c >> 62) & 1);
  return cf | pf << 2 | af << 4 | zf << 6 | sf << 7 | ovf << 11;
}

/** All of RFLAGS. */
export function readFlags(): u64 { return statusFlags() | cpu.flags; }

/** Sets the six status flags from their places in `v`: any combination can be held. */
export function setStatusFlags(v: u64): void {
  const cf = v & 1, zf = (v >> 6) & 1, pf = (v >> 2) & 1, sf = (v >> 7) & 1, ovf = (v >> 11) & 1;
  // Of the two results used, 0 has even parity and 1 has odd; both have the sign clear.
  cpu.ccResult = zf ^ 1;
  cpu.ccCarry = cf << 63 | (cf ^ ovf) << 62 | ((v >> 4) & 1) << 3 | sf << 1 | (pf ^ zf);
}

/** Sets the flags under `mask` from `value`, with what follows from TF, IF, VM and AC. */
export function writeFlags(value: u64, mask: u64): void {
  const status = mask & Flag.STATUS;
  // What replaces all six (SYSCALL, SYSRET, IRET, POPF) need not know them.
  if (status == Flag.STATUS) setStatusFlags(value);
  else if (status) setStatusFlags((statusFlags() & ~status) | (value & status));
  const kept = mask & ~(<u64>Flag.STATUS | 2);
  const before = cpu.flags;
  const after = (before & ~kept) | (value & kept) | 2;
  cpu.flags = after;
  const changed = before ^ after;
  if (!changed) return;
  if (changed & (Flag.VM | Flag.AC)) updateMode();
  if (changed & Flag.TF) updateTrace();
  // An interrupt may be waiting for IF.
  if (changed & Flag.IF && control.events) leaveBlock();
}

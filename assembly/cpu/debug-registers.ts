// DR0-DR7. Intel SDM vol. 3, 17.2. Instruction breakpoints stop the loop before the instruction; one on data is noted by the access
// (cpu.watched), or on ports by IN, OUT and their strings, and trapped after its instruction.

import { cpu, Cr4, Flag } from "./state";
import { selectTlb } from "./tlb";
import { updateTrace } from "./mode";
import { raiseDebug, raiseGp, raiseUd } from "./exceptions";

@inline const DR6_FIXED: u64 = 0xffff_0ff0;
@inline const DR6_BITS: u64 = 0xe00f;
@inline const DR7_FIXED: u64 = 0x400;
@inline const DR7_BITS: u64 = 0xffff_23ff;
@inline const GENERAL_DETECT: u64 = 1 << 13;
/** L0 to L3 and LE: a task switch clears them. */
@inline const LOCAL: u64 = 0x155;

/** DR6 above the breakpoints' own bits: debug register accessed, single step, task switch. */
export const enum Status { BD = 1 << 13, BS = 1 << 14, BT = 1 << 15 }

/** Checks common to both ways; the register's number, or -1 after raising. DR4 and DR5 are DR6 and DR7 unless CR4.DE. */
function select(n: u32): i32 {
  if (n > 7 || (n == 4 || n == 5) && cpu.cr4 & Cr4.DE) { raiseUd(); return -1; }
  if (cpu.cpl != 0) { raiseGp(0); return -1; }
  if (cpu.dr7 & GENERAL_DETECT) { raiseDebug(Status.BD); return -1; }
  return n == 4 || n == 5 ? n + 2 : n;
}

/** Test cpu.raised. */
export function readDebug(n: u32): u64 {
  switch (select(n)) {
    case 0: return cpu.dr0;
    case 1: return cpu.dr1;
    case 2: return cpu.dr2;
    case 3: return cpu.dr3;
    case 6: return cpu.dr6 & DR6_BITS | DR6_FIXED;
    case 7: return cpu.dr7 | DR7_FIXED;
  }
  return 0;
}

export function writeDebug(n: u32, v: u64): void {
  const r = select(n);
  if (r >= 6 && v >> 32) { raiseGp(0); return; }
  switch (r) {
    case 0: cpu.dr0 = v; break;
    case 1: cpu.dr1 = v; break;
    case 2: cpu.dr2 = v; break;
    case 3: cpu.dr3 = v; break;
    case 6: cpu.dr6 = v & DR6_BITS | DR6_FIXED; break;
    case 7:
      cpu.dr7 = v & DR7_BITS | DR7_FIXED;
      cpu.flags &= ~(<u64>Flag.RF); // it was not kept up while nothing was armed
      updateTrace();
      selectTlb();
      break;
  }
}

/** A new task: its breakpoints are not the old one's. */
export function dropLocalBreakpoints(): void {
  cpu.dr7 &= ~LOCAL;
  selectTlb();
}

/** Any breakpoint is enabled, locally or globally. */
@inline export function isArmed(): bool { return (cpu.dr7 & 0xff) != 0; }

@inline function addressOf(n: u32): u64 { return n == 0 ? cpu.dr0 : n == 1 ? cpu.dr1 : n == 2 ? cpu.dr2 : cpu.dr3; }

/** What breakpoint `n` waits for, or NONE if it is not enabled. */
const enum Kind { EXECUTE, WRITE, PORT, ACCESS, NONE }
function kindOf(n: u32): u32 { return cpu.dr7 >> (n << 1) & 3 ? <u32>(cpu.dr7 >> (16 + (n << 2))) & 3 : Kind.NONE; }

/** Some of `bytes` bytes at `at` lie in breakpoint `n`. LEN 0 1 2 3 is 1, 2, 8, 4 bytes; the address is aligned to it. */
function overlaps(n: u32, at: u64, bytes: u32): bool {
  const code = <u32>(cpu.dr7 >> (18 + (n << 2))) & 3, length: u64 = code == 2 ? 8 : code + 1, from = addressOf(n) & ~(length - 1);
  return at < from + length && from < at + bytes;
}

/** Raises #DB if an instruction breakpoint lies at this linear address. */
export function raiseBreakpoint(linear: u64): bool {
  let hit: u64 = 0;
  for (let n: u32 = 0; n < 4; n++) if (kindOf(n) == Kind.EXECUTE && addressOf(n) == linear) hit |= <u64>1 << n;
  // What waits behind a MOV SS comes along.
  if (hit) raiseDebug(hit | cpu.watched);
  return hit != 0;
}

/** Notes the data breakpoints that an access touches. */
export function watchAccess(linear: u64, bytes: u32, write: bool): void {
  for (let n: u32 = 0; n < 4; n++) {
    const kind = kindOf(n);
    if ((kind == Kind.ACCESS || kind == Kind.WRITE && write) && overlaps(n, linear, bytes)) cpu.watched |= 1 << n;
  }
}

/** Notes the I/O breakpoints that an access to a port touches; there are none without CR4.DE. */
export function watchPort(port: u32, bytes: u32): void {
  if (!isArmed() || !(cpu.cr4 & Cr4.DE)) return;
  for (let n: u32 = 0; n < 4; n++) if (kindOf(n) == Kind.PORT && overlaps(n, port, bytes)) cpu.watched |= 1 << n;
}

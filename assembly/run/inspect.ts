// The host's window on a machine that is not running: where a register lies, RFLAGS put together, the clock, linear
// addresses, and dropping code that the host overwrote. All of it is cold.

import { control, ticks } from "../base/control";
import { CPU } from "../base/layout";
import { peek } from "../cpu/paging";
import { readFlags, writeFlags } from "../cpu/flags";
import { CpuState } from "../cpu/state";
import { nowNs } from "../device/clock";
import { noteWrite, ramAt } from "../memory/ram";
import { CpuField } from "../surface/fields";

/** Address of a field of the processor's state; 0 for a number that names none. */
export function cpuField(field: u32): u32 {
  const at = fieldOffset(field);
  return at < 0 ? 0 : <u32>CPU + <u32>at;
}

function fieldOffset(field: u32): i32 {
  switch (field) {
    case CpuField.Rip: return <i32>offsetof<CpuState>("rip");
    case CpuField.Cr0: return <i32>offsetof<CpuState>("cr0");
    case CpuField.Cr2: return <i32>offsetof<CpuState>("cr2");
    case CpuField.Cr3: return <i32>offsetof<CpuState>("cr3");
    case CpuField.Cr4: return <i32>offsetof<CpuState>("cr4");
    case CpuField.Cr8: return <i32>offsetof<CpuState>("cr8");
    case CpuField.Xcr0: return <i32>offsetof<CpuState>("xcr0");
    case CpuField.Efer: return <i32>offsetof<CpuState>("efer");
    case CpuField.KernelGsBase: return <i32>offsetof<CpuState>("kernelGsBase");
    case CpuField.GdtBase: return <i32>offsetof<CpuState>("gdtBase");
    case CpuField.GdtLimit: return <i32>offsetof<CpuState>("gdtLimit");
    case CpuField.IdtBase: return <i32>offsetof<CpuState>("idtBase");
    case CpuField.IdtLimit: return <i32>offsetof<CpuState>("idtLimit");
    case CpuField.Cpl: return <i32>offsetof<CpuState>("cpl");
    case CpuField.Mxcsr: return <i32>offsetof<CpuState>("mxcsr");
    default: return debugOffset(field);
  }
}

function debugOffset(field: u32): i32 {
  switch (field) {
    case CpuField.Dr0: return <i32>offsetof<CpuState>("dr0");
    case CpuField.Dr1: return <i32>offsetof<CpuState>("dr1");
    case CpuField.Dr2: return <i32>offsetof<CpuState>("dr2");
    case CpuField.Dr3: return <i32>offsetof<CpuState>("dr3");
    case CpuField.Dr6: return <i32>offsetof<CpuState>("dr6");
    case CpuField.Dr7: return <i32>offsetof<CpuState>("dr7");
    case CpuField.Fcw: return <i32>offsetof<CpuState>("fcw");
    case CpuField.Fsw: return <i32>offsetof<CpuState>("fsw");
    case CpuField.Ftw: return <i32>offsetof<CpuState>("ftw");
    default: return -1;
  }
}

/** RFLAGS. */
export function readRflags(): u32 { return <u32>readFlags(); }
/** Sets all of RFLAGS, with what follows from VM, AC and TF. */
export function writeRflags(flags: u32): void { writeFlags(flags, 0x3f_7fd7); }

/** Instructions retired since the machine was made, and virtual time in ns, as halves. */
export function ticksLo(): u32 { return <u32>ticks(); }
export function ticksHi(): u32 { return <u32>(ticks() >> 32); }
export function nowNsLo(): u32 { return <u32>nowNs(); }
export function nowNsHi(): u32 { return <u32>(nowNs() >> 32); }

/** Units of work that the last run took (base/control.ts): a turn's, and what the last instruction took beyond. */
export function turnUnits(): u32 { return <u32>min<u64>(control.turn, u32.MAX_VALUE); }

@inline function wide(lo: u32, hi: u32): u64 { return <u64>lo | <u64>hi << 32; }

/** Physical address of a linear one through the page tables as they are; all ones where nothing is mapped. */
export function peekLo(lo: u32, hi: u32): u32 { return <u32>peek(wide(lo, hi)); }
export function peekHi(lo: u32, hi: u32): u32 { return <u32>(peek(wide(lo, hi)) >> 32); }

/** Forgets code decoded from RAM that the host has just written. */
export function dropCode(gpaLo: u32, gpaHi: u32, bytes: u32): void {
  const gpa = wide(gpaLo, gpaHi);
  for (let done: u64 = 0; done < <u64>bytes; done = ((gpa + done | 4095) + 1) - gpa) {
    const at = ramAt(gpa + done, 1);
    if (at) noteWrite(at, <u32>min<u64>(<u64>bytes - done, 4096 - (gpa + done & 4095)));
  }
}

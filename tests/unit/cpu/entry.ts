// The processor's system side alone: no decoder, no instructions, the bus without devices.
import { control, clearEvent, Event, NO_YIELD } from "../../../assembly/base/control";
import { machine } from "../../../assembly/base/machine";
import { RAM } from "../../../assembly/base/layout";
import { cpu, gpr, segment } from "../../../assembly/cpu/state";
import { resetCpu } from "../../../assembly/cpu/reset";
import { enterLong, enterProtected, enterReal } from "./mode-entry";
import { attachTlb, flushAll } from "../../../assembly/cpu/tlb";
import { setCpl, updateMode } from "../../../assembly/cpu/mode";
import { writeFlags } from "../../../assembly/cpu/flags";
import { resetClock } from "../../../assembly/device/clock";

export { readFlags, writeFlags, setStatusFlags, statusFlags } from "../../../assembly/cpu/flags";
export { raise, raiseNoCode, raisePageFault } from "../../../assembly/cpu/exceptions";
export { deliverException, deliverInterrupt, deliverSoftware } from "../../../assembly/cpu/delivery";
export { loadSegment, checkSegment, accessRights, segmentLimit, verify } from "../../../assembly/cpu/segments";
export { farCall, farJump, farReturn } from "../../../assembly/cpu/far";
export { iret } from "../../../assembly/cpu/iret";
export { sysCall, sysReturn, sysEnter, sysExit } from "../../../assembly/cpu/fast-calls";
export { writeCr0, writeCr3, writeCr4 } from "../../../assembly/cpu/control-registers";
export { readMsr, writeMsr } from "../../../assembly/cpu/msr";
export { cpuid } from "../../../assembly/cpu/cpuid";
export { checkPorts } from "../../../assembly/cpu/tss";
export { loadLinear } from "../../../assembly/cpu/memory";

/** Power-up state with so much RAM, all zero. */
export function reset(ramBytes: u32): void {
  machine.ramSize = ramBytes;
  control.events = 0; control.yieldAt = NO_YIELD;
  attachTlb(true);
  memory.fill(RAM, 0, ramBytes);
  resetClock();
  flushAll();
  resetCpu();
}
export function protectedMode(rip: u64): void { enterProtected(rip); }
export function longMode(rip: u64, cr3: u64): void { enterLong(rip, cr3); }
export function realMode(linear: u64): void { enterReal(linear); }

export function setTables(gdt: u64, gdtLimit: u32, idt: u64, idtLimit: u32): void {
  cpu.gdtBase = gdt; cpu.gdtLimit = gdtLimit; cpu.idtBase = idt; cpu.idtLimit = idtLimit;
}
export function setPrivilege(cpl: u32): void { setCpl(cpl); updateMode(); }
export function replaceFlags(v: u64): void { writeFlags(v, ~0); updateMode(); }
export function setSegmentCache(s: u32, selector: u32, base: u64, limit: u32, attr: u32): void {
  const g = segment(s);
  g.selector = selector; g.base = base; g.limit = limit; g.attr = attr;
  updateMode();
}
export function reg(r: u32): u64 { return load<u64>(gpr(r)); }
export function setReg(r: u32, v: u64): void { store<u64>(gpr(r), v); }
export function rip(): u64 { return cpu.rip; }
export function setRip(v: u64): void { cpu.rip = v; }
export function cpl(): u32 { return cpu.cpl; }
export function mode(): u32 { return cpu.mode; }
export function cr0(): u64 { return cpu.cr0; }
export function cr2(): u64 { return cpu.cr2; }
export function cr4(): u64 { return cpu.cr4; }
export function efer(): u64 { return cpu.efer; }
export function setStar(star: u64, lstar: u64, mask: u64): void { cpu.star = star; cpu.lstar = lstar; cpu.sfmask = mask; }
export function selector(s: u32): u32 { return segment(s).selector; }
export function attr(s: u32): u32 { return segment(s).attr; }
export function limit(s: u32): u32 { return segment(s).limit; }
export function base(s: u32): u64 { return segment(s).base; }
export function ramBase(): u32 { return <u32>RAM; }
export function stopped(): bool { return (control.events & Event.STOP) != 0; }

/** What is raised: vector + 1 in bits 16 up, the error code below; 0 when nothing is. Forgets it. */
export function takeFault(): u32 {
  if (!cpu.raised) return 0;
  cpu.raised = 0;
  clearEvent(Event.EXCEPTION);
  return (cpu.vector + 1) << 16 | (cpu.errorCode & 0xffff);
}

// KVM's clock: the hours by raw ticks.
import { clock } from "../../../assembly/device/clock";
export { nowNs, readTsc, wallNow } from "../../../assembly/device/clock";
export { hasKvm, noteStopped } from "../../../assembly/cpu/kvm";
export function setTicks(n: u64): void { control.base = n; control.current = 0; control.first = 0; }
export function setBoot(seconds: u64): void { clock.bootSeconds = seconds; clock.wallNs = 0; clock.hidden = 0; }
export function addWall(ns: i64): void { clock.wallNs += ns; }
export function hide(bits: u32): void { clock.hidden = bits; }

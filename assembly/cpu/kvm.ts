// What Linux and others know of KVM: its CPUID leaves, the clock that is read from a page, and hypercalls that are not there.
// Linux, Documentation/virt/kvm/x86/{cpuid,msr,hypercalls}.rst.
//
// The clock: a guest names a page by MSR; it holds a TSC value, the ns of virtual time at it, and the factor between the two. Both come
// from one clock here (device/clock.ts), so what the page says stays true: it is written again only when the TSC is moved, and after
// a gap of wall time, to tell the guest that it was stopped. A page that is no RAM is left alone, as a device's DMA would be.
//
// Of KVM's features these are offered: no delay between port accesses, the clock, and that it is stable. Other MSRs of KVM's do not exist.

import { Hidden } from "../surface/clock";
import { clock, nowNs, readTsc, TSC_TO_NS, wallBaseNs, wallBaseSeconds } from "../device/clock";
import { Attr, attrOf, noteWrite, pageOf, ramAt } from "../memory/ram";
import { gpr, MSRS } from "./state";

/** The pages' addresses as they were written; cleared with the other MSRs. */
@unmanaged class KvmClock {
  /** KVM_SYSTEM_TIME_NEW: bit 0 turns the clock on. */
  system: u64;
  /** KVM_WALL_CLOCK_NEW. */
  wall: u64;
}
@inline const kvm = changetype<KvmClock>(MSRS + 0x300);

export const enum KvmMsr { WALL_CLOCK_NEW = 0x4b56_4d00, SYSTEM_TIME_NEW = 0x4b56_4d01 }
/** Leaf 4000_0001 EAX. */
const enum Feature { NOP_IO_DELAY = 1 << 1, CLOCKSOURCE2 = 1 << 3, CLOCKSOURCE_STABLE = 1 << 24 }

/** struct pvclock_vcpu_time_info. */
const enum Page { VERSION = 0, TSC_TIMESTAMP = 8, SYSTEM_TIME = 16, MULTIPLIER = 24, SHIFT = 28, FLAGS = 29, BYTES = 32 }
const enum PageFlag { TSC_STABLE = 1, GUEST_STOPPED = 2 }
/** struct pvclock_wall_clock. */
const enum Wall { VERSION = 0, SECONDS = 4, NS = 8, BYTES = 12 }

@inline const ENABLE: u64 = 1;
/** The TSC is halved before it is multiplied by TSC_TO_NS. */
@inline const SHIFT: i8 = -1;
/** KVM_ENOSYS, negative. */
@inline const NO_SUCH_CALL: i64 = -1000;
@inline const RAX: u32 = 0;

@inline export function hasKvm(): bool { return (clock.hidden & Hidden.KVM) == 0; }
@inline function hasClock(): bool { return (clock.hidden & (Hidden.KVM | Hidden.KVMCLOCK)) == 0; }

/** EAX of leaf 4000_0001. */
export function kvmFeatures(): u32 {
  return hasClock() ? Feature.NOP_IO_DELAY | Feature.CLOCKSOURCE2 | Feature.CLOCKSOURCE_STABLE : Feature.NOP_IO_DELAY;
}

export function isKvmMsr(index: u32): bool { return hasClock() && (index == KvmMsr.WALL_CLOCK_NEW || index == KvmMsr.SYSTEM_TIME_NEW); }

export function readKvmMsr(index: u32): u64 { return index == KvmMsr.SYSTEM_TIME_NEW ? kvm.system : kvm.wall; }

export function writeKvmMsr(index: u32, v: u64): void {
  if (index == KvmMsr.WALL_CLOCK_NEW) { kvm.wall = v; writeWall(); return; }
  kvm.system = v;
  if (v & ENABLE) writePage(0);
}

/** Linear address of a page's bytes that may be written, or 0. */
function writable(gpa: u64, bytes: u32): usize {
  const host = ramAt(gpa, bytes);
  return host && !(attrOf(pageOf(host)) & Attr.ROM) ? host : 0;
}

/** An even version: readers take an odd one for a page in the making. */
@inline function nextVersion(version: u32): u32 { return (version | 1) + 1; }

function writePage(flags: u32): void {
  const host = writable(kvm.system & ~ENABLE, Page.BYTES);
  if (!host) return;
  store<u32>(host + Page.VERSION, nextVersion(load<u32>(host + Page.VERSION)));
  store<u64>(host + Page.TSC_TIMESTAMP, readTsc());
  store<u64>(host + Page.SYSTEM_TIME, nowNs());
  store<u32>(host + Page.MULTIPLIER, TSC_TO_NS);
  store<i8>(host + Page.SHIFT, SHIFT);
  store<u8>(host + Page.FLAGS, <u8>(PageFlag.TSC_STABLE | flags));
  noteWrite(host, Page.BYTES);
}

/** Wall time at the page's time 0; written once, when asked for. */
function writeWall(): void {
  const host = writable(kvm.wall, Wall.BYTES);
  if (!host) return;
  store<u32>(host + Wall.VERSION, nextVersion(load<u32>(host + Wall.VERSION)));
  store<u32>(host + Wall.SECONDS, <u32>wallBaseSeconds());
  store<u32>(host + Wall.NS, wallBaseNs());
  noteWrite(host, Wall.BYTES);
}

/** The guest has not been told yet that it was stopped. */
function pendingStop(): u32 {
  const host = writable(kvm.system & ~ENABLE, Page.BYTES);
  return host ? load<u8>(host + Page.FLAGS) & PageFlag.GUEST_STOPPED : 0;
}

/** The TSC was moved. */
export function tscMoved(): void { if (kvm.system & ENABLE) writePage(pendingStop()); }

/** Wall time has passed that the guest's own has not: watchdogs are to forgive it. */
export function noteStopped(): void { if (kvm.system & ENABLE) writePage(PageFlag.GUEST_STOPPED); }

/** VMCALL and VMMCALL: there is no hypercall. The caller has seen to hasKvm(). */
export function answerHypercall(): void { store<i64>(gpr(RAX), NO_SUCH_CALL); }

// Control and debug registers, MSRs, time, CPUID, halting. Intel SDM vol. 2, the page of each; the work is in cpu/.

import { control, raiseEvent, Event } from "../base/control";
import { nextRandom } from "../base/random";
import { Insn, Is } from "../decode/record";
import { Run, setReg } from "../ir/words";
import { readTsc } from "../device/clock";
import { cpu, gpr, Cr4, Mode } from "../cpu/state";
import { raiseGp, raiseUd } from "../cpu/exceptions";
import { isAmd } from "../base/vendor";
import { isCanonical } from "../cpu/mode";
import { setStatusFlags } from "../cpu/flags";
import {
  clearTaskSwitched, loadStatusWord, readTaskPriority, writeCr0, writeCr3, writeCr4, writeTaskPriority, writeXcr0,
} from "../cpu/control-registers";
import { readDebug, writeDebug } from "../cpu/debug-registers";
import { readMsr, writeMsr } from "../cpu/msr";
import { LEGACY_COUNTERS } from "../cpu/msr-spec";
import { readCounter } from "../cpu/pmu";
import { cpuid } from "../cpu/cpuid";
import { answerHypercall, hasKvm } from "../cpu/kvm";
import { loadLinear } from "../cpu/memory";
import { flushAll, flushContext, flushContexts, flushPage, flushPageOf } from "../cpu/tlb";
import { address, readRm, writeRm } from "./operands";
import { S } from "../decode/system-handlers";

@inline const RAX: u32 = 0;
@inline const RCX: u32 = 1;
@inline const RDX: u32 = 2;

function isUnprivileged(): bool {
  if (cpu.cpl == 0) return false;
  raiseGp(0);
  return true;
}

/** EDX:EAX. */
function readPair(): u64 { return <u64>load<u32>(gpr(RDX)) << 32 | <u64>load<u32>(gpr(RAX)); }
function writePair(v: u64): void {
  store<u64>(gpr(RAX), v & 0xffff_ffff);
  store<u64>(gpr(RDX), v >> 32);
}

// --- CRn and DRn ---

/** Their operands are 64 bits in 64-bit mode and 32 elsewhere, whatever the prefixes. */
@inline function width(): u32 { return cpu.mode & Mode.LONG ? 64 : 32; }
@inline function registerOf(r: u32): u64 { const v = load<u64>(gpr(r >> 3)); return width() == 64 ? v : v & 0xffff_ffff; }

function readControl(n: u32): u64 {
  switch (n) {
    case 0: return cpu.cr0;
    case 2: return cpu.cr2;
    case 3: return cpu.cr3;
    case 4: return cpu.cr4;
    default: return readTaskPriority();
  }
}

/** CR0, 2, 3, 4, 8: the others are no encoding, which comes before privilege. */
function isAbsent(n: u32): bool {
  if (n <= 8 && 0x11d >> n & 1) return false;
  raiseUd();
  return true;
}

function moveFromControl(i: Insn): void {
  if (isAbsent(i.src) || isUnprivileged()) return;
  const v = readControl(i.src);
  if (!cpu.raised) setReg<Run>(i.dst, v, width());
}

function moveToControl(i: Insn): void {
  if (isAbsent(i.dst) || isUnprivileged()) return;
  const v = registerOf(i.src);
  switch (i.dst) {
    case 0: writeCr0(v); break;
    case 2: cpu.cr2 = v; break;
    case 3: writeCr3(v); break;
    case 4: writeCr4(v); break;
    default: writeTaskPriority(v);
  }
}

function moveFromDebug(i: Insn): void {
  const v = readDebug(i.src);
  if (!cpu.raised) setReg<Run>(i.dst, v, width());
}

function storeStatusWord(i: Insn): void {
  if (cpu.cr4 & Cr4.UMIP && isUnprivileged()) return;
  if (i.flags & Is.MEMORY) writeRm<Run>(i, 16, cpu.cr0); else setReg<Run>(i.dst, cpu.cr0, i.bits);
}

function loadMachineStatus(i: Insn): void {
  if (isUnprivileged()) return;
  const v = readRm<Run>(i, 16);
  if (!cpu.raised) loadStatusWord(v);
}

function invalidatePage(i: Insn): void {
  if (isUnprivileged()) return;
  const linear = address<Run>(i, 1, false);
  if (!cpu.raised && isCanonical(linear)) flushPage(linear);
}

/**
 * INVPCID. The descriptor's first half is the PCID, with bits 63 to 12 reserved, its second a linear address. Types: a page of a
 * PCID, a PCID, everything, everything that is not global. Intel SDM vol. 2, INVPCID.
 */
function invalidateContext(i: Insn): void {
  if (isUnprivileged()) return;
  const a = address<Run>(i, 16, false);
  if (cpu.raised) return;
  const first = loadLinear(a, 8);
  if (cpu.raised) return;
  const linear = loadLinear(a + 8, 8);
  if (cpu.raised) return;
  const type = registerOf(i.dst), pcid = <u32>first;
  if (type > 3 || first >> 12 || type < 2 && pcid && !(cpu.cr4 & Cr4.PCIDE) || type == 0 && !isCanonical(linear)) return raiseGp(0);
  switch (<u32>type) {
    case 0: flushPageOf(pcid, linear); break;
    case 1: flushContext(pcid); break;
    case 2: flushAll(); break;
    default: flushContexts();
  }
}

function halt(): void {
  if (!isUnprivileged()) raiseEvent(Event.HALTED);
}

// --- MSRs, time, identification ---

function readSpecific(): void {
  if (isUnprivileged()) return;
  const v = readMsr(load<u32>(gpr(RCX)));
  if (!cpu.raised) writePair(v);
}
function writeSpecific(): void {
  if (!isUnprivileged()) writeMsr(load<u32>(gpr(RCX)), readPair());
}

/** `kind` 1 is RDTSCP, with IA32_TSC_AUX in ECX. */
function readTime(auxiliary: bool): void {
  if (cpu.cr4 & Cr4.TSD && isUnprivileged()) return;
  writePair(readTsc());
  if (auxiliary) store<u64>(gpr(RCX), cpu.tscAux & 0xffff_ffff);
}

/** VMCALL, VMMCALL: of a machine without KVM's leaves they are no instruction. */
function callHypervisor(): void {
  if (hasKvm()) answerHypercall();
  else raiseUd();
}

/** RDPMC: AMD's legacy counters, 48 bits wide. Privilege comes first; Intel's processor here has no counters. */
function readPerformance(): void {
  const n = load<u32>(gpr(RCX));
  if (cpu.cpl != 0 && !(cpu.cr4 & Cr4.PCE) || !isAmd() || n >= LEGACY_COUNTERS) return raiseGp(0);
  writePair(readCounter(n));
}

/** XGETBV (`kind` 0) and XSETBV (1). */
function accessXcr(i: Insn): void {
  if (!(cpu.cr4 & Cr4.OSXSAVE)) return raiseUd();
  const index = load<u32>(gpr(RCX));
  if (i.kind) { if (!isUnprivileged()) writeXcr0(index, readPair()); return; }
  if (index) return raiseGp(0);
  writePair(cpu.xcr0);
}

/** RDRAND and RDSEED always have a number. */
function readRandom(i: Insn): void {
  setReg<Run>(i.dst, nextRandom(), i.bits);
  setStatusFlags(1); // CF: the number is good; the rest is cleared
}

export function executeControl(i: Insn): void {
  switch (<i32>i.handler) {
    case S.SMSW: storeStatusWord(i); break;
    case S.LMSW: loadMachineStatus(i); break;
    case S.CLTS: if (!isUnprivileged()) clearTaskSwitched(); break;
    case S.MOV_FROM_CR: moveFromControl(i); break;
    case S.MOV_TO_CR: moveToControl(i); break;
    case S.MOV_FROM_DR: moveFromDebug(i); break;
    case S.MOV_TO_DR: writeDebug(i.dst, registerOf(i.src)); break;
    case S.INVLPG: invalidatePage(i); break;
    case S.INVPCID: invalidateContext(i); break;
    case S.CACHE: isUnprivileged(); break; // INVD, WBINVD: memory is always coherent
    case S.HLT: halt(); break;
    case S.RDMSR: readSpecific(); break;
    case S.WRMSR: writeSpecific(); break;
    case S.RDTSC: readTime(false); break;
    case S.RDTSCP: readTime(true); break;
    case S.RDPMC: readPerformance(); break;
    case S.CPUID: cpuid(); break;
    case S.XCR: accessXcr(i); break;
    case S.RDRAND: readRandom(i); break;
    case S.HYPERCALL: callHypervisor(); break;
  }
}

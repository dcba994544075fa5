// FXSAVE, FXRSTOR, XSAVE, XRSTOR. Intel SDM vol. 1, 10.5 (the legacy region) and chapter 13 (XSAVE, standard form only; x87 and
// SSE are the only components).
//
//      0    2    4    6    8        16       24     28     32 ... 160         160 ... 416 (8 or 16 registers)   512
//     | FCW| FSW| FTW| FOP| FIP    | FDP    | MXCSR| mask | ST(0) ... ST(7) | XMM0 ...                        | XSTATE_BV, header

import { Insn } from "../decode/record";
import { Run, faulted } from "../ir/words";
import { loadMem, probeMem, storeMem } from "../ir/words-memory";
import { cpu, gpr, xmm, Cr0, Cr4, Mode, Vector } from "../cpu/state";
import { raise, raiseNoCode } from "../cpu/exceptions";
import { isCanonical, isLong } from "../cpu/mode";
import { address } from "./operands";
import { IMAGE, loadImage, probeImage, storeImage } from "./x87-buffer";
import { initialize } from "./x87-register";
import { FCW_FIXED, FCW_VALID, st, summarize } from "./x87-stack";

@inline const MXCSR_MASK: u32 = 0xffff;
@inline const MXCSR_INIT: u32 = 0x1f80;
/** State components: bits of XCR0 and XSTATE_BV. */
const enum Component { X87 = 1, SSE = 2 }

@inline function xmmCount(): u32 { return cpu.mode & Mode.LONG ? 16 : 8; }

/**
 * Address of an image; raises #GP(0) unless it is aligned, after what an access to its first byte would raise for its address (#SS by rBP
 * or rSP), before what its end would.
 */
function imageAddress(i: Insn, bytes: u32, alignment: u64, write: bool): u64 {
  const a = address<Run>(i, 1, write);
  if (faulted<Run>() || (a & (alignment - 1)) == 0) return faulted<Run>() ? a : address<Run>(i, bytes, write);
  if (isLong() && !isCanonical(a)) loadMem<Run>(a, 1); else raise(Vector.GP, 0);
  return a;
}

function buildX87(rexW: bool): void {
  memory.fill(IMAGE, 0, 24);
  store<u16>(IMAGE, cpu.fcw);
  store<u16>(IMAGE, cpu.fsw, 2);
  store<u8>(IMAGE, cpu.ftw, 4);
  store<u16>(IMAGE, cpu.fop, 6);
  if (rexW) { store<u64>(IMAGE, cpu.fip, 8); store<u64>(IMAGE, cpu.fdp, 16); }
  else { store<u32>(IMAGE, <u32>cpu.fip, 8); store<u32>(IMAGE, <u32>cpu.fdp, 16); }
  memory.fill(IMAGE + 32, 0, 128);
  for (let r: u32 = 0; r < 8; r++) {
    store<u64>(IMAGE + 32 + 16 * r, load<u64>(st(r)));
    store<u16>(IMAGE + 32 + 16 * r, load<u16>(st(r), 8), 8);
  }
}
function takeX87(rexW: bool): void {
  cpu.fcw = <u16>((<u32>load<u16>(IMAGE) & FCW_VALID) | FCW_FIXED);
  cpu.fsw = load<u16>(IMAGE, 2);
  cpu.ftw = load<u8>(IMAGE, 4);
  cpu.fop = <u16>(<u32>load<u16>(IMAGE, 6) & 0x7ff);
  cpu.fip = rexW ? load<u64>(IMAGE, 8) : <u64>load<u32>(IMAGE, 8);
  cpu.fdp = rexW ? load<u64>(IMAGE, 16) : <u64>load<u32>(IMAGE, 16);
  summarize();
  for (let r: u32 = 0; r < 8; r++) {
    store<u64>(st(r), load<u64>(IMAGE + 32 + 16 * r));
    store<u16>(st(r), load<u16>(IMAGE + 32 + 16 * r, 8), 8);
  }
}
function initX87(): void {
  initialize();
  for (let r: u32 = 0; r < 8; r++) memory.fill(st(r), 0, 16);
}

function buildMxcsr(): void {
  store<u32>(IMAGE, cpu.mxcsr, 24);
  store<u32>(IMAGE, MXCSR_MASK, 28);
}
@inline function isMxcsrValid(): bool { return (load<u32>(IMAGE, 24) & ~MXCSR_MASK) == 0; }
@inline function copyXmm(save: bool): void {
  if (save) memory.copy(IMAGE + 160, xmm(0), 16 * xmmCount());
  else memory.copy(xmm(0), IMAGE + 160, 16 * xmmCount());
}

export function fxsave(i: Insn): void {
  const a = imageAddress(i, 512, 16, true);
  if (faulted<Run>()) return;
  // A fault names the last byte, here and in FXRSTOR.
  probeMem<Run>(a + 511, 1);
  if (faulted<Run>() || !probeImage(a, 512, 1)) return;
  buildX87(i.bits == 64);
  buildMxcsr();
  storeImage(a, 0, 160);
  if ((cpu.cr4 & Cr4.OSFXSR) == 0) return;
  copyXmm(true);
  storeImage(a, 160, 160 + 16 * xmmCount());
}

export function fxrstor(i: Insn): void {
  const a = imageAddress(i, 512, 16, false);
  if (faulted<Run>()) return;
  loadMem<Run>(a + 511, 1);
  if (faulted<Run>() || !loadImage(a, 512)) return;
  const sse = (cpu.cr4 & Cr4.OSFXSR) != 0;
  if (!isMxcsrValid()) { raise(Vector.GP, 0); return; }
  takeX87(i.bits == 64);
  cpu.mxcsr = load<u32>(IMAGE, 24);
  if (sse) copyXmm(false);
}

/** #UD without CR4.OSXSAVE, #NM with CR0.TS. */
function isRefused(): bool {
  if ((cpu.cr4 & Cr4.OSXSAVE) == 0) { raiseNoCode(Vector.UD); return true; }
  if (cpu.cr0 & Cr0.TS) { raiseNoCode(Vector.NM); return true; }
  return false;
}

/** Components asked for in EDX:EAX that XCR0 enables. SDM vol. 1, 13.5. */
@inline function requested(): u32 { return <u32>(load<u64>(gpr(0)) & cpu.xcr0); }

/** Both components count as in use: the processor may always say so (SDM vol. 1, 13.6). */
export function xsave(i: Insn): void {
  if (isRefused()) return;
  const a = imageAddress(i, 576, 64, true);
  if (faulted<Run>() || !probeImage(a, 576, 1)) return;
  const present = loadMem<Run>(a + 512, 8);
  if (faulted<Run>()) return;
  const wanted = requested();
  if ((wanted & Component.X87) != 0) {
    buildX87(i.bits == 64);
    storeImage(a, 0, 24);
    storeImage(a, 32, 160);
  }
  if ((wanted & Component.SSE) != 0) {
    buildMxcsr();
    copyXmm(true);
    storeImage(a, 24, 32);
    storeImage(a, 160, 160 + 16 * xmmCount());
  }
  storeMem<Run>(a + 512, 8, present | <u64>wanted);
}

/** SDM vol. 1, 13.8: the standard form. */
export function xrstor(i: Insn): void {
  if (isRefused()) return;
  const a = imageAddress(i, 576, 64, false);
  if (faulted<Run>() || !loadImage(a, 576)) return;
  const wanted = requested();
  const present = load<u64>(IMAGE, 512);
  // XCOMP_BV: the compacted form is not announced. Bytes 16 to 23 of the header are reserved.
  const bad = (present & ~cpu.xcr0) != 0 || load<u64>(IMAGE, 520) != 0 || load<u64>(IMAGE, 528) != 0;
  if (bad || ((wanted & Component.SSE) != 0 && !isMxcsrValid())) { raise(Vector.GP, 0); return; }
  const loads = wanted & <u32>present;
  if ((loads & Component.X87) != 0) takeX87(i.bits == 64);
  else if ((wanted & Component.X87) != 0) initX87();
  if ((wanted & Component.SSE) == 0) return;
  // MXCSR comes from the image even when the registers are initialized.
  cpu.mxcsr = load<u32>(IMAGE, 24);
  if ((loads & Component.SSE) != 0) copyXmm(false);
  else memory.fill(xmm(0), 0, 16 * xmmCount());
}

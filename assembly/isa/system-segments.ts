// Segment registers, descriptor tables, their bases and limits. Intel SDM vol. 2, the page of each; checks in cpu/segments.ts.

import { Insn, Is } from "../decode/record";
import { Run, getReg, setReg } from "../ir/words";
import { cpu, gpr, segment, Seg, Desc, Vector, Cr4, Flag } from "../cpu/state";
import { raise, raiseGp, raiseUd } from "../cpu/exceptions";
import { isCanonical, isLma, isLong } from "../cpu/mode";
import { setStatusFlags, statusFlags } from "../cpu/flags";
import {
  loadSegment, fetchDescriptor, fetchUpperHalf, attrOfDescriptor, baseOfDescriptor, limitOfDescriptor, typeOf, changeType, isNull,
  setSegment, writeNull, verify, accessRights, segmentLimit,
} from "../cpu/segments";
import { loadLinear, storeLinear, probeLinear } from "../cpu/memory";
import { Shadow, startShadow } from "../cpu/shadow";
import { address, farOffsetBytes, moveStack, partAddress, readRm, top, writeRm } from "./operands";
import { S } from "../decode/system-handlers";

@inline const RSP: u32 = 4;

/** A selector goes to memory as 16 bits, to a register zero-extended to the operand size. */
function writeSelector(i: Insn, v: u64): void {
  if (i.flags & Is.MEMORY) writeRm<Run>(i, 16, v); else setReg<Run>(i.dst, v, i.bits);
}

/** #GP(0) where UMIP keeps programs from looking. */
function isHidden(): bool {
  if (!(cpu.cr4 & Cr4.UMIP) || cpu.cpl == 0) return false;
  raiseGp(0);
  return true;
}
function isUnprivileged(): bool {
  if (cpu.cpl == 0) return false;
  raiseGp(0);
  return true;
}

/** ARPL: the destination selector's RPL is raised to the source's; it is written only when it changes. */
function adjustRpl(i: Insn): void {
  const memory = (i.flags & Is.MEMORY) != 0, a = memory ? loadLinear(address<Run>(i, 2, false), 2) : getReg<Run>(i.dst, 16);
  if (cpu.raised) return;
  const rpl = getReg<Run>(i.src, 16) & 3, lower = (a & 3) < rpl;
  if (lower) writeRm<Run>(i, 16, (a & ~3) | rpl);
  if (!cpu.raised) setZf(lower);
}

function setZf(on: bool): void {
  const rest = statusFlags() & ~(<u64>Flag.ZF);
  setStatusFlags(on ? rest | Flag.ZF : rest);
}

// --- selectors ---

function moveFromSegment(i: Insn): void {
  const s = <u32>i.src & 7;
  if (<i32>s > Seg.GS) return raiseUd();
  writeSelector(i, segment(s).selector);
}

function moveToSegment(i: Insn): void {
  const s = <u32>i.dst & 7;
  if (<i32>s > Seg.GS || s == Seg.CS) return raiseUd();
  const selector = readRm<Run>(i, 16);
  if (cpu.raised) return;
  if (loadSegment(s, <u32>selector) && s == Seg.SS) startShadow(Shadow.TRAPS);
}

function popSegment(i: Insn): void {
  const bits = <u32>i.bits, before = load<u64>(gpr(RSP));
  const selector = top<Run>(bits);
  if (cpu.raised) return;
  moveStack<Run>(<i32>(bits >> 3));
  if (!loadSegment(i.kind, <u32>selector)) store<u64>(gpr(RSP), before);
  else if (i.kind == Seg.SS) startShadow(Shadow.TRAPS);
}

/** LES, LDS, LSS, LFS, LGS: `kind` is the segment. */
function loadFar(i: Insn): void {
  const bytes = farOffsetBytes(i);
  const offset = loadLinear(partAddress(i, 0, bytes, false), bytes);
  if (cpu.raised) return;
  const selector = <u32>loadLinear(partAddress(i, bytes, 2, false), 2);
  if (cpu.raised || !loadSegment(i.kind, selector)) return;
  setReg<Run>(i.dst, offset, i.bits);
}

// --- LDTR and TR ---

/** Fetches a system descriptor for LLDT or LTR of one of `types`. Test cpu.raised. */
function fetchSystem(selector: u32, types: u32): u64 {
  const code = selector & 0xfffc;
  if (selector & 4) { raise(Vector.GP, code); return 0; }
  const d = fetchDescriptor(selector, Vector.GP, code);
  if (cpu.raised) return 0;
  const attr = attrOfDescriptor(d);
  if (attr & Desc.S || !(types >> typeOf(attr) & 1)) { raise(Vector.GP, code); return 0; }
  if (!(attr & Desc.PRESENT)) raise(Vector.NP, code);
  return d;
}

function fillSystem(s: u32, selector: u32, d: u64, busy: u32): void {
  const code = selector & 0xfffc;
  const high = isLma() ? fetchUpperHalf(selector, Vector.GP, code) : 0;
  if (cpu.raised) return;
  const base = baseOfDescriptor(d) | high << 32;
  if (!isCanonical(base)) { raise(Vector.GP, code); return; }
  if (busy && !changeType(selector, d, busy, 0)) return;
  setSegment(s, selector, base, limitOfDescriptor(d), attrOfDescriptor(d) | busy << 8);
}

function loadLdt(i: Insn): void {
  if (isUnprivileged()) return;
  const selector = <u32>readRm<Run>(i, 16);
  if (cpu.raised) return;
  if (isNull(selector)) return writeNull(Seg.LDTR, selector);
  const d = fetchSystem(selector, 1 << 2);
  if (!cpu.raised) fillSystem(Seg.LDTR, selector, d, 0);
}

function loadTask(i: Insn): void {
  if (isUnprivileged()) return;
  const selector = <u32>readRm<Run>(i, 16);
  if (cpu.raised) return;
  if (isNull(selector)) return raiseGp(0);
  const d = fetchSystem(selector, isLma() ? 1 << 9 : 1 << 9 | 1 << 1);
  if (!cpu.raised) fillSystem(Seg.TR, selector, d, 2);
}

// --- looking at descriptors ---

function loadRights(i: Insn): void {
  const selector = <u32>readRm<Run>(i, 16);
  if (cpu.raised) return;
  const rights = accessRights(selector);
  if (cpu.raised) return;
  if (rights) setReg<Run>(i.dst, rights, i.bits);
  setZf(rights != 0);
}

function loadLimit(i: Insn): void {
  const selector = <u32>readRm<Run>(i, 16);
  if (cpu.raised) return;
  const limit = segmentLimit(selector);
  if (cpu.raised) return;
  if (limit >= 0) setReg<Run>(i.dst, limit, i.bits);
  setZf(limit >= 0);
}

/** VERR (`kind` 0) and VERW (1). */
function verifySegment(i: Insn): void {
  const selector = <u32>readRm<Run>(i, 16);
  if (cpu.raised) return;
  const good = verify(selector, i.kind != 0);
  if (!cpu.raised) setZf(good);
}

// --- GDTR and IDTR ---

function storeTable(i: Insn, base: u64, limit: u32): void {
  if (isHidden()) return;
  const bytes: u32 = isLong() ? 8 : 4, a = address<Run>(i, bytes + 2, true);
  if (!probeLinear(a, 2) || !probeLinear(a + 2, bytes)) return;
  storeLinear(a, 2, limit);
  storeLinear(a + 2, bytes, base);
}

function loadTable(i: Insn, interrupts: bool): void {
  if (isUnprivileged()) return;
  const bytes: u32 = isLong() ? 8 : 4, a = address<Run>(i, bytes + 2, false);
  const limit = <u32>loadLinear(a, 2);
  if (cpu.raised) return;
  let base = loadLinear(a + 2, bytes);
  if (cpu.raised) return;
  if (bytes == 4 && i.bits == 16) base &= 0xff_ffff;
  if (!isCanonical(base)) return raiseGp(0);
  if (interrupts) { cpu.idtBase = base; cpu.idtLimit = limit; }
  else { cpu.gdtBase = base; cpu.gdtLimit = limit; }
}

// --- FS and GS bases ---

function swapGs(): void {
  if (isUnprivileged()) return;
  const gs = segment(Seg.GS), base = gs.base;
  gs.base = cpu.kernelGsBase;
  cpu.kernelGsBase = base;
}

/** RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE: `kind` 0 to 3. */
function accessBase(i: Insn): void {
  if (!(cpu.cr4 & Cr4.FSGSBASE)) return raiseUd();
  const g = segment(i.kind & 1 ? Seg.GS : Seg.FS);
  if (i.kind < 2) return setReg<Run>(i.dst, g.base, i.bits);
  const v = getReg<Run>(i.dst, i.bits);
  if (!isCanonical(v)) return raiseGp(0);
  g.base = v;
}

export function executeSegments(i: Insn): void {
  switch (<i32>i.handler) {
    case S.MOV_FROM_SEG: moveFromSegment(i); break;
    case S.MOV_TO_SEG: moveToSegment(i); break;
    case S.POP_SEG: popSegment(i); break;
    case S.LOAD_FAR: loadFar(i); break;
    case S.SLDT: if (!isHidden()) writeSelector(i, segment(Seg.LDTR).selector); break;
    case S.STR: if (!isHidden()) writeSelector(i, segment(Seg.TR).selector); break;
    case S.LLDT: loadLdt(i); break;
    case S.LTR: loadTask(i); break;
    case S.VERIFY: verifySegment(i); break;
    case S.ARPL: adjustRpl(i); break;
    case S.LAR: loadRights(i); break;
    case S.LSL: loadLimit(i); break;
    case S.SGDT: storeTable(i, cpu.gdtBase, cpu.gdtLimit); break;
    case S.SIDT: storeTable(i, cpu.idtBase, cpu.idtLimit); break;
    case S.LGDT: loadTable(i, false); break;
    case S.LIDT: loadTable(i, true); break;
    case S.SWAPGS: swapGs(); break;
    case S.FSGSBASE: accessBase(i); break;
  }
}

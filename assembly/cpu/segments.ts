// Segment registers and descriptors: loads with all their checks, and the checks of an access.
// Intel SDM vol. 3 chapters 3 and 5; instruction pages MOV, LAR, LSL, VERR. Error codes are the selector without RPL.
// A function that returns bool returns false after raising.

import { cpu, segment, Seg, Desc, Vector, Mode } from "./state";
import { isLma, isLong, isProtected, isV86, updateMode } from "./mode";
import { raise } from "./exceptions";
import { loadSystem, storeSystem } from "./memory";

/** Attributes of a real-mode and of a virtual-8086 segment: present, read/write data, accessed. */
@inline const REAL_ATTR: u32 = 0x9300;
@inline const V86_ATTR: u32 = 0xf300;
@inline const OUTSIDE: u64 = ~0;

// --- descriptors ---

@inline export function attrOfDescriptor(d: u64): u32 { return <u32>(d >> 32) & 0x00f0_ff00; }
@inline export function baseOfDescriptor(d: u64): u64 { return ((d >> 16) & 0xff_ffff) | ((d >> 56) << 24); }
export function limitOfDescriptor(d: u64): u32 {
  const limit = <u32>(d & 0xffff) | (<u32>(d >> 32) & 0xf_0000);
  return d & (<u64>Desc.G << 32) ? limit << 12 | 0xfff : limit;
}
@inline export function dplOf(attr: u32): u32 { return (attr >> 13) & 3; }
/** Type of a system descriptor, or the low type bits of a segment. */
@inline export function typeOf(attr: u32): u32 { return (attr >> 8) & 15; }
@inline export function isNull(selector: u32): bool { return (selector & 0xfffc) == 0; }

/** Linear address of a table entry: outside long mode addresses wrap at 4 GiB. */
@inline export function systemAddress(base: u64, offset: u64): u64 { return isLma() ? base + offset : (base + offset) & 0xffff_ffff; }

/** Linear address of the selector's descriptor; OUTSIDE if its table does not reach `bytes` bytes there. */
function descriptorAddress(selector: u32, bytes: u64): u64 {
  const offset = <u64>(selector & 0xfff8);
  if (!(selector & 4)) return offset + bytes - 1 > <u64>cpu.gdtLimit ? OUTSIDE : systemAddress(cpu.gdtBase, offset);
  const ldt = segment(Seg.LDTR);
  return !ldt.attr || offset + bytes - 1 > <u64>ldt.limit ? OUTSIDE : systemAddress(ldt.base, offset);
}

/** The selector's descriptor; raises `vector` with `code` if it lies outside its table. Test cpu.raised. */
export function fetchDescriptor(selector: u32, vector: u32, code: u32): u64 {
  const at = descriptorAddress(selector, 8);
  if (at == OUTSIDE) { raise(vector, code); return 0; }
  return loadSystem(at, 8);
}

/** The selector's descriptor, or 0 if there is none: for LAR and its kin, which do not raise. Test cpu.raised. */
export function peekDescriptor(selector: u32): u64 {
  if (isNull(selector)) return 0;
  const at = descriptorAddress(selector, 8);
  return at == OUTSIDE ? 0 : loadSystem(at, 8);
}

/** Upper half of a 16-byte system descriptor of long mode; its type field must be 0. Test cpu.raised. */
export function fetchUpperHalf(selector: u32, vector: u32, code: u32): u64 {
  const at = descriptorAddress(selector, 16);
  if (at == OUTSIDE) { raise(vector, code); return 0; }
  const high = loadSystem(at + 8, 8);
  if (!cpu.raised && (high >> 40) & 0x1f) raise(vector, code);
  return high & 0xffff_ffff;
}

/** Sets bits in the descriptor's type byte (accessed, busy), clears others. */
export function changeType(selector: u32, d: u64, set: u32, clear: u32): bool {
  const old = <u32>(d >> 40) & 0xff, v = (old | set) & ~clear;
  if (v == old) return true;
  return storeSystem(descriptorAddress(selector, 8) + 5, 1, v);
}
@inline export function markAccessed(selector: u32, d: u64): bool { return changeType(selector, d, 1, 0); }

// --- registers ---

export function setSegment(s: u32, selector: u32, base: u64, limit: u32, attr: u32): void {
  const g = segment(s);
  g.selector = selector & 0xffff;
  g.base = base;
  g.limit = limit;
  g.attr = attr;
}

/** Fills a register from a descriptor that has been checked. */
export function writeSegment(s: u32, selector: u32, d: u64): void {
  setSegment(s, selector, baseOfDescriptor(d), limitOfDescriptor(d), attrOfDescriptor(d) | Desc.ACCESSED);
}

/** A null selector. FS and GS lose their base (CPUID 8000_0021 EAX bit 6 says so). */
export function writeNull(s: u32, selector: u32): void {
  const g = segment(s);
  g.selector = selector & 0xffff;
  g.base = 0;
  g.limit = 0;
  g.attr = 0;
}

/** Real mode keeps the limit and the B bit a register had: programs count on 4 GiB segments there. */
export function writeReal(s: u32, selector: u32): void {
  const g = segment(s);
  g.selector = selector & 0xffff;
  g.base = <u64>(selector & 0xffff) << 4;
  if (!g.attr) g.limit = 0xffff;
  g.attr = (g.attr & (Desc.DB | Desc.G)) | REAL_ATTR;
}

export function writeV86(s: u32, selector: u32): void {
  setSegment(s, selector, <u64>(selector & 0xffff) << 4, 0xffff, V86_ATTR);
}

/** Loads ES, SS, DS, FS or GS: MOV, POP, LDS and their kin. */
export function loadSegment(s: u32, selector: u32): bool {
  selector &= 0xffff;
  const g = segment(s), base = g.base, limit = g.limit, attr = g.attr;
  if (isProtected()) {
    if (!(s == Seg.SS ? loadStackSegment(selector) : loadDataSegment(s, selector, Vector.GP))) return false;
  } else if (isV86()) writeV86(s, selector);
  else writeReal(s, selector);
  if (g.base != base || g.limit != limit || g.attr != attr) updateMode();
  return true;
}

/** ES, DS, FS or GS in protected mode; `vector` is what a bad selector raises (#TS in a task switch). */
export function loadDataSegment(s: u32, selector: u32, vector: u32): bool {
  if (isNull(selector)) { writeNull(s, selector); return true; }
  const code = selector & 0xfffc;
  const d = fetchDescriptor(selector, vector, code);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  if (!isReadable(attr) || !isConforming(attr) && max(selector & 3, cpu.cpl) > dplOf(attr)) { raise(vector, code); return false; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.NP, code); return false; }
  if (!markAccessed(selector, d)) return false;
  writeSegment(s, selector, d);
  return true;
}

function loadStackSegment(selector: u32): bool {
  if (isNull(selector)) {
    if (!isLong() || cpu.cpl == 3 || (selector & 3) != cpu.cpl) { raise(Vector.GP, 0); return false; }
    writeNullStack(selector);
    return true;
  }
  const code = selector & 0xfffc;
  const d = fetchDescriptor(selector, Vector.GP, code);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  if ((selector & 3) != cpu.cpl || !isWritable(attr) || dplOf(attr) != cpu.cpl) { raise(Vector.GP, code); return false; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.SS, code); return false; }
  if (!markAccessed(selector, d)) return false;
  writeSegment(Seg.SS, selector, d);
  return true;
}

/** SS null, as 64-bit mode allows below CPL 3. */
export function writeNullStack(selector: u32): void { setSegment(Seg.SS, selector, 0, 0, 0); }

@inline export function isCode(attr: u32): bool { return (attr & (Desc.S | Desc.CODE)) == (Desc.S | Desc.CODE); }
@inline export function isConforming(attr: u32): bool {
  return (attr & (Desc.S | Desc.CODE | Desc.CONFORMING)) == (Desc.S | Desc.CODE | Desc.CONFORMING);
}
@inline export function isWritable(attr: u32): bool { return (attr & (Desc.S | Desc.CODE | Desc.WRITABLE)) == (Desc.S | Desc.WRITABLE); }
/** Data, or code that may be read. */
@inline export function isReadable(attr: u32): bool { return (attr & Desc.S) != 0 && (attr & (Desc.CODE | Desc.READABLE)) != Desc.CODE; }

/** Checks a stack selector for a transfer to `cpl`: RPL and DPL equal it, writable. Raises `vector`, or #SS if absent. */
export function fetchStackDescriptor(selector: u32, cpl: u32, vector: u32, ext: u32): u64 {
  const code = (selector & 0xfffc) | ext;
  if (isNull(selector)) { raise(vector, ext); return 0; }
  const d = fetchDescriptor(selector, vector, code);
  if (cpu.raised) return 0;
  const attr = attrOfDescriptor(d);
  if ((selector & 3) != cpl || !isWritable(attr) || dplOf(attr) != cpl) { raise(vector, code); return 0; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.SS, code); return 0; }
  return d;
}

/** On a return to an outer level, data segments that it may not use become null. SDM vol. 2, RET. */
export function dropInnerSegments(cpl: u32): void {
  dropInner(Seg.ES, cpl);
  dropInner(Seg.DS, cpl);
  dropInner(Seg.FS, cpl);
  dropInner(Seg.GS, cpl);
}
function dropInner(s: u32, cpl: u32): void {
  const attr = segment(s).attr;
  if (!attr) segment(s).selector = 0;
  else if (dplOf(attr) < cpl && !isConforming(attr)) invalidate(s);
}
/**
 * Selector null, descriptor gone, base kept: a return clears the selector and the valid bit, and does not load the register. In 64-bit
 * code FS and GS have their base all the same. SDM vol. 2, RET and IRET (RETURN-TO-OUTER-PRIVILEGE-LEVEL); APM vol. 3, RET (Far).
 */
function invalidate(s: u32): void {
  const g = segment(s);
  g.selector = 0;
  g.limit = 0;
  g.attr = 0;
}

// --- accesses ---

/** True if `bytes` at `offset` lie within a segment of this limit. */
export function isInside(attr: u32, limit: u32, offset: u64, bytes: u32): bool {
  const last = offset + <u64>bytes - 1;
  if ((attr & (Desc.CODE | Desc.EXPAND_DOWN)) != Desc.EXPAND_DOWN) return last <= <u64>limit;
  return offset > <u64>limit && last <= (attr & Desc.DB ? <u64>0xffff_ffff : <u64>0xffff);
}

/**
 * A flat segment has no end: what runs over it goes on at 0, as the linear address does. The manual leaves that open (SDM vol. 3, 5.3);
 * processors do so with base 0 and raise the exception with any other.
 */
export function isEndless(base: u64, limit: u32, attr: u32): bool {
  return base == 0 && limit == 0xffff_ffff && (attr & (Desc.CODE | Desc.EXPAND_DOWN)) != Desc.EXPAND_DOWN;
}

/** Checks an operand's segment outside 64-bit mode: present, type, limit. Raises #SS(0) for SS, else #GP(0). */
export function checkSegment(s: u32, offset: u64, bytes: u32, write: bool): bool {
  if (cpu.mode & Mode.LONG) return true;
  const g = segment(s);
  const attr = g.attr;
  if (attr && (write ? isWritable(attr) : isReadable(attr)) && isInside(attr, g.limit, offset, bytes)) return true;
  if (attr && isEndless(g.base, g.limit, attr) && (write ? isWritable(attr) : isReadable(attr))) return true;
  raise(s == Seg.SS ? Vector.SS : Vector.GP, 0);
  return false;
}

// --- LAR, LSL, VERR, VERW ---

/** True if the selector may be looked at from here: DPL against CPL and RPL, conforming code excepted. */
function isVisible(selector: u32, attr: u32): bool { return isConforming(attr) || dplOf(attr) >= max(cpu.cpl, selector & 3); }

/** System types LAR (and with `limits` LSL) accepts. SDM vol. 2, tables of LAR and LSL. */
function isListed(attr: u32, limits: bool): bool {
  const bit: u32 = 1 << typeOf(attr);
  // 16- and 32-bit TSS, LDT; for LAR also call gates and the task gate. Long mode has no 16-bit kind and no task gate.
  if (isLma()) return (bit & (limits ? 0x0a04 : 0x1a04)) != 0;
  return (bit & (limits ? 0x0a0e : 0x1a3e)) != 0;
}

function inspect(selector: u32, limits: bool): u64 {
  const d = peekDescriptor(selector);
  if (cpu.raised || !d) return 0;
  const attr = attrOfDescriptor(d);
  if (!(attr & Desc.S) && !isListed(attr, limits)) return 0;
  return isVisible(selector, attr) ? d : 0;
}

/** LAR: the access rights, or 0 when ZF is to be cleared. Test cpu.raised. */
export function accessRights(selector: u32): u32 {
  const d = inspect(selector, false);
  return <u32>(d >> 32) & 0x00ff_ff00; // bits 16-19 are undefined in the manual; the descriptor's are left in
}

/** LSL: the limit, or -1 when ZF is to be cleared. Test cpu.raised. */
export function segmentLimit(selector: u32): i64 {
  const d = inspect(selector, true);
  return d ? <i64>limitOfDescriptor(d) : -1;
}

/** VERR and VERW. Test cpu.raised. */
export function verify(selector: u32, write: bool): bool {
  const d = peekDescriptor(selector);
  if (cpu.raised || !d) return false;
  const attr = attrOfDescriptor(d);
  return (write ? isWritable(attr) : isReadable(attr)) && isVisible(selector, attr);
}

// Task switches through a TSS. Intel SDM vol. 3 chapter 7. They do not exist in long mode.
//
// Up to the commit point (the old task's state is stored and TR is loaded) a fault belongs to the old task; after it, the
// segment checks of the new task raise #TS, #NP or #SS there, with its own rip.

import { cpu, gpr, segment, Seg, Desc, Vector, Flag, Cr0 } from "./state";
import { setStatusFlags } from "./flags";
import { updateMode, updateTrace, setCpl, setRip } from "./mode";
import { raise, raiseDebug } from "./exceptions";
import { dropLocalBreakpoints, Status } from "./debug-registers";
import {
  fetchDescriptor, fetchStackDescriptor, attrOfDescriptor, baseOfDescriptor, limitOfDescriptor, dplOf, typeOf, isCode, isConforming,
  isNull, changeType, markAccessed, writeSegment, writeNull, writeV86, setSegment, systemAddress, loadDataSegment,
} from "./segments";
import { isWideTss } from "./tss";
import { loadSystem, storeSystem, probeSystem } from "./memory";
import { putCr3 } from "./control-registers";

export const enum Switch { JUMP, CALL, INTERRUPT, RETURN }

@inline const BUSY: u32 = 2;

/** Switches to the task of TSS `selector`. `next` is where the old task goes on, with `flags`. False after raising. */
export function switchTask(selector: u32, reason: u32, next: u64, flags: u64, ext: u32): bool {
  selector &= 0xffff;
  const vector: u32 = reason == Switch.RETURN ? Vector.TS : Vector.GP;
  const code = (selector & 0xfffc) | ext;
  if (selector & 4 || isNull(selector)) { raise(vector, code); return false; }
  const d = fetchDescriptor(selector, vector, code);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d), type = typeOf(attr);
  const busy = (type & BUSY) != 0;
  if (attr & Desc.S || (type & ~(BUSY | 8)) != 1 || busy != (reason == Switch.RETURN)) { raise(vector, code); return false; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.NP, code); return false; }
  if (limitOfDescriptor(d) < (isWideTss(attr) ? <u32>0x67 : <u32>0x2b)) { raise(Vector.TS, code); return false; }
  if (!leave(selector, d, reason, next, flags)) return false;
  cpu.switched = 1;
  return enter(selector, d, reason);
}

/** Stores the old task's state, once everything either TSS needs is known to be reachable. */
function leave(selector: u32, d: u64, reason: u32, next: u64, flags: u64): bool {
  const old = segment(Seg.TR), wide = isWideTss(old.attr);
  const first: u32 = wide ? 0x20 : 0x0e, end: u32 = wide ? 0x60 : 0x2a;
  const base = baseOfDescriptor(d), size: u32 = isWideTss(attrOfDescriptor(d)) ? 0x67 : 0x2b;
  const links = reason == Switch.CALL || reason == Switch.INTERRUPT;
  loadSystem(systemAddress(base, 0), 1);
  if (!cpu.raised) loadSystem(systemAddress(base, size), 1);
  if (cpu.raised || links && !probeSystem(systemAddress(base, 0), 2)) return false;
  if (!probeSystem(systemAddress(old.base, first), 1) || !probeSystem(systemAddress(old.base, end - 1), 1)) return false;
  if (reason == Switch.JUMP || reason == Switch.RETURN) {
    const mine = fetchDescriptor(old.selector, Vector.TS, old.selector & 0xfffc);
    if (cpu.raised || !changeType(old.selector, mine, 0, BUSY)) return false;
  }
  saveState(old.base, wide, next, reason == Switch.RETURN ? flags & ~(<u64>Flag.NT) : flags);
  if (links) storeSystem(systemAddress(base, 0), 2, old.selector);
  return !cpu.raised && (reason == Switch.RETURN || changeType(selector, d, BUSY, 0));
}

function saveState(base: u64, wide: bool, next: u64, flags: u64): void {
  const bytes: u32 = wide ? 4 : 2;
  let at: u64 = base + (wide ? 0x20 : 0x0e);
  at = put(at, bytes, next);
  at = put(at, bytes, flags);
  for (let r: u32 = 0; r < 8; r++) at = put(at, bytes, load<u64>(gpr(r)));
  const segments: u32 = wide ? 6 : 4;
  for (let s: u32 = 0; s < segments; s++) at = put(at, bytes, segment(s).selector);
}
function put(at: u64, bytes: u32, v: u64): u64 {
  storeSystem(at & 0xffff_ffff, bytes, v);
  return at + bytes;
}

/** Loads the new task's state. */
function enter(selector: u32, d: u64, reason: u32): bool {
  const wide = isWideTss(attrOfDescriptor(d)), base = baseOfDescriptor(d);
  setSegment(Seg.TR, selector, base, limitOfDescriptor(d), attrOfDescriptor(d) | BUSY << 8);
  cpu.cr0 |= Cr0.TS;
  if (wide && cpu.cr0 & Cr0.PG) {
    if (!putCr3(loadSystem(systemAddress(base, 0x1c), 4), false)) return false;
  }
  const bytes: u32 = wide ? 4 : 2;
  let at: u64 = base + (wide ? 0x20 : 0x0e);
  const rip = get(at, bytes);
  let flags = get(at + bytes, bytes);
  at += 2 * bytes;
  if (reason == Switch.CALL || reason == Switch.INTERRUPT) flags |= Flag.NT;
  for (let r: u32 = 0; r < 8; r++, at += bytes) store<u64>(gpr(r), wide ? get(at, 4) : get(at, 2) | 0xffff_0000);
  setRip(rip);
  cpu.rip = rip;
  replaceFlags(flags);
  const ldt = <u32>get(base + (wide ? 0x60 : 0x2a), 2);
  const done = cpu.flags & Flag.VM ? enterV86(at) : enterSegments(at, bytes, ldt, wide);
  updateMode();
  dropLocalBreakpoints();
  updateTrace();
  if (done && wide && get(base + 0x64, 2) & 1) raiseDebug(Status.BT);
  return done && !cpu.raised;
}
function get(at: u64, bytes: u32): u64 { return loadSystem(at & 0xffff_ffff, bytes); }

/** All of EFLAGS at once; a 16-bit image has no upper half. */
function replaceFlags(v: u64): void {
  const mask: u64 = 0x3f_7fd5;
  setStatusFlags(v);
  cpu.flags = (v & mask & ~(<u64>Flag.STATUS)) | 2;
}

function enterV86(at: u64): bool {
  for (let s: u32 = 0; s < 6; s++, at += 4) writeV86(s, <u32>get(at, 2));
  setCpl(3);
  return true;
}

function enterSegments(at: u64, bytes: u32, ldt: u32, wide: bool): bool {
  // Selectors are in place before any check, as a handler in the new task finds them.
  const es = <u32>get(at, 2), cs = <u32>get(at + bytes, 2), ss = <u32>get(at + 2 * bytes, 2), ds = <u32>get(at + 3 * bytes, 2);
  const fs: u32 = wide ? <u32>get(at + 16, 2) : 0, gs: u32 = wide ? <u32>get(at + 20, 2) : 0;
  writeNull(Seg.ES, es); writeNull(Seg.DS, ds); writeNull(Seg.FS, fs); writeNull(Seg.GS, gs);
  segment(Seg.CS).selector = cs;
  writeNull(Seg.SS, ss);
  writeNull(Seg.LDTR, ldt);
  setCpl(cs & 3);
  return loadLdt(ldt) && enterCode(cs) && enterStack(ss) && loadDataSegment(Seg.DS, ds, Vector.TS) &&
    loadDataSegment(Seg.ES, es, Vector.TS) && loadDataSegment(Seg.FS, fs, Vector.TS) && loadDataSegment(Seg.GS, gs, Vector.TS);
}

function loadLdt(selector: u32): bool {
  if (isNull(selector)) return true;
  const code = selector & 0xfffc;
  if (selector & 4) { raise(Vector.TS, code); return false; }
  const d = fetchDescriptor(selector, Vector.TS, code);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d);
  if (attr & Desc.S || typeOf(attr) != 2 || !(attr & Desc.PRESENT)) { raise(Vector.TS, code); return false; }
  setSegment(Seg.LDTR, selector, baseOfDescriptor(d), limitOfDescriptor(d), attr);
  return true;
}

function enterCode(selector: u32): bool {
  const code = selector & 0xfffc;
  if (isNull(selector)) { raise(Vector.TS, code); return false; }
  const d = fetchDescriptor(selector, Vector.TS, code);
  if (cpu.raised) return false;
  const attr = attrOfDescriptor(d), rpl = selector & 3;
  if (!isCode(attr) || (isConforming(attr) ? dplOf(attr) > rpl : dplOf(attr) != rpl)) { raise(Vector.TS, code); return false; }
  if (!(attr & Desc.PRESENT)) { raise(Vector.NP, code); return false; }
  if (!markAccessed(selector, d)) return false;
  writeSegment(Seg.CS, selector, d);
  return true;
}

function enterStack(selector: u32): bool {
  const d = fetchStackDescriptor(selector, cpu.cpl, Vector.TS, 0);
  if (cpu.raised || !markAccessed(selector, d)) return false;
  writeSegment(Seg.SS, selector, d);
  return true;
}

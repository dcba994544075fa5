// Memory as instructions see it: linear addresses, current privilege. The fast paths (ir/words-memory.ts) look in the TLB;
// what misses comes here: walks, page crossings, devices, pages with code, addresses that are not canonical.
// Nothing is stored until every page of the access is known to be writable.

import { Attr, attrOf, isRom, pageOf, ramAt, noteWrite, takesCommands } from "../memory/ram";
import { mmioRead, mmioWrite } from "../memory/bus";
import { control, leaveBlock, RECORD_STACK, RECORD_USES } from "../base/control";
import { cpu, Efer, Mode, Vector } from "./state";
import { Access, Class, currentClass, isAlignmentChecked, isLookedAt, systemClass, tableOf, entryAt, isMarked, unmark } from "./tlb";
import { translate, NO_ADDRESS } from "./paging";
import { watchAccess } from "./debug-registers";
import { raise } from "./exceptions";

/** An address no table ever holds: what a refused address calculation gives, so that the access does nothing. */
@inline export const NOWHERE: u64 = 0x8000_0000_0000_0000;

function isCanonical(linear: u64): bool { return <u64>((<i64>linear << 16) >> 16) == linear; }

/** Checks an address before translation; raises #GP(0), #SS(0) or #AC(0), or nothing if an exception is already raised. */
function isRefused(linear: u64, bytes: u32, who: u32): bool {
  if (cpu.raised) return true;
  if (who == Class.USER && linear & (bytes - 1) && isLookedAt() && isAlignmentChecked()) { raise(Vector.AC, 0); return true; }
  if (!(cpu.efer & Efer.LMA)) return false;
  if (isCanonical(linear) && isCanonical(linear + bytes - 1)) return false;
  raise(cpu.stackAccess || <u32>load<u8>(<usize>control.current + RECORD_USES) & RECORD_STACK ? Vector.SS : Vector.GP, 0);
  return true;
}

@inline function crosses(linear: u64, bytes: u32): bool { return ((linear & 0xfff) + bytes) > 0x1000; }
/** Start of the second page of an access that crosses: the address its fault reports. */
@inline function lastPage(linear: u64, bytes: u32): u64 { return (linear + bytes - 1) & ~0xfff; }
/** Linear addresses wrap at 4 GiB outside long mode. */
@inline function wrap(linear: u64): u64 { return cpu.efer & Efer.LMA ? linear : linear & 0xffff_ffff; }
/** Programs' own addresses wrap in compatibility mode too; the tables of the system lie anywhere in long mode. */
@inline function inProgram(linear: u64): u64 { return cpu.mode & Mode.LONG ? linear : linear & 0xffff_ffff; }
/** Start of a second page: from the last page below 4 GiB on to page 0, unless the code is 64-bit. */
@inline function secondPage(page: u64): u64 { return page == 0x1_0000_0000 ? inProgram(page) : wrap(page); }

export function loadPhysical(at: u64, bytes: u32): u64 {
  const p = ramAt(at, bytes);
  return p ? loadHost(p, bytes) : mmioRead(at, bytes);
}
function loadHost(p: usize, bytes: u32): u64 {
  switch (bytes) {
    case 1: return load<u8>(p);
    case 2: return load<u16>(p);
    case 4: return load<u32>(p);
    default: return load<u64>(p);
  }
}

export function storePhysical(at: u64, bytes: u32, v: u64): void {
  const p = ramAt(at, bytes);
  if (!p) { mmioWrite(at, bytes, v); leaveBlock(); return; }
  if (!isRom(p)) storeNoted(p, bytes, v);
  else if (takesCommands(at)) { mmioWrite(at, bytes, v); leaveBlock(); }
}

function storeNoted(p: usize, bytes: u32, v: u64): void {
  storeHost(p, bytes, v);
  noteWrite(p, bytes);
}
function storeHost(p: usize, bytes: u32, v: u64): void {
  switch (bytes) {
    case 1: store<u8>(p, <u8>v); break;
    case 2: store<u16>(p, <u16>v); break;
    case 4: store<u32>(p, <u32>v); break;
    default: store<u64>(p, v);
  }
}

/**
 * Where the TLB has the access for `who`; 0 where it must be walked or looked at. Descriptor tables, task segments and frames are read and
 * written at each segment load and each delivery: a walk each time cost more than all the rest of a system call.
 */
function heldAt(linear: u64, bytes: u32, who: u32, access: u32): usize {
  if (cpu.raised || isLookedAt()) return 0;
  const e = entryAt(tableOf(who, access), linear);
  return load<u64>(e) == ((linear + bytes - 1) & ~0xfff) ? <usize>(<u32>linear + load<u32>(e, 8)) : 0;
}

/** Loads `bytes` (1, 2, 4, 8) for `who`; 0 after raising a fault. */
export function loadAs(linear: u64, bytes: u32, who: u32): u64 {
  const p = heldAt(linear, bytes, who, Access.READ);
  if (p) return loadHost(p, bytes);
  if (isRefused(linear, bytes, who)) return 0;
  if (crosses(linear, bytes)) return loadAcross(linear, bytes, who);
  const at = translate(wrap(linear), Access.READ, who);
  if (at == NO_ADDRESS) return 0;
  if (isLookedAt()) watchAccess(linear, bytes, false);
  return loadPhysical(at, bytes);
}

function loadAcross(linear: u64, bytes: u32, who: u32): u64 {
  const first = <u32>(0x1000 - (linear & 0xfff));
  const a = translate(wrap(linear), Access.READ, who);
  if (a == NO_ADDRESS) return 0;
  const b = translate(secondPage(linear + first), Access.READ, who);
  if (b == NO_ADDRESS) return 0;
  if (isLookedAt()) watchAccess(linear, bytes, false);
  return joinPhysical(a, b, first, bytes);
}
/** `first` bytes at `a`, the rest at `b`. */
function joinPhysical(a: u64, b: u64, first: u32, bytes: u32): u64 {
  let v: u64 = 0;
  for (let k: u32 = 0; k < bytes; k++) {
    const at = k < first ? a + k : b + (k - first);
    v |= loadPhysical(at, 1) << (<u64>k * 8);
  }
  return v;
}

/** Stores the low `bytes` of `v` for `who`; false after raising a fault, with nothing stored. */
export function storeAs(linear: u64, bytes: u32, v: u64, who: u32): bool {
  const p = heldAt(linear, bytes, who, Access.WRITE);
  if (p) { storeHost(p, bytes, v); return true; }
  if (isRefused(linear, bytes, who)) return false;
  if (crosses(linear, bytes)) return storeAcross(linear, bytes, v, who);
  const at = translate(wrap(linear), Access.WRITE, who);
  if (at == NO_ADDRESS) return false;
  if (isLookedAt()) watchAccess(linear, bytes, true);
  storePhysical(at, bytes, v);
  return true;
}

function storeAcross(linear: u64, bytes: u32, v: u64, who: u32): bool {
  const first = <u32>(0x1000 - (linear & 0xfff));
  const a = translate(wrap(linear), Access.WRITE, who);
  if (a == NO_ADDRESS) return false;
  const b = translate(secondPage(linear + first), Access.WRITE, who);
  if (b == NO_ADDRESS) return false;
  if (isLookedAt()) watchAccess(linear, bytes, true);
  for (let k: u32 = 0; k < bytes; k++) storePhysical(k < first ? a + k : b + (k - first), 1, v >> (<u64>k * 8));
  return true;
}

/**
 * The load of a read-modify-write: pages are looked up once, for writing, and what a store would raise is raised; 0 then. The store that
 * follows cannot fault.
 */
export function loadForUpdate(linear: u64, bytes: u32): u64 {
  const e = entryAt(cpu.tlbWrite, linear);
  // The page is writable and holds code: what is stored takes the slow path, what is loaded need not walk.
  if (isMarked(e, linear + bytes - 1)) return loadHost(<usize>(<u32>linear + load<u32>(e, 8)), bytes);
  const at = inProgram(linear), who = currentClass();
  if (isRefused(at, bytes, who)) return 0;
  const a = translate(wrap(at), Access.WRITE, who);
  if (a == NO_ADDRESS) return 0;
  if (!crosses(at, bytes)) return loadPhysical(a, bytes);
  const b = translate(secondPage(lastPage(at, bytes)), Access.WRITE, who);
  return b == NO_ADDRESS ? 0 : joinPhysical(a, b, <u32>(0x1000 - (at & 0xfff)), bytes);
}

/** Raises what a store of `bytes` at `linear` would raise, and stores nothing. True if it may be stored. */
export function probeAs(linear: u64, bytes: u32, who: u32): bool {
  if (heldAt(linear, bytes, who, Access.WRITE)) return true;
  if (isRefused(linear, bytes, who)) return false;
  if (translate(wrap(linear), Access.WRITE, who) == NO_ADDRESS) return false;
  return !crosses(linear, bytes) || translate(secondPage(lastPage(linear, bytes)), Access.WRITE, who) != NO_ADDRESS;
}

/** Raises what a load would raise, and loads nothing (device registers have side effects). */
export function probeReadAs(linear: u64, bytes: u32, who: u32): bool {
  if (isRefused(linear, bytes, who)) return false;
  if (translate(wrap(linear), Access.READ, who) == NO_ADDRESS) return false;
  return !crosses(linear, bytes) || translate(secondPage(lastPage(linear, bytes)), Access.READ, who) != NO_ADDRESS;
}

// At the current privilege: instructions' own operands.
export function loadLinear(linear: u64, bytes: u32): u64 {
  const e = entryAt(cpu.tlbRead, linear);
  if (load<u64>(e) == ((linear + bytes - 1) & ~0xfff)) {
    const p = <usize>(<u32>linear + load<u32>(e, 8));
    switch (bytes) {
      case 1: return load<u8>(p);
      case 2: return load<u16>(p);
      case 4: return load<u32>(p);
      default: return load<u64>(p);
    }
  }
  return loadMissed(linear, bytes);
}
export function storeLinear(linear: u64, bytes: u32, v: u64): bool {
  const e = entryAt(cpu.tlbWrite, linear);
  if (load<u64>(e) == ((linear + bytes - 1) & ~0xfff)) {
    const p = <usize>(<u32>linear + load<u32>(e, 8));
    switch (bytes) {
      case 1: store<u8>(p, <u8>v); return true;
      case 2: store<u16>(p, <u16>v); return true;
      case 4: store<u32>(p, <u32>v); return true;
      default: store<u64>(p, v); return true;
    }
  }
  return storeMissed(linear, bytes, v);
}
/** What the fast paths have not found. */
export function loadMissed(linear: u64, bytes: u32): u64 { return loadAs(inProgram(linear), bytes, currentClass()); }
export function storeMissed(linear: u64, bytes: u32, v: u64): bool {
  const e = entryAt(cpu.tlbWrite, linear);
  if (!isMarked(e, linear + bytes - 1)) return storeAs(inProgram(linear), bytes, v, currentClass());
  // The page is writable and holds code, or did.
  const p = <usize>(<u32>linear + load<u32>(e, 8));
  storeNoted(p, bytes, v);
  if (!(attrOf(pageOf(p)) & Attr.CODE)) unmark(e);
  return true;
}
export function probeLinear(linear: u64, bytes: u32): bool {
  const e = entryAt(cpu.tlbWrite, linear);
  if (load<u64>(e) == ((linear + bytes - 1) & ~0xfff) || isMarked(e, linear + bytes - 1)) return true;
  return probeAs(inProgram(linear), bytes, currentClass());
}

// As the processor itself: descriptor tables, TSS, IDT.
export function loadSystem(linear: u64, bytes: u32): u64 { return loadAs(linear, bytes, systemClass()); }
export function storeSystem(linear: u64, bytes: u32, v: u64): bool { return storeAs(linear, bytes, v, systemClass()); }
export function probeSystem(linear: u64, bytes: u32): bool { return probeAs(linear, bytes, systemClass()); }

/** Linear-memory address of the code byte at `linear`, or 0 after raising; code outside RAM raises #GP(0). */
export function fetchAt(linear: u64): usize {
  linear = inProgram(linear);
  const e = entryAt(cpu.tlbExec, linear);
  if (load<u64>(e) == (linear & ~0xfff)) return <usize>(<u32>linear + load<u32>(e, 8));
  if (cpu.efer & Efer.LMA && !isCanonical(linear)) { raise(Vector.GP, 0); return 0; }
  const at = translate(linear, Access.EXEC, cpu.cpl == 3 ? Class.USER : Class.KERNEL);
  if (at == NO_ADDRESS) return 0;
  const p = ramAt(at, 1);
  // The bus would answer with ones, FF FF, which is no instruction; we do not execute out of devices.
  if (!p) raise(Vector.UD, 0);
  return p;
}

// Translation of linear addresses: no paging, 32-bit, PAE and 4-level paging. Intel SDM vol. 3 chapter 4.
// A walk checks rights, sets accessed and dirty bits, and enters the page in the TLB. A refused walk raises #PF and
// changes nothing. Physical addresses are 40 bits wide; bits above are reserved.

import { PDPTE, WALK } from "../base/layout";
export { PDPTE };
import { spend, Work } from "../base/control";
import { machine } from "../base/machine";
import { Counter, count } from "../base/counters";
import { isRom, ramAt, attrOf, setAttr, pageOf, noteWrite, Attr } from "../memory/ram";
import { cpu, Cr0, Cr4, Efer } from "./state";
import { Access, Class, enterPage, tableOf } from "./tlb";
import { Entry } from "./contexts";
import { raisePageFault } from "./exceptions";

@inline export const PHYSICAL_BITS: u64 = 40;
@inline const ADDRESS: u64 = 0x00ff_ffff_f000;
@inline const RESERVED_HIGH: u64 = 0x000f_ff00_0000_0000;
@inline export const NO_ADDRESS: u64 = ~0;

export const enum Pte { P = 1, W = 2, U = 4, A = 32, D = 64, PS = 128, G = 256 }
@inline const NX: u64 = 1 << 63;

export const enum FaultCode { P = 1, W = 2, U = 4, RSVD = 8, I = 16 }

/** What a walk found, kept in memory because AssemblyScript returns one value. */
@unmanaged class Walk {
  /** The leaf entry and where it and its parents lie, so that A and D can be set. */
  leaf: u64;
  leafAt: u64;
  /** Rights gathered from all levels: W, U as in an entry; bit 63 NX. */
  rights: u64;
  /** Bytes of the page, less one. */
  mask: u64;
  /** Physical addresses of those upper entries whose A is clear, to set it in. */
  upper0: u64; upper1: u64; upper2: u64;
  count: u32;
  wide: u32;
}
@inline const walk = changetype<Walk>(WALK);

/** A physical address as it leaves the processor, past the A20 gate. */
@inline function gated(physical: u64): u64 { return physical & ~machine.heldDown; }

function readEntry(at: u64, bytes: u32): u64 {
  const p = ramAt(gated(at), bytes);
  if (!p) return 0;
  return bytes == 8 ? load<u64>(p) : <u64>load<u32>(p);
}
function orEntry(at: u64, bits: u32): void {
  const p = ramAt(gated(at), 4);
  if (!p || isRom(p)) return;
  const v = load<u32>(p);
  if ((v & bits) == bits) return;
  store<u32>(p, v | bits);
  noteWrite(p, 4);
}

/** Physical address of `linear` for an access by `who`, or NO_ADDRESS after raising #PF. Enters the page in the TLB. */
export function translate(linear: u64, access: u32, who: u32): u64 {
  if (!(cpu.cr0 & Cr0.PG)) {
    const flat = gated(linear & 0xffff_ffff);
    enter(linear, flat, access, who, Entry.GLOBAL);
    return flat;
  }
  count(Counter.PAGE_WALKS);
  spend(Work.WALK);
  const code = find(linear, access, who, true);
  if (code != OK) { raisePageFault(linear, code); return NO_ADDRESS; }
  const physical = gated((walk.leaf & ADDRESS & ~walk.mask) | (linear & walk.mask));
  let flags: u32 = walk.mask > 0xfff ? Entry.LARGE : 0;
  if (walk.mask > 0x3f_ffff) cpu.hugePages = 1; // 1 GiB: INVLPG must look further (tlb.ts)
  if (walk.leaf & Pte.G && cpu.cr4 & Cr4.PGE) flags |= Entry.GLOBAL;
  enter(linear, physical, access, who, flags);
  return physical;
}

/** Physical address for the debugger and the host: no rights, no accessed bits, no fault. */
export function peek(linear: u64): u64 {
  if (!(cpu.cr0 & Cr0.PG)) return gated(linear & 0xffff_ffff);
  if (find(linear, Access.READ, Class.OPEN, false) != OK) return NO_ADDRESS;
  return gated((walk.leaf & ADDRESS & ~walk.mask) | (linear & walk.mask));
}

function enter(linear: u64, physical: u64, access: u32, who: u32, flags: u32): void {
  const host = ramAt(physical & ~0xfff, 4096);
  if (!host) return;
  const attr = attrOf(pageOf(host));
  const write = access == Access.WRITE;
  if (write && attr & Attr.ROM) return;
  if (write) setAttr(pageOf(host), Attr.DIRTY);
  enterPage(tableOf(access == Access.EXEC && who == Class.OPEN ? Class.KERNEL : who, access), linear, host, flags, write && (attr & Attr.CODE) != 0);
}

@inline const OK: u32 = 0xffff_ffff;
@inline const ABSENT: u32 = 0x4000_0000;

/** Walks and checks; `mark` sets A and D when the access is granted. Returns OK or the #PF error code. */
function find(linear: u64, access: u32, who: u32, mark: bool): u32 {
  let code: u32 = access == Access.WRITE ? FaultCode.W : 0;
  if (who == Class.USER) code |= FaultCode.U;
  if (access == Access.EXEC && (cpu.efer & Efer.NXE && cpu.cr4 & Cr4.PAE || cpu.cr4 & Cr4.SMEP)) code |= FaultCode.I;
  const got = cpu.efer & Efer.LMA ? descend(linear, cpu.cr3 & ADDRESS, 3)
    : cpu.cr4 & Cr4.PAE ? descendPae(linear) : descendLegacy(linear);
  if (got) return got == ABSENT ? code : code | got;
  if (refused(access, who)) return code | FaultCode.P;
  if (mark) setBits(access);
  return OK;
}

/** Rights of the page against the access. SDM vol. 3, 4.6.1. */
function refused(access: u32, who: u32): bool {
  const rights = walk.rights;
  const user = (rights & Pte.U) != 0;
  if (access == Access.EXEC && rights & NX) return true;
  if (who == Class.USER) return !user || access == Access.WRITE && !(rights & Pte.W);
  if (user && access == Access.EXEC) return (cpu.cr4 & Cr4.SMEP) != 0;
  if (user && who == Class.KERNEL && cpu.cr4 & Cr4.SMAP) return true;
  return access == Access.WRITE && !(rights & Pte.W) && (cpu.cr0 & Cr0.WP) != 0;
}

function setBits(access: u32): void {
  if (walk.count > 0) orEntry(walk.upper0, Pte.A);
  if (walk.count > 1) orEntry(walk.upper1, Pte.A);
  if (walk.count > 2) orEntry(walk.upper2, Pte.A);
  const bits: u32 = access == Access.WRITE ? Pte.A | Pte.D : Pte.A;
  if ((<u32>walk.leaf & bits) != bits) orEntry(walk.leafAt, bits);
}

function begin(): void { walk.rights = Pte.W | Pte.U; walk.count = 0; }

/** Notes an entry on the way: its rights, and where it lies if A is to be set in it. */
function pass(at: u64, e: u64): void {
  walk.rights = (walk.rights & (e | NX)) | ((walk.rights | e) & NX);
  if (e & Pte.A) return;
  if (walk.count == 0) walk.upper0 = at; else if (walk.count == 1) walk.upper1 = at; else walk.upper2 = at;
  walk.count++;
}

function land(at: u64, e: u64, mask: u64): u32 {
  walk.rights = (walk.rights & (e | NX)) | ((walk.rights | e) & NX);
  walk.leaf = e; walk.leafAt = at; walk.mask = mask;
  return 0;
}

/** PAE-format tables from `level` (3 = PML4) down. Returns 0 when it landed, else ABSENT or the error code's bits. */
function descend(linear: u64, table: u64, level: i32): u32 {
  begin();
  return descendFrom(linear, table, level);
}

function descendFrom(linear: u64, table: u64, from: i32): u32 {
  const bad = RESERVED_HIGH | (cpu.efer & Efer.NXE ? 0 : NX);
  let level = from;
  while (true) {
    const shift: u64 = 12 + 9 * <u64>level;
    const at = table + ((linear >> shift) & 511) * 8;
    const e = readEntry(at, 8);
    if (!(e & Pte.P)) return ABSENT;
    if (e & bad) return FaultCode.RSVD | FaultCode.P;
    if (level == 0) return land(at, e, 0xfff);
    if (e & Pte.PS) {
      if (level == 3) return FaultCode.RSVD | FaultCode.P;
      const mask = (<u64>1 << shift) - 1;
      // Bits 12 (PAT) aside, the address bits under the page size are reserved.
      if (e & mask & ADDRESS & ~0x1000) return FaultCode.RSVD | FaultCode.P;
      return land(at, e, mask);
    }
    pass(at, e);
    table = e & ADDRESS;
    level--;
  }
  return ABSENT;
}

/** PAE: four page-directory pointers, held in registers since CR3 was written (kept in the CPU state). SDM vol. 3, 4.4. */
function descendPae(linear: u64): u32 {
  begin();
  const e = load<u64>(PDPTE + (<usize>(linear >> 30) & 3) * 8);
  if (!(e & Pte.P)) return ABSENT;
  return descendFrom(linear & 0xffff_ffff, e & ADDRESS, 1);
}

/** 32-bit paging with 4 MiB pages and PSE-36. SDM vol. 3, 4.3. */
function descendLegacy(linear: u64): u32 {
  begin();
  const at = (cpu.cr3 & 0xffff_f000) + ((linear >> 22) & 1023) * 4;
  const e = readEntry(at, 4);
  if (!(e & Pte.P)) return ABSENT;
  if (e & Pte.PS && cpu.cr4 & Cr4.PSE) {
    if (e & 0x20_0000) return FaultCode.RSVD | FaultCode.P;
    // Bits 39:32 of the address are bits 20:13 of the entry.
    const wide = (e & ~0x3f_f000) | ((e >> 13) & 0xff) << 32;
    return land(at, wide, 0x3f_ffff);
  }
  pass(at, e);
  const at2 = (e & 0xffff_f000) + ((linear >> 12) & 1023) * 4;
  const leaf = readEntry(at2, 4);
  if (!(leaf & Pte.P)) return ABSENT;
  return land(at2, leaf, 0xfff);
}

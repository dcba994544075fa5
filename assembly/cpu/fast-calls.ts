// SYSCALL, SYSRET, SYSENTER, SYSEXIT. AMD APM vol. 2, 6.1; Intel SDM vol. 2, the four pages.
// Where each is there is the vendor's (vendor-spec.ts). `next` is the address of the instruction after. All return false after raising.

import { cpu, gpr, Seg, Desc, Flag, Efer, Cr0 } from "./state";
import { readFlags, writeFlags } from "./flags";
import { isLma, isLong, isCanonical, isProtected, updateMode, setCpl, setRip } from "./mode";
import { raiseGp, raiseUd } from "./exceptions";
import { setSegment } from "./segments";
import { Status } from "./debug-registers";
import { does, Trait } from "../base/vendor";

@inline const CODE: u32 = Desc.PRESENT | Desc.S | Desc.CODE | Desc.READABLE | Desc.ACCESSED | Desc.G;
@inline const DATA: u32 = Desc.PRESENT | Desc.S | Desc.WRITABLE | Desc.ACCESSED | Desc.G | Desc.DB;

function setFlatCode(selector: u32, cpl: u32, long: bool): void {
  setSegment(Seg.CS, (selector & 0xfffc) | cpl, 0, 0xffff_ffff, CODE | (long ? Desc.L : Desc.DB) | cpl << Desc.DPL_SHIFT);
}
function setFlatStack(selector: u32, cpl: u32): void {
  setSegment(Seg.SS, (selector & 0xfffc) | cpl, 0, 0xffff_ffff, DATA | cpl << Desc.DPL_SHIFT);
}
function arrive(cpl: u32, rip: u64): void {
  setCpl(cpl);
  updateMode();
  setRip(rip);
}
function refuse(): bool { raiseGp(0); return false; }

/** SYSCALL and SYSRET: by EFER.SCE, in protected mode, or in 64-bit code alone. */
function hasSysCall(): bool { return (cpu.efer & Efer.SCE) != 0 && isProtected() && (isLong() || !does(Trait.SYSCALL_ONLY_64)); }
/** SYSENTER and SYSEXIT. */
function hasSysEnter(): bool { return !isLma() || !does(Trait.NO_SYSENTER_IN_LONG); }

export function sysCall(next: u64): bool {
  if (!hasSysCall()) { raiseUd(); return false; }
  const selector = <u32>(cpu.star >> 32) & 0xffff;
  store<u64>(gpr(1), next);
  const long = isLma();
  let target = cpu.star & 0xffff_ffff;
  if (long) {
    target = isLong() ? cpu.lstar : cpu.cstar;
    store<u64>(gpr(11), readFlags() & ~(<u64>Flag.RF));
    writeFlags(0, (cpu.sfmask & 0xffff_ffff) | Flag.RF);
  } else writeFlags(0, Flag.IF | Flag.RF | Flag.VM);
  setFlatCode(selector, 0, long);
  setFlatStack(selector + 8, 0);
  arrive(0, target);
  return true;
}

/** `wide`: to 64-bit code (REX.W). */
export function sysReturn(wide: bool): bool {
  if (!hasSysCall()) { raiseUd(); return false; }
  if (cpu.cpl != 0) return refuse();
  const target = load<u64>(gpr(1)), selector = <u32>(cpu.star >> 48) & 0xffff;
  if (wide && does(Trait.SYSRET_CHECKS_TARGET) && !isCanonical(target)) return refuse();
  const long = isLong();
  if (long) writeFlags(load<u64>(gpr(11)) & ~(<u64>Flag.RF), 0x3c_7fd5 | Flag.RF);
  else writeFlags(Flag.IF, Flag.IF);
  setFlatCode(wide ? selector + 16 : selector, 3, wide);
  setFlatStack(selector + 8, 3);
  arrive(3, wide ? target : target & 0xffff_ffff);
  // A program entered with TF set is trapped before its first instruction. APM vol. 2, 13.1.4.
  if (cpu.flags & Flag.TF) cpu.watched |= Status.BS;
  return true;
}

/** Also from virtual-8086 mode. */
export function sysEnter(): bool {
  if (!hasSysEnter()) { raiseUd(); return false; }
  if (!(cpu.cr0 & Cr0.PE) || !(cpu.sysenterCs & 0xfffc)) return refuse();
  const long = isLma(), selector = <u32>cpu.sysenterCs & 0xffff;
  writeFlags(0, Flag.IF | Flag.RF | Flag.VM);
  store<u64>(gpr(4), long ? cpu.sysenterEsp : cpu.sysenterEsp & 0xffff_ffff);
  setFlatCode(selector, 0, long);
  setFlatStack((selector & 0xfffc) + 8, 0);
  arrive(0, long ? cpu.sysenterEip : cpu.sysenterEip & 0xffff_ffff);
  return true;
}

/** `wide`: to 64-bit code (REX.W). */
export function sysExit(wide: bool): bool {
  if (!hasSysEnter()) { raiseUd(); return false; }
  if (!isProtected() || cpu.cpl != 0 || !(cpu.sysenterCs & 0xfffc)) return refuse();
  const selector = <u32>cpu.sysenterCs & 0xfffc;
  const rip = load<u64>(gpr(2)), rsp = load<u64>(gpr(1));
  if (wide && (!isCanonical(rip) || !isCanonical(rsp))) return refuse();
  store<u64>(gpr(4), wide ? rsp : rsp & 0xffff_ffff);
  setFlatCode(selector + (wide ? 32 : 16), 3, wide);
  setFlatStack(selector + (wide ? 40 : 24), 3);
  arrive(3, wide ? rip : rip & 0xffff_ffff);
  return true;
}

// The task state segment: stacks of inner levels, the interrupt stack table, the I/O and redirection bitmaps.
// Intel SDM vol. 3, 7.2 and 7.7; the 64-bit TSS figure 7-11; vol. 1, 19.5.2 for the I/O bitmap.

import { CPU } from "../base/layout";
import { cpu, segment, Seg, Vector } from "./state";
import { raise } from "./exceptions";
import { systemAddress, typeOf } from "./segments";
import { isProtected, iopl } from "./mode";
import { loadSystem } from "./memory";

/** The stack a TSS names, kept in memory because AssemblyScript returns one value. */
@unmanaged export class InnerStack { pointer: u64; selector: u32; pad: u32; }
@inline export const inner = changetype<InnerStack>(CPU + 0xe40);

/** Bit 3 of the type tells 32-bit (and 64-bit) TSSs from 16-bit ones. */
@inline export function isWideTss(attr: u32): bool { return (typeOf(attr) & 8) != 0; }

function tssCode(ext: u32): u32 { return (segment(Seg.TR).selector & 0xfffc) | ext; }

/** Reads a field of the current TSS that must lie within its limit, else #TS. Test cpu.raised. */
function field(offset: u32, bytes: u32, ext: u32): u64 {
  const tr = segment(Seg.TR);
  if (offset + bytes - 1 > tr.limit) { raise(Vector.TS, tssCode(ext)); return 0; }
  return loadSystem(systemAddress(tr.base, offset), bytes);
}

/** Finds the stack of level `dpl` in a 16- or 32-bit TSS. */
export function findInnerStack(dpl: u32, ext: u32): bool {
  const wide = isWideTss(segment(Seg.TR).attr);
  const bytes: u32 = wide ? 4 : 2, at = dpl * 2 * bytes + bytes;
  inner.pointer = field(at, bytes, ext);
  if (cpu.raised) return false;
  inner.selector = <u32>field(at + bytes, 2, ext);
  return !cpu.raised;
}

/** RSPn of a 64-bit TSS. Test cpu.raised. */
export function longStack(dpl: u32, ext: u32): u64 { return field(4 + dpl * 8, 8, ext); }
/** ISTn, 1 to 7. Test cpu.raised. */
export function interruptStack(ist: u32, ext: u32): u64 { return field(0x1c + ist * 8, 8, ext); }

/** True if the code in hand may access `bytes` ports from `port`; raises #GP(0) or a page fault otherwise. */
export function checkPorts(port: u32, bytes: u32): bool {
  if (!(cpu.cr0 & 1)) return true;
  if (isProtected() && cpu.cpl <= iopl()) return true;
  if (allows(port, bytes)) return true;
  raise(Vector.GP, 0);
  return false;
}

function allows(port: u32, bytes: u32): bool {
  const tr = segment(Seg.TR);
  if (!isWideTss(tr.attr) || tr.limit < 0x67) return false;
  const at = <u32>loadSystem(systemAddress(tr.base, 0x66), 2) + (port >> 3);
  if (cpu.raised || at + 1 > tr.limit) return false;
  const bits = <u32>loadSystem(systemAddress(tr.base, at), 2) >> (port & 7);
  return !cpu.raised && !(bits & ((1 << bytes) - 1));
}

/** Virtual-8086 extensions: true if INT `vector` goes to the 8086 program's own handler. SDM vol. 3, 20.3.3. Test cpu.raised. */
export function isRedirected(vector: u32): bool {
  const tr = segment(Seg.TR);
  if (!isWideTss(tr.attr) || tr.limit < 0x67) return false;
  const at = <u32>loadSystem(systemAddress(tr.base, 0x66), 2) - 32 + (vector >> 3);
  if (cpu.raised || at > tr.limit) return false;
  const bits = <u32>loadSystem(systemAddress(tr.base, at), 1);
  return !cpu.raised && !(bits >> (vector & 7) & 1);
}

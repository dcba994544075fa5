// Guest RAM: two runs of guest-physical addresses over one run of linear memory, and a byte of attributes a page.
// Accesses outside it fail; they never trap.

import { RAM, PAGE_ATTR, LOW_RAM_END, HIGH_RAM } from "../base/layout";
import { control } from "../base/control";

/** Attributes of a RAM page. */
export const enum Attr {
  /** Decoded or translated code lies in it: stores take the slow path. */
  CODE = 1,
  /** Read-only to the guest (ROM and shadowed BIOS). */
  ROM = 2,
  /** Written since the host last cleared the bit. */
  DIRTY = 4,
}

/** Linear address of `bytes` at guest-physical `gpa`, or 0 if they are not all in one run of RAM. */
export function ramAt(gpa: u64, bytes: u32): usize {
  const size = control.ramSize;
  const low = min(size, LOW_RAM_END);
  if (gpa < low) return gpa + <u64>bytes <= low ? RAM + <usize>gpa : 0;
  if (gpa < HIGH_RAM || size <= LOW_RAM_END) return 0;
  const offset = gpa - HIGH_RAM, high = size - LOW_RAM_END;
  return offset < high && offset + <u64>bytes <= high ? RAM + <usize>(LOW_RAM_END + offset) : 0;
}

/** Index of the RAM page at linear address `host`. */
@inline export function pageOf(host: usize): u32 { return <u32>((host - RAM) >> 12); }
@inline export function attrOf(page: u32): u32 { return load<u8>(PAGE_ATTR + page); }
@inline export function setAttr(page: u32, bits: u32): void { store<u8>(PAGE_ATTR + page, <u8>(attrOf(page) | bits)); }
@inline export function clearAttr(page: u32, bits: u32): void { store<u8>(PAGE_ATTR + page, <u8>(attrOf(page) & ~bits)); }

/** Every store to RAM that did not come through the write TLB ends here: code it overlaps is dropped, the page is dirty. */
export function noteWrite(host: usize, bytes: u32): void {
  const first = pageOf(host), last = pageOf(host + bytes - 1);
  for (let page = first; page <= last; page++) {
    if (attrOf(page) & Attr.CODE && control.codeSlot) call_indirect<void>(control.codeSlot, host, bytes);
    setAttr(page, Attr.DIRTY);
  }
}

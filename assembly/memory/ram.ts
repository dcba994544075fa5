// Guest RAM: two runs of guest-physical addresses over one run of linear memory, and a byte of attributes a page. A ROM image
// is memory too: its pages are read-only and end at 4 GiB.
// A screen's memory lies behind it and is memory too, where the guest puts it; A0000 to BFFFF is then no RAM but the screen's window.
// Accesses outside it fail; they never trap.
//
// A restored machine's pages may still lie with the host (ABSENT). They come when ramAt leads to them for the first time, which counts nothing and
// which the guest cannot tell: ramAt is the one way to RAM, for processor, page walks and devices, but for the TLB's entries (cpu/tlb.ts bringMapped).

import { FIRMWARE, RAM, PAGE_ATTR, LOW_RAM_END, HIGH_RAM } from "../base/layout";
import { leaveBlock } from "../base/control";
import { links, machine } from "../base/machine";

/** Attributes of a RAM page. */
export const enum Attr {
  /** Decoded or translated code lies in it: stores take the slow path. */
  CODE = 1,
  /** Read-only to the guest (ROM and shadowed BIOS). */
  ROM = 2,
  /** Written since the host last cleared the bit. */
  DIRTY = 4,
  /** Its content lies with the host. */
  ABSENT = 8,
}

/** The host puts page `page` of RAM (as linear memory has them) where it belongs; it throws where it cannot, and the machine is done for. */
// @ts-ignore: decorator
@external("env", "page")
declare function fetchPage(page: u32): void;

/** Linear address of `bytes` at guest-physical `gpa`, or 0 if they are not all in one run of RAM or in the ROM. */
export function ramAt(gpa: u64, bytes: u32): usize {
  const host = placeOf(gpa, bytes);
  if (links.absent && host) bring(host, bytes);
  return host;
}

function placeOf(gpa: u64, bytes: u32): usize {
  const size = machine.ramSize;
  const low = min(size, LOW_RAM_END);
  if (gpa < low) return gpa + <u64>bytes <= low && !inWindow(gpa, bytes) ? RAM + <usize>gpa : 0;
  if (gpa < HIGH_RAM) return gpa - machine.videoAt < machine.videoBytes ? videoFrom(gpa, bytes) : romAt(gpa, bytes);
  if (size <= LOW_RAM_END) return 0;
  const offset = gpa - HIGH_RAM, high = size - LOW_RAM_END;
  return offset < high && offset + <u64>bytes <= high ? RAM + <usize>(LOW_RAM_END + offset) : 0;
}

/** The ROM ends where RAM starts in linear memory, and at 4 GiB in the guest's. */
function romAt(gpa: u64, bytes: u32): usize {
  const end = gpa + <u64>bytes;
  if (machine.hiddenBytes && gpa < machine.hiddenAt + machine.hiddenBytes && end > machine.hiddenAt) return 0;
  return gpa >= HIGH_RAM - <u64>machine.romSize && end <= HIGH_RAM ? RAM - <usize>(HIGH_RAM - gpa) : 0;
}

/** A store to this address of the ROM is a command to a flash chip. */
@inline export function takesCommands(gpa: u64): bool { return HIGH_RAM - gpa <= machine.flashBytes; }

/** A part of the ROM is no memory while a device answers for it; 0 bytes: all of it is. */
export function hideRom(gpa: u64, bytes: u32): void {
  if (machine.hiddenAt == gpa && machine.hiddenBytes == bytes) return;
  machine.hiddenAt = gpa; machine.hiddenBytes = bytes;
  leaveBlock();
  if (links.tlbSlot) call_indirect<void>(links.tlbSlot);
}

// --- The screen's memory ---

@inline const WINDOW: u64 = 0xa_0000;
@inline const WINDOW_END: u64 = 0xc_0000;
@inline function inWindow(gpa: u64, bytes: u32): bool { return machine.videoBytes != 0 && gpa < WINDOW_END && gpa + <u64>bytes > WINDOW; }

/** Where it lies in linear memory. */
@inline export function videoMemory(): usize { return RAM + <usize>machine.ramSize; }

/** It is on the board only where it was placed. */
function videoFrom(gpa: u64, bytes: u32): usize {
  const offset = gpa - machine.videoAt;
  return machine.videoAt && offset + <u64>bytes <= machine.videoBytes ? videoMemory() + <usize>offset : 0;
}

/** At attach: there is a screen with so much memory. */
export function openVideo(bytes: u32): void { machine.videoBytes = bytes; }

/** The guest puts it at an address above its RAM, or takes it away (0). */
export function placeVideo(gpa: u64): void {
  if (machine.videoAt == gpa) return;
  machine.videoAt = gpa;
  leaveBlock();
  if (links.tlbSlot) call_indirect<void>(links.tlbSlot);
}

export function putVideo8(place: u32, byte: u32): void {
  store<u8>(videoMemory() + place, <u8>byte);
  noteWrite(videoMemory() + place, 1);
}
export function putVideo32(place: u32, value: u32): void {
  store<u32>(videoMemory() + place, value);
  noteWrite(videoMemory() + place, 4);
}
export function clearVideo(bytes: u32): void {
  if (!bytes) return;
  memory.fill(videoMemory(), 0, bytes);
  noteWrite(videoMemory(), bytes);
}

// --- Pages ---

/** Index of the page of RAM or ROM at linear address `host`. */
@inline export function pageOf(host: usize): u32 { return <u32>((host - FIRMWARE) >> 12); }
/** Pages that have an index. */
@inline export function pageCount(): u32 { return <u32>((<u64>(RAM - FIRMWARE) + machine.ramSize + machine.videoBytes) >> 12); }
@inline export function isRom(host: usize): bool { return (attrOf(pageOf(host)) & Attr.ROM) != 0; }
@inline export function attrOf(page: u32): u32 { return load<u8>(PAGE_ATTR + page); }
@inline export function setAttr(page: u32, bits: u32): void { store<u8>(PAGE_ATTR + page, <u8>(attrOf(page) | bits)); }
@inline export function clearAttr(page: u32, bits: u32): void { store<u8>(PAGE_ATTR + page, <u8>(attrOf(page) & ~bits)); }

/** Sees to it that RAM or ROM at linear address `host` is there. */
export function bring(host: usize, bytes: u32): void {
  const last = pageOf(host + max(bytes, 1) - 1);
  for (let page = pageOf(host); page <= last && links.absent; page++) {
    if (!(attrOf(page) & Attr.ABSENT)) continue;
    fetchPage(page - pageOf(RAM));
    clearAttr(page, Attr.ABSENT);
    links.absent--;
  }
}

/** Page `page` of RAM lies with the host. */
export function expectPage(page: u32): void {
  const own = pageOf(RAM) + page;
  if (own >= pageCount() || attrOf(own) & Attr.ABSENT) return;
  setAttr(own, Attr.ABSENT);
  links.absent++;
}

/** Every store to RAM that did not come through the write TLB ends here: code it overlaps is dropped, the page is dirty. */
export function noteWrite(host: usize, bytes: u32): void {
  const first = pageOf(host), last = pageOf(host + bytes - 1);
  for (let page = first; page <= last; page++) {
    if (attrOf(page) & Attr.CODE && links.codeSlot) call_indirect<void>(links.codeSlot, host, bytes);
    setAttr(page, Attr.DIRTY);
  }
}

@inline const A20: u64 = 1 << 20;
/** Opens or shuts the A20 gate: address bit 20 of the processor's accesses, the walks of its page tables among them. DMA does not pass it. */
export function setA20(open: bool): void {
  const held = open ? 0 : A20;
  if (machine.heldDown == held) return;
  machine.heldDown = held;
  leaveBlock();
  if (links.tlbSlot) call_indirect<void>(links.tlbSlot);
}

/** Makes whole pages read-only to the guest, or writable; `gpa` lies in RAM or ROM. */
export function protect(gpa: u64, bytes: u32, on: bool): void {
  for (let done: u32 = 0; done < bytes; done += 4096) {
    const host = ramAt(gpa + done, 4096);
    if (!host) continue;
    if (on) setAttr(pageOf(host), Attr.ROM);
    else clearAttr(pageOf(host), Attr.ROM);
  }
  if (links.tlbSlot) call_indirect<void>(links.tlbSlot);
}

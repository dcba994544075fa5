// The two DMA controllers of a PC (8237A) with their page registers, as far as programs see them; of the channels the floppy's moves data. It does so all at once
// when the controller asks, unless the channel is masked: then when it no longer is.
//
// 0 a class of each controller, 40h address, count, base address, base count and mode of eight channels, 16 bytes each; e0h the pages.

import { dmaRead, dmaWrite } from "../../device/dma";
import { Dma, DmaMode, DmaReg, FLOPPY_CHANNEL } from "./spec";

@unmanaged class Chip { flipFlop: u32; masks: u32; status: u32; command: u32; }
@unmanaged class Line { address: u16; count: u16; baseAddress: u16; baseCount: u16; mode: u32; }
@inline function chipAt(dma: usize, n: u32): Chip { return changetype<Chip>(dma + (<usize>n << 4)); }
@inline function lineAt(dma: usize, channel: u32): Line { return changetype<Line>(dma + 0x40 + (<usize>(channel & 7) << 4)); }
@inline const PAGES: usize = 0xe0;
/** The LPC bridge, in whose name the ISA bus's transfers go. */
@inline const REQUESTER: u32 = 0xf8;

export function resetDma(dma: usize): void {
  memory.fill(dma, 0, 0x100);
  chipAt(dma, 0).masks = 15; chipAt(dma, 1).masks = 15;
}

// --- Registers ---

export function readChip(dma: usize, n: u32, register: u32): u32 {
  const c = chipAt(dma, n);
  if (register < 8) {
    const line = lineAt(dma, n << 2 | register >> 1), value = register & 1 ? <u32>line.count : <u32>line.address;
    c.flipFlop ^= 1;
    return c.flipFlop ? value & 0xff : value >> 8;
  }
  if (register == DmaReg.STATUS) { const status = c.status; c.status &= 0xf0; return status; }
  return register == DmaReg.MASK_ALL ? c.masks | 0xf0 : 0;
}

export function writeChip(dma: usize, n: u32, register: u32, value: u32): void {
  const c = chipAt(dma, n), bit: u32 = 1 << (value & 3);
  switch (register) {
    case DmaReg.COMMAND: c.command = value; break;
    case DmaReg.REQUEST: break;
    case DmaReg.MASK: c.masks = value & 4 ? c.masks | bit : c.masks & ~bit; break;
    case DmaReg.MODE: lineAt(dma, n << 2 | value & DmaMode.CHANNEL).mode = value; break;
    case DmaReg.FLIP_FLOP: c.flipFlop = 0; break;
    case DmaReg.CLEAR: c.flipFlop = 0; c.masks = 15; c.status = 0; c.command = 0; break;
    case DmaReg.UNMASK_ALL: c.masks = 0; break;
    case DmaReg.MASK_ALL: c.masks = value & 15; break;
    default: writeLine(lineAt(dma, n << 2 | register >> 1 & 3), (register & 1) != 0, c.flipFlop != 0, value); c.flipFlop ^= 1;
  }
}

/** A byte of an address or a count, both of what is and of what it begins again with. */
function writeLine(line: Line, isCount: bool, high: bool, value: u32): void {
  const was = isCount ? <u32>line.count : <u32>line.address, is = high ? was & 0xff | value << 8 : was & 0xff00 | value;
  if (isCount) { line.count = <u16>is; line.baseCount = <u16>is; }
  else { line.address = <u16>is; line.baseAddress = <u16>is; }
}

export function readPage(dma: usize, port: u32): u32 { return load<u8>(dma + PAGES + (port & 15)); }
export function writePage(dma: usize, port: u32, value: u32): void { store<u8>(dma + PAGES + (port & 15), <u8>value); }

// --- The floppy's channel ---

@inline const PAGE_PORT: u32 = 0x81;

/** It may move data: not masked, and the controller not switched off. */
export function isOpen(dma: usize): bool { return !(chipAt(dma, 0).masks >> FLOPPY_CHANNEL & 1) && !(chipAt(dma, 0).command & 4); }
/** Bytes to its terminal count. */
export function bytesLeft(dma: usize): u32 { return <u32>lineAt(dma, FLOPPY_CHANNEL).count + 1; }

/** Moves bytes to or from memory, by its mode; one that only verifies moves nothing. The address turns within its page. False where no memory is. */
export function moveChannel(dma: usize, at: usize, bytes: u32, inward: bool): bool {
  const line = lineAt(dma, FLOPPY_CHANNEL), page = <u64>load<u8>(dma + PAGES + (PAGE_PORT & 15)) << 16, kind = line.mode & DmaMode.KIND;
  let ok = true;
  for (let done: u32 = 0; done < bytes;) {
    const piece = min(bytes - done, 0x1_0000 - <u32>line.address), address = page | line.address;
    if (kind == DmaMode.INWARD && inward) ok = dmaWrite(REQUESTER, address, at + done, piece) && ok;
    else if (kind == DmaMode.OUTWARD && !inward) ok = dmaRead(REQUESTER, address, at + done, piece) && ok;
    line.address = <u16>(<u32>line.address + piece);
    done += piece;
  }
  passCount(dma, line, bytes);
  return ok;
}

/** The count goes down with the bytes; below zero is the terminal count. */
function passCount(dma: usize, line: Line, bytes: u32): void {
  const left = <u32>line.count + 1;
  line.count = <u16>(left - min(bytes, left) - 1);
  if (bytes < left) return;
  const c = chipAt(dma, 0);
  c.status |= 1 << FLOPPY_CHANNEL;
  if (line.mode & DmaMode.AUTO) { line.address = line.baseAddress; line.count = line.baseCount; }
  else c.masks |= 1 << FLOPPY_CHANNEL;
}

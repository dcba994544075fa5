// QEMU's `std` screen: a VGA on the PCI bus with Bochs' VBE interface (docs/specs/standard-vga.rst, and spec.ts). BAR 0 is the framebuffer, memory as
// guest RAM is; BAR 2 has the registers once more. It draws nothing: the host reads memory and registers when it wants a picture (host/screen).
//
// State: registers (state.ts) and video memory behind guest RAM. It has no interrupt. While there is a screen, A0000 to BFFFF is the window's and no RAM.

import { mapMmio, mapPorts, makeHandler, Width } from "../../memory/bus";
import { Card } from "../../device/card";
import { openVideo } from "../../memory/ram";
import { addBar, addVideoBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { setSubsystem } from "../../pci/header";
import { BarKind, Config } from "../../pci/spec";
import { ScreenAt, Vbe, Video } from "../../surface/screen";
import { SCREEN_BYTES, SCREEN_STATE } from "../layout";
import { EDID, EDID_BYTES } from "./edid";
import { readWindow, writeWindow } from "./planes";
import { readPort, writePort } from "./ports";
import { Bar, Id, LITTLE_ENDIAN, Port, VBE_LAST_ID, WINDOW, WINDOW_BYTES } from "./spec";
import { get32, set32, setVbe } from "./state";
import { readVbe, writeVbe } from "./vbe";

export function attachVga(c: Card): void {
  openVideo(Video.BYTES);
  const f = attachFunction(placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  addVideoBar(f, 0, Video.BYTES);
  addBar(f, 2, Bar.BYTES, BarKind.MEMORY32, makeHandler(0, readBar.index, writeBar.index, "vga registers", Width.UP_TO_DWORD));
  mapPorts(Port.FIRST, Port.COUNT, 0, readVgaPort.index, writeVgaPort.index, "vga", Width.BYTE);
  // The data port lies in the second half of the index port's word: it was made first, and answers there.
  mapPorts(Port.VBE_DATA, 2, 0, readVbeData.index, writeVbeData.index, "vbe data", Width.WORD);
  mapPorts(Port.VBE_INDEX, 2, 0, readVbeIndex.index, writeVbeIndex.index, "vbe index", Width.WORD);
  mapMmio(WINDOW, WINDOW_BYTES, 0, readWindow.index, writeWindow.index, "vga window", Width.ALL);
}

/** Registers as after power-up; what is in video memory stays. */
export function resetVga(c: Card): void {
  memory.fill(SCREEN_STATE, 0, SCREEN_BYTES);
  setVbe(Vbe.ID, VBE_LAST_ID);
}

function readVgaPort(dev: usize, offset: u32, bytes: u32): u64 { return readPort(Port.FIRST + offset); }
function writeVgaPort(dev: usize, offset: u32, bytes: u32, value: u64): void { writePort(Port.FIRST + offset, <u32>value); }

function readVbeIndex(dev: usize, offset: u32, bytes: u32): u64 { return get32(ScreenAt.VBE_INDEX) & 0xffff; }
function writeVbeIndex(dev: usize, offset: u32, bytes: u32, value: u64): void { set32(ScreenAt.VBE_INDEX, <u32>value); }
function readVbeData(dev: usize, offset: u32, bytes: u32): u64 { return readVbe(get32(ScreenAt.VBE_INDEX)); }
function writeVbeData(dev: usize, offset: u32, bytes: u32, value: u64): void { writeVbe(get32(ScreenAt.VBE_INDEX), <u32>value); }

// --- BAR 2 ---

@inline function isVbe(offset: u32): bool { return offset >= <u32>Bar.VBE && offset < <u32>Bar.VBE_END; }

function readBar(dev: usize, offset: u32, bytes: u32): u64 {
  if (offset == Bar.OWN) return Bar.OWN_BYTES;
  if (offset == Bar.OWN_ORDER) return LITTLE_ENDIAN;
  if (isVbe(offset)) return bytes == 1 ? readVbe(offset - Bar.VBE >> 1) >> ((offset & 1) << 3) : readWords(offset, bytes);
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) value |= <u64>readBarByte(offset + i) << (i << 3);
  return value;
}

function readWords(offset: u32, bytes: u32): u64 {
  const low = readVbe(offset - Bar.VBE >> 1);
  return bytes == 2 ? low : <u64>low | <u64>readVbe((offset - Bar.VBE >> 1) + 1) << 16;
}

function readBarByte(at: u32): u32 {
  if (at < EDID_BYTES) return load<u8>(EDID + at);
  return at >= <u32>Bar.PORTS && at < <u32>Bar.PORTS_END ? readPort(at - Bar.PORTS + Port.ATTRIBUTE) : 0;
}

function writeBar(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (isVbe(offset)) {
    for (let i: u32 = 0; i < bytes && bytes > 1; i += 2) writeVbe((offset + i - Bar.VBE) >> 1, <u32>(value >> (i << 3)) & 0xffff);
    return;
  }
  for (let i: u32 = 0; i < bytes; i++) {
    const at = offset + i;
    if (at >= <u32>Bar.PORTS && at < <u32>Bar.PORTS_END) writePort(at - Bar.PORTS + Port.ATTRIBUTE, <u32>(value >> (i << 3)) & 0xff);
  }
}

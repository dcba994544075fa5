// Modes beyond VGA by Bochs' VBE display interface: an index and a data register of 16 bits. A mode that does not fit the memory is cut to what
// does, as QEMU cuts it, and what has been set can be read back.

import { spend } from "../../base/control";
import { machine } from "../../base/machine";
import { charge } from "../../device/clock";
import { clearVideo } from "../../memory/ram";
import { ScreenAt, Vbe, VbeEnable } from "../../surface/screen";
import { Crtc, Graphics, GraphicsMisc, GraphicsMode, VBE_FIRST_ID, VBE_LAST_ID, VBE_MOST_X, VBE_MOST_Y } from "./spec";
import { crtc, get32, graphics, set32, set8, setCrtc, setVbe, vbe, vbeOn } from "./state";

/** Clearing so many bytes is a unit of work. */
@inline const BYTES_A_UNIT_LOG2: u32 = 7;
@inline const BYTES_A_NS: u32 = 4;

export function readVbe(index: u32): u32 {
  if (index == Vbe.MEMORY_64K) return machine.videoBytes >> 16;
  if (index > <u32>Vbe.MEMORY_64K) return 0;
  if (!(vbe(Vbe.ENABLE) & VbeEnable.CAPABILITIES)) return vbe(index);
  return index == Vbe.XRES ? VBE_MOST_X : index == Vbe.YRES ? VBE_MOST_Y : index == Vbe.BPP ? 32 : vbe(index);
}

export function writeVbe(index: u32, value: u32): void {
  switch (index) {
    case Vbe.ID: if (value >= VBE_FIRST_ID && value <= VBE_LAST_ID) setVbe(index, value); break;
    case Vbe.BANK: setBank(value); break;
    case Vbe.ENABLE: enable(value); break;
    case Vbe.XRES: case Vbe.YRES: case Vbe.BPP: case Vbe.VIRT_WIDTH: case Vbe.X_OFFSET: case Vbe.Y_OFFSET:
      setVbe(index, value);
      settle();
  }
}

function setBank(value: u32): void {
  const bank = value & (machine.videoBytes >> 16) - 1;
  setVbe(Vbe.BANK, bank);
  set32(ScreenAt.BANK, bank << 16);
}

function enable(value: u32): void {
  const starts = (value & VbeEnable.ENABLED) != 0 && !vbeOn();
  if (starts) { setVbe(Vbe.VIRT_WIDTH, 0); setVbe(Vbe.X_OFFSET, 0); setVbe(Vbe.Y_OFFSET, 0); }
  setVbe(Vbe.ENABLE, value);
  set8(ScreenAt.DAC_WIDE, value & VbeEnable.WIDE_DAC ? 1 : 0);
  if (!(value & VbeEnable.ENABLED)) set32(ScreenAt.BANK, 0);
  settle();
  if (starts && !(value & VbeEnable.KEEP)) clear();
}

/** It takes its time, as a driver's own clearing would: a guest that does nothing else gets no more of it than virtual time allows. */
function clear(): void {
  const bytes = min(vbe(Vbe.YRES) * get32(ScreenAt.LINE_BYTES), machine.videoBytes);
  clearVideo(bytes);
  charge(bytes / BYTES_A_NS);
  spend(bytes >> BYTES_A_UNIT_LOG2);
}

@inline function within(value: u32, least: u32, most: u32): u32 { return max(min(value, most), least); }

/** Bits that a pixel takes in memory. */
function bitsAPixel(): u32 {
  switch (vbe(Vbe.BPP)) {
    case 4: case 8: case 16: case 24: case 32: return vbe(Vbe.BPP);
    case 15: return 16;
    default: setVbe(Vbe.BPP, 8); return 8;
  }
}

/** After any change: sizes are made to fit, and the older registers say what they can of the mode. */
function settle(): void {
  if (!vbeOn()) return;
  const bits = bitsAPixel(), width = within(vbe(Vbe.XRES) & ~7, 8, VBE_MOST_X & ~7);
  setVbe(Vbe.XRES, width);
  const line = within(vbe(Vbe.VIRT_WIDTH) & ~7, width, VBE_MOST_X & ~7) * bits / 8, most = machine.videoBytes / line;
  setVbe(Vbe.VIRT_WIDTH, line * 8 / bits);
  setVbe(Vbe.YRES, within(vbe(Vbe.YRES), 1, min(VBE_MOST_Y, most)));
  setVbe(Vbe.VIRT_HEIGHT, most);
  set32(ScreenAt.LINE_BYTES, line);
  set32(ScreenAt.START, startOf(bits, line));
  tellCrtc(bits, line);
}

/** Where the picture begins in memory; offsets that lead out of it are taken back. */
function startOf(bits: u32, line: u32): u32 {
  setVbe(Vbe.X_OFFSET, min(vbe(Vbe.X_OFFSET), VBE_MOST_X));
  setVbe(Vbe.Y_OFFSET, min(vbe(Vbe.Y_OFFSET), VBE_MOST_Y));
  const shown = vbe(Vbe.YRES) * line, x = vbe(Vbe.X_OFFSET) * bits / 8, at = x + vbe(Vbe.Y_OFFSET) * line;
  if (at + shown <= machine.videoBytes) return at & ~3;
  setVbe(Vbe.Y_OFFSET, 0);
  if (x + shown <= machine.videoBytes) return x & ~3;
  setVbe(Vbe.X_OFFSET, 0);
  return 0;
}

function tellCrtc(bits: u32, line: u32): void {
  const lines = vbe(Vbe.YRES) - 1, shift: u32 = bits == 4 ? 0 : 0x40;
  set8(ScreenAt.GRAPHICS + Graphics.MISC, graphics(Graphics.MISC) & ~(<u32>GraphicsMisc.MAP) | 4 | GraphicsMisc.GRAPHICS);
  set8(ScreenAt.GRAPHICS + Graphics.MODE, graphics(Graphics.MODE) & ~(<u32>GraphicsMode.SHIFT) | shift);
  setCrtc(Crtc.MODE, crtc(Crtc.MODE) | 3);
  setCrtc(Crtc.OFFSET, line >> 3);
  setCrtc(Crtc.DISPLAYED, (vbe(Vbe.XRES) >> 3) - 1);
  setCrtc(Crtc.LINES_SHOWN, lines);
  // The screen is not split, and no line is shown twice.
  setCrtc(Crtc.OVERFLOW, crtc(Crtc.OVERFLOW) & ~0x42 | lines >> 7 & 2 | lines >> 3 & 0x40 | 0x10);
  setCrtc(Crtc.LINE_COMPARE, 0xff);
  setCrtc(Crtc.MAX_SCAN, crtc(Crtc.MAX_SCAN) & ~0x9f | 0x40);
}

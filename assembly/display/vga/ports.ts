// The registers at 3B0 to 3DF: sequencer, graphics controller, attribute controller, CRTC and DAC. PS/2 Video Subsystem.
//
// The CRTC and input status 1 answer at 3Dx while the miscellaneous register says colour, else at 3Bx; the other place then reads as ones. Bits that
// a register does not have read back as zeros.

import { ScreenAt } from "../../surface/screen";
import { Attribute, Crtc, Graphics, Lock, Misc, Port, Sequencer } from "./spec";
import { inputStatus } from "./retrace";
import { crtc, get8, set8, setCrtc } from "./state";

const SEQUENCER_BITS: usize = memory.data<u8>([0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0xff]);
const GRAPHICS_BITS: usize = memory.data<u8>([0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0]);

/** A port by its place for colour; NONE where it does not answer now. */
function colourPort(port: u32): u32 {
  const isMono = port < <u32>Port.ATTRIBUTE, isColour = port >= 0x3d0;
  if (!isMono && !isColour) return port;
  if (isColour != ((get8(ScreenAt.MISC) & Misc.COLOUR) != 0)) return Port.NONE;
  return isMono ? port + Port.COLOUR : port;
}

export function readPort(port: u32): u32 {
  switch (colourPort(port)) {
    case Port.NONE: return 0xff;
    case Port.ATTRIBUTE: return get8(ScreenAt.ATTRIBUTE_DATA) ? 0 : get8(ScreenAt.ATTRIBUTE_INDEX);
    case Port.ATTRIBUTE_READ: return readAttribute(get8(ScreenAt.ATTRIBUTE_INDEX) & Attribute.INDEX);
    case Port.SEQUENCER_INDEX: return get8(ScreenAt.SEQUENCER_INDEX);
    case Port.SEQUENCER_DATA: return get8(ScreenAt.SEQUENCER + get8(ScreenAt.SEQUENCER_INDEX));
    case Port.DAC_READ_INDEX: return get8(ScreenAt.DAC_STATE);
    case Port.DAC_WRITE_INDEX: return get8(ScreenAt.DAC_WRITE);
    case Port.DAC_DATA: return readDac();
    case Port.FEATURE_READ: return get8(ScreenAt.FEATURE);
    case Port.MISC_READ: return get8(ScreenAt.MISC);
    case Port.GRAPHICS_INDEX: return get8(ScreenAt.GRAPHICS_INDEX);
    case Port.GRAPHICS_DATA: return get8(ScreenAt.GRAPHICS + get8(ScreenAt.GRAPHICS_INDEX));
    case Port.CRTC_INDEX: return get8(ScreenAt.CRTC_INDEX);
    case Port.CRTC_DATA: return crtc(get8(ScreenAt.CRTC_INDEX));
    case Port.STATUS: set8(ScreenAt.ATTRIBUTE_DATA, 0); return inputStatus();
    default: return 0;
  }
}

export function writePort(port: u32, value: u32): void {
  switch (colourPort(port)) {
    case Port.ATTRIBUTE: writeAttribute(value); break;
    case Port.MISC_WRITE: set8(ScreenAt.MISC, value & Misc.WRITABLE); break;
    case Port.SEQUENCER_INDEX: set8(ScreenAt.SEQUENCER_INDEX, value & (Sequencer.COUNT - 1)); break;
    case Port.SEQUENCER_DATA: writeMasked(ScreenAt.SEQUENCER, get8(ScreenAt.SEQUENCER_INDEX), SEQUENCER_BITS, value); break;
    case Port.DAC_READ_INDEX: set8(ScreenAt.DAC_READ, value); startDac(3); break;
    case Port.DAC_WRITE_INDEX: set8(ScreenAt.DAC_WRITE, value); startDac(0); break;
    case Port.DAC_DATA: writeDac(value); break;
    case Port.GRAPHICS_INDEX: set8(ScreenAt.GRAPHICS_INDEX, value & (Graphics.COUNT - 1)); break;
    case Port.GRAPHICS_DATA: writeMasked(ScreenAt.GRAPHICS, get8(ScreenAt.GRAPHICS_INDEX), GRAPHICS_BITS, value); break;
    case Port.CRTC_INDEX: set8(ScreenAt.CRTC_INDEX, value); break;
    case Port.CRTC_DATA: writeCrtc(get8(ScreenAt.CRTC_INDEX), value); break;
    case Port.STATUS: set8(ScreenAt.FEATURE, value & 0x10); break;
  }
}

function writeMasked(at: u32, index: u32, bits: usize, value: u32): void { set8(at + index, value & load<u8>(bits + index)); }

/** Registers 0 to 7 can be locked, but for the one bit that says where the screen is split. */
function writeCrtc(index: u32, value: u32): void {
  if (!(crtc(Crtc.RETRACE_END) & Lock.ON) || index > <u32>Lock.LAST) setCrtc(index, value);
  else if (index == Crtc.OVERFLOW) setCrtc(index, crtc(index) & ~(<u32>Lock.FREE) | value & Lock.FREE);
}

// --- The attribute controller: index and data by turns at one port ---

function readAttribute(index: u32): u32 { return index < <u32>Attribute.COUNT ? get8(ScreenAt.ATTRIBUTE + index) : 0; }

function writeAttribute(value: u32): void {
  const isData = get8(ScreenAt.ATTRIBUTE_DATA);
  set8(ScreenAt.ATTRIBUTE_DATA, isData ^ 1);
  if (!isData) { set8(ScreenAt.ATTRIBUTE_INDEX, value & 0x3f); return; }
  const index = get8(ScreenAt.ATTRIBUTE_INDEX) & Attribute.INDEX;
  if (index < <u32>Attribute.COUNT) set8(ScreenAt.ATTRIBUTE + index, value & bitsOf(index));
}

function bitsOf(index: u32): u32 {
  switch (index) {
    case Attribute.MODE: return 0xef;
    case Attribute.OVERSCAN: return 0xff;
    case Attribute.PANNING: case Attribute.PAGE: return 0x0f;
    default: return 0x3f;
  }
}

// --- The DAC: three bytes a colour, its index going up by itself ---

function startDac(state: u32): void { set8(ScreenAt.DAC_STATE, state); set8(ScreenAt.DAC_PART, 0); }

/** The next of a colour's three bytes; whether it is the last. */
function nextPart(): bool {
  const part = get8(ScreenAt.DAC_PART);
  set8(ScreenAt.DAC_PART, part < 2 ? part + 1 : 0);
  return part >= 2;
}

function readDac(): u32 {
  const index = get8(ScreenAt.DAC_READ), value = get8(ScreenAt.PALETTE + index * 3 + get8(ScreenAt.DAC_PART));
  if (nextPart()) set8(ScreenAt.DAC_READ, index + 1);
  return value;
}

function writeDac(value: u32): void {
  const index = get8(ScreenAt.DAC_WRITE);
  set8(ScreenAt.DAC_CACHE + get8(ScreenAt.DAC_PART), value);
  if (!nextPart()) return;
  for (let i: u32 = 0; i < 3; i++) set8(ScreenAt.PALETTE + index * 3 + i, get8(ScreenAt.DAC_CACHE + i));
  set8(ScreenAt.DAC_WRITE, index + 1);
}

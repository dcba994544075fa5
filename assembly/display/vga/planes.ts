// The window at A0000: how the processor's bytes come into four planes. PS/2 Video Subsystem, "Graphics Controller" and "Memory Map Mask".
//
// Video memory has the four planes' bytes of an address side by side, so that chained modes and the linear framebuffer are its plain bytes. What
// lies outside it reads as ones and ignores writes.

import { machine } from "../../base/machine";
import { putVideo8, putVideo32, videoMemory } from "../../memory/ram";
import { ScreenAt } from "../../surface/screen";
import { Graphics, GraphicsMisc, GraphicsMode, MemoryMode, Sequencer } from "./spec";
import { get32, graphics, sequencer, set32 } from "./state";

@inline const NOWHERE: u32 = ~0;

/** A bit for each plane as a byte for each. */
@inline function spread(planes: u32): u32 { return ((planes & 1) | (planes & 2) << 7 | (planes & 4) << 14 | (planes & 8) << 21) * 0xff; }
@inline function repeat(byte: u32): u32 { return byte * 0x0101_0101; }
@inline function rotate(byte: u32): u32 {
  const by = graphics(Graphics.ROTATE) & 7;
  return (byte >> by | byte << (8 - by)) & 0xff;
}

/** From a place in the window to one in a plane, by the map that the guest has chosen. */
function placeOf(offset: u32): u32 {
  switch (graphics(Graphics.MISC) >> 2 & 3) {
    case 0: return offset;
    case 1: return offset < 0x1_0000 ? offset + get32(ScreenAt.BANK) : NOWHERE;
    case 2: return offset - 0x1_0000 < 0x8000 ? offset - 0x1_0000 : NOWHERE;
    default: return offset >= 0x1_8000 ? offset - 0x1_8000 : NOWHERE;
  }
}

@inline function oddEven(place: u32): u32 { return (place & ~1) << 1 | (graphics(Graphics.READ_PLANE) & 2) | (place & 1); }
@inline function inside(place: u32): bool { return place < machine.videoBytes; }

function readByte(offset: u32): u32 {
  const place = placeOf(offset);
  if (place == NOWHERE) return 0xff;
  if (sequencer(Sequencer.MEMORY) & MemoryMode.CHAIN4) return inside(place) ? load<u8>(videoMemory() + place) : 0xff;
  if (graphics(Graphics.MODE) & GraphicsMode.ODD_EVEN) return inside(oddEven(place)) ? load<u8>(videoMemory() + oddEven(place)) : 0xff;
  return inside(place << 2) && place < NOWHERE >> 2 ? readPlanes(place) : 0xff;
}

/** All four bytes go into the latches; one of them, or which of its pixels have a colour, to the guest. */
function readPlanes(place: u32): u32 {
  const latch = load<u32>(videoMemory() + (place << 2));
  set32(ScreenAt.LATCH, latch);
  if (!(graphics(Graphics.MODE) & GraphicsMode.COMPARE)) return latch >> ((graphics(Graphics.READ_PLANE) & 3) << 3) & 0xff;
  let differs = (latch ^ spread(graphics(Graphics.COMPARE))) & spread(graphics(Graphics.DONT_CARE));
  differs |= differs >> 16;
  return ~(differs | differs >> 8) & 0xff;
}

function writeByte(offset: u32, byte: u32): void {
  const place = placeOf(offset), planes = sequencer(Sequencer.PLANE_WRITE);
  if (place == NOWHERE) return;
  if (sequencer(Sequencer.MEMORY) & MemoryMode.CHAIN4) putByte(place, planes >> (place & 3), byte);
  else if (graphics(Graphics.MODE) & GraphicsMode.ODD_EVEN) putByte(oddEven(place), planes >> (oddEven(place) & 3), byte);
  else if (place < NOWHERE >> 2 && inside(place << 2)) writePlanes(place, planes, byte);
}

@inline function putByte(place: u32, on: u32, byte: u32): void { if (on & 1 && inside(place)) putVideo8(place, byte); }

function writePlanes(place: u32, planes: u32, byte: u32): void {
  const mask = spread(planes);
  putVideo32(place << 2, load<u32>(videoMemory() + (place << 2)) & ~mask | written(byte) & mask);
}

/** What a byte becomes in the four planes: by write mode, function and bit mask. */
function written(byte: u32): u32 {
  const latch = get32(ScreenAt.LATCH), mode = graphics(Graphics.MODE) & GraphicsMode.WRITE;
  if (mode == 1) return latch;
  let value = mode == 2 ? spread(byte) : repeat(rotate(byte)), bits = graphics(Graphics.BIT_MASK);
  if (mode == 0) {
    const set = spread(graphics(Graphics.ENABLE_SET_RESET));
    value = value & ~set | spread(graphics(Graphics.SET_RESET)) & set;
  } else if (mode == 3) {
    bits &= value & 0xff;
    value = spread(graphics(Graphics.SET_RESET));
  }
  const mask = repeat(bits);
  return combine(value, latch) & mask | latch & ~mask;
}

function combine(value: u32, latch: u32): u32 {
  switch (graphics(Graphics.ROTATE) >> 3 & 3) {
    case 1: return value & latch;
    case 2: return value | latch;
    case 3: return value ^ latch;
    default: return value;
  }
}

export function readWindow(dev: usize, offset: u32, bytes: u32): u64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) value |= <u64>readByte(offset + i) << (i << 3);
  return value;
}
export function writeWindow(dev: usize, offset: u32, bytes: u32, value: u64): void {
  for (let i: u32 = 0; i < bytes; i++) writeByte(offset + i, <u32>(value >> (i << 3)) & 0xff);
}

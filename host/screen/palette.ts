/** Colours as the DAC makes them, as pixels of RGBA in a little-endian word. */

import type { Registers } from './registers.js';

export const OPAQUE = 0xff00_0000;
export const BLACK = OPAQUE >>> 0;
export const pixel = (red: number, green: number, blue: number): number => (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0;

/** Six bits as eight: the lowest fills what is missing, as QEMU's screen has it. */
function widen(value: number): number {
  const low = value & 1;
  return ((value & 0x3f) << 2) | (low << 1) | low;
}

function dacPixel(r: Registers, colour: number, wide: boolean): number {
  const [red, green, blue] = [0, 1, 2].map((part) => (wide ? r.dac(colour, part) : widen(r.dac(colour, part)))) as [number, number, number];
  return pixel(red, green, blue);
}

/** The sixteen colours of the attribute controller. */
export function palette16(r: Registers): Uint32Array {
  const page = r.attribute(0x14);
  return Uint32Array.from({ length: 16 }, (_, i) => {
    const colour = r.attribute(i);
    return dacPixel(r, (r.attribute(0x10) & 0x80) !== 0 ? ((page & 15) << 4) | (colour & 15) : ((page & 12) << 4) | (colour & 63), false);
  });
}

/** All of the DAC's. */
export function palette256(r: Registers): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, i) => dacPixel(r, i, r.wideDac));
}

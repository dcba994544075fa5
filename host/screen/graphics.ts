/** Graphics modes: where each line of the picture lies, and how its pixels are made of four planes, of CGA's pairs, of bytes or of a VBE mode's colours. */

import type { Band, Drawing } from './drawing.js';
import { palette16, palette256, pixel } from './palette.js';
import { Registers, type ScreenSource, type Shape } from './registers.js';

/** Bytes of memory that a line of the picture takes. */
function bytesOfLine({ way, width, bits, doubled }: Shape): number {
  switch (way) {
    case 'linear': return width * Math.ceil(bits / 8);
    case 'bytes': return width / 2;
    default: return (width / 2) / (doubled ? 2 : 1);
  }
}

/** The address that CGA's banks make of a line's. */
function banked(r: Registers, address: number, line: number): number {
  let at = address;
  if ((r.banks & 1) !== 0) at = (at & ~(1 << r.bankShift)) | ((line & 1) << r.bankShift);
  return (r.banks & 2) !== 0 ? (at & ~0x8000) | ((line & 2) << 14) : at;
}

/** A band for each line: what is shown twice lies in memory once, and behind the split the picture begins at 0. */
function bandsOf(r: Registers, shape: Shape, memoryBytes: number): Band[] {
  const bytes = bytesOfLine(shape), bands: Band[] = [];
  let address = shape.start, line = 0, left = r.repeats;
  for (let y = 0; y < shape.height; y++) {
    const at = banked(r, address, line);
    bands.push({ y, lines: 1, at, bytes: at + bytes <= memoryBytes ? bytes : 0, mark: '' });
    if (left > 0) left--;
    else {
      if ((line & r.banks) === r.banks) address += shape.lineBytes;
      line++;
      left = r.repeats;
    }
    if (y === r.lineCompare) address = 0;
  }
  return bands;
}

type Line = (out: Uint32Array, place: number, at: number, bytes: number) => void;

/** Eight pixels of four bytes: a bit of each plane, the highest first. */
function planarLine(memory: Uint8Array, colours: Uint32Array, planes: number, doubled: boolean): Line {
  const times = doubled ? 2 : 1;
  const masks = [0, 1, 2, 3].map((plane) => ((planes >> plane) & 1 ? 0xff : 0)) as [number, number, number, number];
  return (out, place, at, bytes) => {
    let to = place;
    for (let i = at; i < at + bytes; i += 4) {
      const a = memory[i]! & masks[0], b = memory[i + 1]! & masks[1], c = memory[i + 2]! & masks[2], d = memory[i + 3]! & masks[3];
      for (let bit = 7; bit >= 0; bit--) {
        const colour = colours[((a >> bit) & 1) | (((b >> bit) & 1) << 1) | (((c >> bit) & 1) << 2) | (((d >> bit) & 1) << 3)]!;
        for (let n = 0; n < times; n++) out[to++] = colour;
      }
    }
  };
}

/** Eight pixels of four bytes: pairs of bits, first of planes 0 and 2, then of 1 and 3. */
function cgaLine(memory: Uint8Array, colours: Uint32Array, planes: number, doubled: boolean): Line {
  const times = doubled ? 2 : 1;
  const maskOf = (plane: number): number => ((planes >> plane) & 1 ? 0xff : 0);
  return (out, place, at, bytes) => {
    let to = place;
    for (let i = at; i < at + bytes; i += 4) {
      for (let half = 0; half < 2; half++) {
        const low = memory[i + half]! & maskOf(half), high = memory[i + 2 + half]! & maskOf(2 + half);
        for (let bit = 6; bit >= 0; bit -= 2) {
          const colour = colours[((low >> bit) & 3) | (((high >> bit) & 3) << 2)]!;
          for (let n = 0; n < times; n++) out[to++] = colour;
        }
      }
    }
  };
}

function byteLine(memory: Uint8Array, colours: Uint32Array, doubled: boolean): Line {
  return (out, place, at, bytes) => {
    let to = place;
    for (let i = at; i < at + bytes; i++) {
      const colour = colours[memory[i]!]!;
      out[to++] = colour;
      if (doubled) out[to++] = colour;
    }
  };
}

const five = (value: number): number => ((value & 31) << 3) | ((value & 31) >> 2);
const six = (value: number): number => ((value & 63) << 2) | ((value & 63) >> 4);
/** QEMU fills what five bits lack with zeros here, and with their highest bits where there are 16. */
const COLOURS_15 = (value: number): number => pixel((value >> 7) & 0xf8, (value >> 2) & 0xf8, (value << 3) & 0xf8);
const COLOURS_16 = (value: number): number => pixel(five(value >> 11), six(value >> 5), five(value));

function wordLine(memory: Uint8Array, colourOf: (value: number) => number): Line {
  return (out, place, at, bytes) => {
    for (let i = 0; i < bytes; i += 2) out[place + i / 2] = colourOf(memory[at + i]! | (memory[at + i + 1]! << 8));
  };
}

/** Blue, green and red, and where there are four bytes one that means nothing. */
function trueLine(memory: Uint8Array, step: number): Line {
  return (out, place, at, bytes) => {
    for (let i = at, to = place; i < at + bytes; i += step) out[to++] = pixel(memory[i + 2]!, memory[i + 1]!, memory[i]!);
  };
}

function linearLine(r: Registers, memory: Uint8Array, bits: number): Line {
  switch (bits) {
    case 15: return wordLine(memory, COLOURS_15);
    case 16: return wordLine(memory, COLOURS_16);
    case 24: return trueLine(memory, 3);
    case 32: return trueLine(memory, 4);
    default: return byteLine(memory, palette256(r), false);
  }
}

function lineOf(r: Registers, memory: Uint8Array, { way, bits, doubled }: Shape): Line {
  const planes = r.attribute(0x12) & 15;
  switch (way) {
    case 'planar': return planarLine(memory, palette16(r), planes, doubled);
    case 'cga': return cgaLine(memory, palette16(r), planes, doubled);
    case 'bytes': return byteLine(memory, palette256(r), true);
    default: return linearLine(r, memory, bits);
  }
}

export function graphicsDrawing({ state, memory }: ScreenSource, shape: Shape): Drawing {
  const r = new Registers(state), draw = lineOf(r, memory, shape);
  return {
    bands: bandsOf(r, shape, memory.length),
    watched: [],
    draw: (out, { y, at, bytes }) => draw(out, y * shape.width, at, bytes),
  };
}

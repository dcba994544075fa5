/**
 * Turns a seed into an initial state. The vector files store seeds, not states, so this file is part of their format: changing what any
 * seed gives makes every committed vector wrong (the self-test notices). Add profiles; never alter one.
 *
 * The generator is sfc32 seeded by splitmix32. Each value is drawn either from a pool of edge cases or uniformly.
 */
import { segmentOf, settingOf } from './ldt.js';
import { CODE_SELECTOR_32, CODE_SELECTOR_64, DATA_SELECTOR, STACK } from './pages.js';
import { createState, type State } from './state.js';

/** What the vector and floating-point registers hold; integer instructions leave them in one fixed state. */
export const enum Profile {
  Int = 0,
  VectorInt = 1,
  Single = 2,
  Double = 3,
  X87 = 4,
  Mmx = 5,
  MmxSingle = 6,
  MmxDouble = 7,
  Text = 8,
}

export type Mode = 64 | 32 | 16;

export interface Random {
  /** A uniform unsigned 32-bit number. */
  next(): number;
  /** A uniform number in 0..limit-1. */
  below(limit: number): number;
}

export function createRandom(seed: number): Random {
  let mix = seed | 0;
  const seedWord = (): number => {
    mix = (mix + 0x9e37_79b9) | 0;
    let z = mix ^ (mix >>> 16);
    z = Math.imul(z, 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return z ^ (z >>> 15);
  };
  let a = seedWord();
  let b = seedWord();
  let c = seedWord();
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 8; i++) next();
  return { next, below: (limit) => next() % limit };
}

/** The seed of vector `index` of a row. */
export function seedOf(rowSeed: number, index: number): number {
  return Math.imul(rowSeed ^ Math.imul(index + 1, 0x85eb_ca6b), 0xc2b2_ae35) >>> 0;
}

// ---- integers ----

const INTEGER_EDGES: readonly (readonly [number, number])[] = [
  [0, 0], [1, 0], [2, 0], [0xffff_ffff, 0xffff_ffff], [0xffff_fffe, 0xffff_ffff], [0x7f, 0], [0x80, 0], [0xff, 0], [0x100, 0],
  [0x7fff, 0], [0x8000, 0], [0xffff, 0], [0x1_0000, 0], [0x7fff_ffff, 0], [0x8000_0000, 0], [0xffff_ffff, 0], [0, 1],
  [0xffff_ffff, 0x7fff_ffff], [0, 0x8000_0000], [0xffff_ff80, 0xffff_ffff], [0xffff_ff7f, 0xffff_ffff], [0xffff_8000, 0xffff_ffff],
  [0x8000_0000, 0xffff_ffff], [0x8000_8080, 0x8000_8080], [0x7fff_7f7f, 0x7f7f_7fff], [0x5555_5555, 0x5555_5555],
  [0xaaaa_aaaa, 0xaaaa_aaaa], [0x8000_0001, 0x8000_0000],
];

/** Writes a 64-bit integer as two words: an edge, a power of two (plus or minus 1), a short number, or noise. */
export function drawInteger(random: Random, words: Uint32Array, at: number): void {
  const kind = random.next();
  const low = random.next();
  const high = random.next();
  switch (kind & 7) {
    case 0:
    case 1:
    case 2:
      [words[at], words[at + 1]] = INTEGER_EDGES[low % INTEGER_EDGES.length] as readonly [number, number];
      return;
    case 3: {
      const power = (1n << BigInt(low & 63)) + [0n, -1n, 1n, 0n][high & 3]!;
      words[at] = Number(power & 0xffff_ffffn);
      words[at + 1] = Number((power >> 32n) & 0xffff_ffffn);
      return;
    }
    case 4:
      words[at] = low >>> (high & 31);
      words[at + 1] = 0;
      return;
    default:
      words[at] = low;
      words[at + 1] = high;
  }
}

// ---- floating point ----

const SINGLE_EDGES: readonly number[] = [
  0x0000_0000, 0x0000_0001, 0x0000_0fff, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x3f80_0000, 0x3fc0_0000, 0x4000_0000, 0x3f00_0000,
  0x4020_0000, 0x4060_0000, 0x4b00_0000, 0x4aff_ffff, 0x4b80_0001, 0x4eff_ffff, 0x4f00_0000, 0x4f7f_ffff, 0x4f80_0000, 0x5eff_ffff,
  0x5f00_0000, 0x7f7f_ffff, 0x7f00_0000, 0x7f80_0000, 0x7fc0_0000, 0x7fc1_2345, 0x7f80_0001, 0x7fa5_a5a5, 0x7fff_ffff, 0x3f7f_ffff,
  0x3f80_0001, 0x3400_0000, 0x3380_0000, 0x3effffff, 0x4780_0000, 0x46ff_fe00, 0x0180_0000, 0x3eaa_aaab,
];

/** A single-precision pattern. */
export function drawSingle(random: Random): number {
  const kind = random.next();
  const bits = random.next();
  const sign = (kind & 0x100) << 23;
  switch (kind & 7) {
    case 0:
    case 1:
    case 2:
      return (SINGLE_EDGES[bits % SINGLE_EDGES.length]! | sign) >>> 0;
    case 3:
      return bits;
    case 4: // near 1: sums cancel, products stay in range
      return ((bits & 0x007f_ffff) | ((0x7c + (bits >>> 29)) << 23) | sign) >>> 0;
    case 5: // few significant bits: exact results and ties
      return ((bits & 0x0070_0000) | ((0x70 + (bits >>> 27)) << 23) | sign) >>> 0;
    case 6: // around the integers' limits
      return ((bits & 0x007f_ffff) | ((0x7f + (bits >>> 26)) << 23) | sign) >>> 0;
    default: // tiny
      return ((bits & 0x007f_ffff) | ((bits >>> 30) << 23) | sign) >>> 0;
  }
}

const DOUBLE_EDGES: readonly (readonly [number, number])[] = [
  [0, 0], [1, 0], [0xffff_ffff, 0x000f_ffff], [0, 0x0010_0000], [1, 0x0010_0000], [0, 0x3ff0_0000], [0, 0x3ff8_0000], [0, 0x4000_0000],
  [0, 0x3fe0_0000], [0, 0x4004_0000], [0, 0x400c_0000], [0, 0x4330_0000], [0xffff_ffff, 0x432f_ffff], [1, 0x4340_0000],
  [0xffc0_0000, 0x41df_ffff], [0xffe0_0000, 0x41df_ffff], [0, 0x41e0_0000], [0x0020_0000, 0x41e0_0000], [0x0010_0000, 0x41e0_0000],
  [0xffff_ffff, 0x43df_ffff], [0, 0x43e0_0000], [0xffff_ffff, 0x7fef_ffff], [0, 0x7ff0_0000], [0, 0x7ff8_0000], [0x2345_6789, 0x7ff8_0001],
  [1, 0x7ff0_0000], [0xa5a5_a5a5, 0x7ff4_a5a5], [0xffff_ffff, 0x7fff_ffff], [0xffff_ffff, 0x3fef_ffff], [1, 0x3ff0_0000],
  [0xf000_0000, 0x47ef_ffff], [0xefff_ffff, 0x47ef_ffff], [0, 0x47f0_0000], [0, 0x3810_0000], [0, 0x3800_0000], [0, 0x36a0_0000],
  [0, 0x3690_0000], [1, 0x3690_0000], [0x1000_0000, 0x3ff0_0000], [0x3000_0000, 0x3ff0_0000], [0, 0x3ca0_0000], [0x5555_5555, 0x3fd5_5555],
];

/** A double-precision pattern, as two words. */
export function drawDouble(random: Random, words: Uint32Array, at: number): void {
  const kind = random.next();
  const low = random.next();
  const bits = random.next();
  const sign = (kind & 0x100) << 23;
  const fraction = bits & 0x000f_ffff;
  const put = (lowWord: number, highWord: number): void => {
    words[at] = lowWord;
    words[at + 1] = highWord | sign;
  };
  switch (kind & 7) {
    case 0:
    case 1:
    case 2: {
      const edge = DOUBLE_EDGES[low % DOUBLE_EDGES.length]!;
      return put(edge[0], edge[1]);
    }
    case 3:
      return put(low, bits);
    case 4:
      return put(low, fraction | ((0x3fc + (bits >>> 29)) << 20));
    case 5:
      return put(0, (bits & 0x000e_0000) | ((0x3f0 + (bits >>> 27)) << 20));
    case 6:
      return put(low, fraction | ((0x3ff + (bits >>> 25)) << 20));
    default: // the limits of single precision, and denormals
      return put(low, fraction | ((kind & 0x200 ? 0x360 + (bits >>> 25) : bits >>> 30) << 20));
  }
}

/** Sign-and-exponent, integer bit and fraction high, fraction low: with the encodings the x87 calls unsupported. */
const EXTENDED_EDGES: readonly (readonly [number, number, number])[] = [
  [0, 0, 0], [0, 0, 1], [0, 0x7fff_ffff, 0xffff_ffff], [0, 0x8000_0000, 0], [1, 0x8000_0000, 0], [1, 0x8000_0000, 1],
  [0x3fff, 0x8000_0000, 0], [0x3fff, 0xc000_0000, 0], [0x4000, 0x8000_0000, 0], [0x3ffe, 0x8000_0000, 0], [0x4000, 0xa000_0000, 0],
  [0x4000, 0xc90f_daa2, 0x2168_c235], [0x3fff, 0x8000_0000, 1], [0x3ffe, 0xffff_ffff, 0xffff_ffff], [0x403e, 0x8000_0000, 0],
  [0x403d, 0xffff_ffff, 0xffff_ffff], [0x401e, 0x8000_0000, 0], [0x400e, 0x8000_0000, 0], [0x7ffe, 0xffff_ffff, 0xffff_ffff],
  [0x7ffe, 0x8000_0000, 0], [0x7fff, 0x8000_0000, 0], [0x7fff, 0xc000_0000, 0], [0x7fff, 0xc123_4567, 0x89ab_cdef], [0x7fff, 0x8000_0000, 1],
  [0x7fff, 0xa5a5_a5a5, 0x5a5a_5a5a], [0x7fff, 0xffff_ffff, 0xffff_ffff], [0x7fff, 0, 0], [0x7fff, 0x4000_0000, 1], [0x3fff, 0x4000_0000, 0],
  [1, 0x7fff_ffff, 0xffff_ffff], [0x403f, 0x8000_0000, 0], [0x3fc0, 0x8000_0000, 0], [0x3f81, 0x8000_0000, 0], [0x3c01, 0x8000_0000, 0],
  [0x407e, 0xffff_ff80, 0], [0x407e, 0xffff_ff00, 0], [0x43fe, 0xffff_ffff, 0xffff_fc00], [0x43fe, 0xffff_ffff, 0xffff_f800],
  [0x403a, 0xde0b_6b3a, 0x763f_ffff], [0x3ffd, 0xaaaa_aaaa, 0xaaaa_aaab],
];

/** A ten-byte x87 pattern. */
export function drawExtended(random: Random, bytes: Uint8Array, at: number): void {
  const kind = random.next();
  let low = random.next();
  let high = random.next();
  const bits = random.next();
  let exponent: number;
  switch (kind & 7) {
    case 0:
    case 1:
    case 2:
      [exponent, high, low] = EXTENDED_EDGES[bits % EXTENDED_EDGES.length] as readonly [number, number, number];
      break;
    case 3:
      exponent = bits & 0x7fff;
      if (kind & 0x3e00) high |= 0x8000_0000; // seldom an unnormal
      break;
    case 4:
      exponent = 0x3ffc + (bits & 7);
      high |= 0x8000_0000;
      break;
    case 5: // few significant bits
      exponent = 0x3ff0 + (bits & 31);
      high = (high & 0x7000_0000) | 0x8000_0000;
      low = 0;
      break;
    case 6: // single and double precision values and their midpoints
      exponent = 0x3fff + (bits & 0x7f) - 0x20;
      high |= 0x8000_0000;
      low &= kind & 0x200 ? 0xffff_f800 : 0xffff_fc00;
      if (kind & 0x400) [high, low] = [high & 0xffff_ff80, 0];
      break;
    default: { // the limits of the narrower formats
      const limits = [0x3f81, 0x3f6a, 0x407e, 0x3c01, 0x3bcd, 0x43fe, 0x403e, 0x0001];
      exponent = (limits[bits & 7]! + ((bits >>> 8) & 3) - 1) & 0x7fff;
      high |= 0x8000_0000;
    }
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 10);
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  view.setUint16(8, exponent | (kind & 0x100 ? 0x8000 : 0), true);
}

// ---- the parts of a state ----

function drawGeneral(random: Random, state: State, mode: Mode): void {
  const words = new Uint32Array(state.bytes.buffer, state.bytes.byteOffset, 32);
  for (let i = 0; i < 16; i++) drawInteger(random, words, 2 * i);
  const slot = random.next();
  state.gpr[4] = BigInt(STACK.base + 0x400 + (slot & 0x7f8));
  if (mode !== 64) for (let i = 0; i < 16; i++) state.gpr[i] = i < 8 ? state.gpr[i]! & 0xffff_ffffn : 0n;
  state.rflags = 0x202 | (random.next() & 0xcd5);
}

/** Four characters of a small alphabet, with terminators, so that strings match, as bytes or as words. */
function drawText(random: Random): number {
  const kind = random.next();
  const bits = random.next();
  const letters = [0x61, 0x62, 0x63, 0x62, 0x80, 0xff, 0x61, kind & 0x100 ? 0 : 0x7f];
  const at = (i: number): number => letters[(bits >>> (3 * i)) & 7]!;
  return (kind & 3 ? at(0) | (at(1) << 8) | (at(2) << 16) | (at(3) << 24) : at(0) | (at(1) << 16)) >>> 0;
}

/** Half the time the power-up control; else any rounding, DAZ, FZ, masks and sticky flags. */
function drawMxcsr(random: Random): number {
  const kind = random.next();
  const bits = random.next();
  if (kind & 1) return 0x1f80;
  const masked = kind & 0x18 ? 0x1f80 : bits & 0x1f80;
  const sticky = kind & 0x20 ? bits & 0x3f & (masked >>> 7) : 0;
  const denormals = kind & 0x40 ? (bits >>> 10) & 0x8040 : 0;
  return masked | sticky | denormals | ((bits >>> 8) & 0x6000);
}

function drawVectors(random: Random, state: State, profile: Profile): void {
  const words = new Uint32Array(state.bytes.buffer, state.bytes.byteOffset + 248, 64);
  const single = profile === Profile.Single || profile === Profile.MmxSingle;
  const double = profile === Profile.Double || profile === Profile.MmxDouble;
  for (let i = 0; i < 64; i += 2) {
    if (double) drawDouble(random, words, i);
    else if (single) [words[i], words[i + 1]] = [drawSingle(random), drawSingle(random)];
    else if (profile === Profile.Text) [words[i], words[i + 1]] = [drawText(random), drawText(random)];
    else drawInteger(random, words, i);
  }
  for (let i = 1; i < 16; i++) nudge(random, words, 4 * i);
  if (single || double) state.mxcsr = drawMxcsr(random);
}

/** One register in eight repeats its neighbour with one byte's lowest bit perhaps turned: equal and nearly equal operands. */
function nudge(random: Random, words: Uint32Array, at: number): void {
  const kind = random.next();
  if (kind & 7) return;
  words.copyWithin(at, at - 4, at);
  if (kind & 8) words[at + ((kind >>> 4) & 3)]! ^= 1 << (8 * ((kind >>> 6) & 3));
}

function drawX87(random: Random, state: State, profile: Profile): void {
  const words = new Uint32Array(2);
  const halves = new Uint8Array(words.buffer);
  for (let i = 0; i < 8; i++) {
    if (profile === Profile.X87 || !(random.next() & 3)) drawExtended(random, state.st, 10 * i);
    else {
      drawInteger(random, words, 0);
      state.st.set(halves, 10 * i);
      state.st.fill(0xff, 10 * i + 8, 10 * i + 10);
    }
  }
  const kind = random.next();
  const bits = random.next();
  const masks = kind & 0x18 ? 0x3f : bits & 0x3f;
  state.fcw = kind & 1 ? 0x037f : 0x40 | masks | ((bits >>> 8) & 0x0f00);
  if ((state.fcw & 0x300) === 0x100) state.fcw |= 0x300; // precision control 01 is reserved
  const sticky = kind & 0x60 ? 0 : (bits >>> 16) & 0x7f;
  state.fsw = (bits >>> 3) & 0x7f00 & ~0x8000 | sticky;
  // Pending unmasked exceptions are a case of their own; one in eight of those that would have one keeps it.
  if (state.fsw & 0x3f & ~state.fcw) {
    if (kind & 0x700) state.fsw &= ~(0x3f & ~state.fcw);
    else state.fsw |= 0x8080;
  }
  const tags = random.next();
  state.ftw = (tags & 0x300) === 0 ? tags & 0xff : (tags & 0xc00) === 0 ? 0 : 0xff;
}

const FIXED_XMM_SEED = 0x5eed;

function fixedVectors(): Uint8Array {
  const state = createState();
  drawVectors(createRandom(FIXED_XMM_SEED), state, Profile.VectorInt);
  return state.xmm;
}

/** What the vector registers hold under instructions that do not use them. */
const FIXED_VECTORS = fixedVectors();

/** Segments by setting (ldt.ts), and the stack pointer in the stack page; the upper half of a 16-bit one is noise. */
function arrange(state: State, setting: number, noise: number): void {
  state.segment.set(settingOf(setting).selectors);
  const stack = segmentOf(state.segment[2]!)!;
  const offset = (Number(state.gpr[4]!) - stack.base) >>> 0;
  state.gpr[4] = BigInt(stack.big ? offset : ((offset & 0xffff) | ((noise | 0x1000) << 16)) >>> 0);
}

/** The initial state of a vector: registers by profile, segments by setting (null: flat), everything else fixed. `rip` is left 0. */
export function expandState(seed: number, profile: Profile, mode: Mode, setting: number | null = null): State {
  const random = createRandom(seed);
  const state = createState();
  state.mxcsr = 0x1f80;
  state.fcw = 0x037f;
  state.segment.set([DATA_SELECTOR, mode === 64 ? CODE_SELECTOR_64 : CODE_SELECTOR_32, DATA_SELECTOR, DATA_SELECTOR, 0, 0]);
  drawGeneral(random, state, mode);
  const usesX87 = profile === Profile.X87 || (profile >= Profile.Mmx && profile <= Profile.MmxDouble);
  const usesVectors = profile !== Profile.Int && profile !== Profile.X87 && profile !== Profile.Mmx;
  if (usesVectors) drawVectors(random, state, profile);
  else state.xmm.set(FIXED_VECTORS);
  if (usesX87) drawX87(random, state, profile);
  if (mode !== 64) state.xmm.fill(0, 128);
  if (setting !== null) arrange(state, setting, random.next());
  return state;
}

/** The bytes of a memory operand, drawn as the profile's registers are. */
export function expandMemory(seed: number, profile: Profile, length: number): Uint8Array {
  const random = createRandom(seed ^ 0x6d65_6d00);
  const words = new Uint32Array((length + 15) >>> 2);
  const bytes = new Uint8Array(words.buffer);
  if (profile === Profile.X87 && length === 10) drawExtended(random, bytes, 0);
  else for (let i = 0; 4 * i < length; i += 2) drawMemoryPair(random, profile, length, words, i);
  return bytes.slice(0, length);
}

function drawMemoryPair(random: Random, profile: Profile, length: number, words: Uint32Array, at: number): void {
  const x87Float = profile === Profile.X87 && (random.next() & 3) !== 0;
  if (profile === Profile.Double || profile === Profile.MmxDouble || (x87Float && length === 8)) drawDouble(random, words, at);
  else if (profile === Profile.Single || profile === Profile.MmxSingle || x87Float) [words[at], words[at + 1]] = [drawSingle(random), drawSingle(random)];
  else if (profile === Profile.Text) [words[at], words[at + 1]] = [drawText(random), drawText(random)];
  else drawInteger(random, words, at);
}

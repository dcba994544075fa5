/** Pictures of registers and memory: each way of drawing pixel by pixel, and that a refresh draws what has changed and nothing else. */
import { describe, expect, it } from 'vitest';
import { ScreenAt, Vbe } from '../../../assembly/surface/screen.js';
import { Screen } from '../../../host/screen/screen.js';
import { textCells } from '../../../host/screen/text.js';
import type { ScreenSource } from '../../../host/screen/registers.js';

const MEMORY = 1 << 20;

/** A screen of 8-pixel characters, `columns` wide and `lines` high, its DAC a ramp of greys, its sixteen colours the first of them. */
function source(columns: number, lines: number): ScreenSource & { set(at: number, ...bytes: number[]): void; crtc(index: number, value: number): void; graphics(index: number, value: number): void } {
  const state = new Uint8Array(ScreenAt.BYTES), memory = new Uint8Array(MEMORY);
  const set = (at: number, ...bytes: number[]): void => state.set(bytes, at);
  const crtc = (index: number, value: number): void => set(ScreenAt.CRTC + index, value);
  const graphics = (index: number, value: number): void => set(ScreenAt.GRAPHICS + index, value);
  set(ScreenAt.ATTRIBUTE_INDEX, 0x20);
  for (let i = 0; i < 16; i++) set(ScreenAt.ATTRIBUTE + i, i);
  for (let i = 0; i < 256; i++) set(ScreenAt.PALETTE + 3 * i, i & 63, i & 63, i >> 2);
  set(ScreenAt.ATTRIBUTE + 0x12, 15);
  set(ScreenAt.SEQUENCER + 1, 1);
  crtc(1, columns - 1); crtc(0x12, (lines - 1) & 255); crtc(7, 0x10 | ((lines - 1) >> 7 & 2)); crtc(9, 0x40); crtc(0x18, 255); crtc(0x13, columns); crtc(0x17, 3); crtc(0x0a, 0x20);
  graphics(6, 1);
  return { state, memory, set, crtc, graphics };
}
function draw(s: ScreenSource): { width: number; height: number; at: (x: number, y: number) => number[]; row: (y: number, n: number) => number[] } {
  const screen = new Screen();
  screen.refresh(s);
  const { width, height, pixels } = screen.picture;
  const at = (x: number, y: number): number[] => [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];
  return { width, height, at, row: (y, n) => Array.from({ length: n }, (_, x) => at(x, y)[0]!) };
}
/** A grey of the ramp, of 64, as eight bits. */
const grey = (i: number): number => ((i & 63) << 2) | ((i & 1) * 3);

describe('planes', () => {
  it('give a colour a pixel, the highest bit first, those planes that are on', () => {
    const s = source(2, 4);
    s.memory.set([0b1000_0001, 0b0100_0001, 0b0010_0001, 0b0001_0001]);
    expect(draw(s).row(0, 8)).toEqual([1, 2, 4, 8, 0, 0, 0, 15].map(grey));
    s.set(ScreenAt.ATTRIBUTE + 0x12, 5);
    expect(draw(s).row(0, 8)).toEqual([1, 0, 4, 0, 0, 0, 0, 5].map(grey));
  });
  it('start where they are told, split, and show lines twice', () => {
    const s = source(1, 8);
    s.crtc(0x13, 1);
    for (let line = 0; line < 64; line++) s.memory[line * 8] = line;
    s.crtc(0x0d, 4);
    const first = (): number[] => Array.from({ length: 8 }, (_, y) => draw(s).row(y, 8).reduce((sum, value) => sum * 2 + (value > 0 ? 1 : 0), 0));
    expect(first()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    s.crtc(9, 0x40 | 0x80);
    expect(first()).toEqual([2, 2, 3, 3, 4, 4, 5, 5]);
    s.crtc(9, 0); s.crtc(7, 0); s.crtc(0x18, 4);
    expect(first()).toEqual([2, 3, 4, 5, 6, 0, 1, 2]);
  });
  it('are twice as wide at half the dot clock', () => {
    const s = source(1, 2);
    s.set(ScreenAt.SEQUENCER + 1, 9);
    s.memory.set([0x80, 0, 0, 0]);
    expect([draw(s).width, ...draw(s).row(0, 4)]).toEqual([16, grey(1), grey(1), 0, 0]);
  });
});

describe('CGA', () => {
  it('takes pairs of bits of two planes, lines in two banks', () => {
    const s = source(1, 4);
    s.graphics(5, 0x30); s.crtc(0x17, 2); s.crtc(0x13, 1);
    s.memory.set([0b00_01_10_11, 0b11_10_01_00], 0);
    s.memory.set([0b01_01_01_01, 0], 1 << 14);
    const d = draw(s);
    expect([d.row(0, 8), d.row(1, 4)]).toEqual([[0, 1, 2, 3, 3, 2, 1, 0].map(grey), [1, 1, 1, 1].map(grey)]);
  });
});

describe('bytes', () => {
  it('are colours of the DAC, each twice, in mode 13h', () => {
    const s = source(2, 2);
    s.graphics(5, 0x40);
    s.memory.set([7, 200]);
    const d = draw(s);
    expect([d.width, d.at(0, 0), d.at(1, 0), d.at(2, 0)]).toEqual([16, [grey(7), grey(7), grey(1)], [grey(7), grey(7), grey(1)], [grey(200), grey(200), grey(50)]]);
  });
  it.each([
    [8, [9], [grey(9), grey(9), grey(2)]],
    [15, [0x1f, 0x7c], [248, 0, 248]], [15, [0x10, 0x02], [0, 128, 128]],
    [16, [0xe0, 0x07], [0, 255, 0]], [16, [0x21, 0x08], [8, 4, 8]],
    [24, [1, 2, 3], [3, 2, 1]], [32, [10, 20, 30, 99], [30, 20, 10]],
  ])('of %i bits a pixel in a mode of VBE', (bits, bytes, colour) => {
    const s = source(1, 1), step = Math.ceil(bits / 8);
    s.graphics(5, 0x40);
    [0xb0c5, 8, 4, bits, 1].forEach((value, index) => s.set(ScreenAt.VBE + 2 * index, value & 255, value >> 8));
    s.set(ScreenAt.LINE_BYTES, 8 * step, 0, 0, 0);
    s.memory.set(bytes, step * 9);
    expect([draw(s).width, draw(s).height, draw(s).at(1, 1)]).toEqual([8, 4, colour]);
  });
  it('shows eight bits of the DAC when asked', () => {
    const s = source(1, 1);
    s.graphics(5, 0x40);
    s.set(ScreenAt.DAC_WIDE, 1);
    s.set(ScreenAt.PALETTE + 3, 0x12, 0x34, 0xfe);
    s.memory[0] = 1;
    expect(draw(s).at(0, 0)).toEqual([0x12, 0x34, 0xfe]);
  });
});

describe('text', () => {
  function text(): ReturnType<typeof source> {
    const s = source(4, 16);
    s.graphics(6, 14); s.crtc(9, 7); s.crtc(0x13, 2);
    // The glyph of A: one line of bits. Of a box's line: the lowest bit.
    s.memory[0x41 * 128 + 2] = 0b1010_0001;
    s.memory[0xc4 * 128 + 2] = 0b0000_0001;
    s.memory.set([0x41, 0x1f], 0);
    return s;
  }
  it('draws glyphs in their colours, 8 or 9 wide, lines of boxes joined', () => {
    const s = text();
    expect([draw(s).width, draw(s).height, draw(s).row(0, 8)]).toEqual([32, 16, [15, 1, 15, 1, 1, 1, 1, 15].map(grey)]);
    s.set(ScreenAt.SEQUENCER + 1, 0);
    expect([draw(s).width, draw(s).row(0, 9)]).toEqual([36, [15, 1, 15, 1, 1, 1, 1, 15, 1].map(grey)]);
    s.memory[0] = 0xc4;
    expect(draw(s).row(0, 9)[8]).toBe(grey(1));
    s.set(ScreenAt.ATTRIBUTE + 0x10, 4);
    expect(draw(s).row(0, 9)[8]).toBe(grey(15));
  });
  it('takes the second font for bit 3, and shows the cursor', () => {
    const s = text();
    s.set(ScreenAt.SEQUENCER + 3, 4);
    s.memory[2 * 32768 + 0x41 * 128 + 2] = 0xff;
    s.memory[1] = 0x07;
    expect(draw(s).row(0, 8)).not.toEqual(Array(8).fill(grey(7)));
    s.memory[1] = 0x0f;
    const other = draw(s).row(0, 8);
    s.set(ScreenAt.SEQUENCER + 3, 0);
    expect(draw(s).row(0, 8)).not.toEqual(other);
    s.crtc(0x0a, 6); s.crtc(0x0b, 7); s.crtc(0x0f, 1);
    s.memory.set([0x20, 0x0e], 4);
    const d = draw(s);
    expect([5, 6, 7].map((y) => d.at(8, y)[0])).toEqual([0, grey(14), grey(14)]);
  });
  it('is text again', () => {
    const s = text();
    expect(textCells(s).map((row) => row.map(({ character }) => character).join(''))).toEqual(['A   ', '    ']);
  });
});

describe('a refresh', () => {
  it('draws all at first, then what has changed, and says nothing where nothing has', () => {
    const s = source(8, 64), screen = new Screen();
    expect(screen.refresh(s)).toEqual({ first: 0, end: 64, resized: true });
    expect(screen.refresh(s)).toBeUndefined();
    s.memory[8 * 8 * 10 + 4] = 1;
    expect(screen.refresh(s)).toEqual({ first: 10, end: 11, resized: false });
    s.set(ScreenAt.LATCH, 1, 2, 3, 4); s.set(ScreenAt.CRTC_INDEX, 9); s.set(ScreenAt.DAC_STATE, 3);
    expect(screen.refresh(s)).toBeUndefined();
    s.set(ScreenAt.PALETTE, 1);
    expect(screen.refresh(s)).toEqual({ first: 0, end: 64, resized: false });
    s.set(ScreenAt.ATTRIBUTE_INDEX, 0);
    screen.refresh(s);
    expect(screen.picture.pixels.every((value, i) => value === (i % 4 === 3 ? 255 : 0))).toBe(true);
  });
  it('outlives registers and memory of noise', () => {
    let seed = 7;
    const noise = (): number => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return seed >>> 16 & 255; };
    for (let round = 0; round < 60; round++) {
      const state = new Uint8Array(ScreenAt.BYTES).map(noise), memory = new Uint8Array(MEMORY).fill(round);
      // Modes of VBE as the module lets them stand, or none.
      if (round % 2 === 0) state[ScreenAt.VBE + 2 * Vbe.ENABLE] = 0;
      const screen = new Screen();
      screen.refresh({ state, memory });
      expect(screen.picture.pixels.length).toBe(4 * screen.picture.width * screen.picture.height);
    }
  });
  it('says that a mode is too large, and shows black', () => {
    const s = source(1, 1);
    s.graphics(5, 0x40);
    [0xb0c5, 16000, 1048, 8, 1].forEach((value, index) => s.set(ScreenAt.VBE + 2 * index, value & 255, value >> 8));
    s.set(ScreenAt.VBE + 4, 0xff, 0xff);
    const screen = new Screen();
    screen.refresh(s);
    expect([screen.notice, screen.picture.width]).toEqual(['a mode of 16000x65535 is larger than what is drawn', 640]);
  });
});

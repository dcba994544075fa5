/** Text modes: cells of a character and its colours, with the font that lies in plane 2; and what stands there, as text. */

import type { Band, Drawing } from './drawing.js';
import { palette16 } from './palette.js';
import { Registers, type ScreenSource, type Shape } from './registers.js';

/** Two fonts of 256 characters, 32 bytes each, a byte of plane 2 every four of memory. */
const FONT_BYTES = 8192 * 4;
const CHARACTER_BYTES = 32 * 4;
const PLANE_2 = 2;
/** Characters whose last column goes on into the ninth: the lines of boxes. */
const FIRST_LINE = 0xb0, LAST_LINE = 0xdf;

/** Where the fonts of characters without and with attribute bit 3 begin. */
function fontsOf(r: Registers): [number, number] {
  const map = r.sequencer(3);
  return [(((map >> 4) & 1) | ((map << 1) & 6)) * FONT_BYTES, (((map >> 5) & 1) | ((map >> 1) & 6)) * FONT_BYTES];
}

export interface Cursor {
  /** Address of its cell in bytes; -1 when it is off. */
  at: number;
  first: number;
  last: number;
}

export function readCursor(r: Registers): Cursor {
  const first = r.crtc(0x0a), last = Math.min(r.crtc(0x0b) & 0x1f, r.charLines - 1);
  const off = (first & 0x20) !== 0 || last < (first & 0x1f);
  return { at: off ? -1 : ((r.crtc(0x0e) << 8) | r.crtc(0x0f)) * 4, first: first & 0x1f, last };
}

/** `lit`: the cursor's blinking shows it. */
export function textDrawing({ state, memory }: ScreenSource, shape: Shape, lit: boolean): Drawing {
  const r = new Registers(state), colours = palette16(r), fonts = fontsOf(r), lines = r.charLines, width = r.charWidth, columns = r.columns;
  const cursor = lit ? readCursor(r) : { ...readCursor(r), at: -1 };
  const joined = (r.attribute(0x10) & 4) !== 0;
  const bytes = columns * 4;
  const bands: Band[] = Array.from({ length: r.rows }, (_, row) => {
    const at = shape.start + row * shape.lineBytes;
    const here = cursor.at >= at && cursor.at < at + bytes;
    return { y: row * lines, lines, at, bytes, mark: here ? `${cursor.at} ${cursor.first} ${cursor.last}` : '' };
  });

  /** The bits of a character's line, as wide as it is shown. */
  function bitsOf(character: number, glyph: number): number {
    if (width === 8) return glyph;
    if (width === 9) return (glyph << 1) | (joined && character >= FIRST_LINE && character <= LAST_LINE ? glyph & 1 : 0);
    let twice = 0;
    for (let bit = 0; bit < 8; bit++) if ((glyph >> bit) & 1) twice |= 3 << (2 * bit);
    return twice;
  }

  function drawCell(out: Uint32Array, place: number, at: number): void {
    const character = memory[at]!, attribute = memory[at + 1]!;
    const font = fonts[(attribute >> 3) & 1]! + character * CHARACTER_BYTES + PLANE_2;
    const front = colours[attribute & 15]!, back = colours[attribute >> 4]!;
    for (let line = 0; line < lines; line++) {
      const under = at === cursor.at && line >= cursor.first && line <= cursor.last;
      const bits = under ? 0xffff : bitsOf(character, memory[font + line * 4]!);
      for (let x = 0; x < width; x++) out[place + line * shape.width + x] = (bits >> (width - 1 - x)) & 1 ? front : back;
    }
  }

  return {
    bands,
    watched: fonts.map((at) => [at, FONT_BYTES]),
    draw(out, { y, at }) {
      for (let column = 0; column < columns; column++) drawCell(out, y * shape.width + column * width, at + column * 4);
    },
  };
}

// --- As text ---

const HIGH = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const LOW = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
/** Code page 437, which a PC's font draws. */
export const CODE_PAGE: readonly string[] = Array.from({ length: 256 }, (_, code) => (code < 32 ? LOW[code]! : code < 127 ? String.fromCharCode(code) : code === 127 ? '⌂' : HIGH[code - 128]!));

export interface Cell {
  character: string;
  attribute: number;
}

/** The cells of each row. */
export function textCells({ state, memory }: ScreenSource): Cell[][] {
  const r = new Registers(state), { start, lineBytes, rows, columns } = r;
  const cellAt = (at: number): Cell => ({ character: CODE_PAGE[memory[at] ?? 32]!, attribute: memory[at + 1] ?? 7 });
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) => cellAt(start + row * lineBytes + column * 4)));
}

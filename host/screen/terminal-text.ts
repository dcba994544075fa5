/** A text mode's screen in a terminal (ECMA-48): its characters in the sixteen colours that terminals and a VGA share, and of the next picture only the rows that changed. */

import type { Cell } from './text.js';

export interface TextScreen {
  rows: readonly (readonly Cell[])[];
  /** Where the cursor shows. */
  cursor: { row: number; column: number } | undefined;
}

/** A VGA's blue and red are the other way round. */
const ANSI = [0, 4, 2, 6, 1, 5, 3, 7];
const front = (colour: number): number => (colour < 8 ? 30 : 90) + ANSI[colour & 7]!;
const back = (colour: number): number => (colour < 8 ? 40 : 100) + ANSI[colour & 7]!;
const place = (row: number, column: number): string => `\x1b[${row + 1};${column + 1}H`;

/** What moves a terminal's cursor, or draws as wide as two, would break the row. */
const shownAs = (character: string): string => (character === '\u00a0' ? ' ' : character);

function drawRow(cells: readonly Cell[]): string {
  let out = '', last = -1;
  for (const { character, attribute } of cells) {
    if (attribute !== last) out += `\x1b[0;${front(attribute & 15)};${back(attribute >> 4)}m`;
    last = attribute;
    out += shownAs(character);
  }
  return `${out}\x1b[0m`;
}

export class TerminalText {
  private rows: string[] = [];
  private cursor = '';

  /** The bytes that bring the terminal from the last picture to this one. */
  draw({ rows, cursor }: TextScreen): string {
    const now = rows.map(drawRow);
    let out = now.length === this.rows.length ? '' : '\x1b[2J';
    const whole = out !== '';
    now.forEach((row, i) => {
      if (whole || row !== this.rows[i]) out += place(i, 0) + row;
    });
    const at = cursor === undefined ? '\x1b[?25l' : `${place(cursor.row, cursor.column)}\x1b[?25h`;
    if (out !== '' || at !== this.cursor) out += at;
    this.rows = now;
    this.cursor = at;
    return out;
  }

  /** The terminal shows something else meanwhile. */
  forget(): void {
    this.rows = [];
    this.cursor = '';
  }
}

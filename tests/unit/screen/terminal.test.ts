/** The screen in a terminal, and the terminal's keys as the guest's. */
import { describe, expect, it } from 'vitest';
import { chordsOf } from '../../../host/cli/terminal-keys.js';
import { keyNamed } from '../../../host/screen/keys.js';
import { TerminalText } from '../../../host/screen/terminal-text.js';

const row = (text: string, attribute = 7): { character: string; attribute: number }[] => [...text].map((character) => ({ character, attribute }));

describe('a text screen in a terminal', () => {
  it('is drawn in the sixteen colours, and of the next one the rows that changed', () => {
    const terminal = new TerminalText();
    expect(terminal.draw({ rows: [row('ab', 0x1e), row('c')], cursor: { row: 1, column: 0 } })).toBe('\x1b[2J\x1b[1;1H\x1b[0;93;44mab\x1b[0m\x1b[2;1H\x1b[0;37;40mc\x1b[0m\x1b[2;1H\x1b[?25h');
    expect(terminal.draw({ rows: [row('ab', 0x1e), row('c')], cursor: { row: 1, column: 0 } })).toBe('');
    expect(terminal.draw({ rows: [row('ab', 0x1e), row('d')], cursor: undefined })).toBe('\x1b[2;1H\x1b[0;37;40md\x1b[0m\x1b[?25l');
    terminal.forget();
    expect(terminal.draw({ rows: [row('ab')], cursor: undefined })).toContain('\x1b[2J');
  });
});

describe('keys of a terminal', () => {
  const keys = (...names: string[]): number[] => names.map((name) => keyNamed(name)!);
  it.each([
    ['a', [keys('a')]], ['A?', [keys('shift', 'a'), keys('shift', 'slash')]], ['\r', [keys('ret')]], ['\x7f\b', [keys('backspace'), keys('backspace')]], ['\x03', [keys('ctrl', 'c')]], ['\x1c', [keys('ctrl', 'backslash')]],
    ['\x1b', [keys('esc')]], ['\x1b\x1b', [keys('esc'), keys('esc')]], ['\x1bx', [keys('alt', 'x')]], ['\x1b[A\x1bOB', [keys('up'), keys('down')]], ['\x1b[3~', [keys('delete')]], ['\x1b[24~', [keys('f12')]], ['\x1bOP\x1b[[B', [keys('f1'), keys('f2')]],
    ['\x1b[1;5C', [keys('ctrl', 'right')]], ['\x1b[5;2~', [keys('shift', 'pgup')]], ['é', []], ['\x1b[99~', []],
  ] as const)('%j', (text, chords) => {
    expect(chordsOf(text)).toEqual(chords);
  });
});

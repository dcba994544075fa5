/** docs/absent-opcodes.md has every opcode whose row is empty, each once and with its reason, and no other. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readOpcodeRows } from '../../support/opcode-rows.js';

interface Said { name: string; reason: string }

/** `24-27`, `0E`, `/1m`. */
function expand(opcodes: string): string[] {
  return opcodes.split(' ').flatMap((one) => {
    const [first, last] = one.split('-').map((text) => Number.parseInt(text, 16));
    return one.startsWith('/') || last === undefined ? [one] : Array.from({ length: last - first! + 1 }, (_, i) => (first! + i).toString(16).toUpperCase().padStart(2, '0'));
  });
}

function readPage(page: string): Said[] {
  return page
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 6 && cells[1] !== 'map' && !cells[1]!.startsWith('-'))
    .flatMap(([, map, opcodes, , reason]) => expand(opcodes!).map((opcode) => ({ name: `${map} ${opcode}`, reason: reason! })));
}

/** Where a map with a prefix has no row at all, the prefix is an ordinary one (assembly/decode/decode.ts, prefixedRow). */
const empty = readOpcodeRows().filter(({ name, handler, form }) => handler === 0 && (form !== 0 || !/^(66|F3|F2) /.test(name)));

describe('docs/absent-opcodes.md', () => {
  const said = readPage(readFileSync(new URL('../../../docs/absent-opcodes.md', import.meta.url), 'utf8'));

  it('has every empty row, and no opcode that is there', () => {
    expect(empty.length).toBeGreaterThan(1000);
    expect(said.map(({ name }) => name).sort()).toEqual(empty.map(({ name }) => name).sort());
  });

  it('gives each its reason', () => {
    expect(said.filter(({ reason }) => reason === '')).toEqual([]);
  });
});

/** The bench's table of rows and its program name the same work, and docs/performance.md every row. */
import { describe, expect, it } from 'vitest';
import { filesBelow, readSource } from './sources.js';

/** Names in the tables of the program: {"name", function}. */
function rowsOfProgram(): string[] {
  return filesBelow('tests/bench/cpu/programs', '.c').flatMap((path) => [...readSource(path).matchAll(/\{"(\w+)", \w+\}/g)].map((m) => m[1]!));
}

describe('npm run bench -- cpu', () => {
  it('has a row for everything that its program can do, and no other', async () => {
    const { ROWS } = (await import('../bench/cpu/rows.mjs' as string)) as { ROWS: { name: string }[] };
    const names = ROWS.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(30);
    expect([...names].sort()).toEqual(rowsOfProgram().sort());
  });

  it('has every row explained, by its name or as one of the x87 group', () => {
    const page = readSource('docs/performance.md');
    expect(rowsOfProgram().filter((name) => !page.includes(`\`${name.replace(/^x87_/, '')}\``))).toEqual([]);
  });

  it('refuses a row that is none', async () => {
    const { chooseRows } = (await import('../bench/cpu/rows.mjs' as string)) as { chooseRows(names: string): unknown };
    expect(() => chooseRows('fib22,fibs')).toThrow('"fibs" is not one of the rows');
  });
});

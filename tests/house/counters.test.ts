/** docs/counters.md says of every counter of the module what it counts; of those with fixed ids also the unit and whose they are. */
import { describe, expect, it } from 'vitest';
import { filesBelow, readSource } from './sources.js';

const ROWS = readSource('assembly/base/counter-rows.ts');
const PAGE = readSource('docs/counters.md');

/** Names in a page's backticks. */
const namesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

/** Names that cards give their counters and histograms: the last string but one of each row. */
function namedBy(source: string): string[] {
  return [...source.matchAll(/nameOwned(?:Histogram)?\(([^;]*)\);/g)].flatMap(([, args]) => {
    const strings = [...args!.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
    return strings.length < 2 ? [] : [strings.at(-2)!];
  });
}

/** Rows of the page's table of fixed counters: name, unit, whose, class. */
function tableOf(page: string): Map<string, string> {
  const lines = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim())).filter((cells) => cells.length === 7);
  return new Map(lines.flatMap(([, names, units, whose, crossing]) => {
    const each = units!.split(', ');
    return namesIn(names!).map((name, i): [string, string] => [name, `${each[i] ?? each[0]}, ${whose}, ${crossing}`]);
  }));
}

const fixed = [...ROWS.matchAll(/row\(Counter\.(\w+), "([^"]+)", "([^"]+)", Owner\.(\w+)(?:, Crossing\.(\w+))?\)/g)];

describe('docs/counters.md', () => {
  it('has a row for every counter with a fixed id, with its unit, whose it is and its class', () => {
    expect(fixed.length).toBeGreaterThan(30);
    const table = tableOf(PAGE);
    const elsewhere = new Set(['device work', 'waits of devices for allowance']);
    const wrong = fixed.filter(([, , name, unit, owner, crossing = '']) => !elsewhere.has(name!) && table.get(name!) !== `${unit}, ${owner!.toLowerCase()}, ${crossing}`);
    expect(wrong.map(([row]) => row)).toEqual([]);
  });

  it('says of cards\' counters which boundary they cross', () => {
    const rows = filesBelow('assembly', '.ts').flatMap((path) => [...readSource(path).matchAll(/nameOwned\([^;]*?, "([^"]+)", "[^"]+", Crossing\.(\w+)\);/g)]);
    expect(rows.length).toBeGreaterThan(20);
    const said = (crossing: string): string[] => namesIn(PAGE.split('\n').find((line) => line.startsWith(`- ${crossing}: `)) ?? '');
    for (const crossing of ['B0', 'B1', 'B3']) expect(said(crossing).sort()).toEqual([...new Set(rows.filter((row) => row[2] === crossing).map((row) => row[1]!))].sort());
  });

  it('names every counter of every card', () => {
    const said = new Set(namesIn(PAGE));
    const named = filesBelow('assembly', '.ts').flatMap((path) => namedBy(readSource(path)));
    expect(named.length).toBeGreaterThan(80);
    expect([...new Set(named)].filter((name) => !said.has(name))).toEqual([]);
  });
});

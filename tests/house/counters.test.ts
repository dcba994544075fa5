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

/** Rows of the page's table of fixed counters: name, unit, whose. */
function tableOf(page: string): Map<string, string> {
  const lines = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim())).filter((cells) => cells.length === 7);
  return new Map(lines.flatMap(([, names, units, whose]) => {
    const each = units!.split(', ');
    return namesIn(names!).map((name, i): [string, string] => [name, `${each[i] ?? each[0]}, ${whose}`]);
  }));
}

const fixed = [...ROWS.matchAll(/row\(Counter\.(\w+), "([^"]+)", "([^"]+)"\)/g)];
const own = ROWS.slice(ROWS.indexOf('function nameOwn('));

describe('docs/counters.md', () => {
  it('has a row for every counter with a fixed id, with its unit and whose it is', () => {
    expect(fixed.length).toBeGreaterThan(30);
    const table = tableOf(PAGE);
    const elsewhere = new Set(['device work', 'waits of devices for allowance']);
    const wrong = fixed.filter(([row, , name, unit]) => !elsewhere.has(name!) && table.get(name!) !== `${unit}, ${own.includes(row) ? 'emulator' : 'machine'}`);
    expect(wrong.map(([row]) => row)).toEqual([]);
  });

  it('names every counter of every card', () => {
    const said = new Set(namesIn(PAGE));
    const named = filesBelow('assembly', '.ts').flatMap((path) => namedBy(readSource(path)));
    expect(named.length).toBeGreaterThan(80);
    expect([...new Set(named)].filter((name) => !said.has(name))).toEqual([]);
  });
});

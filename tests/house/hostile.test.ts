/** docs/security.md names a test for each class of faults; the tests are there under these names. */
import { describe, expect, it } from 'vitest';
import { readSource } from './sources.js';

interface Row {
  file: string;
  test: string;
}

/** Rows of the table of classes. */
function rows(page: string): Row[] {
  return page
    .split('\n')
    .map((line) => /^\|[^|]*\|[^|]*\| `([^`]+)` \| (.+) \|$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ file: `tests/${match[1]!}`, test: match[2]! }]));
}

/** A test or a template of several stands in the file under this name. */
function isThere({ file, test }: Row): boolean {
  const source = readSource(file);
  return ['\'', '"', '`'].some((quote) => source.includes(`(${quote}${test}${quote},`) || source.includes(`(${quote}${test}:`));
}

describe('the classes in docs/security.md', () => {
  const named = rows(readSource('docs/security.md'));

  it('have their tests', () => {
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((row) => !isThere(row))).toEqual([]);
  });

  it('are noticed when they have none', () => {
    expect(isThere({ file: 'tests/unit/e1000/e1000.test.ts', test: 'does what nobody asked for' })).toBe(false);
  });
});

/** Rules that are broken on purpose (tests/mutations) are still where their rows say: the run that breaks them takes long, and is seldom made. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rows } from '../mutations/rows.mjs';
import { root } from './sources.js';

const countOf = (text: string, part: string): number => text.split(part).length - 1;

it('each row of rules to be broken names a text that stands once in its file, and a test that is there', () => {
  const wrong = rows.filter(({ file, from, test }) => {
    const [source, tests] = [join(root, file), join(root, test)];
    return !existsSync(source) || !existsSync(tests) || countOf(readFileSync(source, 'utf8'), from) !== 1;
  });
  expect(wrong.map(({ rule }) => rule)).toEqual([]);
  expect(rows.length).toBeGreaterThan(20);
});

/** The hostile-code fuzz at length: a million instructions and more of noise in every mode. Seeds are printed when one fails. */
import { expect, test } from 'vitest';
import { runHostileCode, runHostileTranslated } from '../machine/hostile-code.js';

for (const throughIr of [false, true]) {
  test(`20,000 random programs never trap the module (${throughIr ? 'through the IR' : 'run'})`, { timeout: 1_200_000 }, () => {
    const ends = runHostileCode(1_000_000, 20_000, 20_000, throughIr);
    expect([...ends.values()].reduce((a, b) => a + b, 0)).toBe(20_000);
  });
}

test('2,000 random programs come to the same when all that runs is translated', { timeout: 3_600_000 }, () => {
  expect(runHostileTranslated(1_000_000, 2000, 8000)).toBeGreaterThan(100);
});

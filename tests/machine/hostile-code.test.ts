/** A short seeded part of the hostile-code fuzz; tests/long has the rest. */
import { expect, test } from 'vitest';
import { StopReason } from '../../assembly/surface/run.js';
import { runHostileCode, runHostileTranslated } from './hostile-code.js';

for (const throughIr of [false, true]) {
  test(`random programs in every mode never trap the module (${throughIr ? 'through the IR' : 'run'})`, { timeout: 120_000 }, () => {
    const programs = throughIr ? 150 : 600;
    const ends = runHostileCode(1, programs, 4000, throughIr);
    expect([...ends.values()].reduce((a, b) => a + b, 0)).toBe(programs);
    // Most noise ends in a triple fault; if nothing else ever happened the programs would exercise little.
    expect(ends.size).toBeGreaterThan(1);
    expect(ends.get(StopReason.SHUTDOWN) ?? 0).toBeGreaterThan(0);
  });
}

test('random programs come to the same when all that runs is translated', { timeout: 240_000 }, () => {
  const regions = runHostileTranslated(1, 150, 2000);
  console.log(`${regions} regions`);
  expect(regions).toBeGreaterThan(10);
});

/** The fuzz of system state at length: a million steps. A failure names its episode, which is a seed of its own. */
import { expect, test } from 'vitest';
import { describeReport, runHostileSystem, runHostileSystemTranslated } from '../machine/hostile-system.js';

const SEED = 1_000_000, STEPS = 1_000_000;

test('a million steps of random system state never trap the module', { timeout: 3_600_000 }, () => {
  const report = runHostileSystem(SEED, STEPS, false);
  console.log(describeReport(SEED, report));
  expect(report.steps).toBe(STEPS);
});

test('two hundred thousand steps go the same ways when all that runs is translated', { timeout: 3_600_000 }, () => {
  expect(runHostileSystemTranslated(SEED, 2000)).toBeGreaterThan(100);
});

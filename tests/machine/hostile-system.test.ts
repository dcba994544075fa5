/** A short seeded part of the fuzz of system state; tests/long has a million steps. */
import { expect, test } from 'vitest';
import { StopReason } from '../../assembly/surface/run.js';
import { describeReport, runHostileSystem, runHostileSystemTranslated } from './hostile-system.js';

const SEED = 1;

for (const throughIr of [false, true]) {
  test(`random system state never traps the module (${throughIr ? 'through the IR' : 'run'})`, { timeout: 240_000 }, () => {
    const steps = throughIr ? 4000 : 16_000;
    const report = runHostileSystem(SEED, steps, throughIr);
    console.log(describeReport(SEED, report));
    expect(report.steps).toBe(steps);
    // The steps went through every mode, ran instructions, and ended in more than shutdowns.
    for (const mode of ['real', 'protected', 'v86', 'two-level', 'PAE', 'long', 'compatibility']) expect(report.modes.get(mode) ?? 0, mode).toBeGreaterThan(steps / 200);
    expect(report.ticks).toBeGreaterThan(2n * BigInt(steps));
    expect(report.stops.get(StopReason.BUDGET) ?? 0).toBeGreaterThan(steps / 4);
  });
}

test('random system state goes the same ways when all that runs is translated', { timeout: 240_000 }, () => {
  const regions = runHostileSystemTranslated(SEED, 6);
  console.log(`${regions} regions`);
  expect(regions).toBeGreaterThan(6);
});

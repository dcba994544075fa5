/** Translated code against the interpreter in random programs: instructions of every chapter, branches, calls, faults, stores into themselves. */
import { describe, expect, it } from 'vitest';
import { runRandomPrograms } from '../support/random-runs.js';

const FIRST = Number(process.env['RANDOM_FIRST'] ?? 1), PROGRAMS = Number(process.env['RANDOM_PROGRAMS'] ?? 150), MOST = 60;

describe('random programs', () => {
  it('are the same, interpreted and translated, after every step', { timeout: 600_000 }, () => {
    const { failure, ticks, linked, faults } = runRandomPrograms(FIRST, FIRST + PROGRAMS, MOST);
    console.log(`programs ${FIRST} to ${FIRST + PROGRAMS - 1}: ${linked} regions, ${faults} programs ended by a fault, ${ticks} ticks translated`);
    expect(failure).toBeUndefined();
    expect(ticks).toBeGreaterThan(1000n * BigInt(PROGRAMS));
  });
});

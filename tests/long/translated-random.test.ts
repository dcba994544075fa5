/** Many random programs, interpreted and translated side by side: about a million blocks. A failure names its program, which the short test takes as RANDOM_FIRST. */
import { describe, expect, it } from 'vitest';
import { runRandomPrograms } from '../support/random-runs.js';

const PARTS = 100, PROGRAMS = 1000, FIRST = 1_000_000, MOST = 60;

describe('random programs, interpreted and translated', () => {
  it.each(Array.from({ length: PARTS }, (_, n) => FIRST + n * PROGRAMS))(`%i and the ${PROGRAMS - 1} after it are the same`, { timeout: 3_600_000 }, (first) => {
    const { failure, ticks, linked, faults } = runRandomPrograms(first, first + PROGRAMS, MOST);
    console.log(`programs ${first} to ${first + PROGRAMS - 1}: ${linked} regions, ${faults} programs ended by a fault, ${ticks} ticks translated`);
    expect(failure).toBeUndefined();
    expect(ticks).toBeGreaterThan(1000n * BigInt(PROGRAMS));
  });
});

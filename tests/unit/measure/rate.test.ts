/** The search for the highest rate without loss: its rounds close in on where loss begins, wherever that is; what counts as lost; wrong command lines. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../host/cli/faults.js';
import { measure } from '../../../host/cli/measure.js';
import { offeredOf } from '../../../host/measure/figures.js';
import { boundsOf, lostOf, ratesBetween, rateText, searchRate, type RateAnswer, type Trial } from '../../../host/measure/rate.js';
import { DEFAULTS, type Variant } from '../../../host/measure/variant.js';
import type { Region } from '../../../host/machine/types.js';

/** A card that takes so many frames a second; the rounds are counted. */
async function search(capacity: number): Promise<{ trials: Trial[]; rounds: number }> {
  let rounds = 0;
  const trials = await searchRate(async (rates) => {
    rounds++;
    expect(rates.length).toBeLessThanOrEqual(8);
    return rates.map((rate) => ({ rate, lost: Math.max(0, 1 - capacity / rate) }));
  });
  return { trials, rounds };
}

describe('the search', () => {
  it.each([1000, 5003, 14_400, 312_345, 3_900_000])('finds a card that takes %d frames a second, within 1 %%, in four rounds', async (capacity) => {
    const { trials, rounds } = await search(capacity), { low, high } = boundsOf(trials);
    expect(low).toBeLessThanOrEqual(capacity);
    expect(high).toBeGreaterThan(capacity);
    expect(high / low).toBeLessThanOrEqual(1.01 + 1 / low);
    expect(rounds).toBeLessThanOrEqual(4);
    expect(trials.map(({ rate }) => rate)).toEqual([...trials.map(({ rate }) => rate)].sort((a, b) => a - b));
  });
  it('ends where even the lowest rate is too much, and where none is', async () => {
    expect((await search(500)).rounds).toBe(1);
    expect((await search(1e9)).trials.every(({ lost }) => lost === 0)).toBe(true);
  });
  it('believes the lowest loss: what is taken above it is chance', () => {
    expect(boundsOf([{ rate: 2000, lost: 0 }, { rate: 3000, lost: 0.1 }, { rate: 4000, lost: 0 }])).toEqual({ low: 2000, high: 3000 });
  });
  it('tries rates evenly by ratio, none twice', () => {
    expect(ratesBetween(1000, 16_000, 3)).toEqual([2000, 4000, 8000]);
    expect(ratesBetween(1000, 1003, 8)).toEqual([1001, 1002]);
  });
});

describe('what is lost', () => {
  it('is what found no room, and what the card has not received', () => {
    const counters = Object.entries({ 'lab2 frames given': 900, 'lab2 frames missed': 100, 'e1000-1 packets received': 850 }).map(([name, n]) => ({ name, unit: 'x', value: BigInt(n) }));
    const variant: Variant = { ...DEFAULTS, name: 'x', card: 'e1000', direction: 'rx' };
    expect([lostOf({ frames: 0, missed: 0, behind: 0 }), lostOf({ frames: 1000, missed: 0, behind: 64 }), lostOf({ frames: 1000, missed: 0, behind: 74 }), lostOf({ frames: 1000, missed: 20, behind: 50 }), lostOf({ frames: 1000, missed: 0, behind: -3 })]).toEqual([1, 0, 0.01, 0.02, 0]);
    expect(offeredOf({ counters } as unknown as Region, variant, 1, 2)).toEqual({ frames: 1000, missed: 100, behind: 50 });
  });
});

describe('what is printed', () => {
  const answer = { card: 'e1000', size: 60, count: 20_000, driver: {}, trials: [{ rate: 1000, lost: 0 }, { rate: 1010, lost: 0.02 }] } satisfies RateAnswer;
  it('has the rate, and what is lost at the next', () => {
    expect(rateText([{ ...answer, rate: 1000 }], 'instant device')).toMatch(/instant device\.\n\ncard .*\ne1000 +60 +1000 {2}at 1010 2\.000 % are lost {2}\(2 trials\)\n$/);
    expect(rateText([answer], 'x')).toContain('none: at 1000 frames are lost');
  });
  it.each([
    ['rate --card e100', '--card e100: "e100" is none of'],
    ['rate --count 5', '--count 5: want 1000 to'],
    ['rate --driver a=1', '--driver a=1: is a parameter of one driver'],
    ['rate --charge nowhere.json', '--charge nowhere.json: cannot read nowhere.json'],
    ['rate e1000', 'e1000: "measure rate" takes options only.'],
  ])('of "measure %s" is what is wrong', async (line, problem) => {
    expect(await measure(line.split(' ')).then(() => 'none', (error: Error) => (error instanceof UsageError ? error.message : String(error)))).toContain(problem);
  });
});

/** 500 points of boots, 50 a boot. */
import { expect, it } from 'vitest';
import { compareAtPoints } from '../guest/snapshot-points.js';

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('goes on from 50 random ticks of a boot as it would have, %i', async (seed) => {
  expect(await compareAtPoints(50, seed)).toEqual([]);
}, 3_600_000);

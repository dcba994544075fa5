/** 50 points of a boot; POINTS=500 tries as many, 50 a boot. */
import { expect, it } from 'vitest';
import { compareAtPoints } from '../guest/snapshot-points.js';

const EACH = 50;
const boots = Math.ceil(Number(process.env['POINTS'] ?? EACH) / EACH);

it.each(Array.from({ length: boots }, (_, i) => i + 1))('goes on from 50 random ticks of a boot as it would have, %i', async (seed) => {
  expect(await compareAtPoints(EACH, seed)).toEqual([]);
}, 3_600_000);

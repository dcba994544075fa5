/** Two hundred writers of a snapshot's file killed in the midst of it. SEED runs another series. */
import { expect, it } from 'vitest';
import { killWriters } from '../unit/snapshot/killed.js';

const SEED = Number(process.env['SEED'] ?? 7);

it(`leaves the old file or the new one, 200 times, seed ${SEED}`, async () => {
  expect(await killWriters(200, SEED)).toEqual([]);
}, 600_000);

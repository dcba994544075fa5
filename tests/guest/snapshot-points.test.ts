/** A few points of a boot; tests/long/snapshot-points.test.ts has many. */
import { expect, it } from 'vitest';
import { compareAtPoints } from './snapshot-points.js';

/** The process that goes on makes machines of the package itself, without a unit (docs/testing.md). */
const BEHIND = process.env['PINTAIL_IOMMU'] !== undefined;

it.skipIf(BEHIND)('goes on from random ticks of a boot as it would have', async () => {
  expect(await compareAtPoints(3, 11)).toEqual([]);
}, 600_000);

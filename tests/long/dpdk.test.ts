/** A million frames by DPDK's driver through the remapping unit, none lost, none twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countOf, dpdkGuest, noDpdk, runTestpmd } from '../support/dpdk.js';

const MINUTES = 60_000;

describe.skipIf(noDpdk !== undefined)(`testpmd${noDpdk === undefined ? '' : ` (skipped: ${noDpdk})`}`, () => {
  let guest: Awaited<ReturnType<typeof dpdkGuest>>;
  beforeAll(async () => { guest = await dpdkGuest(); }, 15 * MINUTES);
  afterAll(() => guest.remove());

  it('sends a million frames', { timeout: 30 * MINUTES }, async () => {
    const { sent, stats } = await runTestpmd(guest.dir, 'txonly', 2.5);
    expect(sent).toBeGreaterThanOrEqual(1_000_000);
    expect([countOf(stats, 'lab0 frames taken'), countOf(stats, 'lab0 bytes taken'), countOf(stats, 'DMA aborts')]).toEqual([sent, 64 * sent, 0]);
  });
});

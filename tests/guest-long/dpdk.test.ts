/** DPDK's own e1000 driver on a card that vfio-pci has, behind the remapping unit: what testpmd says it sent and received is what the card's peer counts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countOf, dpdkGuest, noDpdk, runTestpmd } from '../support/dpdk.js';

const MINUTES = 60_000;

describe.skipIf(noDpdk !== undefined)(`testpmd${noDpdk === undefined ? '' : ` (skipped: ${noDpdk})`}`, () => {
  let guest: Awaited<ReturnType<typeof dpdkGuest>>;
  beforeAll(async () => { guest = await dpdkGuest(); }, 15 * MINUTES);
  afterAll(() => guest.remove());

  it.each([['on the board\'s bus', false], ['behind a root port', true]])('sends 10,000 frames, %s', { timeout: 15 * MINUTES }, async (_, behindPort) => {
    const { sent, stats } = await runTestpmd(guest.dir, 'txonly', 2, { behindPort });
    expect(sent).toBeGreaterThanOrEqual(10_000);
    expect([countOf(stats, 'lab0 frames taken'), countOf(stats, 'DMA aborts')]).toEqual([sent, 0]);
    // Its memory is in pages of 2 MiB, and the unit keeps them as they are.
    expect(countOf(stats, 'iommu0 IOTLB hits in large pages')).toBeGreaterThan(sent);
  });

  it('receives what its peer gives', { timeout: 15 * MINUTES }, async () => {
    const { received, stats } = await runTestpmd(guest.dir, 'rxonly', 3, { lab: 'mode=source,size=60,rate=20000' });
    expect(received).toBeGreaterThanOrEqual(10_000);
    // Those that came before it listened, and after, are the rest.
    expect(countOf(stats, 'e1000-0 packets received')).toBeGreaterThanOrEqual(received);
    expect(countOf(stats, 'DMA aborts')).toBe(0);
  });
});

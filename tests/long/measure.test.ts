/** What a packet costs, by Linux's own drivers: the literature's counts, the same every time, and what registers add up to. */
import { beforeAll, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { measureVariants } from '../../host/measure/run.js';
import { DEFAULTS, type Variant } from '../../host/measure/variant.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

const THROTTLE_OFF = { InterruptThrottleRate: '0', TxIntDelay: '0', TxAbsIntDelay: '0', RxIntDelay: '0', RxAbsIntDelay: '0' };
const e1000 = { ...DEFAULTS, card: 'e1000', count: 1000, warmUp: 100, driver: THROTTLE_OFF } as const;
const VARIANTS: Variant[] = [
  { ...e1000, name: 'tx', direction: 'tx' },
  { ...e1000, name: 'rx', direction: 'rx' },
  { ...DEFAULTS, name: 'virtio by 10', card: 'virtio-net', direction: 'tx', count: 1000, warmUp: 100, burst: 10 },
  { ...DEFAULTS, name: 'slow line', card: 'virtio-net', direction: 'tx', count: 1000, warmUp: 400, size: 1000, speed: '100M' },
];

it('an e1000 without moderation costs six accesses and an interrupt each way; bursts and a line that is slow are as they must be', async () => {
  const first = await measureVariants(VARIANTS, { phases: 2 });
  const [tx, rx, burst, slow] = first.measured.map(({ figures }) => figures);
  for (const figures of tx!) {
    expect(figures).toMatchObject({ packets: 1000, accesses: 6, interrupts: 1, doorbells: 1, bytes: 60, registers: { 'ICR r': 1, 'IMC w': 1, 'STATUS r': 2, 'IMS w': 1, 'TDT w': 1 } });
    // By the bus's own count: nothing else was touched but the region's port, and the timer's registers.
    expect(figures.classes.B1 - figures.accesses).toBeLessThan(0.01);
    expect(figures.classes.B4).toBe(0);
  }
  for (const { accesses, interrupts, registers, packets } of rx!) {
    expect(packets).toBeGreaterThanOrEqual(1000);
    expect([accesses, interrupts, registers['RDT w']]).toEqual([expect.closeTo(6, 1), expect.closeTo(1, 2), expect.closeTo(1, 2)]);
  }
  for (const { doorbells } of burst!) expect(doorbells).toBe(0.1);
  // 81.92 us a frame; the line's FIFO holds sixteen of them.
  for (const { virtualNs } of slow!) expect(virtualNs).toBeGreaterThan((1000 - 20) * 81_920);
  expect((await measureVariants(VARIANTS, { phases: 2 })).measured).toEqual(first.measured);
}, 1_800_000);

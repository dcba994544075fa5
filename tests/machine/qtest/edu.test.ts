/** QEMU's educational device driven over qtest, ours and QEMU's own, with the same answers. docs/add-a-card.md adds it. */

import { describe, expect, it } from 'vitest';
import { hasQemu, start, type Client, type Emulator } from './client.js';
import { placeCard } from './pci.js';

const R = { ID: 0, LIVE: 4, FACTORIAL: 8, STATUS: 0x20, INTERRUPTS: 0x24, RAISE: 0x60, ACK: 0x64, SOURCE: 0x80, DESTINATION: 0x88, COUNT: 0x90, COMMAND: 0x98 } as const;
const BUFFER = 0x40000;

/** What a driver sees of it, step by step. */
async function drive(emulator: Emulator): Promise<unknown[]> {
  const client: Client = await start(emulator, { args: ['-device', 'edu,addr=4'] });
  await client.ok('irq_intercept_in ioapic');
  const { pci, bars } = await placeCard(client);
  const base = bars[0]!, seen: unknown[] = [];
  const get = (at: number): Promise<number> => client.load(base + at);
  const set = (at: number, value: number): Promise<void> => client.store(base + at, value);
  const edges = (): string => client.edges.map((edge) => edge.split(' ')).filter(([, pin]) => Number(pin) >= 16).map(([what]) => what).join(' ');
  /** Our clock stands until it is stepped; QEMU's runs. */
  const step = async (): Promise<void> => {
    if (emulator === 'qemu') return;
    for (let ms = 0; ms < 120; ms += 20) await client.ok('clock_step 20000000');
  };
  const transfer = async (source: number, destination: number, count: number, command: number): Promise<void> => {
    for (const [at, value] of [[R.SOURCE, source], [R.DESTINATION, destination], [R.COUNT, count], [R.COMMAND, command]] as const) await set(at, value);
    seen.push(await get(R.COMMAND));
    await step();
    await client.until(async () => ((await get(R.COMMAND)) & 1) === 0, 'the transfer');
  };
  seen.push(await pci.get(0), await pci.get(8), await pci.barBytes(0), await pci.get(0x3d, 1), await pci.capabilities(), await get(R.ID));
  await set(R.LIVE, 0x12345678);
  seen.push(await get(R.LIVE));
  for (const [n, tell] of [[5, 0], [12, 0x80], [13, 0], [40, 0]] as const) {
    await set(R.STATUS, tell);
    await set(R.FACTORIAL, n);
    await step();
    await client.until(async () => ((await get(R.STATUS)) & 1) === 0, 'the factorial');
    // QEMU computes in a thread, which interrupts a little after it is done.
    if (tell) await client.until(async () => (await get(R.INTERRUPTS)) !== 0, 'the interrupt');
    seen.push(await get(R.FACTORIAL), await get(R.INTERRUPTS), await get(R.STATUS));
    await set(R.ACK, 0xffffffff);
  }
  await set(R.RAISE, 0x30);
  await set(R.ACK, 0x10);
  seen.push(await get(R.INTERRUPTS));
  await set(R.ACK, 0x20);
  seen.push(await get(R.INTERRUPTS), edges());
  await client.write(0x10000, [1, 2, 3, 4, 5, 6, 7, 8]);
  await transfer(0x10000, BUFFER + 16, 8, 1);
  await transfer(BUFFER + 18, 0x20000, 4, 7);
  seen.push([...(await client.read(0x20000, 6))], await get(R.INTERRUPTS), await get(R.COMMAND));
  return seen;
}

describe('edu over qtest', () => {
  it('does what its description says', async () => {
    expect(await drive('pintail')).toEqual([
      0x11e81234, 0x00ff0010, 0x100000, 1, [5], 0x010000ed, 0xedcba987,
      120, 0, 0, 479001600, 1, 0x80, 1932053504, 0, 0, 0, 0, 0, 0x20, 0, 'raise lower raise lower',
      1, 7, [3, 4, 5, 6, 0, 0], 0x100, 6,
    ]);
  });
  // Without QEMU there is nothing to compare with.
  it.skipIf(!hasQemu)("does for QEMU's driver what QEMU does", async () => {
    const [ours, theirs] = await Promise.all([drive('pintail'), drive('qemu')]);
    expect(ours).toEqual(theirs);
  });
});

/**
 * The host loses power: what it has not been told to flush is there, or not, sector by sector. A bare program writes records with
 * flushes in between; at seeded points the disk is looked at as it would be after the loss.
 */
import { describe, expect, it } from 'vitest';
import { createMachine, type Disk, type DriveOptions } from 'pintail';
import { checkRecords, IMAGE_BYTES, numbersIn, recordWriter } from './record-writer.js';

const SECTOR = 512;

function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => ((x = (Math.imul(x, 1664525) + 1013904223) >>> 0) >>> 8) % below;
}

/** A disk whose cache is lost with the power: `after` gives what a loss now would leave. */
function volatileDisk(): Disk & { after(random: (below: number) => number): Uint8Array } {
  const safe = new Uint8Array(IMAGE_BYTES), cached = new Uint8Array(IMAGE_BYTES);
  let waiting: { at: number; sector: Uint8Array }[] = [];
  return {
    bytes: IMAGE_BYTES,
    readOnly: false,
    read: (at, into) => into.set(cached.subarray(at, at + into.length)),
    write(at, from) {
      cached.set(from, at);
      for (let i = 0; i < from.length; i += SECTOR) waiting.push({ at: at + i, sector: from.slice(i, i + SECTOR) });
    },
    async flush() {
      safe.set(cached);
      waiting = [];
    },
    zero: () => undefined,
    discard: () => undefined,
    close: async () => undefined,
    after(random) {
      const left = safe.slice();
      for (const { at, sector } of waiting) if (random(2)) left.set(sector, at);
      return left;
    },
  };
}

/** What was wrong at each of so many losses of power, and the last record that was acknowledged. */
async function lose(times: number, seed: number, flushes: boolean, cache: NonNullable<DriveOptions['cache']>): Promise<{ wrong: string[]; told: number }> {
  const random = randomOf(seed), disk = volatileDisk(), wrong: string[] = [];
  let told = 0;
  const machine = await createMachine({
    memoryMiB: 4, bare: { code: recordWriter(1, flushes), mode: 'protected32' },
    drives: [{ id: 'd', source: disk, cache }], devices: [{ model: 'virtio-blk', drive: 'd', slot: 1 }],
  });
  machine.on('serial', (port, bytes) => { if (port === 4) told = numbersIn(bytes).at(-1) ?? told; });
  for (let i = 0; i < times; i++) {
    const stop = await machine.step(1 + random(300_000));
    if (stop.reason !== 'paused') throw new Error(`the program stopped: ${stop.reason} ${stop.code}`);
    const left = checkRecords(disk.after(random), told);
    if (left.wrong !== undefined) wrong.push(left.wrong);
  }
  await machine.close();
  return { wrong, told };
}

describe('power is lost', () => {
  it.each<[string, boolean, NonNullable<DriveOptions['cache']>]>([
    ['with a write cache and flushes', true, 'writeback'],
    ['with cache=writethrough and a driver that knows no flush', false, 'writethrough'],
    ['with the default cache and a driver that knows no flush', false, 'writeback'],
  ])('%s: what was acknowledged is there, at 300 points', async (_, flushes, cache) => {
    const { wrong, told } = await lose(300, 7, flushes, cache);
    expect(wrong).toEqual([]);
    expect(told).toBeGreaterThan(100);
  });

  it('is nothing a worker can be told of: the disk is an object', async () => {
    await expect(createMachine({ worker: true, memoryMiB: 4, drives: [{ id: 'd', source: volatileDisk() }] })).rejects.toThrow(/drives: a machine in a worker/);
  });

  it('and cache=unsafe loses it, which shows that the check can fail', async () => {
    expect((await lose(50, 7, true, 'unsafe')).wrong.length).toBeGreaterThan(10);
  });
});

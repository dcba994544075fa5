/** A machine in a worker that does not answer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { breakLocks, checkUnlocked, lockImage, watchLocks } from '../../../host/platform/node/disk/lock.js';
import { endWorker } from '../../../host/machine/remote.js';

it('is ended after the deadline, though its thread never comes back', async () => {
  const worker = new Worker('for (;;);', { eval: true });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  expect(await endWorker(worker, new Promise(() => undefined), 1)).toBe(false);
  await ended;
});

it('is ended as soon as it has answered, or failed to', async () => {
  for (const answer of [Promise.resolve(), Promise.reject(new Error('no'))]) {
    let terminated = 0;
    expect(await endWorker({ terminate: async () => ++terminated }, answer, 0x7fff_ffff)).toBe(true);
    expect(terminated).toBe(1);
  }
});

it('leaves no image locked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-locks-'));
  try {
    const image = join(folder, 'disk.img');
    writeFileSync(image, 'disk');
    let held: string[] = [];
    watchLocks((locks) => (held = locks));
    lockImage(image);
    expect(held.length).toBeGreaterThan(0);
    expect(() => checkUnlocked(image)).toThrow(/in use/);
    breakLocks(held);
    checkUnlocked(image);
    const unlock = lockImage(image);
    unlock();
    checkUnlocked(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The process is killed a hundred times in the middle of a guest's writes to ext4, at points that the seed gives. SEED runs another. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { killMany, missing } from '../guest/ext4.js';

const SEED = Number(process.env['SEED'] ?? 1);

describe.skipIf(missing !== undefined)(`killed a hundred times, seed ${SEED}${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => void (await prepareGuest('amd64')), 600_000);

  it('has every file that was fsynced', async () => {
    const { wrong, files } = await killMany(100, SEED);
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThan(300);
  }, 1_800_000);
});

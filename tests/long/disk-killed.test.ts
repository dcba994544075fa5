/** A hundred processes killed in the middle of writes, at points that the seed gives. SEED runs another. */
import { describe, expect, it } from 'vitest';
import { hasImageTool, killMany } from '../machine/disk/killed.js';

const SEED = Number(process.env['SEED'] ?? 1);

describe.each(['image', 'overlay', 'AHCI', 'IDE', ...(hasImageTool ? (['qcow2'] as const) : [])] as const)(`killed a hundred times while writing: %s, seed ${SEED}`, (kind) => {
  it('leaves every record that was acknowledged', async () => {
    const { wrong, last } = await killMany(100, SEED, kind);
    expect(wrong).toEqual([]);
    expect(last).toBeGreaterThan(400);
  }, 600_000);
});

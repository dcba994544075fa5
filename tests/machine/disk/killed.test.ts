/** The process is killed in the middle of writes, a few times; tests/long does it a hundred times. */
import { describe, expect, it } from 'vitest';
import { hasImageTool, killMany } from './killed.js';

describe.each(['image', 'overlay', 'AHCI', 'IDE', ...(hasImageTool ? (['qcow2'] as const) : [])] as const)('killed while writing: %s', (kind) => {
  it('leaves every record that was acknowledged, and the next machine goes on', async () => {
    const { wrong, last } = await killMany(3, 20, kind);
    expect(wrong).toEqual([]);
    expect(last).toBeGreaterThan(5);
  }, 120_000);
});

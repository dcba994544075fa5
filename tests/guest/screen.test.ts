/**
 * Every kind of mode, by test cards that a boot sector shows: their pictures are those that tests/guest-long/screen.test.ts has compared with QEMU's pixel by
 * pixel, by their digests. Between two cards a key is pressed, which the BIOS reads.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { noPackages } from '../support/package-files.js';
import { digestOf, showCards } from '../support/show-cards.js';

const GOLDEN = 'tests/golden/screens.json';

describe.skipIf(noPackages !== undefined)(`the screen${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('shows every test card as it should', async () => {
    const shown: Record<string, string> = {};
    await showCards((picture) => (shown[picture.name] = digestOf(picture)));
    if (process.env['UPDATE_SCREENS'] !== undefined) writeFileSync(GOLDEN, `${JSON.stringify(shown, undefined, 1)}\n`);
    expect(shown).toEqual(JSON.parse(readFileSync(GOLDEN, 'utf8')));
  });
});

/**
 * The screen against QEMU's: the same test cards on both, each picture compared pixel by pixel with QEMU's `screendump`. Skips itself, and says so, without
 * QEMU or Debian's packages.
 */
import { describe, expect, it } from 'vitest';
import { noQemu } from '../guest/peers/qemu.js';
import { noPackages } from '../support/package-files.js';
import { difference, withQemuScreen } from '../support/qemu-screen.js';
import { SCREEN_CARDS, screenDisk } from '../support/screen-cards.js';
import { showCards, type CardPicture } from '../support/show-cards.js';

/** Each card's picture. The key that goes on to the next is the keyboard's own test. */
const qemuPictures = (onPicture: (picture: CardPicture) => void): Promise<void> => withQemuScreen(screenDisk(), async (qemu) => {
  for (const { name } of SCREEN_CARDS) {
    if ((await qemu.letter()) !== 'D') throw new Error(`QEMU did not show "${name}"`);
    onPicture(await qemu.picture(name));
    await qemu.ask('sendkey spc');
  }
});

const reason = noPackages ?? noQemu;
describe.skipIf(reason !== undefined)(`the screen beside QEMU's${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('every test card is QEMU\'s, pixel by pixel', async () => {
    const theirs = new Map<string, CardPicture>(), found: Record<string, string> = {};
    await qemuPictures((picture) => void theirs.set(picture.name, picture));
    await showCards((picture) => (found[picture.name] = difference(picture, theirs.get(picture.name))));
    expect(found).toEqual(Object.fromEntries(SCREEN_CARDS.map(({ name }) => [name, 'the same'])));
  });
});

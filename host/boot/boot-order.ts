/** What firmware boots from, in QEMU's letters, and as QEMU's board tells SeaBIOS: a number of four bits each, the first lowest. */

import { ImageError } from './errors.js';

/** `order` and `once` are letters: a floppy, c disk, d CD, n network; `once` is for the first start alone. `menu`: F12 or ESC shows what there is. */
export interface BootOrder {
  order?: string;
  once?: string;
  menu?: boolean;
}

const NIBBLES: Readonly<Record<string, number>> = { a: 1, b: 1, c: 2, d: 3, n: 4 };
/** As QEMU has it where nothing is said. */
export const DEFAULT_ORDER = 'cad';
const MOST = 3;

/** The first letter that means nothing here, or one that is there twice; and what is wrong with it. */
export function wrongWithOrder(letters: string): string | undefined {
  const strange = [...letters].find((letter) => !Object.hasOwn(NIBBLES, letter));
  if (strange !== undefined) return `"${strange}" is none of a (floppy), c (disk), d (CD) and n (network).`;
  if (new Set(letters).size < letters.length) return `"${letters}" has a letter twice.`;
  return letters.length > MOST ? `"${letters}" is more than ${MOST} letters.` : undefined;
}

/** Throws ImageError. */
export function orderNumber(letters: string): number {
  const wrong = wrongWithOrder(letters);
  if (wrong !== undefined) throw new ImageError('boot', wrong, 'Write letters such as "dc".');
  return [...letters].reduce((sum, letter, i) => sum | (NIBBLES[letter]! << (4 * i)), 0);
}

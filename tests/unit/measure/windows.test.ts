/** How long freed pages could be reached, from looks at a machine. */
import { expect, it } from 'vitest';
import { WindowBook, windowsOf } from '../../../host/measure/windows.js';

it('a window is from the first look to the last that found a page; what one look found is no window', () => {
  const book = new WindowBook();
  for (const [ns, ...pages] of [[0], [1000, 'a'], [2000, 'a', 'b'], [4000, 'a', 'c'], [9000, 'c'], [17_000, 'c'], [18_000], [19_000, 'a'], [22_000, 'a'], [23_000]] as const) book.note(pages, BigInt(ns));
  expect(windowsOf(book.closed)).toEqual({ pages: 3, meanUs: (3 + 13 + 3) / 3, longestUs: 13, histogram: { 2: 2, 8: 1 } });
  expect(windowsOf([])).toEqual({ pages: 0, meanUs: 0, longestUs: 0, histogram: {} });
});

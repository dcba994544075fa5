/** The escape key of the console. */
import { expect, it } from 'vitest';
import { EscapeKeys } from '../../../../host/cli/terminal.js';

function type(...chunks: number[][]): string[] {
  const seen: string[] = [];
  const keys = new EscapeKeys({
    send: (bytes) => seen.push(`send ${[...bytes].join(' ')}`),
    quit: () => seen.push('quit'),
    show: () => seen.push('show'),
  });
  for (const chunk of chunks) keys.type(Uint8Array.from(chunk));
  return seen;
}

const x = 'x'.charCodeAt(0);

it('passes ordinary keys on, Ctrl-C among them', () => {
  expect(type([104, 105], [3])).toEqual(['send 104 105', 'send 3']);
});

it('ends at Ctrl-A x, also in two pieces', () => {
  expect(type([1, x])).toEqual(['quit']);
  expect(type([1], [x])).toEqual(['quit']);
});

it('sends Ctrl-A when it is typed twice, and lists the keys at h', () => {
  expect(type([1, 1])).toEqual(['send 1']);
  expect(type([1, 'h'.charCodeAt(0)])).toEqual(['show']);
});

it('keeps the keys around an escape in order', () => {
  expect(type([97, 1, 1, 98])).toEqual(['send 97 1 98']);
});

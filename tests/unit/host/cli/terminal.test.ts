/** The escape key of the console. */
import { describe, expect, it } from 'vitest';
import { TypeAhead } from '../../../../host/cli/console-session.js';
import { EscapeKeys } from '../../../../host/cli/terminal.js';

function type(...chunks: number[][]): string[] {
  const seen: string[] = [];
  const keys = new EscapeKeys({
    send: (bytes) => seen.push(`send ${[...bytes].join(' ')}`),
    quit: () => seen.push('quit'),
    save: () => seen.push('save'),
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

it('saves at Ctrl-A s', () => {
  expect(type([97, 1, 's'.charCodeAt(0), 98])).toEqual(['save', 'send 97 98']);
});

it('keeps the keys around an escape in order', () => {
  expect(type([97, 1, 1, 98])).toEqual(['send 97 1 98']);
});

describe('what is typed ahead', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it('waits for a prompt, with or without what busybox asks the terminal behind it, and then goes through', () => {
    for (const prompt of ['/ # ', '/ # \x1b[6n', 'user@host:~$ ', 'login: ']) {
      const sent: string[] = [];
      const ahead = new TypeAhead((some) => sent.push(new TextDecoder().decode(some)));
      ahead.type(bytes('ls\r'));
      ahead.saw(bytes('BusyBox v1.35.0\r\n'));
      expect(sent).toEqual([]);
      ahead.saw(bytes(prompt));
      ahead.type(bytes('x'));
      expect(sent).toEqual(['ls\r', 'x']);
    }
  });
});

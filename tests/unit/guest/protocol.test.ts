/** The command protocol between the host and the guest's init. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readCpio } from '../../../host/guest/cpio.js';
import { CommandError, commandArchive, execLine, inputFrame, parseHead, parseReady, quoteWords } from '../../../host/guest/index.js';

const WORDS = ['printf', '%s|', 'plain', '', "it's", '"$HOME" `id` \\ \\n', 'two\nlines\n', "'\n'", '*', 'größe', '-n', '~'];

it('words come back from a shell as they were, on one line', () => {
  const quoted = quoteWords(WORDS);
  expect(quoted).not.toContain('\n');
  const { stdout } = spawnSync('sh', ['-c', `NL='\n'\nread -r line\neval "set -- $line"\n"$@"`], { input: `${quoted}\n`, encoding: 'utf8' });
  expect(stdout).toBe(WORDS.slice(2).map((word) => `${word}|`).join(''));
});

it('a command that cannot be sent is refused', () => {
  expect(() => quoteWords([])).toThrow(CommandError);
  expect(() => quoteWords([''])).toThrow(CommandError);
  expect(() => quoteWords(['a', 'b\0c'])).toThrow(CommandError);
  expect(() => execLine(1, ['echo', 'x'.repeat(40000)])).toThrow(/longer than 32768 bytes/);
  expect(() => commandArchive(['echo', 'x'.repeat(40000)])).not.toThrow();
});

it('lines and heads from the guest are read strictly', () => {
  expect(parseReady('ready 4')).toBe(4);
  for (const line of ['', 'ready', 'ready x', 'ready 1 2', 'Linux version 6']) expect(parseReady(line)).toBeUndefined();
  const head = (text: string): unknown => parseHead(new TextEncoder().encode(text));
  expect(head('o00000070007ff0\n')).toEqual({ kind: 'o', id: 7, bytes: 0x7ff0 });
  for (const text of ['o00000070007ff0x', 'q00000070007ff0\n', 'o0000007 007ff0\n', 'O00000070007ff0\n', '']) expect(head(text)).toBeUndefined();
});

it('lines, frames and archives have the shape the guest reads', () => {
  expect(execLine(3, ['ls', '-l'])).toBe("exec 0000003 - '' 0 'ls' '-l'\n");
  expect(execLine(4, ['cat'], { stdin: true })).toBe("exec 0000004 i '' 0 'cat'\n");
  expect(new TextDecoder().decode(inputFrame(4, new Uint8Array([65, 66])))).toBe('i00000040000002\nAB');
  const entry = readCpio(commandArchive(['true'])).find((it) => it.path === 'pintail/command');
  expect(new TextDecoder().decode(entry!.data)).toBe("- '' 0 'true'\n");
});

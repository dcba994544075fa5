/** The command protocol between the host and the guest's init. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readCpio } from '../../../host/guest/cpio.js';
import { CommandError, commandArchive, execLine, parseControl, quoteWords, stdinChunk } from '../../../host/guest/index.js';

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

it('control lines are read strictly', () => {
  expect(parseControl('ready 1')).toEqual({ kind: 'ready', version: 1 });
  expect(parseControl('more 7')).toEqual({ kind: 'more', id: 7 });
  expect(parseControl('exit 7 130')).toEqual({ kind: 'exit', id: 7, code: 130 });
  for (const line of ['', 'exit 7', 'exit', 'exit 7 x', 'ready', 'Linux version 6', 'exit 1 2 3']) expect(parseControl(line)).toBeUndefined();
});

it('lines, chunks and archives have the shape the guest reads', () => {
  expect(execLine(3, ['ls', '-l'])).toBe("exec 3 - '' 0 'ls' '-l'\n");
  expect(execLine(4, ['cat'], { stdin: true })).toBe("exec 4 i '' 0 'cat'\n");
  expect(new TextDecoder().decode(stdinChunk(4, new Uint8Array([65, 66])))).toBe('\nchunk 4 2\nAB');
  const entry = readCpio(commandArchive(['true'])).find((it) => it.path === 'pintail/command');
  expect(new TextDecoder().decode(entry!.data)).toBe("- '' 0 'true'\n");
});

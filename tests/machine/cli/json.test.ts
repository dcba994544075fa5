/** `run --json`: what is said on standard error is an object a line, and the last says how it ended. */
import { expect, it } from 'vitest';
import { pintail } from '../../guest/command.js';

const BUILTIN = ['--guest', 'builtin', '-m', '16M', '-nic', 'none'];

it('tells notes, registers at a reset and the end, and the guest\'s output stays its own', async () => {
  const { code, stdout, stderr } = await pintail(['run', '--json', '-usb', '--stats', 'json', ...BUILTIN], 'exit 3\r');
  expect(code).toBe(7);
  expect(stdout).toContain('> exit 3');
  const lines = stderr.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toEqual({ note: expect.stringContaining('-usb') as unknown });
  expect(lines.at(-2)).toMatchObject({ stop: 'debug-exit' });
  expect(lines.at(-1)).toEqual({ end: { stop: 'debug-exit', panicked: false, instructions: expect.any(Number) as unknown, status: 7 } });
});

it('a limit is named, and mistakes are objects, too', async () => {
  const limited = await pintail(['run', '--json', '--limit-instructions', '1000', ...BUILTIN]);
  expect(limited.code).toBe(124);
  expect(JSON.parse(limited.stderr.trim().split('\n').at(-1)!)).toMatchObject({ end: { stop: 'limit', limit: 'instructions', status: 124 } });
  const wrong = await pintail(['run', '--json', '--clones', '2', ...BUILTIN]);
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.stderr)).toEqual({ errors: [{ argument: '--clones 2', problem: expect.stringMatching(/needs a command/) as unknown }] });
});

/** A guest imported from a root file system: its own programs at a prompt, commands, and poweroff, reboot and halt as its users type them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCpio } from '../../host/guest/cpio.js';
import { importGuest, prepareGuest } from '../../host/guest/index.js';
import { pintail } from './command.js';

let folder: string;
let guest: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-import-'));
  const base = await prepareGuest('amd64');
  const root = join(folder, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'etc'));
  const busybox = readCpio(readFileSync(base.initrd)).find(({ path }) => path === 'bin/busybox')!.data!;
  writeFileSync(join(root, 'bin/busybox'), busybox, { mode: 0o755 });
  for (const name of ['sh', 'cat', 'sleep', 'poweroff', 'reboot', 'halt']) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'etc/release'), 'a root file system of its own\n');
  const archive = join(folder, 'root.tar');
  expect(spawnSync('tar', ['-C', root, '-cf', archive, '.']).status).toBe(0);
  guest = (await importGuest(archive, join(folder, 'guest'), { base })).dir;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('runs commands', async () => {
  expect(await pintail(['run', '--guest', guest, '-nic', 'none', '--', 'sh', '-c', 'cat /etc/release; exit 3'])).toEqual({ code: 3, stdout: 'a root file system of its own\n', stderr: '' });
});

it.each([
  ['poweroff', 0, /reboot: Power down/],
  ['reboot', 0, /reboot: Restarting system/],
  ['halt', 132, /reboot: System halted/],
])('%s, typed at its prompt, does so', async (word, status, said) => {
  const { code, stdout } = await pintail(['run', '-no-reboot', '--guest', guest], `cat /etc/release\n${word}\nsleep 5; echo went $((1+1)) on\n`);
  expect(stdout).not.toContain('went 2 on');
  expect(stdout).toMatch(/a root file system of its own/);
  expect(stdout).toMatch(said);
  expect(code).toBe(status);
});

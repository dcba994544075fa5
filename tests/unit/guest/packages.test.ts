/** The package client against tools of our own in PATH: scripts that answer as apt's would. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NoPackageClient } from '../../../host/guest/errors.js';
import { openPackages, type PackageClient } from '../../../host/guest/packages.js';

const { PATH } = process.env;
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pintail-apt-'));
  mkdirSync(join(dir, 'bin'));
  process.env['PATH'] = `${join(dir, 'bin')}:${PATH}`;
  tool('dpkg', 'echo amd64');
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(dir, { recursive: true });
});

function tool(name: string, script: string): void {
  const path = join(dir, 'bin', name);
  writeFileSync(path, `#!/bin/sh\necho "$0 $*" >>${join(dir, 'calls')}\n${script}\n`);
  chmodSync(path, 0o755);
}

function calls(): string {
  return readFileSync(join(dir, 'calls'), 'utf8');
}

const SHOW = `printf 'Package: thing\\nVersion: 1:2.3-4\\nDepends: linux-image-6.1.0-9-amd64 (= 6.1.5-1), other:any | more\\nSHA256: abc\\nDescription: x\\n'`;

function open(arch = 'amd64'): Promise<PackageClient> {
  return openPackages({ arch, stateDir: join(dir, 'state') });
}

it.skipIf(process.platform !== 'linux')('reads what the system lists say, and fetches none', async () => {
  tool('apt-get', 'exit 0');
  tool('apt-cache', SHOW);
  const info = await (await open()).show('thing');
  expect(info).toEqual({ name: 'thing', version: '1:2.3-4', depends: ['linux-image-6.1.0-9-amd64', 'other'], sha256: 'abc' });
  expect(calls()).not.toMatch(/ update$/m);
  expect(readdirSync(join(dir, 'state'))).toEqual([]);
});

it.skipIf(process.platform !== 'linux')('fetches lists of its own where the system has none, into its own folder', async () => {
  tool('apt-get', `case "$*" in *update) touch ${join(dir, 'fetched')};; esac`);
  tool('apt-cache', `[ -f ${join(dir, 'fetched')} ] || exit 100\n${SHOW}`);
  expect((await (await open()).show('thing')).version).toBe('1:2.3-4');
  const update = calls().split('\n').find((line) => line.endsWith(' update'));
  expect(update).toContain(`Dir::State=${join(dir, 'state')}`);
  expect(update).toContain(`Dir::Cache=${join(dir, 'state')}`);
  expect(update).not.toMatch(/\/var\//);
});

it.skipIf(process.platform !== 'linux')('asks for another architecture only in lists of its own', async () => {
  tool('apt-get', 'exit 0');
  tool('apt-cache', SHOW);
  await (await open('i386')).show('thing');
  for (const line of calls().split('\n').filter((it) => it.includes('apt-cache'))) expect(line).toContain('APT::Architecture=i386');
});

it.skipIf(process.platform !== 'linux')('says so when the package is nowhere, with what apt complained about', async () => {
  tool('apt-get', `case "$*" in *update) echo 'E: The network is down' >&2; exit 100;; esac`);
  tool('apt-cache', 'exit 100');
  const attempt = open().then((client) => client.show('thing'));
  await expect(attempt).rejects.toThrow(NoPackageClient);
  await expect(attempt).rejects.toThrow(/have no thing for amd64 \(apt-get update: E: The network is down\)/);
});

it.skipIf(process.platform !== 'linux')('downloads with fresh lists what old ones name in vain', async () => {
  tool('apt-get', `case "$*" in
    *update) touch ${join(dir, 'fetched')} ;;
    *download*) if [ -f ${join(dir, 'fetched')} ]; then touch thing_1%3a2_amd64.deb; else echo 'E: 404  Not Found' >&2; exit 100; fi ;;
  esac`);
  tool('apt-cache', SHOW);
  const client = await open();
  await expect(client.download(['thing'], join(dir, 'out'))).rejects.toThrow(/thing cannot be fetched \(E: 404 {2}Not Found\)/);
  expect(await client.refresh()).toBe(true);
  expect(await client.download(['thing'], join(dir, 'out'))).toEqual([join(dir, 'out/thing_1%3a2_amd64.deb')]);
  expect(await client.refresh()).toBe(false);
  expect(calls().match(/ update$/gm)).toHaveLength(1);
});

it.skipIf(process.platform !== 'linux')('ends the tool when it is aborted', async () => {
  tool('apt-get', 'exit 0');
  tool('apt-cache', 'exec sleep 600');
  const stop = new AbortController();
  const client = await openPackages({ arch: 'amd64', stateDir: join(dir, 'state'), signal: stop.signal });
  const attempt = client.show('thing');
  stop.abort();
  await expect(attempt).rejects.toThrow(/abort/i);
});

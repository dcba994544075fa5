/** The package client against programs of our own in place of apt's: what is said without a network, and how far a download is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoPackageClient } from '../../../host/guest/errors.js';
import { openPackages, type PackageClient } from '../../../host/platform/node/guest/packages.js';

let folder: string;
const { PATH } = process.env;

/** A program of that name, ahead of the system's. */
function program(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-apt-'));
  mkdirSync(join(folder, 'bin'));
  process.env['PATH'] = `${join(folder, 'bin')}:${PATH}`;
  program('dpkg', 'echo amd64');
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

const open = (onTransfer?: (done: number, total: number) => void): Promise<PackageClient> =>
  openPackages({ arch: 'amd64', stateDir: join(folder, 'state'), ...(onTransfer === undefined ? {} : { onTransfer }) });

async function refusal(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(NoPackageClient);
  return (error as NoPackageClient).reason;
}

const OFFLINE = "echo \"W: Failed to fetch http://archive/InRelease  Temporary failure resolving 'archive'\" >&2";
const SHOW = "printf 'Package: tool\\nVersion: 1.2\\nSize: 2000\\nSHA256: 00\\n'";

describe('packages', () => {
  it('say that the network is missing, and not the package, when the lists cannot be fetched', async () => {
    program('apt-get', `case "$*" in *update*) ${OFFLINE} ;; esac`);
    program('apt-cache', 'exit 100');
    expect(await refusal(async () => (await open()).show('tool'))).toBe("their archive cannot be reached: the network is missing (Temporary failure resolving 'archive')");
  });

  it('say so of a download', async () => {
    program('apt-get', `case "$*" in *download*) ${OFFLINE}; exit 100 ;; esac`);
    program('apt-cache', SHOW);
    const client = await open();
    await client.show('tool');
    expect(await refusal(() => client.download(['tool'], join(folder, 'out')))).toMatch(/^their archive cannot be reached: the network is missing/);
  });

  it('name the package where the lists are there and it is not', async () => {
    program('apt-get', '');
    program('apt-cache', 'exit 100');
    expect(await refusal(async () => (await open()).show('tool'))).toBe("this system's package sources have no tool for amd64");
  });

  it('report how far a download is', async () => {
    program('apt-get', `case "$*" in *download*) echo noise; echo dlstatus:1:25.0:Retrieving; echo dlstatus:1:100:Retrieving; touch tool_1.2_amd64.deb ;; esac`);
    program('apt-cache', SHOW);
    const seen: [number, number][] = [];
    const client = await open((done, total) => seen.push([done, total]));
    await client.show('tool');
    expect(await client.download(['tool'], join(folder, 'out'))).toEqual([join(folder, 'out', 'tool_1.2_amd64.deb')]);
    expect(seen).toEqual([[500, 2000], [2000, 2000]]);
  });
});

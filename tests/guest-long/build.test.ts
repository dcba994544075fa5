/**
 * Builds the guests from Debian's packages. Needs apt-get, dpkg-deb and the package archive: it skips itself, and says so, where
 * they are not there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadKernel } from '../../host/boot/index.js';
import { readCpio } from '../../host/guest/cpio.js';
import { buildGuest, loadGuest, prepareGuest, type Guest } from '../../host/guest/index.js';

const MINUTES = 60_000;
const MIB = 2 ** 20;
const client = ['apt-get', 'apt-cache', 'dpkg-deb'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const root = mkdtempSync(join(tmpdir(), 'pintail-build-'));
afterAll(() => rmSync(root, { recursive: true }));

async function withoutTools<T>(run: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env['PATH'] = join(root, 'nothing');
  try {
    return await run();
  } finally {
    process.env['PATH'] = PATH;
  }
}

function pathsOf(guest: Guest): Set<string> {
  return new Set(readCpio(readFileSync(guest.initrd)).map((entry) => entry.path));
}

describe.skipIf(!client)(`guests from packages${client ? '' : ' (skipped: no apt-get here)'}`, () => {
  const cacheDir = join(root, 'cache');

  it('amd64 is built once, and then found without any tool', { timeout: 5 * MINUTES }, async () => {
    const lines: string[] = [];
    const guest = await prepareGuest('amd64', { cacheDir, onProgress: (line) => lines.push(line) });
    expect(lines.length).toBeGreaterThan(3);
    expect(readdirSync(join(cacheDir, 'guests'))).toEqual([expect.stringMatching(/^amd64-/)]);
    const again: string[] = [];
    expect(await withoutTools(() => prepareGuest('amd64', { cacheDir, onProgress: (line) => again.push(line) }))).toEqual(guest);
    expect(again).toEqual([]);
    await loadGuest(guest.dir); // digests

    const plan = loadKernel({
      kernel: readFileSync(guest.kernel), kernelName: 'kernel', initrd: readFileSync(guest.initrd), cmdline: guest.append, memory: guest.manifest.memory,
    });
    expect(plan.entry.mode).toBe('pvh32');
    const packed = loadKernel({
      kernel: readFileSync(join(guest.dir, 'vmlinuz')), kernelName: 'vmlinuz', cmdline: '', memory: 256 * MIB,
    });
    expect(packed.entry).toEqual(plan.entry);

    const paths = pathsOf(guest);
    const release = /linux-image-(\S+)/.exec(guest.manifest.packages[0]!.name)![1]!;
    for (const path of ['init', 'bin/sh', 'bin/busybox', 'pintail/session', `lib/modules/${release}/modules.dep`]) {
      expect(paths).toContain(path);
    }
    for (const name of ['virtio_net', 'virtio_blk', 'e1000', 'pcnet32', 'pktgen', 'ext4', 'net_failover', 'mii', 'jbd2']) {
      expect([...paths].some((path) => path.endsWith(`/${name}.ko`)), name).toBe(true);
    }
  });

  it('the same packages make the same bytes', { timeout: 5 * MINUTES }, async () => {
    const first = await prepareGuest('amd64', { cacheDir });
    const second = await prepareGuest('amd64', { cacheDir: join(root, 'other') });
    expect(second.manifest).toEqual(first.manifest);
  });

  it('a folder written for elsewhere holds a whole guest', { timeout: 5 * MINUTES }, async () => {
    const out = join(root, 'out');
    const guest = await buildGuest('amd64', out, { cacheDir });
    expect(readdirSync(out).sort()).toEqual(['initrd', 'kernel', 'manifest.json']);
    expect(guest.dir).toBe(out);
  });

  it('an interrupted build leaves nothing that a later one would take', { timeout: 5 * MINUTES }, async () => {
    const interrupted = join(root, 'interrupted');
    const stop = new AbortController();
    const attempt = prepareGuest('amd64', {
      cacheDir: interrupted, signal: stop.signal, onProgress: (line) => line.startsWith('unpacking') && stop.abort(),
    });
    await expect(attempt).rejects.toThrow(/abort/i);
    expect(readdirSync(join(interrupted, 'guests'))).toEqual([]);
    // What a killed process leaves: a folder with its number, and no such process.
    const dead = spawnSync('true').pid;
    mkdirSync(join(interrupted, 'guests', `.build-${dead}-abc`));
    writeFileSync(join(interrupted, 'guests', `.build-${dead}-abc`, 'kernel'), 'half');
    const guest = await prepareGuest('amd64', { cacheDir: interrupted });
    expect(readdirSync(join(interrupted, 'guests'))).toEqual([guest.dir.split('/').pop()]);
  });

  it('i386 comes from package lists of our own', { timeout: 10 * MINUTES }, async () => {
    const guest = await prepareGuest('i386', { cacheDir });
    const plan = loadKernel({
      kernel: readFileSync(guest.kernel), kernelName: 'kernel', initrd: readFileSync(guest.initrd), cmdline: guest.append, memory: 256 * MIB,
    });
    expect(plan.entry).toMatchObject({ mode: 'linux32' });
    expect(pathsOf(guest)).toContain('bin/sh');
  });
});

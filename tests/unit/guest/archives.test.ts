/** cpio and tar archives: written, read back, added to. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addFiles, GuestError, parseAddition } from '../../../host/guest/index.js';
import { readCpio, writeCpio } from '../../../host/guest/cpio.js';
import { directory, file, symlink, type FileEntry } from '../../../host/guest/files.js';
import { readTar, TarError, type TarEntry } from '../../../host/guest/tar.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pintail-archive-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function has(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

const TREE: FileEntry[] = [
  file('sbin/tool', 'contents', 0o4755),
  symlink('bin', 'usr/bin'),
  directory('tmp', 0o1777),
  { path: 'dev/console', kind: 'character', mode: 0o600, device: [5, 1] },
  file('größe', new Uint8Array([0, 255, 10])),
  file('empty', ''),
];

describe('cpio', () => {
  it('reads back what it wrote, with parents before children', () => {
    const back = readCpio(writeCpio(TREE));
    expect(back.map((entry) => entry.path)).toEqual(['bin', 'dev', 'dev/console', 'empty', 'größe', 'sbin', 'sbin/tool', 'tmp']);
    for (const entry of TREE) expect(back).toContainEqual({ ...entry, ...(entry.data ? { data: Uint8Array.from(entry.data) } : {}) });
  });

  it('is the same bytes whatever the order', () => {
    expect(Buffer.compare(writeCpio(TREE), writeCpio([...TREE].reverse()))).toBe(0);
  });

  it('reads archives one after the other', () => {
    const joined = Buffer.concat([writeCpio([file('a', '1')]), Buffer.alloc(512), writeCpio([file('b', '2')])]);
    expect(readCpio(joined).map((entry) => entry.path)).toEqual(['a', 'b']);
    expect(() => readCpio(joined.subarray(0, 100))).toThrow();
    expect(() => readCpio(new TextEncoder().encode('nonsense'))).toThrow(/no newc header at byte 0/);
  });

  it.skipIf(!has('cpio'))('is what cpio(1) reads', () => {
    const { stdout, stderr } = spawnSync('cpio', ['-itv'], { input: writeCpio(TREE), encoding: 'utf8' });
    expect(stderr).toMatch(/^\d+ blocks?\n$/);
    expect(stdout).toMatch(/^-rwsr-xr-x .* 8 .* sbin\/tool$/m);
    expect(stdout).toMatch(/^crw------- .* 5, +1 .* dev\/console$/m);
    expect(stdout).toMatch(/^lrwxrwxrwx .* bin -> usr\/bin$/m);
  });
});

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(bytes: Uint8Array, size = 1000): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(chunks(bytes, size))) entries.push(entry);
  return entries;
}

describe.skipIf(!has('tar'))('tar', () => {
  function pack(...options: string[]): Buffer {
    const long = `${'d'.repeat(60)}/${'e'.repeat(60)}`;
    mkdirSync(join(dir, 'in', long), { recursive: true });
    writeFileSync(join(dir, 'in', long, 'f'.repeat(120)), 'far down');
    writeFileSync(join(dir, 'in/plain'), Buffer.alloc(1500, 'x'));
    chmodSync(join(dir, 'in/plain'), 0o750);
    symlinkSync('l'.repeat(150), join(dir, 'in/link'));
    spawnSync('ln', [join(dir, 'in/plain'), join(dir, 'in/second')]);
    return spawnSync('tar', ['-C', join(dir, 'in'), '-c', '--sort=name', ...options, '.'], { maxBuffer: 1 << 24 }).stdout;
  }

  it.each([['gnu'], ['pax']])('of the %s format, in chunks of any size', async (format) => {
    const bytes = pack(`--format=${format}`);
    const whole = await collect(bytes);
    const byPath = new Map(whole.map((entry) => [entry.path, entry]));
    const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'f'.repeat(120)}`;
    expect(new TextDecoder().decode(byPath.get(deep)!.data)).toBe('far down');
    expect(byPath.get('link')).toMatchObject({ kind: 'symlink', target: 'l'.repeat(150) });
    expect(byPath.get('plain')).toMatchObject({ kind: 'file', mode: 0o750 });
    expect(byPath.get('plain')!.data).toEqual(new Uint8Array(1500).fill(120));
    expect(byPath.get('second')).toMatchObject({ kind: 'file', hardLink: 'plain' });
    expect(await collect(bytes, 1)).toEqual(whole);
  });

  it('cut off or not a tar archive is a TarError', async () => {
    const bytes = pack();
    for (const size of [100, 600, 2000, 3000]) {
      await expect(collect(bytes.subarray(0, size))).rejects.toThrow(TarError);
    }
    await expect(collect(new Uint8Array(0))).rejects.toThrow(/is empty/);
    await expect(collect(Buffer.alloc(1024, 'abc'))).rejects.toThrow(/is not a tar archive/);
  });
});

describe('additions', () => {
  it('are read as HOST[:GUEST]', () => {
    expect(parseAddition('a/b')).toEqual({ host: 'a/b', guest: '/b' });
    expect(parseAddition('a/b:/etc/c')).toEqual({ host: 'a/b', guest: '/etc/c' });
    expect(parseAddition('a/b:/etc/')).toEqual({ host: 'a/b', guest: '/etc/b' });
    expect(parseAddition('odd:name:/x')).toEqual({ host: 'odd:name', guest: '/x' });
    expect(parseAddition('odd:name')).toEqual({ host: 'odd:name', guest: '/odd:name' });
    expect(() => parseAddition('a:/../b')).toThrow(GuestError);
  });

  it('keep modes and links, and the mode of /tmp', async () => {
    mkdirSync(join(dir, 'tree/sub'), { recursive: true });
    writeFileSync(join(dir, 'tree/sub/run'), '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync('sub/run', join(dir, 'tree/link'));
    const back = readCpio(await addFiles([parseAddition(`${join(dir, 'tree')}:/tmp/x`)]));
    const byPath = new Map(back.map((entry) => [entry.path, entry]));
    expect(byPath.get('tmp')!.mode).toBe(0o1777);
    expect(byPath.get('tmp/x/sub/run')).toMatchObject({ kind: 'file', mode: 0o755 });
    expect(byPath.get('tmp/x/link')).toMatchObject({ kind: 'symlink', target: 'sub/run' });
  });

  it('that are not there are named', async () => {
    await expect(addFiles([parseAddition('no/such/file')])).rejects.toThrow(/Cannot add no\/such\/file: it does not exist/);
  });
});

/** Images of ext4: what e2fsck says of them, and what debugfs reads back. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ext4Image } from '../../../host/platform/node/guest/ext4/image.js';
import { directory, file, symlink } from '../../../host/guest/files.js';
import { extentTable, inodeBytes, needsTable } from '../../../host/platform/node/guest/ext4/node.js';
import { EXTENT_BLOCKS } from '../../../host/platform/node/guest/ext4/spec.js';
import { Tree } from '../../../host/platform/node/guest/ext4/tree.js';
import type { TarEntry } from '../../../host/guest/tar.js';

let dir = '';
let image = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pintail-ext4-'));
  image = join(dir, 'root.img');
});
afterEach(() => rmSync(dir, { recursive: true }));

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
const run = (command: string, args: string[]): { status: number | null; out: string; bytes: Buffer } => {
  const { status, stdout, stderr } = spawnSync(command, args, { env: { ...process.env, PATH }, maxBuffer: 1 << 28 });
  return { status, out: `${String(stdout)}${String(stderr)}`, bytes: stdout };
};
const hasTools = run('e2fsck', ['-V']).status === 0 && run('debugfs', ['-V']).status === 0;
const debugfs = (request: string): Buffer => run('debugfs', ['-R', request, image]).bytes;

async function write(entries: readonly TarEntry[], freeBytes = 1 << 20): Promise<number> {
  const it = await Ext4Image.create(image);
  for (const entry of entries) await it.add(entry);
  return (await it.finish({ freeBytes, name: 'test' })).bytes;
}

// Without e2fsprogs nobody says whether an image is right; the tests of guests boot from one.
describe.skipIf(!hasTools)('an image', () => {
  it('is clean, with every kind of file, its owner, time and links', async () => {
    const long = 'x/'.repeat(40) + 'end';
    const bytes = await write([
      { ...file('etc/passwd', 'root'), owner: [70000, 3], modified: 1_000_000_000 },
      { ...directory('tmp', 0o1777) },
      symlink('bin', 'usr/bin'),
      file('bin/sh', 'shell', 0o4755),
      { path: 'usr/bin/bash', kind: 'file', mode: 0o755, hardLink: 'bin/sh' },
      symlink('long', long),
      { path: 'dev/console', kind: 'character', mode: 0o600, device: [5, 1] },
      { path: 'dev/far', kind: 'block', mode: 0o600, device: [259, 70000] },
      { path: 'run/pipe', kind: 'fifo', mode: 0o622 },
      file('empty', ''),
      file('größe', 'utf-8'),
    ]);
    expect(statSync(image).size).toBe(bytes);
    expect(run('e2fsck', ['-fn', image])).toMatchObject({ status: 0 });
    expect(String(debugfs('cat /usr/bin/bash'))).toBe('shell');
    expect(String(debugfs('stat /etc/passwd'))).toMatch(/Mode: +0644[^]*User: 70000 +Group: +3 [^]*mtime: 0x3b9aca00/);
    expect(String(debugfs('stat /usr/bin/sh'))).toMatch(/Mode: +04755[^]*Links: 2/);
    expect(String(debugfs('stat /bin'))).toContain('Fast link dest: "usr/bin"');
    expect(String(debugfs('cat /long'))).toBe(long);
    expect(String(debugfs('stat /dev/console'))).toMatch(/Device major\/minor number: 05:01/);
    expect(String(debugfs('stat /dev/far'))).toMatch(/259:70000/);
    expect(String(debugfs('ls -l /'))).toContain('gr\\xc3\\xb6\\xc3\\x9fe');
  });

  it('takes the later of two of one path, gives back the room of the first, and follows links to directories', async () => {
    await write([
      file('a/data', randomBytes(9000)), file('a/data', 'later'), symlink('link', 'a'), directory('link', 0o700), file('link/more', 'inside'),
      symlink('absolute', '/link/../a'), file('absolute/third', '3'),
    ]);
    expect(run('e2fsck', ['-fn', image])).toMatchObject({ status: 0 });
    expect(String(debugfs('cat /a/data'))).toBe('later');
    expect(String(debugfs('cat /a/more'))).toBe('inside');
    expect(String(debugfs('cat /a/third'))).toBe('3');
  });

  it('holds directories of many blocks, and files over several groups', async () => {
    const large = Buffer.alloc(130 << 20, randomBytes(10_007));
    const names = Array.from({ length: 3000 }, (_, i) => `many/a-name-of-some-length-${i}`);
    await write([...names.map((path) => file(path, '')), file('large', large)], 200 << 20);
    expect(run('e2fsck', ['-fn', image])).toMatchObject({ status: 0 });
    expect(String(debugfs('ls /many')).match(/a-name-of/g)).toHaveLength(3000);
    expect(createHash('sha256').update(debugfs('cat /large')).digest('hex')).toBe(createHash('sha256').update(large).digest('hex'));
  });
});

it('tells a file of more extents than an inode holds by a table of its own', () => {
  const node = { ...new Tree().root, kind: 'file' as const, firstBlock: 1000, blocks: 5 * EXTENT_BLOCKS + 7, tableBlock: 99 };
  expect(needsTable(node)).toBe(true);
  const words = (bytes: Uint8Array, at: number): number[] => [...new Uint32Array(bytes.slice(at, at + 12).buffer)];
  expect(words(inodeBytes(node), 40)).toEqual([0x1f30a, 0x1_0004, 0]);
  expect(words(inodeBytes(node), 52)).toEqual([0, 99, 0]);
  expect(words(extentTable(node), 0)).toEqual([0x6f30a, 340, 0]);
  expect(words(extentTable(node), 72)).toEqual([5 * EXTENT_BLOCKS, 7, 1000 + 5 * EXTENT_BLOCKS]);
});

it('refuses trees that cannot be', async () => {
  await expect(write([file('a', ''), file('a/b', '')])).rejects.toThrow(/has a file a and, as if it were a directory, a/);
  await expect(write([{ path: 'b', kind: 'file', mode: 0, hardLink: 'none' }])).rejects.toThrow(/link b to none, which is no file in it/);
  await expect(write([symlink('a', 'b'), symlink('b', 'a'), file('a/c', '')])).rejects.toThrow(/lead in a circle/);
  await expect(write([directory('a'), file('a', '')])).rejects.toThrow(/a directory a and a file in its place/);
});

/** Images, overlays in memory and in files, and the lock: against a model, across closing, and with what can be wrong. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Disk } from '../../../host/disk/disk.js';
import { openDrive } from '../../../host/disk/open.js';
import type { DriveOptions } from '../../../host/machine/types.js';

let folder: string;
let made = 0;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'pintail-disk-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BYTES = 1 << 20;
const name = (): string => join(folder, `image-${made++}`);
function image(bytes = BYTES, fill = 0): string {
  const path = name();
  writeFileSync(path, Buffer.alloc(bytes, fill));
  return path;
}
const open = async (options: Partial<DriveOptions> & Pick<DriveOptions, 'source'>): Promise<Disk> => (await openDrive({ id: 'd', ...options })).disk;

async function content(disk: Disk): Promise<Buffer> {
  const all = Buffer.alloc(disk.bytes);
  await disk.read(0, all);
  return all;
}

/** Seeded writes, zeroings and discards on the disk and on a model of it. What a discard leaves is as the disk says. */
async function scribble(disk: Disk, model: Buffer, seed: number, steps = 120): Promise<void> {
  let x = seed;
  const random = (below: number): number => (x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff) % below;
  for (let i = 0; i < steps; i++) {
    const at = random(model.length / 512) * 512;
    const bytes = Math.min(model.length - at, (1 + random(random(4) ? 20 : 400)) * 512);
    const what = random(8);
    if (what < 6) {
      const data = Buffer.alloc(bytes, random(255) + 1);
      await disk.write(at, data);
      data.copy(model, at);
    } else if (what === 6) {
      await disk.zero(at, bytes, random(2) === 0);
      model.fill(0, at, at + bytes);
    } else {
      await disk.discard(at, bytes);
      await disk.read(at, model.subarray(at, at + bytes));
    }
    if (random(10) === 0) await disk.flush();
  }
}

describe.each<[string, () => Partial<DriveOptions> & Pick<DriveOptions, 'source'>]>([
  ['a raw image', () => ({ source: image(BYTES, 3) })],
  ['a raw image with discard=unmap', () => ({ source: image(BYTES, 3), discard: 'unmap' })],
  ['a snapshot of an image', () => ({ source: image(BYTES, 3), snapshot: true })],
  ['an overlay over an image', () => ({ source: image(BYTES, 3), overlay: name() })],
  ['bytes', () => ({ source: new Uint8Array(BYTES).fill(3) })],
  ['a snapshot of an odd number of bytes', () => ({ source: new Uint8Array(BYTES - 512).fill(3), snapshot: true })],
])('%s', (_, options) => {
  it.each([1, 2, 3])('holds what was written, as its model does (seed %i)', async (seed) => {
    const disk = await open(options());
    const model = Buffer.alloc(disk.bytes, 3);
    await scribble(disk, model, seed);
    expect(Buffer.compare(await content(disk), model)).toBe(0);
    await disk.close();
  });
});

describe('an image', () => {
  it('holds after closing what was written, and with discard=unmap takes less room', async () => {
    const path = image(BYTES, 5);
    const disk = await open({ source: path, discard: 'unmap' });
    await disk.write(512, Buffer.alloc(512, 9));
    await disk.zero(0x20000, 0x10000, true);
    await disk.discard(0x40000, 0x80000);
    await disk.close();
    const bytes = readFileSync(path);
    expect([bytes[511], bytes[512], bytes[1023], bytes[1024], bytes[0x20000], bytes[0x2ffff], bytes[0x30000]]).toEqual([5, 9, 9, 5, 0, 0, 5]);
    // Where there is no fallocate, or no holes in this file system, nothing is given back: what was read above holds all the same.
    const holes = spawnSync('fallocate', ['-p', '-o', '0', '-l', '4096', image()]).status === 0;
    if (holes) expect(statSync(path).blocks * 512).toBeLessThan(0x80000 + 0x10000);
    expect(bytes.length).toBe(BYTES);
  });

  it('keeps what is discarded unless told otherwise', async () => {
    const disk = await open({ source: image(BYTES, 5) });
    await disk.discard(0, BYTES);
    expect((await content(disk)).every((byte) => byte === 5)).toBe(true);
    await disk.close();
  });

  it.each<[string, Partial<DriveOptions>, () => string, RegExp]>([
    ['is not there', {}, name, /is not there.*truncate/],
    ['is empty', {}, () => image(0), /is empty/],
    ['has half a sector', {}, () => image(1000), /1000 bytes, which is no multiple of 512/],
    ['is a folder', { readOnly: true }, () => folder, /is no regular file/],
    ['has a wrong cache', { cache: 'fast' as 'none' }, image, /cache "fast" is none of writeback/],
    ['has overlay and snapshot', { snapshot: true, overlay: '/x' }, image, /exclude each other/],
    ['has an overlay and is read-only', { readOnly: true, overlay: '/x' }, image, /leave readOnly out/],
  ])('that %s is refused in words', async (_, options, source, message) => {
    await expect(open({ source: source(), ...options })).rejects.toThrow(message);
  });

  it('that becomes shorter is an error of the read, not a hang', async () => {
    const path = image();
    const disk = await open({ source: path });
    truncateSync(path, 512);
    expect(() => disk.read(512, new Uint8Array(512))).toThrow(/shorter/);
    await expect(disk.read(0, new Uint8Array(BYTES))).rejects.toThrow(/shorter/);
    await disk.close();
  });
});

describe('an overlay', () => {
  it('survives closing and opening, again and again, and leaves the image as it was', async () => {
    const path = image(BYTES, 3);
    const overlay = name();
    const model = Buffer.alloc(BYTES, 3);
    for (const seed of [11, 12, 13]) {
      const disk = await open({ source: path, overlay });
      expect(Buffer.compare(await content(disk), model)).toBe(0);
      await scribble(disk, model, seed);
      await disk.close();
    }
    expect(readFileSync(path).every((byte) => byte === 3)).toBe(true);
    const other = await open({ source: path, overlay });
    expect(Buffer.compare(await content(other), model)).toBe(0);
    await other.close();
  });

  it('points at nothing that was not flushed: a process that ends without closing leaves what was flushed', async () => {
    const path = image(BYTES, 3);
    const overlay = name();
    const disk = await open({ source: path, overlay, locking: false });
    await disk.write(0, Buffer.alloc(512, 1));
    await disk.flush();
    await disk.write(0x20000, Buffer.alloc(512, 2));
    const later = await open({ source: path, overlay, locking: false });
    const bytes = await content(later);
    expect([bytes[0], bytes[512], bytes[0x20000]]).toEqual([1, 3, 3]);
    await later.close();
    await disk.close();
  });

  it('is refused over another image, over one that has changed, and when it is something else', async () => {
    const path = image();
    const overlay = name();
    await (await open({ source: path, overlay })).close();
    await expect(open({ source: image(2 * BYTES), overlay })).rejects.toThrow(/overlay of a disk of 1048576 bytes/);
    utimesSync(path, 1, 1);
    await expect(open({ source: path, overlay })).rejects.toThrow(/has changed since/);
    await expect(open({ source: path, overlay: image() })).rejects.toThrow(/is no overlay/);
  });
});

describe('the lock', () => {
  it('keeps a second writer out, by any name, and readers while somebody writes', async () => {
    const path = image();
    const link = name();
    symlinkSync(path, link);
    const disk = await open({ source: path });
    await expect(open({ source: path })).rejects.toThrow(new RegExp(`in use by another machine \\(process ${process.pid}\\)`));
    await expect(open({ source: link })).rejects.toThrow(/in use/);
    await expect(open({ source: path, readOnly: true })).rejects.toThrow(/in use/);
    await expect(open({ source: path, snapshot: true })).rejects.toThrow(/in use/);
    await (await open({ source: path, locking: false })).close();
    await disk.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    const readers = [await open({ source: path, readOnly: true }), await open({ source: path, snapshot: true })];
    for (const reader of readers) await reader.close();
  });

  it('is taken over from a process that was killed, and not from one that lives', async () => {
    const path = image();
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    writeFileSync(`${path}.lock`, `${child.pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}\n`);
    await expect(open({ source: path })).rejects.toThrow(/in use/);
    await new Promise((resolve) => child.on('close', resolve).kill('SIGKILL'));
    const disk = await open({ source: path });
    await expect(open({ source: path })).rejects.toThrow(/in use/);
    await disk.close();
  });

  it('of a process whose number was used again is nobody\'s', async () => {
    const path = image();
    writeFileSync(`${path}.lock`, `${process.pid} 1\n`);
    await (await open({ source: path })).close();
  });
});

/** Overlays: making them, their headers, and what a loss of power or a full host leaves of them. */
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Disk } from '../../../host/disk/disk.js';
import { lockImage } from '../../../host/platform/node/disk/lock.js';
import { CLUSTER, openMemoryDisk } from '../../../host/disk/memory.js';
import { openDrive } from '../../../host/disk/open.js';
import { clustersOf, dataStart } from '../../../host/platform/node/disk/overlay-file.js';
import { overlayIn, type Store } from '../../../host/platform/node/disk/overlay.js';

let folder: string;
let made = 0;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'pintail-overlay-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BYTES = 4 * CLUSTER;
const SECTOR = 512;
const name = (): string => join(folder, `file-${made++}`);
function image(fill = 3): string {
  const path = name();
  writeFileSync(path, Buffer.alloc(BYTES, fill));
  return path;
}
const open = async (source: string, overlay: string): Promise<Disk> => (await openDrive({ id: 'd', source, overlay })).disk;

/** A store whose cache is lost with the power: `after` gives a store as a loss now would leave it. */
class Volatile implements Store {
  private waiting: { at: number; sector: Uint8Array }[] = [];
  private cached: Uint8Array;
  /** Writes fail, as on a full host. */
  full = false;

  constructor(private safe: Uint8Array) {
    this.cached = safe.slice();
  }
  read(at: number, into: Uint8Array): void {
    into.set(this.cached.subarray(at, at + into.length));
  }
  write(at: number, from: Uint8Array): void {
    if (this.full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    this.cached.set(from, at);
    for (let i = 0; i < from.length; i += SECTOR) this.waiting.push({ at: at + i, sector: from.slice(i, i + SECTOR) });
  }
  async sync(): Promise<void> {
    this.safe = this.cached.slice();
    this.waiting = [];
  }
  close(): void {}
  /** `keeps` says which of the unsynced sectors reached the disk. */
  after(keeps: (index: number) => boolean): Volatile {
    const left = this.safe.slice();
    this.waiting.forEach(({ at, sector }, index) => { if (keeps(index)) left.set(sector, at); });
    return new Volatile(left);
  }
}

const blank = (): Volatile => new Volatile(new Uint8Array(dataStart(clustersOf(BYTES)) + BYTES));
const below = (): Disk => openMemoryDisk(new Uint8Array(BYTES).fill(3), true);

async function byteAt(disk: Disk, at: number): Promise<number> {
  const sector = new Uint8Array(SECTOR);
  await disk.read(at, sector);
  return sector[0]!;
}

describe('a loss of power', () => {
  it('in the middle of a flush never leaves a map that points at data that are not there', async () => {
    const store = blank();
    const disk = await overlayIn(store, below(), 'o');
    // Every state that a loss during the flush may leave: none of the unsynced sectors, all of them, only the map's, only the data's.
    const states: Volatile[] = [];
    const look = (): void => {
      for (const keeps of [() => false, () => true, (i: number) => i % 2 === 0, (i: number) => i % 2 === 1]) states.push(store.after(keeps));
    };
    const { sync, write } = store;
    store.write = (at, from) => { write.call(store, at, from); look(); };
    store.sync = async () => { look(); await sync.call(store); look(); };
    await disk.write(0, new Uint8Array(CLUSTER).fill(7));
    await disk.flush();
    expect(states.length).toBeGreaterThan(10);
    for (const state of states) {
      const after = await overlayIn(state, below(), 'o');
      const whole = new Uint8Array(CLUSTER);
      await after.read(0, whole);
      // A write that was not acknowledged may be there in parts; sectors of neither the old nor the new content may not.
      expect(new Set(whole).size === 1 && (whole[0] === 3 || whole[0] === 7)).toBe(true);
    }
  });

  it('takes nothing that was flushed', async () => {
    const store = blank();
    const disk = await overlayIn(store, below(), 'o');
    await disk.write(CLUSTER, new Uint8Array(SECTOR).fill(9));
    await disk.flush();
    await disk.write(0, new Uint8Array(SECTOR).fill(8));
    const after = await overlayIn(store.after(() => false), below(), 'o');
    expect([await byteAt(after, CLUSTER), await byteAt(after, 0)]).toEqual([9, 3]);
  });
});

describe('a full host', () => {
  it('is an error of the write and of the flush; what is there stays, and a later flush makes it good', async () => {
    const store = blank();
    const disk = await overlayIn(store, below(), 'o');
    await disk.write(0, new Uint8Array(SECTOR).fill(8));
    store.full = true;
    expect(() => disk.write(CLUSTER, new Uint8Array(SECTOR).fill(9))).toThrow(/no space/);
    await expect(disk.flush()).rejects.toThrow(/no space/);
    expect([await byteAt(disk, 0), await byteAt(disk, CLUSTER)]).toEqual([8, 3]);
    store.full = false;
    await disk.flush();
    const after = await overlayIn(store.after(() => false), below(), 'o');
    expect(await byteAt(after, 0)).toBe(8);
  });
});

describe('making one', () => {
  it('leaves nothing beside it, and what a killed process left is taken away', async () => {
    const overlay = name();
    const left = join(folder, `.${overlay.slice(folder.length + 1)}.999999999.new`);
    writeFileSync(left, 'half');
    await (await open(image(), overlay)).close();
    expect(existsSync(left)).toBe(false);
    expect(readdirSync(folder).filter((entry) => entry.endsWith('.new'))).toEqual([]);
  });

  it('in a folder that is not there is an error in words', async () => {
    await expect(open(image(), join(folder, 'none', 'o'))).rejects.toThrow(/ENOENT|cannot be made/);
  });

  it('closes twice without harm', async () => {
    const path = image(), overlay = name();
    const disk = await open(path, overlay);
    await disk.close();
    await disk.close();
    const raw = (await openDrive({ id: 'd', source: path })).disk;
    await raw.close();
    await raw.close();
  });
});

describe('the header', () => {
  it.each([
    ['magic', 0, /no overlay of this kind/], ['version', 8, /version/], ['cluster size', 12, /clusters of/], ['disk size', 16, /overlay of a disk of/],
    ['time of the image', 24, /has changed since/], ['length of the path', 33, /header is damaged/], ['spare word', 36, /header is damaged/],
    ['path', 40, /header is damaged/], ['room behind the path', 4000, /header is damaged/], ['map', 4096, /map is damaged at byte 4096/],
  ])('with another %s is refused', async (_, at, message) => {
    const path = image(), overlay = name();
    await (await open(path, overlay)).close();
    const bytes = readFileSync(overlay);
    bytes[at]! ^= 0x40;
    writeFileSync(overlay, bytes);
    await expect(open(path, overlay)).rejects.toThrow(message);
  });

  it('of an overlay over another image of the same size and time is refused; one whose image was moved is not', async () => {
    const path = image(), overlay = name(), other = name();
    await (await open(path, overlay)).close();
    writeFileSync(other, readFileSync(path));
    const { utimesSync, statSync, renameSync } = await import('node:fs');
    const { atime, mtime } = statSync(path);
    utimesSync(path, atime, mtime);
    utimesSync(other, atime, mtime);
    const fresh = name();
    await (await open(path, fresh)).close();
    await expect(open(other, fresh)).rejects.toThrow(/is an overlay over .*, not over/);
    const moved = name();
    renameSync(path, moved);
    await (await open(moved, fresh)).close();
  });
});

describe('the lock', () => {
  it('is by the image and not by its name: a hard link is the same', async () => {
    const path = image(), second = name();
    linkSync(path, second);
    const unlock = lockImage(path);
    expect(() => lockImage(second)).toThrow(/in use by another machine/);
    unlock();
    lockImage(second)();
  });

  it.each(['', ' ', '0', '-1', 'abc', '\0\0\0\0', '999999999 1', '1.5', '12 x'])('that says %j is nobody\'s', (text) => {
    const path = image();
    writeFileSync(`${path}.lock`, text);
    lockImage(path)();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('that is a folder is an error in words, and leaves no lock behind', () => {
    const path = image();
    mkdirSync(`${path}.lock`);
    expect(() => lockImage(path)).toThrow(/it is a folder/);
    rmSync(`${path}.lock`, { recursive: true });
    lockImage(path)();
  });
});

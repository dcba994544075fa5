// qcow2 images made by qemu-img: what is read is what it holds, what is written is what qemu-img then finds, its own check has no complaint; and damaged headers and tables.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Disk } from '../../../host/disk/disk.js';
import { openDrive } from '../../../host/disk/open.js';
import { getNumber, setNumber } from '../../../host/platform/node/disk/qcow2-refcounts.js';

const hasTool = spawnSync('qemu-img', ['--version']).status === 0;
let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'pintail-qcow2-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('qemu-img', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`qemu-img ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
const BYTES = 2 << 20;
function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => { x = (Math.imul(x, 1664525) + 1013904223) >>> 0; return Math.floor((x / 2 ** 32) * below); };
}
/** Half of it zeros, as disks are, and half random bytes and text that packs. */
function content(seed: number, bytes = BYTES): Uint8Array {
  const out = new Uint8Array(bytes), random = randomOf(seed);
  for (let at = 0; at < bytes; at += 16384) {
    const kind = random(3);
    for (let i = at; kind > 0 && i < Math.min(at + 16384, bytes); i++) out[i] = kind === 1 ? random(256) : 65 + (i % 7);
  }
  return out;
}
async function open(name: string, more: object = {}): Promise<Disk> { return (await openDrive({ id: 'd', source: join(folder, name), format: 'qcow2', ...more })).disk; }
async function all(disk: Disk): Promise<Buffer> {
  const out = Buffer.alloc(disk.bytes);
  for (let at = 0; at < disk.bytes; at += 100_352) await disk.read(at, out.subarray(at, Math.min(at + 100_352, disk.bytes)));
  return out;
}
/** Random writes, zeroings and reads against `model`. */
async function exercise(disk: Disk, model: Buffer, seed: number, steps = 60): Promise<void> {
  const random = randomOf(seed);
  for (let i = 0; i < steps; i++) {
    const at = random(model.length / 512) * 512, bytes = Math.min((1 + random(random(8) ? 40 : 600)) * 512, model.length - at), part = model.subarray(at, at + bytes);
    switch (random(4)) {
      case 0: await disk.zero(at, bytes, true); part.fill(0); break;
      case 1: { const got = Buffer.alloc(bytes); await disk.read(at, got); expect(Buffer.compare(got, part)).toBe(0); break; }
      default: { const data = Buffer.from(content(seed * 1000 + i, bytes)); await disk.write(at, data); data.copy(part); }
    }
  }
  await disk.flush();
}
function checkImage(name: string, model: Buffer): void {
  expect(tool('check', name)).toMatch(/^No errors were found/);
  tool('convert', '-O', 'raw', name, `${name}.raw`);
  expect(Buffer.compare(readFileSync(join(folder, `${name}.raw`)), model)).toBe(0);
}

describe.runIf(hasTool)('qcow2', () => {
  const KINDS: [name: string, args: string[]][] = [
    ['version 2', ['-o', 'compat=0.10']], ['version 3', []], ['clusters of 512 bytes', ['-o', 'cluster_size=512']], ['clusters of 2 MiB', ['-o', 'cluster_size=2M']],
    ['counts of a bit', ['-o', 'refcount_bits=1']], ['counts of 64 bits', ['-o', 'refcount_bits=64,cluster_size=4096']], ['lazy counts', ['-o', 'lazy_refcounts=on']],
    ['packed by zlib', ['-c']], ['packed by zstd', ['-c', '-o', 'compression_type=zstd']],
  ];
  it.each(KINDS)('%s: is read, written and found whole', async (kind, args) => {
    const name = `${kind.replaceAll(' ', '-')}.qcow2`, model = Buffer.from(content(kind.length));
    writeFileSync(join(folder, 'content'), model);
    tool('convert', '-f', 'raw', '-O', 'qcow2', ...args, 'content', name);
    const disk = await open(name);
    expect([disk.bytes, disk.readOnly, Buffer.compare(await all(disk), model)]).toEqual([BYTES, false, 0]);
    await exercise(disk, model, kind.length);
    expect(Buffer.compare(await all(disk), model)).toBe(0);
    await disk.close();
    checkImage(name, model);
  }, 60_000);
  it('over other images, raw and qcow2, which stay as they are', async () => {
    const model = Buffer.from(content(5));
    writeFileSync(join(folder, 'base.raw'), model.subarray(0, 1 << 20));
    tool('create', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'middle.qcow2', String(BYTES));
    tool('create', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2', '-o', 'cluster_size=4096', 'top.qcow2');
    model.fill(0, 1 << 20);
    const middle = await open('middle.qcow2');
    await exercise(middle, model, 3, 20);
    await middle.close();
    const before = readFileSync(join(folder, 'middle.qcow2'));
    const top = await open('top.qcow2');
    await exercise(top, model, 4);
    await top.close();
    checkImage('top.qcow2', model);
    expect(Buffer.compare(readFileSync(join(folder, 'middle.qcow2')), before)).toBe(0);
  }, 60_000);
  it('with a snapshot inside, whose clusters are shared', async () => {
    const model = Buffer.from(content(6));
    writeFileSync(join(folder, 'content'), model);
    tool('convert', '-f', 'raw', '-O', 'qcow2', 'content', 'snapped.qcow2');
    tool('snapshot', '-c', 'then', 'snapped.qcow2');
    const was = Buffer.from(model), disk = await open('snapped.qcow2');
    await exercise(disk, model, 7);
    await disk.close();
    checkImage('snapped.qcow2', model);
    tool('snapshot', '-a', 'then', 'snapped.qcow2');
    checkImage('snapped.qcow2', was);
  }, 60_000);
  it('a new image of 64 GiB grows with what is written; read-only and snapshot=on leave it alone', async () => {
    tool('create', '-f', 'qcow2', '-o', 'cluster_size=4096', 'large.qcow2', '64G');
    const disk = await open('large.qcow2'), data = Buffer.from(content(1, 8192));
    for (let i = 0; i < 200; i++) await disk.write(i * 327_155_712, data);
    await disk.close();
    expect(tool('check', 'large.qcow2')).toMatch(/^No errors were found/);
    const before = readFileSync(join(folder, 'large.qcow2'));
    expect(before.length).toBeLessThan(20 << 20);
    const again = await open('large.qcow2', { readOnly: true }), got = Buffer.alloc(8192);
    await again.read(199 * 327_155_712, got);
    expect([Buffer.compare(got, data), again.readOnly]).toEqual([0, true]);
    await again.close();
    const forgotten = await open('large.qcow2', { snapshot: true });
    await forgotten.write(0, Buffer.alloc(512, 1));
    await forgotten.close();
    expect(Buffer.compare(readFileSync(join(folder, 'large.qcow2')), before)).toBe(0);
  }, 60_000);
  it('says what it refuses', async () => {
    writeFileSync(join(folder, 'none.qcow2'), Buffer.alloc(1024));
    await expect(open('none.qcow2')).rejects.toThrow(/none\.qcow2 is no qcow2 image/);
    tool('create', '-f', 'qcow2', 'fields.qcow2', '1M');
    const good = readFileSync(join(folder, 'fields.qcow2'));
    const refused = async (at: number, value: number, says: RegExp): Promise<void> => {
      const bad = Buffer.from(good);
      bad.writeUInt32BE(value, at);
      writeFileSync(join(folder, 'bad.qcow2'), bad);
      await expect(open('bad.qcow2')).rejects.toThrow(says);
    };
    await refused(4, 7, /version 7/);
    await refused(20, 30, /cluster_bits \(byte 20\) is 30/);
    await refused(28, 100, /size \(byte 24\) is 100/);
    await refused(32, 1, /is encrypted/);
    await refused(36, 0, /l1_size \(byte 36\) is 0/);
    await refused(44, 12, /l1_table_offset \(byte 40\) is 12/);
    await refused(52, 1 << 30, /refcount_table_offset \(byte 48\)/);
    await refused(56, 0, /refcount_table_clusters \(byte 56\) is 0/);
    await refused(76, 1, /was not closed/);
    await refused(76, 4, /data in a file of its own/);
    await refused(76, 16, /has subclusters/);
    await refused(76, 64, /features that are not known here/);
    await refused(96, 9, /refcount_order \(byte 96\) is 9/);
    await refused(100, 3, /header_length \(byte 100\) is 3/);
    tool('create', '-f', 'qcow2', '-b', 'fields.qcow2', '-F', 'qcow2', 'over.qcow2');
    tool('rebase', '-u', '-b', 'over.qcow2', '-F', 'qcow2', 'over.qcow2');
    await expect(open('over.qcow2', { readOnly: true })).rejects.toThrow(/more than 32 images below it/);
  });
  it('100 damaged images end in an error or in bytes, and never in anything else', async () => {
    const model = content(8, 1 << 20), random = randomOf(9);
    writeFileSync(join(folder, 'content'), model);
    tool('convert', '-f', 'raw', '-O', 'qcow2', '-c', '-o', 'cluster_size=4096', 'content', 'packed.qcow2');
    const good = readFileSync(join(folder, 'packed.qcow2'));
    let errors = 0;
    for (let i = 0; i < 100; i++) {
      const bad = Buffer.from(good);
      for (let n = 1 + random(4); n > 0; n--) bad[random(random(2) ? 112 : good.length)] = random(256);
      writeFileSync(join(folder, 'bad.qcow2'), bad);
      try {
        const disk = await open('bad.qcow2', { locking: false });
        try {
          const bytes = Math.min(disk.bytes, 1 << 20);
          for (let at = 0; at < bytes; at += 65536) await disk.read(at, new Uint8Array(Math.min(65536, bytes - at)));
          await disk.write(0, new Uint8Array(512));
        } finally {
          await disk.close();
        }
      } catch (error) {
        errors++;
        expect(error).toBeInstanceOf(Error);
        if ((error as Error).name !== 'DiskError') expect((error as NodeJS.ErrnoException).code ?? (error as Error).name).toMatch(/^(Z_|ERR_BUFFER_TOO_LARGE|StreamError)/);
      }
    }
    expect(errors).toBeGreaterThan(10);
  }, 120_000);
});

describe('counts of few bits', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('of 2^%i bits are put and found', (order) => {
    const bytes = new Uint8Array(64), most = Math.min(2 ** (2 ** order), 2 ** 48) - 1;
    for (const i of [0, 1, 3, 7]) setNumber(bytes, i, order, most);
    setNumber(bytes, 3, order, 0);
    expect([0, 1, 2, 3, 7].map((i) => getNumber(bytes, i, order))).toEqual([most, most, 0, 0, most]);
  });
});

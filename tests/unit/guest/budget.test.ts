/** Hostile archives and packed streams: each kind is a typed error that says what and where, before it has cost anything. */
import { gzipSync, deflateRawSync } from 'node:zlib';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readElf, readNotes } from '../../../host/boot/elf.js';
import { Budget, LimitError, StreamError, unpack } from '../../../host/boot/unpack/index.js';
import { writeCpio } from '../../../host/guest/cpio.js';
import { completeTree, file } from '../../../host/guest/files.js';
import { readTar, TarError, type TarEntry } from '../../../host/guest/tar.js';

const BLOCK = 512;

/** A ustar header; sizes that do not fit the octal field are written in base 256. */
function header(name: string, size: number | bigint, type = '0', link = ''): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name);
  block.write('0000644\0', 100);
  if (BigInt(size) < 1n << 33n) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157);
  block.write('ustar\x0000', 257);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** A pax header that gives the next entry a path. */
function paxPath(path: string): Buffer {
  let size = path.length + 8;
  while (`${size} path=${path}\n`.length !== size) size++;
  const record = Buffer.from(`${size} path=${path}\n`);
  return Buffer.concat([header('pax', record.length, 'x'), padded(record)]);
}

async function read(bytes: Buffer, budget?: Budget): Promise<TarEntry[]> {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const entries: TarEntry[] = [];
  for await (const entry of readTar(once(), undefined, budget)) entries.push(entry);
  return entries;
}

describe('tar', () => {
  it.each([2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER - 512])('an entry that says it has %d bytes takes no memory for them', async (size) => {
    const before = process.memoryUsage().arrayBuffers;
    await expect(read(header('big', size))).rejects.toThrow(/ends too early: .*at byte 512/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  });

  it.each([['2^63', header('big', 1n << 63n)], ['negative', Buffer.concat([header('p', 13, 'x'), padded(Buffer.from('13 size=-100\n')), header('f', 0)])]])(
    'a size of %s is impossible, and where it stands is said', async (_name, bytes) => {
      await expect(read(bytes)).rejects.toThrow(/impossible size at byte \d+/);
    });

  it('a path of 200,000 characters is none that Linux has', async () => {
    await expect(read(Buffer.concat([paxPath(`${'d/'.repeat(100_000)}f`), header('f', 0)]))).rejects.toThrow(/path of 200001 characters .* at byte \d+/);
  });

  it('a name of 256 characters is none either', async () => {
    await expect(read(Buffer.concat([paxPath('n'.repeat(256)), header('f', 0)]))).rejects.toThrow(/name of 256 characters/);
  });

  it('more entries than the budget has', async () => {
    const many = Buffer.concat(Array.from({ length: 20 }, (_, i) => header(`f${i}`, 0)));
    await expect(read(many, new Budget({ limits: { entries: 19 } }))).rejects.toThrow(LimitError);
    expect(await read(many, new Budget({ limits: { entries: 20 } }))).toHaveLength(20);
  });

  it('extension headers without an entry to them are counted as work', async () => {
    const many = Buffer.concat(Array.from({ length: 20 }, () => paxPath('a')));
    await expect(read(many, new Budget({ limits: { work: 19_000 } }))).rejects.toThrow(/steps/);
  });

  it('a pax record longer than its header', async () => {
    const record = Buffer.from('999999999 path=abc\n');
    await expect(read(Buffer.concat([header('p', record.length, 'x'), padded(record), header('f', 0)]))).rejects.toThrow(TarError);
  });

  it('a path with a NUL character', async () => {
    await expect(read(Buffer.concat([paxPath('a\0../b'), header('f', 0)]))).rejects.toThrow(/NUL/);
  });

  it('an abort and a deadline end the reading', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(read(header('f', 0), new Budget({ signal }))).rejects.toThrow('enough');
    await expect(read(header('f', 0), new Budget({ deadline: 0, deadlineName: '--limit-ms 5' }))).rejects.toThrow(/longer to read than --limit-ms 5 allows/);
  });
});

describe('what an archive becomes', () => {
  it('directories that paths need are entries of the budget', () => {
    const deep = Array.from({ length: 40 }, (_, i) => file(`${i}/${'d/'.repeat(50)}f`, ''));
    expect(() => completeTree(deep, new Budget({ limits: { entries: 1000 } }))).toThrow(LimitError);
    expect(completeTree(deep)).toHaveLength(40 * 52);
  });

  it('a file with a file below it, and a name that ends the archive, are refused', () => {
    expect(() => writeCpio([file('a', 'x'), file('a/b', 'y')])).toThrow(/a file a and, as if it were a directory, a\/b/);
    expect(() => writeCpio([file('TRAILER!!!', 'x'), file('z', 'y')])).toThrow(StreamError);
  });
});

/** 40 MiB of zeros in a zstd frame: blocks of one repeated byte (RFC 8878, 3.1.1.2), `blocks` of them. */
function zstdBomb(blocks: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]);
  const block = (last: boolean): Buffer => {
    const size = 128 << 10;
    const word = (size << 3) | (1 << 1) | (last ? 1 : 0);
    return Buffer.from([word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, 0]);
  };
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1))]);
}

/** A gzip member of so many MiB of zeros, without making them: one packed MiB, again and again. */
function gzipBomb(mib: number): Buffer {
  const part = deflateRawSync(Buffer.alloc(1 << 20), { level: 9, finishFlush: 2 });
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]), ...Array.from({ length: mib }, () => part)]);
}

describe('packed streams', () => {
  it('zstd', () => {
    expect(unpack(zstdBomb(16), 'zstd')).toHaveLength(2 << 20);
    expect(() => unpack(zstdBomb(20_000), 'zstd')).toThrow(LimitError);
    const states = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(() => unpack(states, 'zstd')).toThrow(/states a size of 1099511627776 bytes/);
  });

  it('gzip', () => {
    expect(() => unpack(gzipBomb(2100), 'gzip')).toThrow(LimitError);
    expect(unpack(gzipSync(Buffer.alloc(1 << 20)), 'gzip')).toHaveLength(1 << 20);
  });

  it.skipIf(spawnSync('xz', ['--version']).status !== 0)('xz', () => {
    const { stdout } = spawnSync('xz', ['-c', '-0'], { input: Buffer.alloc(64 << 20), maxBuffer: 1 << 24 });
    expect(() => unpack(stdout, 'xz')).toThrow(/more than/);
  });

  it('lz4: empty blocks hold no memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    const empty = Buffer.concat([Buffer.from([2, 0x21, 0x4c, 0x18]), ...Array.from({ length: 5000 }, () => Buffer.from([1, 0, 0, 0, 0]))]);
    expect(unpack(empty, 'lz4')).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  it('several files draw from one budget', () => {
    const budget = new Budget({ limits: { bytes: 3 << 20 } });
    const one = gzipSync(Buffer.alloc(2 << 20));
    unpack(one, 'gzip', undefined, budget);
    expect(() => unpack(one, 'gzip', undefined, budget)).toThrow(LimitError);
  });
});

it('ELF: thousands of headers over the same notes are not walked thousands of times', () => {
  const headers = 4000;
  const notes = 12 * 2000;
  const image = Buffer.alloc(64 + headers * 56 + notes);
  image.write('\x7fELF', 0, 'latin1');
  image.set([2, 1, 1], 4);
  image.writeUInt16LE(2, 16);
  image.writeUInt16LE(62, 18);
  image.writeBigUInt64LE(64n, 32);
  image.writeUInt16LE(56, 54);
  image.writeUInt16LE(headers, 56);
  for (let i = 0; i < headers; i++) {
    const at = 64 + i * 56;
    image.writeUInt32LE(4, at);
    image.writeBigUInt64LE(BigInt(64 + headers * 56), at + 8);
    image.writeBigUInt64LE(BigInt(notes), at + 32);
  }
  expect(() => readNotes(image, readElf(image, 'k'), 'k')).toThrow(/k: has more than 4096 notes, at byte \d+/);
});

/** A snapshot's file: read through what was opened, written so that there is the old one or the new one. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileSource, writeWhole } from '../../../host/platform/node/snapshot-file.js';
import { numbers } from './files.js';
import { killWriters } from './killed.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'snapshot-file-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('reads at any place, over the ends of its pieces, and the old file when a new one takes its name', () => {
  const next = numbers(3), content = Uint8Array.from({ length: 300_000 }, () => next(256)), path = join(folder, 'read');
  writeFileSync(path, content);
  const source = fileSource(path);
  writeFileSync(`${path}.new`, new Uint8Array(10));
  renameSync(`${path}.new`, path);
  for (let n = 0; n < 500; n++) {
    const at = next(content.length - 5000), to = new Uint8Array(next(5000));
    source.readInto(to, at);
    expect(Buffer.compare(to, content.subarray(at, at + to.length))).toBe(0);
  }
  const beyond = new Uint8Array(10).fill(9);
  source.readInto(beyond, content.length - 4);
  expect([...beyond]).toEqual([...content.subarray(-4), 0, 0, 0, 0, 0, 0]);
  source.close();
  source.close();
});

it('that cannot be written leaves what there was', () => {
  const path = join(folder, 'old');
  writeFileSync(path, 'old');
  const failing = { get length(): number { throw new Error('no space'); } } as unknown as Uint8Array;
  expect(() => writeWhole(path, [new Uint8Array(100), failing])).toThrow('no space');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  chmodSync(path, 0o400);
  writeWhole(path, [new TextEncoder().encode('n'), new TextEncoder().encode('ew')]);
  expect(readFileSync(path, 'utf8')).toBe('new');
});

it('is the old one or the new one when its writer is killed', async () => {
  expect(await killWriters(12, 1)).toEqual([]);
});

/** Where `guest build --out` and `guest import --out` may write: into a folder that is there, or into one that can be made. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkFolder } from '../../../../host/cli/check.js';
import { Faults } from '../../../../host/cli/faults.js';

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'pintail-out-'));
  mkdirSync(join(base, 'there'));
  writeFileSync(join(base, 'file'), '');
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function said(path: string): string[] {
  const faults = new Faults();
  checkFolder({ argument: '--out' }, path, faults);
  return faults.list.map(({ problem }) => problem);
}

it.each(['there', 'there/new', 'new/in/new', '.'])('%s is taken', (path) => {
  expect(said(join(base, path))).toEqual([]);
});

it.each(['file', 'file/below'])('%s is refused: it names a file', (path) => {
  expect(said(join(base, path))).toEqual([`cannot write ${join(base, path)}: ${join(base, 'file')} is no folder.`]);
});

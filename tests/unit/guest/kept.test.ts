/** Machines that wait, in the cache: named by what decides them, the ones used longest ago dropped by size. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keep, keptPath, noteUse } from '../../../host/platform/node/guest/kept.js';

let cache: string;
beforeAll(() => void (cache = mkdtempSync(join(tmpdir(), 'kept-'))));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

it('everything that decides a machine decides its name', () => {
  const names = [['a', 256], ['a', 128], ['b', 256], ['a', 256, ['card']]].map((deciding) => keptPath(cache, deciding));
  expect(new Set(names).size).toBe(4);
  expect(keptPath(cache, ['a', 256])).toBe(names[0]);
});

it('those used longest ago go when all are too large, never the one just made; leftovers go when they are old', () => {
  const path = (n: number): string => keptPath(cache, n), content = [new Uint8Array(1000)];
  const old = (days: number): Date => new Date(Date.now() - days * 86_400_000);
  for (const n of [1, 2, 3]) {
    keep(path(n), content, 10_000);
    utimesSync(path(n), old(10 - n), old(10 - n));
  }
  const [leftover, fresh] = [join(path(1), '..', '.old.tmp'), join(path(1), '..', '.new.tmp')] as const;
  writeFileSync(leftover, 'x');
  writeFileSync(fresh, 'x');
  utimesSync(leftover, old(1), old(1));
  noteUse(path(1));
  keep(path(4), content, 2500);
  expect(readdirSync(join(cache, 'waiting')).sort()).toEqual([path(1), path(4), fresh].map((one) => basename(one)).sort());
  keep(path(5), content, 10);
  expect(readdirSync(join(cache, 'waiting')).sort()).toEqual([path(5), fresh].map((one) => basename(one)).sort());
});

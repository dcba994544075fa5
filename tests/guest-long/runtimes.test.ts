/** The packed package on Deno and Bun, from their npm packages; where npm does not serve those, there is nothing to try it on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../house/sources.js';
import { packInto } from '../support/pack.js';

const SHOWN = 'here: debug-exit 41 15999 KiB\nin a worker: debug-exit 41 15999 KiB\n';
let folder: string;
let problem: string | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-runtimes-'));
  const packed = packInto(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  copyFileSync(join(root, 'examples/anywhere.mjs'), join(folder, 'anywhere.mjs'));
  // Their scripts only copy the program that is in a package of its own; it is run from there.
  const { status, stderr } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', packed.path, 'deno', 'bun'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) problem = stderr;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('the package', () => {
  for (const [name, program, args] of [
    ['Node', process.execPath, []], ['Deno', 'node_modules/@deno/linux-x64-glibc/deno', ['run', '-A', '--no-lock', '--node-modules-dir=manual']], ['Bun', 'node_modules/@oven/bun-linux-x64/bin/bun', []],
  ] as const) {
    it(`runs on ${name}`, (context) => {
      const path = name === 'Node' ? program : join(folder, program);
      if (problem !== undefined || !existsSync(path)) return context.skip(`npm did not install ${name}: ${problem ?? 'no such program'}`);
      expect(execFileSync(path, [...args, 'anywhere.mjs'], { cwd: folder, encoding: 'utf8' })).toBe(SHOWN);
    }, 120_000);
  }
});

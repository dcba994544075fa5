/** The command's script starts with the code that was kept of it; what is damaged, of another script or missing changes nothing but the time. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { recipeOf } from '../../../../host/platform/node/guest/recipe.js';
import { root } from '../../../house/sources.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = join(folder, 'script.cjs');
const loader = pathToFileURL(join(root, 'bin/compiled.mjs')).href;
const kept = (): string[] => readdirSync(join(folder, 'pintail/code')).map((name) => join(folder, 'pintail/code', name));

function start(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `(await import(${JSON.stringify(loader)})).load(${JSON.stringify(script)})`], { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: folder } });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const say = (text: string): void => writeFileSync(script, `const said = () => ${JSON.stringify(text)};\nconsole.log(said(), typeof require, __filename.endsWith("script.cjs"));\n`);

it('is made, used, made again where it is damaged, and not taken for another script', () => {
  say('one');
  expect(start()).toBe('one function true\n');
  const [code] = kept() as [string];
  const whole = readFileSync(code);
  expect(start()).toBe('one function true\n');
  expect(readFileSync(code).equals(whole)).toBe(true);
  const damaged = Uint8Array.from(whole);
  damaged[damaged.length >> 1]! ^= 0xff;
  for (const bytes of [damaged, whole.subarray(0, 20), new Uint8Array()]) {
    writeFileSync(code, bytes);
    expect(start()).toBe('one function true\n');
    expect(readFileSync(code).length).toBe(whole.length);
  }
  // As long as the other: the engine itself tells scripts apart by their length.
  say('two');
  expect(start()).toBe('two function true\n');
  expect(kept()).toHaveLength(2);
});

it('the command\'s script has the recipes of the guests as the sources make them', () => {
  const bundle = readFileSync(join(root, 'build/host/cli/bundle/main.cjs'), 'utf8');
  for (const name of ['amd64', 'i386'] as const) expect(bundle).toContain(recipeOf(name));
});

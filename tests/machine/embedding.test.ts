/** The examples of docs/embedding.md run, and print what the page says. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '../house/sources.js';
import { blocks } from '../support/examples.js';

it('docs/embedding.md does what it says', async () => {
  const page = readFileSync(join(root, 'docs/embedding.md'), 'utf8');
  const program = join(root, 'build/examples/embedding.mjs');
  mkdirSync(join(root, 'build/examples'), { recursive: true });
  writeFileSync(program, blocks(page, 'js'));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 60_000 });
  expect(stdout).toBe(blocks(page, 'text'));
});

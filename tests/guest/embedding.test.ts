/** The examples of docs/embedding.md that need Debian's guest run, and print what the page says. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { root } from '../house/sources.js';
import { blocks } from '../support/examples.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

it('docs/embedding.md does what it says of servers in a guest', async () => {
  const page = readFileSync(join(root, 'docs/embedding.md'), 'utf8');
  const program = join(root, 'build/examples/embedding-guest.mjs');
  mkdirSync(join(root, 'build/examples'), { recursive: true });
  writeFileSync(program, blocks(page, 'js guest'));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 120_000 });
  expect(stdout).toBe(blocks(page, 'text guest'));
  expect(stdout).not.toBe('');
});

/** The programs of examples/, in an empty folder that the packed package is installed in, as a new user runs them. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { readSource, root } from '../house/sources.js';
import { CHROMIUM, startChromium, type Browser } from '../support/chromium.js';
import { packInto } from '../support/pack.js';
import { serveFolders } from '../support/static-server.js';

let folder: string;

/** A package of this clone, where the folder's programs find it. */
function install(name: string): void {
  mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
}

beforeAll(async () => {
  await prepareGuest('amd64');
  folder = mkdtempSync(join(tmpdir(), 'pintail-examples-'));
  cpSync(join(root, 'examples'), folder, { recursive: true });
  const packed = packInto(folder);
  mkdirSync(join(folder, 'node_modules/pintail'), { recursive: true });
  execFileSync('tar', ['-xzf', packed.path, '--strip-components=1', '-C', join(folder, 'node_modules/pintail')]);
  Object.keys((JSON.parse(readSource('package.json')) as { dependencies: Record<string, string> }).dependencies).forEach(install);
  ['vite', 'esbuild', 'webpack'].forEach(install);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (name: string): Promise<string> => (await promisify(execFile)(process.execPath, [name], { cwd: folder, timeout: 280_000 })).stdout;

it('linux.mjs runs commands and counts', async () => {
  expect(await run('linux.mjs')).toMatch(/^Linux 6\.\S+ x86_64\n42\n8\nstatus 3: something is wrong\ncounted to the instruction\n$/);
}, 300_000);

it('kernel-tests.mjs writes JUnit XML', async () => {
  const text = await run('kernel-tests.mjs');
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuite name="kernel" tests="4" failures="0">\n/);
  expect(text).toContain('<testcase name="loopback answers"');
}, 300_000);

it('network.mjs answers the guest’s pings', async () => {
  expect(await run('network.mjs')).toBe('3 packets transmitted, 3 packets received, 0% packet loss\n');
}, 300_000);

it('port.mjs talks with a program in the guest', async () => {
  expect(await run('port.mjs')).toBe('2 + 3 = 5\n40 + 2 = 42\n');
}, 300_000);

it('bare-module.mjs runs without a host', async () => {
  expect(await run('bare-module.mjs')).toBe('Hello from the reset vector.\nDEBUG_EXIT 7, after 154 instructions\n');
}, 60_000);

// Debian has Chromium as a package; where it is not installed there is nothing to show a page in.
describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  }, 60_000);
  afterAll(() => browser?.close());

  async function shows(built: string): Promise<void> {
    const server = await serveFolders({ '/': `${built}/` });
    try {
      const page = await browser.open();
      await page.goto(server.address);
      await page.until("document.getElementById('screen').textContent.includes('15999 KiB')");
      expect(page.problems).toEqual([]);
    } finally {
      await server.close();
    }
  }

  it('by Vite', async () => {
    const told = await promisify(execFile)(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'page', '--base', './', '--outDir', '../by-vite', '--emptyOutDir', '--logLevel', 'warn'], { cwd: folder });
    expect(told).toEqual({ stdout: '', stderr: '' });
    await shows(join(folder, 'by-vite'));
  }, 120_000);

  it('by esbuild', async () => {
    await run('page/esbuild.mjs');
    await shows(join(folder, 'page/out'));
  }, 120_000);

  it('by webpack, without a warning', async () => {
    await run('page/webpack.mjs');
    await shows(join(folder, 'page/out-webpack'));
  }, 120_000);

  it('as an element, by a script tag and nothing else', async () => {
    const server = await serveFolders({ '/': `${folder}/` });
    try {
      const page = await browser.open();
      await page.goto(`${server.address}element/`);
      const shown = "document.querySelector('pintail-machine').shadowRoot.querySelector('.console').textContent";
      await page.until(`/> $/.test(${shown})`);
      await page.evaluate("document.querySelector('pintail-machine').shadowRoot.querySelector('.console').focus()");
      await page.type('mem');
      await page.press('Enter');
      await page.until(`${shown}.includes('15999 KiB')`);
      const button = "document.querySelector('pintail-machine').shadowRoot.querySelector('.run')";
      await page.evaluate(`${button}.click()`);
      await page.until("document.querySelector('pintail-machine').dataset.state === 'paused'");
      await page.evaluate("document.querySelector('pintail-machine').remove()");
      expect(page.problems).toEqual([]);
    } finally {
      await server.close();
    }
  }, 120_000);
});

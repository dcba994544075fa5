// The README's two pictures of the page, from what `npm run build:page` made: `npm run page:pictures`, with Debian's Chromium.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../tests/support/build.mjs';

const SCREEN = "(document.querySelector('.xterm-rows')?.textContent ?? '')";
const PICTURES = [['wide', 1280, 800, 'light'], ['narrow', 390, 844, 'dark']];

/** The tests' driver of Chromium and their static server, which are TypeScript. */
async function tools() {
  const outdir = join(root, 'build/page-tools');
  await build({ absWorkingDir: root, entryPoints: ['tests/support/chromium.ts', 'tests/support/static-server.ts'], outdir, outExtension: { '.js': '.mjs' }, format: 'esm', platform: 'node', logLevel: 'warning' });
  const load = (name) => import(pathToFileURL(join(outdir, name)).href);
  return { ...(await load('chromium.mjs')), ...(await load('static-server.mjs')) };
}

if (!existsSync(join(root, 'build/page/guest/manifest.json'))) throw new Error('build/page is not there: run "npm run build:page" first.');
const { startChromium, serveFolders } = await tools();
const server = await serveFolders({ '/': `${join(root, 'build/page')}/` });
const browser = await startChromium();
try {
  const page = await browser.open();
  await page.view(1280, 800);
  await page.goto(server.address);
  await page.until(`/\\/ #\\s*$/.test(${SCREEN}) && document.getElementById('state').dataset.state === 'running'`);
  for (const words of ['uname -a', 'free -m', 'ls /']) {
    await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()");
    await page.type(words);
    await page.press('Enter');
    await page.until(`/\\/ #\\s*$/.test(${SCREEN})`);
  }
  await page.evaluate("document.getElementById('run').click()");
  await page.until("document.getElementById('hash').textContent.length === 32");
  await page.evaluate("document.getElementById('devices-panel').open = false; document.getElementById('look').open = true");
  mkdirSync(join(root, 'page/pictures'), { recursive: true });
  for (const [name, width, height, scheme] of PICTURES) {
    await page.view(width, height, scheme);
    // The terminal takes its new size, and draws.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 1000))');
    writeFileSync(join(root, `page/pictures/${name}.png`), await page.screenshot());
  }
} finally {
  await browser.close();
  await server.close();
}

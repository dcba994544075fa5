/**
 * Pictures of the page, from what `npm run build:page` made, with Debian's Chromium: `npm run page:pictures`. Every screen, in light and dark, wide and at 390 px (as
 * long as it is), goes to build/page-pictures, to be looked at; two of them are the README's.
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../tests/support/build.mjs';

const SCREEN = "(document.querySelector('.xterm-rows')?.textContent ?? '')";
const STATE = "document.getElementById('state').dataset.state";
const OUT = join(root, 'build/page-pictures');
const README = { wide: 'look-wide-light', narrow: 'look-narrow-dark' };
const SIZES = { wide: [1280, 800], narrow: [390, 844] };

/** The tests' driver of Chromium and their static server, which are TypeScript. */
async function tools() {
  const outdir = join(root, 'build/page-tools');
  await build({ absWorkingDir: root, entryPoints: ['tests/support/chromium.ts', 'tests/support/static-server.ts'], outdir, outExtension: { '.js': '.mjs' }, format: 'esm', platform: 'node', logLevel: 'warning' });
  const load = (name) => import(pathToFileURL(join(outdir, name)).href);
  return { ...(await load('chromium.mjs')), ...(await load('static-server.mjs')) };
}

if (!existsSync(join(root, 'build/page/guest/manifest.json'))) throw new Error('build/page is not there: run "npm run build:page" first.');
const { startChromium, serveFolders } = await tools();

const click = (page, id) => page.evaluate(`document.getElementById('${id}').click()`);
const open = (page, ...ids) => page.evaluate(`for (const panel of document.querySelectorAll('aside details')) panel.open = ${JSON.stringify(ids)}.includes(panel.id)`);
const prompts = (page) => page.evaluate(`${SCREEN}.split('/ # ').length`);

/** Types a command, and waits for the prompt behind its answer. */
async function command(page, words) {
  const before = await prompts(page);
  await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()");
  await page.type(words);
  await page.press('Enter');
  await page.until(`${SCREEN}.split('/ # ').length > ${before} && /\\/ #\\s*$/.test(${SCREEN})`);
}

async function boxWith(page, words) {
  await page.evaluate("document.getElementById('make').open = true");
  await page.until("document.getElementById('words-said').children.length > 0");
  await page.evaluate(`{ const box = document.getElementById('words'); box.value = ${JSON.stringify(words)}; box.dispatchEvent(new Event('input')); }`);
}

/** Name and how one gets there from the one before. */
const SCENES = [
  ['loading', async () => undefined],
  ['prompt', async (page) => {
    await page.until(`/\\/ #\\s*$/.test(${SCREEN}) && ${STATE} === 'running'`);
    for (const words of ['uname -a', 'free -m', 'ls /']) await command(page, words);
  }],
  ['look', async (page) => {
    await click(page, 'run');
    await page.until("document.getElementById('hash').textContent.length === 32");
    await open(page, 'look');
  }],
  ['command', async (page) => {
    await open(page, 'make');
    await boxWith(page, 'qemu-system-x86_64 -m 64M -vga std -smp 4 -kernle x');
  }],
  ['board', async (page) => {
    await open(page, 'look');
    await page.evaluate("document.querySelector('[data-panel=machine]').click()");
    await page.until("document.querySelector('[data-part=processor]') !== null && /rax/.test(document.querySelector('.split > :last-child').textContent)");
  }],
  ['wire', async (page) => {
    await page.evaluate("document.querySelector('[data-panel=wire]').click()");
    await page.until("document.querySelector('.blank button') !== null");
    await page.evaluate("document.querySelector('.blank button').click()");
    await page.until(`/\\/ #\\s*$/.test(${SCREEN}) && ${STATE} === 'running' && document.getElementById('start').hidden`);
    await command(page, 'ping -c 3 10.0.2.2');
    await page.until("/ICMP echo reply 2/.test(document.querySelector('.packets')?.textContent ?? '')");
  }],
  ['screen', async (page) => {
    await page.evaluate("document.querySelector('[data-panel=wire]').click()");
    await open(page, 'make');
    await boxWith(page, 'qemu-system-x86_64 -m 128M -nic none -vga std -append console=tty0');
    await page.evaluate("document.getElementById('command').requestSubmit()");
    await page.until("!document.getElementById('picture').hidden");
    await page.until("(() => { const c = document.getElementById('picture-canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] > 100) n++; return n > 2000; })()");
  }],
];

async function take(page, name) {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    for (const scheme of ['light', 'dark']) {
      await page.view(width, height, scheme);
      // The terminal takes its new size, and draws.
      await page.evaluate('new Promise((resolve) => setTimeout(resolve, 800))');
      const long = size === 'narrow' ? await page.evaluate('document.documentElement.scrollHeight') : height;
      const shots = [[`${name}-${size}-${scheme}`, await page.screenshot()]];
      if (long > height) {
        await page.view(width, long, scheme);
        shots.push([`${name}-long-${scheme}`, await page.screenshot()]);
      }
      for (const [file, png] of shots) writeFileSync(join(OUT, `${file}.png`), png);
    }
  }
  await page.view(...SIZES.wide);
}

const server = await serveFolders({ '/': `${join(root, 'build/page')}/` });
const browser = await startChromium();
mkdirSync(OUT, { recursive: true });
try {
  const page = await browser.open();
  await page.view(...SIZES.wide);
  await page.goto(server.address);
  for (const [name, reach] of SCENES) {
    await reach(page);
    await take(page, name);
    process.stdout.write(`${name}\n`);
  }
  mkdirSync(join(root, 'page/pictures'), { recursive: true });
  for (const [name, from] of Object.entries(README)) copyFileSync(join(OUT, `${from}.png`), join(root, `page/pictures/${name}.png`));
} finally {
  await browser.close();
  await server.close();
}

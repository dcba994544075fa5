/**
 * The page as Vite builds it, in Chromium: Debian boots to its prompt and answers, is stopped and looked into, is there again after a reload, and a
 * link opens the same state. With PINTAIL_SCREENS=FOLDER, pictures are left there.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createMachine } from 'pintail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCidr } from '../../host/net/address.js';
import { nodeProvider } from '../../host/platform/node/net/provider.js';
import { DEFAULT_LIMITS } from '../../host/relay/limits.js';
import { startRelay } from '../../host/relay/server.js';
import { root } from '../house/sources.js';
import { CHROMIUM, startChromium, type Browser, type Page } from '../support/chromium.js';
import { weightsOf } from '../support/page-weights.js';
import { click, SCREEN_TEXT, servePage, STATE, takePicture, textOf, typeLine, type ServedPage } from '../support/served-page.js';
import { serveFolders } from '../support/static-server.js';

let served: ServedPage;
let browser: Browser;
let page: Page;

const text = (id: string): Promise<string> => textOf(page, id);
const clickOn = (id: string): Promise<void> => click(page, id);
const picture = (name: string): Promise<void> => takePicture(page, name);
const type = (words: string): Promise<void> => typeLine(page, words);

/** Rules of axe-core that the page breaks as it is seen now, in both schemes. */
async function broken(): Promise<string[]> {
  const rules: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    await page.view(1280, 800, scheme);
    await page.evaluate(`${readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')};1`);
    rules.push(...(await page.evaluate<string[]>("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))")));
  }
  return rules;
}

// Debian has Chromium as a package; where it is not installed there is nothing to try the page in.
describe.skipIf(CHROMIUM === undefined)('the page', () => {
  beforeAll(async () => {
    served = await servePage();
    browser = await startChromium();
    page = await browser.open();
    await page.view(1280, 800);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  it('goes on from Debian at its prompt, fetched, and answers', async () => {
    await page.goto(served.address);
    await picture('loading');
    await page.until(`/\\/ #\\s*$/.test(${SCREEN_TEXT}) && ${STATE} === 'running'`);
    await type('echo $((6 * 7)) of $(uname -m)');
    await page.until(`${SCREEN_TEXT}.includes('42 of x86_64')`);
    await page.until("document.getElementById('kept').textContent.includes('Debian at its prompt')");
    await picture('prompt');
    expect(await broken()).toEqual([]);
  });

  it('weighs what it may, and so does its guest', () => {
    const weights = weightsOf(join(served.folder, 'page'));
    const snapshot = statSync(join(served.folder, 'guest/waiting.snapshot')).size;
    console.log('bytes:', { ...weights, snapshot });
    expect(weights.page).toBeLessThan(40_000);
    expect(weights.terminal).toBeLessThan(100_000);
    expect(weights.core).toBeLessThan(70_000);
    expect(weights.core).toBeGreaterThan(30_000);
    expect(weights.module).toBeLessThan(200_000);
    expect(snapshot).toBeLessThan(15e6);
  });

  it('boots Debian when it is reset', async () => {
    await clickOn('reset');
    await page.until(`/\\/ #\\s*$/.test(${SCREEN_TEXT}) && ${STATE} === 'running' && !${SCREEN_TEXT}.includes('42 of')`);
    await type('echo $((6 * 8)) of $(uname -m)');
    await page.until(`${SCREEN_TEXT}.includes('48 of x86_64')`);
  });

  it('stops, steps one instruction, and shows registers, memory and the hash', async () => {
    await clickOn('run');
    await page.until(`${STATE} === 'paused' && document.getElementById('hash').textContent.length === 32`);
    const before = await text('hash');
    await clickOn('step');
    await page.until(`${STATE} === 'paused' && document.getElementById('hash').textContent.length === 32 && document.getElementById('hash').textContent !== ${JSON.stringify(before)}`);
    await page.evaluate("document.getElementById('look').open = true");
    expect(await text('registers')).toMatch(/^rax [0-9a-f]{16} {2}r11 [0-9a-f]{16}\n/);
    expect(await text('memory')).toMatch(/^[0-9a-f]{16} {2}([0-9a-f]{2} ){7}/);
    await picture('paused');
    expect(await broken()).toEqual([]);
  });

  it('tells of a command line what it takes and what it does not', async () => {
    await page.evaluate("document.getElementById('make').open = true");
    // Its parser comes when the box is opened.
    await page.until("document.getElementById('words-said').children.length > 0");
    await page.evaluate(`const box = document.getElementById('words'); box.value = 'qemu-system-x86_64 -m 64M -vga std -smp 4 -kernle x'; box.dispatchEvent(new Event('input'))`);
    const said = await text('words-said');
    expect(said).toContain('-m 64M memory, in MiB');
    expect(said).toContain('-kernle');
    expect(said).toMatch(/-kernel/);
    await picture('command');
  });

  it('has the machine of its prompt again after a reload, at once', async () => {
    await page.goto(`${served.address}?again`);
    await page.until(`${STATE} === 'running'`);
    await type('echo here $((2 + 3)) again');
    await page.until(`${SCREEN_TEXT}.includes('here 5 again')`);
    expect(await text('kept')).toContain('Debian at its prompt');
  });

  it('shows the screen of a machine that has one, and its keyboard types', async () => {
    await page.evaluate("document.getElementById('make').open = true");
    await page.until("document.getElementById('words-said').children.length > 0");
    await page.evaluate("const words = document.getElementById('words'); words.value = 'qemu-system-x86_64 -m 128M -nic none -vga std -append console=tty0'; document.getElementById('command').requestSubmit()");
    // Bright pixels: the shell's greeting and its prompt.
    const lit = `(() => { const c = document.getElementById('picture-canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] > 100) n++; return c.width === 720 && c.height === 400 ? n : 0; })()`;
    await page.until(`${lit} > 2000`);
    await page.until(`${STATE} === 'running' && !document.getElementById('picture').hidden`);
    // The shell's prompt stays as it is: the picture is the same for a while but for the cursor.
    await page.until(`(async () => { const a = ${lit}; await new Promise((r) => setTimeout(r, 3000)); return Math.abs(${lit} - a) < 40; })()`);
    const before = await page.evaluate<number>(lit);
    await page.evaluate(`const canvas = document.getElementById('picture-canvas'); canvas.focus(); for (const code of ['KeyL', 'KeyS', 'Space', 'Slash', 'Enter']) for (const type of ['keydown', 'keyup']) canvas.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true, cancelable: true }))`);
    await page.until(`Math.abs(${lit} - ${before}) > 200`);
    await picture('screen');
  });

  it('opens by a link at the same instruction, in the same state', async () => {
    const linked = { recipe: { guest: 'builtin', memoryMiB: 16 }, at: '2000' };
    await using machine = await createMachine({ guest: 'builtin', memoryMiB: 16 });
    machine.attachInput(true);
    await machine.step(2000n);
    for (const [hash, answer] of [[await machine.stateHash(), /^The same state/], ['0', /^Not the same state/]] as const) {
      await page.goto(`${served.address}?${hash}#${new URLSearchParams({ machine: JSON.stringify({ ...linked, hash }) }).toString()}`);
      await page.until("document.getElementById('toast').textContent.includes('state')");
      expect(await text('toast')).toMatch(answer);
    }
  });

  it('fetches a file through a relay, whole', async () => {
    const content = randomBytes(3 << 20);
    const files: Server = createServer((_request, response) => void response.end(content));
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    const relay = await startRelay({ host: '127.0.0.1', port: 0, token: 'known', origins: [], allow: [parseCidr('127.0.0.0/8')!], limits: DEFAULT_LIMITS, provider: nodeProvider(), log: () => undefined });
    try {
      await page.evaluate("document.getElementById('make').open = true");
      await page.until("document.getElementById('words-said').children.length > 0");
      await page.evaluate(`document.getElementById('words').value = '-m 128M -nic user,loopback=on,relay=ws://127.0.0.1:${relay.port}/,token=known'; document.getElementById('command').requestSubmit()`);
      await page.until(`/\\/ #\\s*$/.test(${SCREEN_TEXT}) && ${STATE} === 'running'`);
      await type(`wget -qO- http://10.0.2.2:${(files.address() as AddressInfo).port}/ | sha256sum`);
      await page.until(`${SCREEN_TEXT}.replaceAll(/\\s/g, '').includes('${createHash('sha256').update(content).digest('hex')}')`);
    } finally {
      await relay.close();
      files.close();
    }
  });

  it('said nothing wrong', () => {
    expect(page.problems).toEqual([]);
  });

  it('is there without a network, once it was there', async () => {
    await page.goto(`${served.address}?online`);
    await page.until('navigator.serviceWorker.controller !== null');
    await served.server.close();
    await page.goto(`${served.address}?offline`);
    await page.until(`/\\/ #\\s*$/.test(${SCREEN_TEXT}) && ${STATE} === 'running'`);
    await type('echo alone $((2 + 5))');
    await page.until(`${SCREEN_TEXT}.includes('alone 7')`);
  });

  // Last: a page behind another is not drawn.
  it('says what its content policy lacks', async () => {
    const strict = await serveFolders({ '/': `${served.folder}/page/` }, { 'content-security-policy': "script-src 'self'" });
    const other = await browser.open();
    await other.goto(strict.address);
    const made = "const machine = document.createElement('pintail-machine'); document.body.append(machine); return machine.open({ guest: 'builtin', memoryMiB: 16 }).then(() => 'made', ({ message }) => message);";
    expect(await other.evaluate(`customElements.whenDefined('pintail-machine').then(() => { ${made} })`)).toContain("let its script-src say 'wasm-unsafe-eval'");
    await strict.close();
  });
});

/** Files into the page's guest and out of it, in Chromium: dropped, chosen, saved and dragged, with equal digests; and a root file system that is dropped boots. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, startChromium, type Browser, type Page } from '../support/chromium.js';
import { AT_PROMPT, click, dropFiles, SCREEN_TEXT, servePage, STATE, takePicture, typeLine, type ServedPage } from '../support/served-page.js';

let folder: string;
let served: ServedPage;
let browser: Browser;
let page: Page;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** Lines that the terminal has broken are whole here. */
const SHOWN = `${SCREEN_TEXT}.replaceAll(/\\s/g, '')`;
const TERMINAL = [400, 400] as const, BESIDE = [1150, 400] as const;

const list = (path: string): Promise<void> => page.evaluate(`{ const panel = document.getElementById('files-panel'); panel.querySelector('input').value = '${path}'; panel.querySelector('form').requestSubmit(); }`);

describe.skipIf(CHROMIUM === undefined)('files of the page', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pintail-files-'));
    served = await servePage();
    browser = await startChromium();
    page = await browser.open();
    await page.view(1280, 800);
    await page.goto(served.address);
    await page.until(AT_PROMPT);
    await page.until("document.getElementById('files-panel') !== null");
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('dropped on the terminal are where the guest\'s shell is, byte by byte', async () => {
    const content = randomBytes(300_000), file = join(folder, 'it\'s in.bin');
    writeFileSync(file, content);
    await typeLine(page, 'mkdir /tmp/here; cd /tmp/here');
    await dropFiles(page, [file], ...TERMINAL);
    await page.until("document.getElementById('toast').textContent.includes('in /tmp/here of the guest')");
    await typeLine(page, 'sha256sum *in.bin');
    await page.until(`${SHOWN}.includes('${sha256(content)}')`);
  });

  it('are listed, and saved by a click', async () => {
    await page.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    await typeLine(page, 'head -c 200000 /dev/urandom >out.bin; sha256sum out.bin; cd /');
    const found = `/([0-9a-f]{64})out\\.bin/.exec(${SHOWN})`;
    await page.until(`${found} !== null`);
    const digest = await page.evaluate<string>(`${found}[1]`);
    await page.evaluate("document.getElementById('devices-panel').open = false; document.getElementById('files-panel').open = true");
    await list('/tmp/here');
    await page.until("document.getElementById('files-list').textContent.includes('out.bin')");
    await takePicture(page, 'files');
    expect(await page.evaluate<string>("document.getElementById('files-list').textContent")).toMatch(/it's in\.bin 300 kB.*out\.bin 200 kB/);
    await page.evaluate("[...document.querySelectorAll('#files-list a')].find((link) => link.textContent === 'out.bin').click()");
    const saved = join(folder, 'out.bin');
    await expect.poll(() => (existsSync(saved) ? sha256(readFileSync(saved)) : ''), { timeout: 60_000 }).toBe(digest);
  });

  it('are dragged out: the browser is told where the bytes are', async () => {
    // What the browser would read for the drag: the page's policy lets no script fetch it.
    await page.evaluate("globalThis.blobs = new Map(); const make = URL.createObjectURL; URL.createObjectURL = (blob) => { const address = make.call(URL, blob); blobs.set(address, blob); return address; }; 0");
    const link = "[...document.querySelectorAll('#files-list a')].find((link) => link.textContent.endsWith('in.bin'))";
    await page.evaluate(`${link}.dispatchEvent(new PointerEvent('pointerenter'))`);
    await page.until(`${link}.href.startsWith('blob:')`);
    const told = await page.evaluate<string>(`(() => { const dataTransfer = new DataTransfer(); ${link}.dispatchEvent(new DragEvent('dragstart', { dataTransfer, cancelable: true })); return dataTransfer.getData('DownloadURL'); })()`);
    expect(told).toMatch(/^application\/octet-stream:it's in\.bin:blob:http/);
    const digest = `blobs.get(${JSON.stringify(told.slice(told.indexOf('blob:')))}).arrayBuffer().then((bytes) => crypto.subtle.digest('SHA-256', bytes)).then((sum) => [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, '0')).join(''))`;
    expect(await page.evaluate(digest)).toBe(sha256(readFileSync(join(folder, 'it\'s in.bin'))));
  });

  it('say what is wrong: of a machine that is paused, and of a folder that is none', async () => {
    await list('/nowhere');
    await page.until("/\\/nowhere/.test(document.getElementById('toast').textContent)");
    await click(page, 'run');
    await page.until(`${STATE} === 'paused'`);
    await dropFiles(page, [join(folder, 'out.bin')], ...TERMINAL);
    await page.until("/does not run/.test(document.getElementById('toast').textContent)");
  });

  it('that are a root file system boot when they are dropped beside the terminal', async () => {
    const tree = join(folder, 'tree');
    for (const path of ['etc', 'bin', 'dev', 'root']) mkdirSync(join(tree, path), { recursive: true });
    writeFileSync(join(tree, 'etc/its-own'), 'of the archive\n');
    expect(spawnSync('tar', ['-C', tree, '-czf', join(folder, 'rootfs.tar.gz'), '.']).status).toBe(0);
    await dropFiles(page, [join(folder, 'rootfs.tar.gz')], ...BESIDE);
    await page.until(`/# $/.test(${SCREEN_TEXT}.trimEnd() + ' ') && ${STATE} === 'running' && !${SCREEN_TEXT}.includes('out.bin') && document.getElementById('start').hidden`);
    await typeLine(page, 'cat /etc/its-own; ls /pintail/carry');
    await page.until(`${SCREEN_TEXT}.includes('of the archive')`);
  });

  it('that are nothing a PC boots are told so', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'notes');
    await dropFiles(page, [join(folder, 'notes.txt')], ...BESIDE);
    await page.until("document.getElementById('toast').textContent.includes('notes.txt is nothing that a PC boots')");
    expect(page.problems).toEqual([]);
  });
});

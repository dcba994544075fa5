/**
 * The panels of the page, in Chromium: two machines in two tabs ping each other on one wire, which is seen and made worse; captures go out and come back; the board opens
 * to its parts. And a copied link opens the same machine.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../house/sources.js';
import { CHROMIUM, startChromium, type Browser, type Page } from '../support/chromium.js';
import { AT_PROMPT, click, SCREEN_TEXT, servePage, STATE, takePicture, textOf, typeLine, type ServedPage } from '../support/served-page.js';

let folder: string;
let served: ServedPage;
let browser: Browser;
let page: Page, other: Page;

/** A machine on a channel, by a link, as the Wire panel makes them. */
const link = (n: number): string => `${served.address}?${n}#${new URLSearchParams({ machine: JSON.stringify({ recipe: { guest: 'guest/', memoryMiB: 128, seed: n, append: `address=10.0.0.${n}`, netdevs: ['broadcast,id=n0,channel=test'], devices: [{ model: 'virtio-net', netdev: 'n0', mac: `52:54:00:00:00:0${n}` }] } }) }).toString()}`;
const PACKETS = "document.querySelector('.packets')?.textContent ?? ''";

async function broken(): Promise<string[]> {
  await page.evaluate(`${readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')};1`);
  return page.evaluate<string[]>("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))");
}

describe.skipIf(CHROMIUM === undefined)('panels of the page', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pintail-wire-'));
    served = await servePage();
    browser = await startChromium();
    page = await browser.open();
    await page.view(1280, 800);
    await page.goto(link(1));
    await page.until(AT_PROMPT);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('two machines in two tabs ping each other, and the wire shows it', async () => {
    // A tab in front of another keeps it from being drawn, not from running.
    other = await browser.open();
    await other.goto(link(2));
    await other.until(`/\\/ #\\s*$/.test(${SCREEN_TEXT})`);
    await page.send('Page.bringToFront');
    await page.evaluate("document.querySelector('[data-panel=wire]').click()");
    await page.until("!document.getElementById('panel').hidden");
    await typeLine(page, 'ping -c 3 10.0.0.2');
    await page.until(`${SCREEN_TEXT}.includes('3 packets received')`);
    await page.until(`/ICMP echo request 2.*ICMP echo reply 2/.test(${PACKETS})`);
    expect(await page.evaluate<string>(PACKETS)).toMatch(/ARP who has 10\.0\.0\.2\?.*ARP 10\.0\.0\.2 is at 52:54:00:00:00:02/);
    await page.until("/Instructions/.test(document.querySelector('.split > :last-child').textContent)");
    await takePicture(page, 'wire');
    expect(await broken()).toEqual([]);
  });

  it('one of its packets is decoded, layer by layer, and words filter', async () => {
    await page.evaluate("{ const box = document.querySelector('.tools input'); box.value = 'icmp 10.0.0.2 request'; box.dispatchEvent(new Event('input')); }");
    expect(await page.evaluate<string>(PACKETS)).not.toMatch(/ARP|reply/);
    await page.evaluate("document.querySelector('.packets tbody tr').click()");
    expect(await page.evaluate<string>("document.querySelector('.layers').textContent")).toMatch(/Ethernet 52:54:00:00:00:01 > 52:54:00:00:00:02, type 0x0800.*IPv4 10\.0\.0\.1 > 10\.0\.0\.2, ttl 64.*ICMP type 8/);
    await takePicture(page, 'packet');
    await page.evaluate("{ const box = document.querySelector('.tools input'); box.value = ''; box.dispatchEvent(new Event('input')); }");
  });

  it('a wire that loses all is none', async () => {
    await page.evaluate("{ const loss = document.querySelector('.tools input[type=range]'); loss.value = '100'; loss.dispatchEvent(new Event('input')); }");
    await typeLine(page, 'clear; ping -c 2 -W 1 10.0.0.2');
    await page.until(`${SCREEN_TEXT}.includes('2 packets transmitted, 0 packets received')`);
    await page.evaluate("{ const loss = document.querySelector('.tools input[type=range]'); loss.value = '0'; loss.dispatchEvent(new Event('input')); }");
    await typeLine(page, 'clear; ping -c 1 10.0.0.2');
    await page.until(`${SCREEN_TEXT}.includes('1 packets received')`);
  });

  it('a capture goes out and comes back', async () => {
    await page.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    const rows = await page.evaluate<number>("document.querySelectorAll('.packets tbody tr').length");
    await page.evaluate("[...document.querySelectorAll('.tools button')].find((button) => button.textContent === 'Save pcapng').click()");
    const saved = join(folder, 'wire.pcapng');
    await expect.poll(() => existsSync(saved), { timeout: 60_000 }).toBe(true);
    await page.evaluate("[...document.querySelectorAll('.tools button')].find((button) => button.textContent === 'Clear').click()");
    const { root: document } = (await page.send('DOM.getDocument')) as { root: { nodeId: number } };
    const { nodeId } = (await page.send('DOM.querySelector', { nodeId: document.nodeId, selector: '.tools input[type=file]' })) as { nodeId: number };
    await page.send('DOM.setFileInputFiles', { nodeId, files: [saved] });
    await page.until(`document.querySelectorAll('.packets tbody tr').length >= ${rows}`);
    expect(await page.evaluate<string>(PACKETS)).toMatch(/ICMP echo reply/);
  });

  it('the board opens to a card\'s registers and counts, and to the processor\'s registers', async () => {
    await page.evaluate("document.querySelector('[data-panel=machine]').click()");
    await page.until("document.querySelector('[data-part=\"virtio-net0\"]') !== null");
    await page.evaluate("document.querySelector('[data-part=\"virtio-net0\"]').click()");
    const detail = "document.querySelector('.split > :last-child').textContent";
    await page.until(`/packets sent/.test(${detail})`);
    expect(await page.evaluate<string>(detail)).toMatch(/device_status.*packets sent.*packets per doorbell/);
    await takePicture(page, 'board');
    await page.evaluate("document.querySelector('[data-part=processor]').click()");
    await click(page, 'run');
    await page.until(`${STATE} === 'paused' && /rax [0-9a-f]{16}/.test(${detail})`);
    expect(await broken()).toEqual([]);
    await page.evaluate("document.querySelector('[data-panel=machine]').click()");
    await page.until("document.getElementById('panel').hidden");
  });

  it('a copied link opens the same machine at the same instruction with the same hash', async () => {
    await page.goto(`${served.address}?small#${new URLSearchParams({ machine: JSON.stringify({ recipe: { guest: 'builtin', memoryMiB: 16 } }) }).toString()}`);
    await page.until(`${STATE} === 'running'`);
    await click(page, 'run');
    await page.until(`${STATE} === 'paused'`);
    // Back to its first instruction, where nobody has typed and no time has passed; it stays paused.
    await click(page, 'reset');
    await page.until(`${STATE} === 'paused' && document.getElementById('now-instructions').textContent === '0'`);
    await page.evaluate("document.getElementById('run-to-at').value = '2 k'; document.getElementById('run-to').requestSubmit()");
    await page.until(`${STATE} === 'paused' && document.getElementById('now-instructions').textContent === '2,000' && document.getElementById('hash').textContent.length === 32`);
    const hash = await textOf(page, 'hash');
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => void (globalThis.copied = text) } }); 0");
    await click(page, 'link');
    await page.until("document.getElementById('toast').textContent.includes('at this very instruction')");
    const copied = await page.evaluate<string>('copied');
    const there = await browser.open();
    await there.goto(copied);
    await there.until("document.getElementById('toast').textContent.includes('state')");
    expect(await textOf(there, 'toast')).toMatch(/^The same state/);
    await there.until("document.getElementById('hash').textContent.length === 32");
    expect(await textOf(there, 'hash')).toBe(hash);
  });

  it('said nothing wrong', () => {
    expect([...page.problems, ...other.problems]).toEqual([]);
  });
});

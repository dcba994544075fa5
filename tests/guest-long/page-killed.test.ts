/** A tab of the page is killed while it keeps a machine that writes to its disk: what was kept before is there again and answers, and of the half there is nothing to be seen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, startChromium, type Browser } from '../support/chromium.js';
import { AT_PROMPT, click, SCREEN_TEXT, servePage, STATE, textOf, typeLine, type ServedPage } from '../support/served-page.js';

let served: ServedPage;
let browser: Browser;

describe.skipIf(CHROMIUM === undefined)('a tab that is killed', () => {
  beforeAll(async () => {
    served = await servePage();
    browser = await startChromium();
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  it('loses nothing that was kept', async () => {
    const page = await browser.open();
    await page.view(1280, 800);
    await page.goto(served.address);
    await page.until(`${AT_PROMPT} && document.getElementById('kept').textContent.includes('Debian at its prompt')`);
    await typeLine(page, 'dd if=/dev/urandom of=/tmp/big bs=1M count=20');
    await click(page, 'keep');
    // Of a renderer that crashes there is no answer.
    void page.send('Page.crash').catch(() => undefined);
    const again = await browser.open();
    await again.view(1280, 800);
    await again.goto(`${served.address}?again`);
    await again.until(`${STATE} === 'running'`);
    expect(await textOf(again, 'kept')).toMatch(/^Debian at its prompt(?!.*Machine of)/);
    await typeLine(again, 'echo back $((40 + 2))');
    await again.until(`${SCREEN_TEXT}.includes('back 42')`);
    expect(again.problems).toEqual([]);
  });
});

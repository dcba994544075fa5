/** The page as Vite builds it, with Debian's guest and the firmware beside it, on a static server of this machine; and how tests look at it and type. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'vite';
import { addWaiting } from '../../host/cli/guest-waiting.js';
import { buildGuest } from '../../host/guest/index.js';
import { root } from '../house/sources.js';
import type { Page } from './chromium.js';
import { packageFiles } from './package-files.js';
import { serveFolders, type StaticServer } from './static-server.js';

const SCREENS = process.env.PINTAIL_SCREENS;

export const SCREEN_TEXT = "(document.querySelector('.xterm-rows')?.textContent ?? '')";
export const STATE = "document.getElementById('state').dataset.state";
/** The shell waits behind its prompt, and the machine runs. */
export const AT_PROMPT = `(/\\/ #\\s*$/.test(${SCREEN_TEXT}) && ${STATE} === 'running')`;

export interface ServedPage {
  /** With `page/`, `guest/` and `firmware/` in it. */
  folder: string;
  server: StaticServer;
  /** Where the page is. */
  address: string;
  close(): Promise<void>;
}

export async function servePage(): Promise<ServedPage> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-page-'));
  await addWaiting(await buildGuest('amd64', join(folder, 'guest')));
  mkdirSync(join(folder, 'firmware'));
  for (const path of await packageFiles('seabios', ['usr/share/seabios/bios-256k.bin', 'usr/share/seabios/vgabios-stdvga.bin'])) copyFileSync(path, join(folder, 'firmware', basename(path)));
  await build({ configFile: join(root, 'page/vite.config.mjs'), publicDir: false, logLevel: 'error', build: { outDir: join(folder, 'page') } });
  const server = await serveFolders({ '/some/where/': `${folder}/page/`, '/some/where/guest/': `${folder}/guest/`, '/some/where/firmware/': `${folder}/firmware/` });
  return {
    folder, server, address: `${server.address}some/where/`,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Types a line as a person does, into the terminal. */
export async function typeLine(page: Page, words: string): Promise<void> {
  await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()");
  await page.type(words);
  await page.press('Enter');
}

export const textOf = (page: Page, id: string): Promise<string> => page.evaluate(`document.getElementById('${id}').textContent`);
export const click = (page: Page, id: string): Promise<void> => page.evaluate(`document.getElementById('${id}').click()`);

/** Pictures of what is seen, wide and narrow, light and dark, where PINTAIL_SCREENS names a folder for them. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (SCREENS === undefined) return;
  mkdirSync(SCREENS, { recursive: true });
  for (const [size, width, height] of [['wide', 1280, 800], ['narrow', 390, 844]] as const) {
    for (const scheme of ['light', 'dark'] as const) {
      await page.view(width, height, scheme);
      await new Promise((resolve) => setTimeout(resolve, 600));
      writeFileSync(join(SCREENS, `${name}-${size}-${scheme}.png`), await page.screenshot());
    }
  }
  await page.view(1280, 800);
}

/** Drops files at a place of the page, as from the desktop. */
export async function dropFiles(page: Page, files: readonly string[], x: number, y: number): Promise<void> {
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop']) await page.send('Input.dispatchDragEvent', { type, x, y, data });
}

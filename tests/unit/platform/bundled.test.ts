/** The package, as npm would publish it, in other programs' bundles: Vite's and esbuild's, for pages and for Node. No warnings, and what comes out runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSource, root } from '../../house/sources.js';
import { CHROMIUM, startChromium } from '../../support/chromium.js';
import { packInto } from '../../support/pack.js';
import { serveFolders } from '../../support/static-server.js';

/** A machine on the program's thread or in a worker, with what `more` adds to its options. */
const program = (worker: string, more = ''): string => `
  const machine = await createMachine({ memoryMiB: 16, worker: ${worker}${more}, bare: { code: Uint8Array.from([0xb8, 6, 0, 0, 0, 0x6b, 0xc0, 7, 0xf4]) } });
  const { reason } = await machine.runUntilHalt();
  const answer = reason + ' ' + (await machine.getRegisters()).rax + ' ' + (await machine.stateHash());
  await machine.close();`;

const NODE_APP = `
  import { createMachine } from 'pintail';
  (async () => { ${program("process.argv[2] === 'worker'")} console.log(answer); })().catch((error) => console.log(error.name + ': ' + error.message));`;

let folder: string;
let expected: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-bundled-'));
  const packed = packInto(folder);
  mkdirSync(join(folder, 'node_modules/pintail'), { recursive: true });
  execFileSync('tar', ['-xzf', packed.path, '--strip-components=1', '-C', join(folder, 'node_modules/pintail')]);
  for (const name of Object.keys((JSON.parse(readSource('package.json')) as { dependencies: Record<string, string> }).dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'node-app.mjs'), NODE_APP);
  expected = execFileSync(process.execPath, ['node-app.mjs'], { cwd: folder, encoding: 'utf8' }).trim();
  expect(expected).toMatch(/^halt 42 [0-9a-f]{64}$/);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a bundler; what it says of warnings fails the test. */
function bundle(tool: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: folder, encoding: 'utf8' });
  expect({ status, warnings: (stdout + stderr).split('\n').filter((line) => /warn|\(!\)|externalized/i.test(line)) }).toEqual({ status: 0, warnings: [] });
}

const esbuild = (...args: string[]): void => bundle('esbuild', ['--bundle', '--log-level=warning', ...args]);

const run = (script: string, ...args: string[]): string => spawnSync(process.execPath, [script, ...args], { cwd: dirname(script), encoding: 'utf8' }).stdout.trim();

describe('a bundle for Node', () => {
  const bundles: [name: string, out: string, make: () => void][] = [
    ['esbuild’s, as a module', 'esm/app.mjs', () => esbuild('node-app.mjs', '--platform=node', '--format=esm', '--outfile=esm/app.mjs')],
    ['esbuild’s, as CommonJS', 'cjs/app.cjs', () => esbuild('node-app.mjs', '--platform=node', '--format=cjs', '--outfile=cjs/app.cjs')],
    ['Vite’s', 'vite/app.mjs', () => {
      writeFileSync(join(folder, 'vite.node.mjs'), "export default { ssr: { noExternal: true }, build: { ssr: 'node-app.mjs', outDir: 'vite', rolldownOptions: { output: { entryFileNames: 'app.mjs' } } } };");
      bundle('vite', ['build', '-c', 'vite.node.mjs']);
    }],
  ];

  it.each(bundles)('%s finds module and worker where the package is installed, and elsewhere says what to pass', (_name, out, make) => {
    make();
    const script = join(folder, out);
    expect([run(script), run(script, 'worker')]).toEqual([expected, expected]);
    const away = mkdtempSync(join(tmpdir(), 'pintail-away-'));
    try {
      cpSync(dirname(script), away, { recursive: true });
      const moved = join(away, out.split('/')[1]!);
      expect(run(moved)).toMatch(/^OptionError: module: .*pass its path or bytes: module: createRequire/);
      expect(run(moved, 'worker')).toMatch(/^OptionError: worker: .*pass its path: worker: createRequire/);
    } finally {
      rmSync(away, { recursive: true, force: true });
    }
  });
});

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>.</title>';

/** What a page's program has put into its title. */
async function titleOf(served: string, headers: Record<string, string> = {}): Promise<{ title: string; problems: string[] }> {
  const server = await serveFolders({ '/app/': `${join(folder, served)}/` }, headers);
  const browser = await startChromium();
  try {
    const page = await browser.open();
    await page.goto(`${server.address}app/`);
    await page.until("document.title !== '.'");
    return { title: await page.evaluate('document.title'), problems: page.problems };
  } finally {
    await browser.close();
    await server.close();
  }
}

const POLICY = { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:" };

/** In a worker and on the page's own thread: the same state as on Node. */
const pageApp = (more: string): string => `
  import { createMachine } from 'pintail';
  const run = async (worker) => { ${program('worker', more)} return answer; };
  Promise.all([run(${more === '' ? 'true' : "new URL('worker.js', location.href)"}), run(false)]).then((answers) => (document.title = answers.join(', ')), (error) => (document.title = error.name + ': ' + error.message));`;

// Debian has Chromium as a package; without it the bundles are made, and not opened.
describe('a bundle for a page', () => {
  it('of Vite brings module and worker along, and runs under a strict content policy', async () => {
    mkdirSync(join(folder, 'page'), { recursive: true });
    writeFileSync(join(folder, 'page/index.html'), `${PAGE}<script type="module" src="./app.js"></script>`);
    writeFileSync(join(folder, 'page/app.js'), pageApp(''));
    writeFileSync(join(folder, 'vite.page.mjs'), "export default { root: 'page', base: './', build: { outDir: '../vite-page', emptyOutDir: true } };");
    bundle('vite', ['build', '-c', 'vite.page.mjs']);
    const assets = readdirSync(join(folder, 'vite-page/assets'));
    expect(assets.filter((name) => /^pintail-.*\.wasm$|^worker-.*\.js$/.test(name))).toHaveLength(2);
    if (CHROMIUM === undefined) return;
    expect(await titleOf('vite-page', POLICY)).toEqual({ title: `${expected}, ${expected}`, problems: [] });
  });

  it('of esbuild takes module and worker where the options say', async () => {
    writeFileSync(join(folder, 'es-app.mjs'), pageApp(", module: new URL('pintail.wasm', location.href)"));
    esbuild('es-app.mjs', '--format=esm', '--outfile=es-page/app.js');
    esbuild(`worker=pintail/worker`, '--format=esm', '--outdir=es-page');
    cpSync(join(folder, 'node_modules/pintail/build/pintail.wasm'), join(folder, 'es-page/pintail.wasm'));
    writeFileSync(join(folder, 'es-page/index.html'), `${PAGE}<script type="module" src="app.js"></script>`);
    expect(readFileSync(join(folder, 'es-page/app.js'), 'utf8')).not.toMatch(/from "node:/);
    if (CHROMIUM === undefined) return;
    expect(await titleOf('es-page', POLICY)).toEqual({ title: `${expected}, ${expected}`, problems: [] });
  });

  it('says what a content policy has to allow', async () => {
    if (CHROMIUM === undefined) return;
    const { title } = await titleOf('vite-page', { 'content-security-policy': "default-src 'self'; img-src data:" });
    expect(title).toMatch(/^OptionError: module: this page's content policy forbids WebAssembly; let its script-src say 'wasm-unsafe-eval'\./);
  });
});

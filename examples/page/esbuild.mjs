// node esbuild.mjs: the page as a folder for any static server. esbuild brings neither the worker nor the module along: they are named.
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

mkdirSync(at('out'), { recursive: true });
await build({
  entryPoints: { app: at('app.js'), worker: 'pintail/worker' }, bundle: true, format: 'esm', target: 'es2022', outdir: at('out'), logLevel: 'warning', absWorkingDir: at('.'),
  define: { 'globalThis.PINTAIL_PLACES': 'PINTAIL_PLACES' },
  banner: { js: "const PINTAIL_PLACES = { worker: new URL('worker.js', import.meta.url), module: new URL('pintail.wasm', import.meta.url) };" },
});
copyFileSync(require.resolve('pintail/pintail.wasm'), at('out/pintail.wasm'));
copyFileSync(at('index.html'), at('out/index.html'));

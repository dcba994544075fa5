// The page, from its sources and what "npm run build" made: a folder for any static server, whatever path it is served under.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const NOTHING = "const nothing = new Proxy(function () {}, { get: (_, name) => (name === Symbol.toPrimitive ? () => '' : nothing), apply: () => nothing, construct: () => nothing });";

/**
 * The command line's parser stands beside code that looks for files. That is never called here, and what it imports of Node is nothing here.
 */
const withoutNode = {
  name: 'without Node',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(at('../build/host/')) || !/from 'node:/.test(code)) return null;
    const without = code.replaceAll(/^import (\{[^}]*\}) from 'node:[^']*';/gm, (_all, names) => `const ${names.replaceAll(' as ', ': ')} = nothing;`);
    return { code: `${NOTHING}\n${without}`, map: null };
  },
};

/** sw.js, with the names of all that the page is made of. */
const offline = {
  name: 'without a network',
  config: (_config, { command }) => ({ define: { 'globalThis.PAGE_IS_BUILT': JSON.stringify(command === 'build') } }),
  writeBundle({ dir }) {
    const files = ['./', ...readdirSync(join(dir, 'assets')).sort().map((name) => `assets/${name}`)];
    const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 12);
    writeFileSync(join(dir, 'sw.js'), `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(files)};\n${readFileSync(at('offline/worker.js'), 'utf8')}`);
  },
};

export default defineConfig({
  root: at('.'),
  base: './',
  // Holds guest/, which page/main.mjs puts there.
  publicDir: at('../build/page-public'),
  plugins: [withoutNode, offline],
  resolve: { alias: [{ find: /^pintail\/element$/, replacement: at('../build/host/element/index.js') }, { find: /^pintail$/, replacement: at('../build/host/index.js') }] },
  // Parts of a machine are fetched when one has them: a network, a screen.
  worker: { format: 'es' },
  build: { target: 'es2022', outDir: at('../build/page'), emptyOutDir: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { fs: { allow: [at('..')] } },
});

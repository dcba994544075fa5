// Records x87.vec anew on this processor: node tests/unit/float/x87/generate.mjs [cases a form]. Needs a C compiler and x86-64.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('./generate.ts', import.meta.url)), { configFile: false, logLevel: 'error' });
module.main(process.argv.slice(2));

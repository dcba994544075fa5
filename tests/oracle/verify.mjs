// Starts verify.ts: Vite loads it.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('./verify.ts', import.meta.url)), { configFile: false, logLevel: 'error' });
module.main(process.argv.slice(2));

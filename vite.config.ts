// Vitest's settings, and Vite's for the page.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Tests use the package as others do: what "npm run build" made.
    alias: { pintail: fileURLToPath(new URL('build/host/index.js', import.meta.url)) },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // asc and machines want a core and some hundred MiB each.
    maxWorkers: 2,
  },
});

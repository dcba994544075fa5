// Vitest's settings.
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Sources that a test imports stand on the sources of Node's platform, and not on what was built. */
const sourcePlatform: Plugin = {
  name: 'platform of the sources',
  enforce: 'pre',
  resolveId: (name, importer) => (name === '#platform' && importer?.startsWith(at('host/')) ? at('host/platform/node/index.ts') : null),
};

export default defineConfig({
  plugins: [sourcePlatform],
  resolve: {
    // Tests use the package as others do: what "npm run build" made.
    alias: [
      // With PINTAIL_IOMMU every machine of Debian's has a remapping unit (docs/testing.md).
      { find: /^pintail$/, replacement: at(process.env['PINTAIL_IOMMU'] === undefined ? 'build/host/index.js' : 'tests/support/behind-iommu.ts') },
      { find: /^pintail\/node$/, replacement: at('build/host/platform/node/streams.js') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // asc and machines want a core and some hundred MiB each.
    maxWorkers: 2,
  },
});

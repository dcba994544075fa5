// The page: `node page/main.mjs serve` (npm run page) or `build` (npm run build:page), each with Debian's guest beside it.
import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build as buildPage, createServer } from 'vite';
import { build, root } from '../tests/support/build.mjs';

const configFile = join(root, 'page/vite.config.mjs');
const verb = process.argv[2] ?? 'serve';

/** SeaBIOS and the screen's BIOS, from the cache or fetched: what a page cannot fetch by itself. */
async function buildFirmware(folder) {
  const { firmwareImages } = await import('../build/host/platform/node/guest/firmware.js');
  mkdirSync(folder, { recursive: true });
  for (const path of await firmwareImages()) copyFileSync(path, join(folder, basename(path)));
}

await build();
const { buildGuest } = await import('../build/host/guest/index.js');
const { addWaiting } = await import('../build/host/cli/guest-waiting.js');
// Anew each time, from the cache: what lies there may be of another build.
const guest = await buildGuest('amd64', join(root, 'build/page-public/guest'), { onProgress: (line) => process.stderr.write(`${line}\n`) });
process.stderr.write('booting it once, for the first visit\n');
await addWaiting(guest);

await buildFirmware(join(root, 'build/page-public/firmware'));

if (verb === 'build') {
  await buildPage({ configFile });
  process.stdout.write('build/page is ready for any static server.\n');
} else {
  const server = await createServer({ configFile });
  await server.listen();
  server.printUrls();
}

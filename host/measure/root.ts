/** The package's folder: from its sources and from what is built of them alike. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function folderAbove(path: string): string {
  const folder = dirname(path);
  return existsSync(join(folder, 'package.json')) || folder === path ? folder : folderAbove(folder);
}

export const ROOT = folderAbove(fileURLToPath(import.meta.url));

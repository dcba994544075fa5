/** Where prepared guests, firmware and machines that wait are kept. */

import { homedir } from 'node:os';
import { join } from 'node:path';

/** $XDG_CACHE_HOME/pintail, or ~/.cache/pintail. */
export function defaultCacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pintail');
}

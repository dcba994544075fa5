/** What the command may ask of Node's engine and the library may not: V8's flags are the whole process's. */

import { setFlagsFromString } from 'node:v8';

/**
 * Translated code says which branches are hardly ever taken. Node 20 heeds that behind a flag, which must be set before the process's first
 * module is compiled; where it is heeded anyway there is no such flag to set.
 */
export function heedBranchHints(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-branch-hinting');
}

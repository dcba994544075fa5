/**
 * Where this package's own files are. Beside this one, unless a bundler has put it into a file of the program's: then where the package's
 * name leads from that file, from the program's script, or from the folder that it runs in.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Files from which the package is looked for; in a bundle of CommonJS there is no import.meta.url. */
function starts(): string[] {
  const own = import.meta.url as string | undefined;
  return [...(own === undefined ? [] : [own]), ...(process.argv[1] === undefined ? [] : [process.argv[1]]), join(process.cwd(), 'x.js')];
}

function resolveFrom(start: string, name: string): URL | undefined {
  try {
    return pathToFileURL(createRequire(start).resolve(name));
  } catch {
    return undefined;
  }
}

/** `beside` is the path from this file; bundlers are not to see it as one. Undefined: nowhere. */
export function findOwn(name: string, beside: string): URL | undefined {
  const here = import.meta.url as string | undefined;
  const own = here === undefined ? undefined : new URL(beside, here);
  if (own !== undefined && existsSync(own)) return own;
  for (const start of starts()) {
    const found = resolveFrom(start, name);
    if (found !== undefined) return found;
  }
  return own;
}

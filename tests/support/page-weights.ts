/** What the built page weighs, in bytes as a server sends them by brotli: the page itself, its terminal, the script of a machine's worker, and the module. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

export interface Weights {
  page: number;
  terminal: number;
  core: number;
  module: number;
}

const STATIC = /(?:\bfrom|\bimport)\s*["']\.\/([^"']+\.js)["']/g;

/** A file and what it imports at once. */
function closure(folder: string, start: string, found = new Set<string>()): Set<string> {
  if (found.has(start)) return found;
  found.add(start);
  for (const [, name] of readFileSync(join(folder, start), 'utf8').matchAll(STATIC)) closure(folder, name!, found);
  return found;
}

/** The page is with what speaks to a machine's worker. What comes later, for charts, the command line or a machine's network, is in none of them. */
export function weightsOf(built: string): Weights {
  const folder = join(built, 'assets');
  const names = readdirSync(folder);
  const begins = (start: string, ending: string): string => names.find((name) => name.startsWith(start) && name.endsWith(ending))!;
  const weigh = (files: Iterable<string>): number => [...files].reduce((sum, name) => sum + brotliCompressSync(readFileSync(join(folder, name))).length, 0);
  const page = new Set(['index-', 'remote-'].flatMap((start) => [...closure(folder, begins(start, '.js'))]));
  const core = closure(folder, begins('worker-', '.js'));
  const terminal = [...closure(folder, begins('screen-', '.js'))].filter((name) => !page.has(name));
  return {
    page: weigh([...page, begins('index-', '.css')]) + brotliCompressSync(readFileSync(join(built, 'index.html'))).length,
    terminal: weigh([...terminal, begins('screen-', '.css')]),
    core: weigh(core),
    module: weigh([begins('pintail-', '.wasm')]),
  };
}

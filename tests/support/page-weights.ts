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

/** `asked`: names of what was fetched until a machine was at its prompt. What is fetched later, or for charts and the command line, is in none of them. */
export function weightsOf(built: string, asked: ReadonlySet<string>): Weights {
  const folder = join(built, 'assets');
  const names = readdirSync(folder);
  const begins = (start: string, ending: string): string => names.find((name) => name.startsWith(start) && name.endsWith(ending))!;
  const weigh = (files: Iterable<string>): number => [...files].reduce((sum, name) => sum + brotliCompressSync(readFileSync(join(folder, name))).length, 0);
  const index = closure(folder, begins('index-', '.js'));
  const core = closure(folder, begins('worker-', '.js'));
  const beside = (start: string): string[] => [...closure(folder, begins(start, '.js'))].filter((name) => !index.has(name));
  const terminal = beside('screen-');
  const apart = new Set([...core, ...terminal, ...beside('uPlot'), ...beside('command-line')]);
  const page = new Set([...index, ...[...asked].filter((name) => name.endsWith('.js') && names.includes(name) && !apart.has(name))]);
  return {
    page: weigh([...page, begins('index-', '.css')]) + brotliCompressSync(readFileSync(join(built, 'index.html'))).length,
    terminal: weigh([...terminal, begins('screen-', '.css')]),
    core: weigh(core),
    module: weigh([begins('pintail-', '.wasm')]),
  };
}

/**
 * docs/module.md from the sources: what the built module exports and imports, with the comment that stands before each function where it is written, and the
 * numbers that both sides share (assembly/surface). Nothing of it is kept twice.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export interface ExportedFunction {
  name: string;
  signature: string;
  /** Where it is written. */
  path: string;
  about: string;
}

/** The comment of the lines right before `at`: a block, or lines of `//`. */
function commentBefore(source: string, at: number): string {
  const before = source.slice(0, at).trimEnd();
  if (before.endsWith('*/')) return plain(before.slice(before.lastIndexOf('/**')));
  const lines = before.split('\n');
  let first = lines.length;
  while (first > 0 && lines[first - 1]!.startsWith('//')) first--;
  return plain(lines.slice(first).join('\n'));
}

const plain = (comment: string): string => comment.replace(/^\/\*\*|\*\/$/g, '').replaceAll(/^\s*(\*|\/\/) ?/gm, '').replaceAll(/\s+/g, ' ').trim();

/** A function that is written in a file, with its comment; the halves of a number have one for both. */
function functionIn(path: string, name: string): ExportedFunction | undefined {
  const source = read(path);
  const found = new RegExp(`^(?:@\\w+(?:\\([^)]*\\))? )*export function ${name}(\\([^)]*\\): \\w+)`, 'm').exec(source);
  if (found === null) return undefined;
  const own = commentBefore(source, found.index);
  const low = own === '' && name.endsWith('Hi') ? functionIn(path, `${name.slice(0, -2)}Lo`) : undefined;
  return { name, signature: `${name}${found[1]!}`, path, about: low === undefined ? own : `The upper half of \`${low.name}\`.` };
}

/** In an entry or in the file that it takes it from. */
function find(entries: readonly string[], name: string): ExportedFunction | undefined {
  for (const path of entries) {
    const own = functionIn(path, name);
    if (own !== undefined) return own;
    for (const [, names, from] of read(path).matchAll(/^export \{([^}]*)\} from "([^"]+)";/gm)) {
      const alias = names!.split(',').map((one) => one.trim().split(' as ')).find((parts) => parts.at(-1) === name);
      const there = alias === undefined ? undefined : functionIn(`${posix.join(posix.dirname(path), from!)}.ts`, alias[0]!);
      if (there !== undefined) return there;
    }
  }
  return undefined;
}

export function exportedFunctions(names: readonly string[]): { found: ExportedFunction[]; missing: string[] } {
  const { entries } = JSON.parse(read('asconfig.json')) as { entries: string[] };
  const all = names.map((name) => [name, find(entries, name)] as const);
  return { found: all.flatMap(([, one]) => one ?? []), missing: all.filter(([, one]) => one === undefined).map(([name]) => name) };
}

/** The numbers of a surface file: each enumeration with the comment before it. */
function surface(path: string): string {
  const source = read(path);
  const rows = [...source.matchAll(/^export const enum (\w+) \{([\s\S]*?)\}/gm)].map((match) => {
    const values = match[2]!.replaceAll(/\/\*\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '').replaceAll(/\s+/g, ' ').trim().replace(/,$/, '');
    return `| \`${match[1]!}\` | ${values.replaceAll('|', '\\|')} | ${commentBefore(source, match.index).replaceAll('|', '\\|')} |`;
  });
  return rows.length === 0 ? '' : `**${posix.basename(path)}**: ${commentBefore(source, source.indexOf('\n\n')).replace(/^$/, '')}\n\n| | | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

const HEAD = `# The module

\`pintail/pintail.wasm\` without the host around it: what to give it, what to call, and what it says. This page is made from the sources and held against the built module by a test
(\`npx vitest run tests/house/module-doc.test.ts --update=all\` after a change). [examples/bare-module.mjs](../examples/bare-module.mjs) drives it from plain JavaScript.

Interface \`VERSION\`: a digest of the signatures and numbers below. What was written for another may not fit; the package's version says whether a change breaks programs on the host's interface, not on this one.

## From an instance to a running guest

1. \`env.memory\` has the pages that state and caches need (\`address(Address.Ram)\` says how many bytes: ask an instance with a small memory first) and behind them the guest's RAM. It does not grow.
2. \`addCard\`, \`setCardOption\`, then \`create\`; \`setFirmware\` with a ROM that lies at the end of the firmware region, right before RAM, or registers and memory written by the host.
3. \`run(ticks)\` in a loop, and by its answer (\`StopReason\`): at \`BOUNDARY\`, \`IDLE\` and \`HALT\` serve the rings, then \`passBoundary\`; at \`IDLE\`, \`skipIdle\` by as much as \`idleNs\` says; at \`YIELD\` nothing, but the thread's other work
   may have its turn; \`BUDGET\`: the ticks are done.
4. Between two calls of \`run\`, everything lies in memory: registers at \`address(Address.Cpu)\` and by \`cpuField\`, RAM at \`address(Address.Ram)\`, and the regions that a snapshot carries (\`regionCount\` and on; [memory-map.md](memory-map.md)).
   Written into a fresh memory, and \`attach\` called in place of \`create\`, they are the same machine.

Numbers at the boundary are 32 bits wide; what has 64 goes as two halves, \`Lo\` and \`Hi\`. Results are to be taken as unsigned (\`>>> 0\`), unless they say -1.

## Imports

| | |
|---|---|
| \`env.memory\` | linear memory, not shared. The first 64 MiB are asked for by the module itself; more is the machine's RAM |
| \`env.page(page)\` | called where RAM that \`absentPages\` declared absent is first touched: the host puts the page there and calls \`bringPage\`. A machine without absent pages never calls it |
| \`env.serve(counter)\` | called at each event of a counter that \`hostCounter\` named, an access to a register: the processor waits until it returns. A machine without hosted registers never calls it |
`;

const RINGS = `
## Rings

A ring of bytes has a size that is a power of two and two counts of 32 bits that run on, head (bytes ever put in) and tail (bytes ever taken), at \`ringAt(id, RingPart.HEAD)\` and \`TAIL\`; byte \`n\` lies at \`DATA + n % size\`. The module
puts into \`TX\` and \`DEBUG\` and takes from \`RX\`; the host does the other, and only between two calls of \`run\`. Network cards' rings hold frames, each behind a header of \`FrameWord.END\` bytes, in steps of 4; where a frame would pass the ring's end, a
length of \`SKIP\` says that it is at the beginning. Disks' requests are rows of a table (\`diskTable\`), consoles' streams rings of bytes with words of their own (\`stream\`). The host's counts are checked, never trusted.
`;

/** The page for a built module. */
export function moduleDoc(module: WebAssembly.Module): string {
  const names = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function').map(({ name }) => name);
  const { found } = exportedFunctions(names);
  const surfaces = readdirSync(join(root, 'assembly/surface')).filter((name) => name.endsWith('.ts')).sort().map((name) => surface(`assembly/surface/${name}`)).filter((text) => text !== '');
  const version = createHash('sha256').update(JSON.stringify([found.map(({ signature }) => signature), WebAssembly.Module.imports(module), surfaces])).digest('hex').slice(0, 12);
  const paths = [...new Set(found.map(({ path }) => path))];
  const tables = paths.map((path) => `**${path.replace('assembly/', '')}**\n\n| | |\n|---|---|\n${found.filter((one) => one.path === path).map(({ signature, about }) => `| \`${signature}\` | ${about.replaceAll('|', '\\|')} |`).join('\n')}\n`);
  return `${HEAD.replace('VERSION', version)}\n## Exports\n\nBeside the functions there is \`table\`, into which translated code is linked. What is in \`translate/\` is called by translated code alone.\n\n${tables.join('\n')}${RINGS}\n## Numbers that both sides share\n\n${surfaces.join('\n')}`;
}

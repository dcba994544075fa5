/** The generator's command line: see `usage`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { CHAPTERS, isSegmented, readCatalogue } from './catalogue.js';
import { buildHarness, processorName } from './harness.js';
import { probeReach, type Reach } from './reach.js';
import { recordRows } from './record.js';
import { readChapter, VECTORS_FOLDER } from './vectors.js';
import { appendRows, packChapter } from './write-vectors.js';

const usage = `Records what this machine's processor does.

  node tests/oracle/generate.mjs [--rows REGEX] [--count N] [--seed S] --out FILE   one file with the chosen rows
  node tests/oracle/generate.mjs --commit [--chapter NAME]                          tests/vectors again, chapter by chapter
  node tests/oracle/generate.mjs --append [--rows REGEX] [--count N] [--chapter NAME]  this processor's rows beside the others' in tests/vectors

  --rows REGEX   only rows whose key or name matches
  --count N      vectors a row (default: the catalogue's)
  --seed S       another S, other vectors (default 1)
`;

const COMMITTED_SEED = 1;

function report(file: string, rows: number, vectors: number, bytes: number, cases: number): void {
  console.log(`${file}: ${rows} rows, ${vectors} vectors, ${(bytes / 1024).toFixed(0)} KiB (${cases} cases a second with packing)`);
}

/** Adds this processor's rows to a committed chapter, in place of what it recorded of them before. */
function append(chapter: string, keep: RegExp, seed: number, count: number | null, reach: Reach): void {
  const rows = readCatalogue(chapter).filter((row) => keep.test(row.key) || keep.test(row.name));
  const recorded = recordRows(rows, seed, count, reach).filter(({ vectors }) => vectors.length > 0);
  if (recorded.length === 0) return;
  const file = `${chapter}.vec`, processor = processorName(), committed = readChapter(file);
  const before = committed.header.rows.filter((row) => (row.processor ?? committed.header.processor) === processor && recorded.some(({ key }) => key === row.key));
  if (before.length > 0) throw new Error(`${file} has ${before.map(({ key }) => key).join(' ')} of this processor already; take the file from git and append all that it should have at once`);
  const start = process.hrtime.bigint(), bytes = appendRows(committed, processor, recorded);
  const vectors = recorded.reduce((sum, row) => sum + row.vectors.length, 0);
  writeFileSync(fileURLToPath(new URL(file, VECTORS_FOLDER)), bytes);
  report(file, recorded.length, vectors, bytes.length, Math.round(vectors / (Number(process.hrtime.bigint() - start) / 1e9)));
}

function write(file: string, chapter: string, keep: RegExp, seed: number, count: number | null, reach: Reach): void {
  const chapters = chapter === 'all' ? CHAPTERS.filter((name) => !isSegmented(name)) : [chapter];
  const start = process.hrtime.bigint();
  const rows = chapters.flatMap(readCatalogue).filter((row) => keep.test(row.key) || keep.test(row.name));
  if (rows.length === 0) throw new Error(`no catalogue row matches ${keep}`);
  const recorded = recordRows(rows, seed, count, reach);
  const vectors = recorded.reduce((sum, row) => sum + row.vectors.length, 0);
  const rate = Math.round(vectors / (Number(process.hrtime.bigint() - start) / 1e9));
  const bytes = packChapter(chapter, processorName(), recorded);
  writeFileSync(file, bytes);
  report(file, rows.length, vectors, bytes.length, rate);
}

/** Runs the command; `args` as after the script's name. */
export function main(args: readonly string[]): void {
  const text = { type: 'string' } as const;
  const options = { rows: text, count: text, seed: text, out: text, chapter: text, commit: { type: 'boolean' }, append: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (!values.out && !values.commit && !values.append) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  buildHarness();
  const reach = probeReach();
  const keep = new RegExp(values.rows ?? '');
  const count = values.count ? Number(values.count) : null;
  const seed = Number(values.seed ?? COMMITTED_SEED);
  if (values.out) return write(values.out, values.chapter ?? 'all', keep, seed, count, reach);
  if (values.append) {
    for (const chapter of values.chapter ? [values.chapter] : CHAPTERS) append(chapter, keep, seed, count, reach);
    return;
  }
  mkdirSync(VECTORS_FOLDER, { recursive: true });
  for (const chapter of values.chapter ? [values.chapter] : CHAPTERS) {
    write(fileURLToPath(new URL(`${chapter}.vec`, VECTORS_FOLDER)), chapter, /./, COMMITTED_SEED, null, reach);
  }
}

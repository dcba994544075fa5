/** `pintail snapshot`: looks at files of snapshots. */

import { iommuText } from '../machine/iommu-text.js';
import { compileModule, instantiate } from '../machine/module.js';
import { restoreSnapshot, type OpenSnapshot } from '../machine/snapshot.js';
import { MIB } from '../machine/units.js';
import { PAGE, verify, type Section } from '../snapshot/index.js';
import { didYouMean } from '../words/near.js';
import { parseCommandLine } from './arguments.js';
import { UsageError } from './faults.js';
import { openNamed } from './saved.js';
import { optionsOf, type CommandName } from './table.js';

const VERBS = ['info', 'verify', 'diff', 'iommu'] as const;
type Verb = (typeof VERBS)[number];

const print = (value: object, text: string, json: boolean): void => void process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text);
const usedPages = ({ pages }: Section): number => pages.reduce((sum, page) => sum + (page === 0 ? 0 : 1), 0);

function info({ file, about }: OpenSnapshot, json: boolean): number {
  const sections = file.sections.map((section) => ({ name: section.name, version: section.version, bytes: section.bytes, pages: usedPages(section) }));
  const width = Math.max(...sections.map(({ name }) => name.length)) + 1;
  const lines = [
    `${about.memoryMiB} MiB of RAM; taken by build ${about.build}${about.guest === undefined ? '' : `; guest ${about.guest}`}${about.agentReady ? ', whose agent waits for a command' : ''}`,
    `cards: ${about.cards.join(', ') || 'none'}`,
    ...about.disks.map(({ id, bytes, path, inside }) => `disk ${id}: ${bytes} bytes${path === undefined ? '' : `, ${path}`}${inside === undefined ? '' : ', inside'}`),
    `${file.header.pages} different pages`,
    ...sections.map(({ name, version, bytes, pages }) => `  ${name.padEnd(width)} version ${version}  ${String(bytes).padStart(11)} bytes, ${pages} pages that are not zero`),
  ];
  print({ ...about, pages: file.header.pages, sections }, `${lines.join('\n')}\n`, json);
  return 0;
}

function whole({ file }: OpenSnapshot, json: boolean): number {
  verify(file);
  print({ whole: true, pages: file.header.pages }, `whole: ${file.sections.length} sections, ${file.header.pages} different pages\n`, json);
  return 0;
}

/** The remapping unit of the machine that was saved, in words. */
async function unit(open: OpenSnapshot, json: boolean): Promise<number> {
  const { memoryMiB } = open.about, instance = await instantiate(await compileModule(), memoryMiB);
  restoreSnapshot(instance, open);
  const text = iommuText({ instance, ramBytes: memoryMiB * MIB });
  print({ unit: text ?? null }, text ?? 'the machine has no remapping unit\n', json);
  return 0;
}

/** Whether a page of both sections is the same, by its digest. */
function isSame(one: OpenSnapshot, other: OpenSnapshot, a: number, b: number): boolean {
  if (a === 0 || b === 0) return a === b;
  for (let i = 0; i < 4; i++) if (one.file.digests[(a - 1) * 4 + i] !== other.file.digests[(b - 1) * 4 + i]) return false;
  return true;
}

interface Difference {
  section: string;
  what: 'only in the first' | 'only in the second' | 'version' | 'size' | 'content';
  /** Of pages that differ, the offsets in the section. */
  offsets: number[];
}

function differenceOf(one: OpenSnapshot, other: OpenSnapshot, name: string): Difference | undefined {
  const [a, b] = [one, other].map(({ file }) => file.sections.find((section) => section.name === name));
  if (a === undefined || b === undefined) return { section: name, what: b === undefined ? 'only in the first' : 'only in the second', offsets: [] };
  if (a.version !== b.version || a.bytes !== b.bytes) return { section: name, what: a.version === b.version ? 'size' : 'version', offsets: [] };
  const offsets: number[] = [];
  a.pages.forEach((page, i) => {
    if (!isSame(one, other, page, b.pages[i]!)) offsets.push(i * PAGE);
  });
  return offsets.length === 0 ? undefined : { section: name, what: 'content', offsets };
}

const SHOWN = 8;

/** Status 1 where they differ, as of diff and cmp. */
function diff(one: OpenSnapshot, other: OpenSnapshot, json: boolean): number {
  const names = new Set([one, other].flatMap(({ file }) => file.sections.map(({ name }) => name)));
  const differences = [...names].map((name) => differenceOf(one, other, name)).filter((difference) => difference !== undefined);
  const line = ({ section, what, offsets }: Difference): string => {
    if (what !== 'content') return `${section}: ${what}\n`;
    const places = offsets.slice(0, SHOWN).map((offset) => `0x${offset.toString(16)}`).join(' ');
    return `${section}: ${offsets.length} pages differ, at ${places}${offsets.length > SHOWN ? ' ...' : ''}\n`;
  };
  print({ differences }, differences.map(line).join(''), json);
  return differences.length === 0 ? 0 : 1;
}

/** The subcommand. */
export async function snapshot(args: readonly string[]): Promise<number> {
  const [typed = '', ...rest] = args;
  const verb = VERBS.find((name) => name === typed);
  if (verb === undefined) throw new UsageError(typed === '' ? 'snapshot' : `snapshot ${typed}`, `say "snapshot info", "snapshot verify", "snapshot diff" or "snapshot iommu".${didYouMean(typed, VERBS)}`);
  const parsed = parseCommandLine(rest, optionsOf(`snapshot ${verb}` satisfies CommandName));
  const wanted = verb === 'diff' ? 2 : 1;
  if (parsed.words.length !== wanted) parsed.faults.add(`snapshot ${verb}`, wanted === 1 ? 'needs the file of one snapshot.' : 'needs the files of two snapshots.');
  parsed.faults.check();
  return look(verb, parsed.words, parsed.has('json'));
}

async function look(verb: Verb, paths: readonly string[], json: boolean): Promise<number> {
  const open: OpenSnapshot[] = [];
  try {
    for (const path of paths) open.push(await openNamed(path, path));
    const [first, second] = open as [OpenSnapshot, OpenSnapshot];
    if (verb === 'diff') return diff(first, second, json);
    if (verb === 'iommu') return await unit(first, json);
    return verb === 'info' ? info(first, json) : whole(first, json);
  } finally {
    for (const { file } of open) file.source.close();
  }
}

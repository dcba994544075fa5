/** Snapshots of other builds, as files made over: what was saved by number under other numbers, sections of other versions, missing ones, a TLB that is not known. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { createMachine, type Machine } from 'pintail';
import { createLocal } from '../../host/machine/create-local.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePlain, join, memorySource, openSnapshotFile, readSection, type Part } from '../../host/snapshot/index.js';
import { pintail } from '../guest/command.js';
import { optionsOf, CARDS } from './snapshot-fixtures.js';

const STEPS = 30_000, PLACE_BYTES = 32, FIRST_HANDLER = 64;
let machine: Machine, parts: Part[], hash: string, later: string;

beforeAll(async () => {
  machine = await createMachine(optionsOf('network'));
  await machine.step(STEPS);
  parts = await partsOf(machine);
  hash = await machine.stateHash();
  await machine.step(STEPS);
  later = await machine.stateHash();
});
afterAll(() => machine.close());

async function partsOf(saved: Machine): Promise<Part[]> {
  const file = await openSnapshotFile(memorySource(await saved.snapshot({ disks: true })));
  return file.sections.map((section): Part => ({ name: section.name, version: section.version, content: readSection(file, section).slice() }));
}

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const json = (part: Part): Record<string, unknown> => JSON.parse(new TextDecoder().decode(part.content)) as Record<string, unknown>;

/** By section, what becomes of it. */
type Change = Readonly<Record<string, (part: Part) => Part | undefined>>;
/** The file as another build would have written it. */
function madeOver(change: Change): Uint8Array {
  const foreign = (part: Part): Part => ({ ...part, content: text({ ...json(part), build: 'another' }) });
  return join(encodePlain(parts.flatMap((part) => change[part.name]?.(part) ?? (part.name in change ? [] : part)).map((part) => (part.name === 'about' ? foreign(part) : part))));
}

async function goOn(snapshot: Uint8Array): Promise<{ now: string; later: string; notes: string[] }> {
  const copy = await createLocal({ snapshot, ...CARDS.network });
  try {
    const now = await copy.stateHash();
    await copy.step(STEPS);
    return { now, later: await copy.stateHash(), notes: [...copy.notes] };
  } finally {
    await copy.close();
  }
}

/** Rows of a table in another order: to what number each goes. */
function reordered(content: Uint8Array, rowBytes: number, shift: number, to: (row: number) => number): Uint8Array {
  const out = content.slice();
  for (let row = 0; (row + 1) * rowBytes - shift <= content.length; row++) {
    const from = row * rowBytes - shift, at = to(row) * rowBytes - shift;
    if (from >= 0 && at >= 0 && to(row) !== row) out.set(content.subarray(from, from + rowBytes), at);
  }
  return out;
}

it('is the same machine from another build', async () => {
  expect(await goOn(madeOver({}))).toEqual({ now: hash, later, notes: [] });
});

it('has handlers and counters under other numbers, and is the same', async () => {
  const { counters } = json(parts.find(({ name }) => name === 'names')!) as { counters: string[] };
  const handlers = Array.from({ length: 200 }, (_, h) => h).filter((h) => counters[FIRST_HANDLER + 2 * h] !== undefined && counters[FIRST_HANDLER + 2 * h] !== '');
  // The first and the last change places: their names occur once.
  const once = handlers.filter((h) => counters.filter((name) => name === counters[FIRST_HANDLER + 2 * h]).length === 2), a = once[0]!, b = once.at(-1)!;
  expect(b - a).toBeGreaterThan(10);
  const handler = (h: number): number => (h === a ? b : h === b ? a : h);
  const counter = (id: number): number => (id < FIRST_HANDLER ? id : FIRST_HANDLER + 2 * handler((id - FIRST_HANDLER) >> 1) + (id & 1));
  const file = madeOver({
    names: (part) => ({ ...part, content: text({ ...json(part), counters: counters.map((_, id) => counters[counter(id)] ?? '') }) }),
    'bus places': (part) => ({ ...part, content: reordered(part.content, PLACE_BYTES, 0, handler) }),
    counters: (part) => ({ ...part, content: reordered(part.content, 8, 64, (id) => (id < 4096 ? counter(id) : id)) }),
  });
  expect(await goOn(file)).toEqual({ now: hash, later, notes: [] });
});

it('a TLB of a version, or of a size, that is not known is left out, and said', async () => {
  const changes: Change[] = [{ tlb: (part) => ({ ...part, version: 9 }) }, { 'tlb logs': (part) => ({ ...part, content: part.content.subarray(64) }) }];
  for (const change of changes) {
    const { notes } = await goOn(madeOver(change));
    expect(notes).toEqual([expect.stringMatching(/the section "tlb( logs)?", of \d+ bytes; this build knows version \d, of \d+: the TLB starts empty/)]);
  }
});

it('the command says that a TLB was left out', async () => {
  const bare = await createMachine({ memoryMiB: 4, bare: { code: Uint8Array.of(0xeb, 0xfe) } }), folder = mkdtempSync(pathOf(tmpdir(), 'builds-')), path = pathOf(folder, 'saved');
  try {
    writeFileSync(path, join(encodePlain((await partsOf(bare)).map((part) => (part.name === 'tlb' ? { ...part, version: 9 } : part)))));
    const { code, stderr } = await pintail(['run', '--snapshot', path, '-nic', 'none', '--limit-instructions', '50']);
    expect({ code, stderr }).toMatchObject({ code: 124, stderr: expect.stringContaining('the TLB starts empty') as unknown });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await bare.close();
  }
});

it.each([
  ['a version that is not known', { lapic: (part: Part) => ({ ...part, version: 7 }) }, /version 7 of the section "lapic"; this build reads version 1/],
  ['a section that is not known', { lapic: (part: Part) => ({ ...part, name: 'local apics' }) }, /section "local apics" \(version 1\) that this build does not know. It was taken by build another/],
  ['none of a section', { lapic: () => undefined }, /no section "lapic", which this build needs. It was taken by build another/],
  ['more in a section than there is room for', { lapic: (part: Part) => ({ ...part, content: new Uint8Array(10_000) }) }, /section "lapic" has 10000 bytes; this build has room for 2048/],
  ['names of another version', { names: (part: Part) => ({ ...part, version: 2 }) }, /"names" \(version 2\)/],
  ['no names in their section', { names: (part: Part) => ({ ...part, content: text({ counters: 'all' }) }) }, /"names" \(version 1\)/],
])('%s is refused', async (_, change, message) => {
  await expect(goOn(madeOver(change))).rejects.toMatchObject({ name: 'SnapshotError', message: expect.stringMatching(message) as unknown });
});

it('what a section has grown by since is zero', async () => {
  const short = madeOver({ 'regions of interest': (part) => ({ ...part, content: part.content.subarray(0, 64) }) });
  expect(await goOn(short)).toEqual({ now: hash, later, notes: [] });
});

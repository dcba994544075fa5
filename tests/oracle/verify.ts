/**
 * Runs the committed vectors again and compares: on this machine's processor (another model, another vendor), or under an emulator of
 * user-mode programs given with --under. What differs beyond the masks is either a gap in undefined.ts or somebody's bug.
 */
import { parseArgs } from 'node:util';
import { compareVector, describeVector, type Actual } from './compare.js';
import { buildHarness, processorName, runCases, type Outcome } from './harness.js';
import { createState } from './state.js';
import { backgroundByte, chapterFiles, codeAddress, hasErrorCode, readChapter, stackAddress, type Memory, type Vector } from './vectors.js';

const BATCH = 5000;

function actualOf(vector: Vector, { vector: trap, errorCode, cr2, state, changes }: Outcome): Actual {
  const final = createState(state.bytes);
  final.rflags &= ~0x1_0100;
  const pieces = [...vector.memory, ...changes];
  const byteAt = (at: number): number => {
    const last = pieces.findLast(({ address, bytes }: Memory) => at >= address && at < address + bytes.length);
    const byte = last ? last.bytes[at - last.address]! : backgroundByte(at);
    return vector.name === 'PUSHF' && trap === 1 && at === Number(stackAddress(final)) + 1 ? byte & ~1 : byte;
  };
  return {
    state: final,
    fault: trap === 1 ? null : { vector: trap, errorCode: hasErrorCode(trap) ? errorCode : null, cr2: trap === 14 ? cr2 : null },
    read: (address, length) => Uint8Array.from({ length }, (_, i) => byteAt(address + i)),
  };
}

function differencesOf(batch: readonly Vector[], under: readonly string[]): { vector: Vector; lines: string[] }[] {
  const cases = batch.map(({ mode, initial, memory, code }) => ({ mode, state: initial, patches: [...memory, { address: codeAddress(initial), bytes: code }] }));
  return runCases(cases, under).map((outcome, i) => ({ vector: batch[i]!, lines: compareVector(batch[i]!, actualOf(batch[i]!, outcome)) }));
}

function* batchesOf(chapter: string, keep: RegExp): Generator<Vector[]> {
  let batch: Vector[] = [];
  for (const vector of readChapter(chapter).vectors()) {
    if (!keep.test(vector.key) && !keep.test(vector.name)) continue;
    batch.push(vector);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length) yield batch;
}

function verifyChapter(chapter: string, keep: RegExp, under: readonly string[], most: number): number {
  let differing = 0;
  let total = 0;
  const shown = new Map<string, number>();
  for (const batch of batchesOf(chapter, keep)) {
    total += batch.length;
    for (const { vector, lines } of differencesOf(batch, under)) {
      if (lines.length === 0) continue;
      differing++;
      const count = (shown.get(vector.key) ?? 0) + 1;
      shown.set(vector.key, count);
      if (count <= most) console.log(`${describeVector(vector)}\n    ${lines.join('\n    ')}`);
    }
  }
  const rows = [...shown].map(([key, count]) => `${key} (${count})`).join(' ');
  console.log(`${chapter}: ${total - differing} of ${total} vectors agree${rows && `; differing rows: ${rows}`}`);
  return differing;
}

/** Runs the command: `[--chapter FILE] [--rows REGEX] [--most N] [--under 'COMMAND ARGS']`. */
export function main(args: readonly string[]): void {
  const options = { chapter: { type: 'string' }, rows: { type: 'string' }, most: { type: 'string' }, under: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  buildHarness();
  console.log(values.under ? `Under ${values.under}` : `On ${processorName()}`);
  const keep = new RegExp(values.rows ?? '');
  const under = values.under?.split(' ') ?? [];
  const chapters = values.chapter ? [values.chapter] : chapterFiles();
  const differing = chapters.reduce((sum, chapter) => sum + verifyChapter(chapter, keep, under, Number(values.most ?? 1)), 0);
  process.exitCode = differing ? 1 : 0;
}

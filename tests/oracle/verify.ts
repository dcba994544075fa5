/**
 * Runs the committed vectors again and compares: on this machine's processor (another model, another vendor), or under an emulator of
 * user-mode programs given with --under. Where a vector of the other vendor comes out differently here, the module is asked: if as this
 * vendor's processor (base/vendor-spec.ts) it does what this processor did, the table explains it. What differs beyond that and the masks is
 * a gap in undefined.ts, or in that table, or somebody's bug. What this machine's kernel does not let run (reach.ts) is counted.
 */
import { parseArgs } from 'node:util';
import { compareVector, describeVector, type Actual } from './compare.js';
import { buildHarness, processorName, runCases, type Outcome } from './harness.js';
import { probeReach, type Reach } from './reach.js';
import { createBenchMachine, type BenchMachine } from '../isa/bench-machine.js';
import type { Vendor } from '../../assembly/base/vendor-spec.js';
import { createState } from './state.js';
import { backgroundByte, chapterFiles, codeAddress, hasErrorCode, readChapter, stackAddress, vendorOf, type Memory, type Vector } from './vectors.js';

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

interface Difference {
  readonly vector: Vector;
  readonly outcome: Outcome;
  readonly lines: string[];
}

function differencesOf(batch: readonly Vector[], under: readonly string[]): Difference[] {
  const cases = batch.map(({ mode, initial, memory, code }) => ({ mode, state: initial, patches: [...memory, { address: codeAddress(initial), bytes: code }] }));
  return runCases(cases, under).map((outcome, i) => ({ vector: batch[i]!, outcome, lines: compareVector(batch[i]!, actualOf(batch[i]!, outcome)) }));
}

/** The vector as this processor would have recorded it. */
function asRecorded(vector: Vector, vendor: Vendor, { vector: trap, errorCode, cr2, state, changes }: Outcome): Vector {
  const final = createState(state.bytes);
  final.rflags &= ~0x1_0100;
  const fault = trap === 1 ? null : { vector: trap, errorCode: hasErrorCode(trap) ? errorCode : null, cr2: trap === 14 ? cr2 : null };
  return { ...vector, vendor, final, fault, memoryChanges: changes };
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

interface Context {
  readonly keep: RegExp;
  readonly under: readonly string[];
  readonly most: number;
  readonly reach: Reach;
  readonly vendor: Vendor;
  readonly machine: BenchMachine;
}

/** Whether the module, as this vendor's, does what this processor did with the other vendor's vector. */
function isVendors({ machine, vendor }: Context, { vector, outcome }: Difference): boolean {
  return vector.vendor !== vendor && machine.check(asRecorded(vector, vendor, outcome)).length === 0;
}

function verifyChapter(chapter: string, context: Context): number {
  const { keep, under, most, reach } = context;
  const left = new Map<string, number>();
  let differing = 0;
  let total = 0;
  let explained = 0;
  const shown = new Map<string, number>();
  for (const batch of batchesOf(chapter, keep)) {
    const run = batch.filter((vector) => {
      const why = reach(vector);
      if (why) left.set(why, (left.get(why) ?? 0) + 1);
      return !why;
    });
    total += run.length;
    for (const difference of differencesOf(run, under)) {
      const { vector, lines } = difference;
      if (lines.length === 0) continue;
      if (isVendors(context, difference)) { explained++; continue; }
      differing++;
      const count = (shown.get(vector.key) ?? 0) + 1;
      shown.set(vector.key, count);
      if (count <= most) console.log(`${describeVector(vector)}\n    ${lines.join('\n    ')}`);
    }
  }
  const rows = [...shown].map(([key, count]) => `${key} (${count})`).join(' ');
  const notRun = [...left].map(([what, count]) => `; ${count} not run, for want of ${what}`).join('');
  console.log(`${chapter}: ${total - differing} of ${total} vectors agree, ${explained} of them by the vendors' table${rows && `; differing rows: ${rows}`}${notRun}`);
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
  const context: Context = {
    keep, under, most: Number(values.most ?? 1), reach: under.length > 0 ? () => null : probeReach(), vendor: vendorOf(processorName()), machine: createBenchMachine('run'),
  };
  const differing = chapters.reduce((sum, chapter) => sum + verifyChapter(chapter, context), 0);
  console.log(`${differing} differ`);
  process.exitCode = differing ? 1 : 0;
}

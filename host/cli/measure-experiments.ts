/** `pintail measure EXPERIMENT`, `all`, `list`, `compare A B`, and `--verify DIR`. */

import { join } from 'node:path';
import { checkComparable, compareText, differences, readResult } from '../measure/again.js';
import { experimentIds, findExperiment, type Experiment } from '../measure/experiment.js';
import { runExperiment, writeReport } from '../measure/experiments.js';
import { resultText } from '../measure/report/text.js';
import type { ExperimentResult } from '../measure/result.js';
import { compileModule } from '../machine/module.js';
import { mergeResults, parseShard, partOf, wholeResult } from '../measure/shards.js';
import { parseCommandLine, type Parsed } from './arguments.js';
import { UsageError } from './faults.js';
import { interruptible } from './interruptible.js';
import { modulesOf } from './measure.js';
import { optionsOf } from './table.js';

const say = (text: string): void => void process.stdout.write(text);

/** What it took is told, and is no part of the result. */
const run = (experiment: Experiment, add: readonly string[]): Promise<ExperimentResult> =>
  interruptible('measure', async (signal, { note, transfer }) => {
    const begun = performance.now(), result = await runExperiment(experiment, { add, signal, onProgress: (message) => note(`${experiment.id}: ${message}`), onTransfer: transfer });
    note(`${experiment.id}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    return result;
  });

function list(): number {
  for (const id of experimentIds()) say(`${id.padEnd(6)}${findExperiment(id).title}\n`);
  return 0;
}

function report(dir: string | undefined, result: ExperimentResult, parsed: Parsed): void {
  say(parsed.has('json') ? `${JSON.stringify(result)}\n` : `${resultText(result)}\n`);
  if (dir !== undefined) writeReport(dir, result, `pintail measure ${result.experiment.id} --out DIR`);
}

/** Each into a folder of its own where there are several, whichever of them are this process's. What is whole there is not run again under --resume. */
async function runAll(all: readonly Experiment[], add: readonly string[], parsed: Parsed): Promise<number> {
  const out = parsed.value('out'), given = parsed.given('shard'), shard = given === undefined ? { index: 1, count: 1 } : parseShard(given.value);
  if (shard === undefined) parsed.faults.add(given!.argument, 'want I/N, such as 2/4: the second of four parts.');
  if (parsed.has('resume') && out === undefined) parsed.faults.add(parsed.given('resume')?.argument ?? '--resume', 'needs --out DIR, where there is something to go on with.');
  if (add.length > 0 && parsed.has('resume')) parsed.faults.add(parsed.given('resume')!.argument, 'goes on with experiments of the guest as it is, without --add.');
  parsed.faults.check();
  const build = parsed.has('resume') ? (await compileModule()).build : '';
  for (const experiment of partOf(all, shard!)) {
    const dir = out === undefined || all.length === 1 ? out : join(out, experiment.id);
    const whole = parsed.has('resume') ? wholeResult(dir!, experiment, build) : undefined;
    report(dir, whole ?? (await run(experiment, add)), parsed);
  }
  return 0;
}

/** The results of folders, together in the one of --out. */
function merge(dirs: readonly string[], parsed: Parsed): number {
  const out = parsed.value('out');
  if (dirs.length === 0) parsed.faults.add('merge', 'needs the folders that the shards have written.');
  if (out === undefined) parsed.faults.add('merge', 'needs --out DIR.');
  parsed.faults.check();
  const results = mergeResults(dirs);
  for (const result of results) report(results.length === 1 ? out! : join(out!, result.experiment.id), result, parsed);
  return 0;
}

/** Runs what a folder holds the result of, and says what differs: status 1 then. */
async function verify(dir: string, add: readonly string[]): Promise<number> {
  const old = readResult(dir);
  const fresh = await run(old.experiment, add);
  const unlike = differences(JSON.parse(JSON.stringify(old)), JSON.parse(JSON.stringify(fresh)));
  say(unlike.length === 0 ? `${dir}: equal\n` : `${dir}: ${unlike.length} differ (there, here)\n${unlike.map((line) => `  ${line}\n`).join('')}`);
  return unlike.length === 0 ? 0 : 1;
}

function compare([a, b, ...more]: readonly string[]): number {
  if (a === undefined || b === undefined || more.length > 0) throw new UsageError('measure compare', 'needs two folders that --out wrote.');
  const [first, second] = [readResult(a), readResult(b)];
  checkComparable(first, second);
  say(compareText(first, second));
  return 0;
}

export async function measureExperiments(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('measure'));
  const verifying = parsed.value('verify'), add = modulesOf(parsed);
  if (parsed.rest !== undefined) parsed.faults.add('--', '"measure" runs no command.');
  if (verifying === undefined && parsed.words.length === 0) parsed.faults.add('measure', 'say "packet", an experiment ("measure list" has them), "all", "compare A B", "merge DIR..." or --verify DIR.');
  parsed.faults.check();
  if (verifying !== undefined) return verify(verifying, add);
  const [word, ...rest] = parsed.words;
  if (word === 'list') return list();
  if (word === 'compare') return compare(rest);
  if (word === 'merge') return merge(rest, parsed);
  const names = word === 'all' ? experimentIds() : parsed.words;
  return runAll(names.map(findExperiment), add, parsed);
}

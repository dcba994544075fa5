/**
 * Experiments parted among processes or machines, gone on with, and put together again. The part is an experiment: one makes the same result wherever it
 * runs, so that what is merged is byte for byte what one process would have written, and one that died is run again without harm.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { differences, readResult } from './again.js';
import { MeasureError } from './errors.js';
import type { Experiment } from './experiment.js';
import type { ExperimentResult } from './result.js';
import type { Origin } from './run.js';

export interface Shard {
  /** From 1 to `count`. */
  index: number;
  count: number;
}

/** "2/4"; undefined where it is none. */
export function parseShard(text: string): Shard | undefined {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text);
  if (match === null) return undefined;
  const [index, count] = [Number(match[1]), Number(match[2])];
  return index >= 1 && index <= count ? { index, count } : undefined;
}

/** Every `count`th from the `index`th on. */
export function partOf<T>(all: readonly T[], { index, count }: Shard): T[] {
  return all.filter((_, i) => i % count === index - 1);
}

/** What an earlier run has left whole in a folder, of the same experiment by the same module; undefined where it must be run. */
export function wholeResult(dir: string, experiment: Experiment, build: string): ExperimentResult | undefined {
  if (!existsSync(join(dir, 'result.json'))) return undefined;
  const result = readResult(dir);
  const same = result.origin.build === build && differences(JSON.parse(JSON.stringify(result.experiment)), JSON.parse(JSON.stringify(experiment))).length === 0;
  return same ? result : undefined;
}

/** The folders below one that hold a result. */
function resultsBelow(dir: string): string[] {
  if (existsSync(join(dir, 'result.json'))) return [dir];
  if (!existsSync(dir)) throw new MeasureError(dir, 'there is no such folder.');
  return readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(dir, entry.name, 'result.json'))).map((entry) => join(dir, entry.name));
}

/** How two results are not of one guest and module. Experiments may be of different guests (of none, too), and each guest is one. */
function unlikeOrigins(a: Origin, b: Origin): string[] {
  const guests = a.guest.name === b.guest.name ? differences(a.guest, b.guest, 'guest') : [];
  return [...guests, ...differences({ build: a.build, tickNs: a.tickNs }, { build: b.build, tickNs: b.tickNs }), ...(a.pktlab !== undefined && b.pktlab !== undefined ? differences(a.pktlab, b.pktlab, 'pktlab') : [])];
}

/** Results of folders, in the order of experiments' numbers; refused where they are of unlike guests or modules, or one experiment has two that differ. */
export function mergeResults(dirs: readonly string[]): ExperimentResult[] {
  const found = new Map<string, { dir: string; result: ExperimentResult }>();
  for (const dir of dirs.flatMap(resultsBelow)) {
    const result = readResult(dir), { id } = result.experiment, twin = found.get(id);
    for (const { dir: other, result: { origin } } of found.values()) {
      const unlike = unlikeOrigins(origin, result.origin);
      if (unlike.length > 0) throw new MeasureError('merge', `${other} and ${dir} are not of one guest and module:\n${unlike.join('\n')}`);
    }
    if (twin !== undefined && differences(twin.result, result).length > 0) throw new MeasureError('merge', `${twin.dir} and ${dir} both have ${id}, and differ.`);
    found.set(id, { dir, result });
  }
  if (found.size === 0) throw new MeasureError('merge', `there is no result in ${dirs.join(', ')}.`);
  return [...found.values()].map(({ result }) => result).sort((a, b) => a.experiment.id.localeCompare(b.experiment.id, 'en', { numeric: true }));
}

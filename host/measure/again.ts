/** Whether two results are the same: of one run made again, or of two that somebody compares. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeasureError } from './errors.js';
import { RESULT_SCHEMA, type ExperimentResult } from './result.js';

/** What `reportFiles` wrote to a folder. Throws MeasureError where it is none. */
export function readResult(dir: string): ExperimentResult {
  const path = join(dir, 'result.json');
  let value: Partial<ExperimentResult> | undefined;
  try {
    value = JSON.parse(readFileSync(path, 'utf8')) as Partial<ExperimentResult>;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new MeasureError(dir, missing ? 'holds no result.json; "pintail measure EXPERIMENT --out" writes one.' : `result.json cannot be read: ${(error as Error).message}`);
  }
  if (value?.schema !== RESULT_SCHEMA) throw new MeasureError(dir, `result.json is of schema ${JSON.stringify(value?.schema)}; this build reads ${RESULT_SCHEMA}.`);
  return value as ExperimentResult;
}

/** Every place where two JSON values differ, as `path: a, b`. */
export function differences(a: unknown, b: unknown, path = ''): string[] {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b) ? [] : [`${path}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`));
}

/** Results of other guests say nothing of each other. */
export function checkComparable(a: ExperimentResult, b: ExperimentResult): void {
  const unlike = differences(a.origin.guest, b.origin.guest);
  if (unlike.length > 0) throw new MeasureError('compare', `the results are of unlike guests:\n${unlike.join('\n')}`);
  if (a.experiment.id !== b.experiment.id) throw new MeasureError('compare', `the results are of two experiments, ${a.experiment.id} and ${b.experiment.id}.`);
}

/** Median of each figure in both, and their ratio. */
export function compareText(a: ExperimentResult, b: ExperimentResult): string {
  const other = new Map(b.figures.map((figure) => [figure.what, figure]));
  const rows = a.figures.flatMap((figure) => {
    const theirs = other.get(figure.what);
    return theirs === undefined ? [] : [`${figure.what.padEnd(48)}${figure.median.toPrecision(6).padStart(14)}${theirs.median.toPrecision(6).padStart(14)}${(theirs.median / figure.median).toFixed(4).padStart(10)}`];
  });
  return [`${''.padEnd(48)}${'A'.padStart(14)}${'B'.padStart(14)}${'B / A'.padStart(10)}`, ...rows, ''].join('\n');
}

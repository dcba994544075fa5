/** What an experiment gave: each figure's minimum, median and maximum over the phases, beside the paper's, with a verdict. */

import { MeasureError } from './errors.js';
import type { Experiment, FigureRow, Verdict } from './experiment.js';
import type { Figures } from './figures.js';
import { ISOLATION, quantityOf } from './quantities.js';
import { isolationOf, type Attacked, type Outcome } from './isolation/run.js';
import type { Measured, Origin } from './run.js';

export const RESULT_SCHEMA = 'pintail-result/1';

export interface FigureResult extends FigureRow {
  minimum: number;
  median: number;
  maximum: number;
  /** Ours over the paper's. */
  ratio?: number;
  given: Verdict;
}

export interface ExperimentResult {
  schema: typeof RESULT_SCHEMA;
  experiment: Experiment;
  origin: Origin;
  conditions: string;
  figures: FigureResult[];
  /** By variant, one a phase. */
  measured: { variant: string; phases: Figures[] }[];
  /** By attack, where there are some. */
  attacked?: { attack: string; phases: Outcome[] }[];
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function valuesOf({ variant, over, quantity, what }: FigureRow, measured: readonly Measured[], attacked: readonly Attacked[]): number[] {
  if (quantity === ISOLATION) return attacked.find(({ attack }) => attack.name === variant)!.outcomes.map(isolationOf);
  const phases = (name: string): number[] => measured.find((one) => one.variant.name === name)!.figures.map(quantityOf(quantity)!.of);
  const values = over === undefined ? phases(variant) : phases(variant).map((value, i) => value / phases(over)[i]!);
  if (values.some((value) => !Number.isFinite(value))) throw new MeasureError(what, `"${quantity}" is no number there: what it is counted by never happened.`);
  return values;
}

/** Every phase is within the bounds, where there are some. */
function verdictOf({ least, most, verdict }: FigureRow, values: readonly number[]): Verdict {
  return values.every((value) => value >= (least ?? -Infinity) && value <= (most ?? Infinity)) ? verdict : 'not reproduced';
}

function resultOf(row: FigureRow, measured: readonly Measured[], attacked: readonly Attacked[]): FigureResult {
  const values = valuesOf(row, measured, attacked), median = middle(values);
  const ratio = row.paper === undefined || row.paper.value === 0 ? {} : { ratio: median / row.paper.value };
  return { ...row, minimum: Math.min(...values), median, maximum: Math.max(...values), ...ratio, given: verdictOf(row, values) };
}

export function judge(experiment: Experiment, measured: readonly Measured[], origin: Origin, conditions: string, attacked: readonly Attacked[] = []): ExperimentResult {
  return {
    schema: RESULT_SCHEMA, experiment, origin, conditions, figures: experiment.figures.map((row) => resultOf(row, measured, attacked)),
    measured: measured.map(({ variant, figures }) => ({ variant: variant.name, phases: figures })),
    ...(attacked.length === 0 ? {} : { attacked: attacked.map(({ attack, outcomes }) => ({ attack: attack.name, phases: outcomes })) }),
  };
}

/** A result in the terminal: ours, the paper's, their ratio, the verdict. */

import { figureText } from '../packet.js';
import type { ExperimentResult, FigureResult } from '../result.js';

const COLUMNS = ['ours', 'paper', 'ratio'] as const;

/** One value where the phases agree, else the range with it. */
export function oursText({ minimum, median, maximum }: FigureResult): string {
  const same = figureText(minimum) === figureText(maximum);
  return same ? figureText(median) : `${figureText(median)} (${figureText(minimum)}-${figureText(maximum)})`;
}

export const paperText = ({ paper }: FigureResult): string => (paper === undefined ? '-' : `${figureText(paper.value)} [${paper.tag}]`);
export const ratioText = ({ ratio }: FigureResult): string => (ratio === undefined ? '-' : ratio.toFixed(3));

export function resultText({ experiment, conditions, figures }: ExperimentResult): string {
  const width = Math.max(...figures.map(({ what }) => what.length), 4) + 2;
  const row = (what: string, cells: readonly string[], verdict: string): string => `${what.padEnd(width)}${cells.map((cell, i) => cell.padStart(i === 0 ? 22 : 14)).join('')}  ${verdict}`;
  return [
    `${experiment.id}: ${experiment.title}`, `${conditions}.`, '', row('', COLUMNS, 'verdict'),
    ...figures.map((figure) => row(figure.what, [oursText(figure), paperText(figure), ratioText(figure)], figure.given)),
    ...experiment.absent.map(({ what, why }) => `not measured: ${what}: ${why}`), '',
  ].join('\n');
}

/**
 * The pictures of a report, as SVG: bars by variant, ours over the paper's with its range, and curves over what is swept. Drawn here, because a library
 * for charts would be 250 kB of every page and of the package. Colours are the page's, so that they are right in light, dark and on paper.
 */

import { figureText } from '../packet.js';
import { quantityOf } from '../quantities.js';
import type { ExperimentResult, FigureResult } from '../result.js';
import { sweepsOf, type Sweep } from './sweep.js';

export const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

const figure = (title: string, width: number, height: number, inside: string): string =>
  `<figure><figcaption>${escape(title)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">${inside}</svg></figure>`;
const label = (x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end' = 'start', kind = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${kind === '' ? '' : ` class="${kind}"`}>${escape(text)}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string => `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${kind}"/>`;
const dot = (x: number, y: number, kind: string): string => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" class="${kind}"/>`;

/** A logarithmic scale from one place to another. */
const logScale = (least: number, most: number, from: number, to: number) => (value: number): number => from + ((Math.log(value) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (to - from);
/** 1, 2 and 5 times powers of ten within. */
function marksOf(least: number, most: number): number[] {
  const out: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) for (const times of [1, 2, 5]) if (power * times >= least && power * times <= most) out.push(power * times);
  return out;
}
/** 1,000 as 1 k, and so on. */
function shortText(value: number): string {
  const [size, unit] = value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' k'] : [1, ''];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}

// --- Bars ---

const LABEL = 190, BAR = 480, ROW = 24;

/** Bars of one quantity over the variants. */
export function bars(title: string, rows: readonly { name: string; value: number }[]): string {
  const most = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = rows.map(({ name, value }, i) => {
    const y = i * ROW, width = Math.max(1, (value / most) * BAR);
    return `${label(LABEL - 8, y + 16, name, 'end')}<rect x="${LABEL}" y="${y + 4}" width="${width.toFixed(1)}" height="16"/>${label(LABEL + width + 6, y + 16, figureText(value))}`;
  });
  return figure(title, LABEL + BAR + 80, rows.length * ROW, drawn.join(''));
}

// --- Ours over the paper's ---

const WHAT = 330, SPAN = 380;

const hasRatio = (row: FigureResult): boolean => row.paper !== undefined && row.paper.value > 0 && row.minimum > 0;

/** A dot a figure with its range over the phases, and what would count as reproduced. Empty where nothing is published. */
export function ratios({ figures }: ExperimentResult): string {
  const rows = figures.filter(hasRatio);
  if (rows.length === 0) return '';
  const ends = rows.flatMap(({ minimum, maximum, least, most, paper }) => [minimum, maximum, least ?? minimum, most ?? maximum].map((value) => value / paper!.value).filter((ratio) => ratio > 0));
  const least = Math.min(0.5, ...ends) * 0.95, most = Math.max(2, ...ends) * 1.05, x = logScale(least, most, WHAT, WHAT + SPAN), height = rows.length * ROW;
  const drawn = rows.map((row, i) => {
    const y = i * ROW + 12, at = (value: number): number => x(value / row.paper!.value), kind = row.given === 'not reproduced' ? 'bad' : 'good';
    const from = row.least === undefined || row.least <= 0 ? WHAT : at(row.least), to = row.most === undefined ? WHAT + SPAN : at(row.most);
    const wanted = row.least === undefined && row.most === undefined ? '' : `<rect x="${from.toFixed(1)}" y="${y - 8}" width="${Math.max(1, to - from).toFixed(1)}" height="16" class="wanted"/>`;
    return `${wanted}${label(WHAT - 8, y + 4, row.what, 'end')}${line(at(row.minimum), y, at(row.maximum), y, kind)}${dot(at(row.median), y, kind)}`;
  });
  const marks = marksOf(least, most).map((mark) => `${line(x(mark), 0, x(mark), height, mark === 1 ? 'one' : 'grid')}${label(x(mark), height + 16, shortText(mark), 'middle')}`);
  return figure('Ours over the paper\'s, with the range over the phases; shaded: what counts', WHAT + SPAN + 20, height + 22, marks.join('') + drawn.join(''));
}

// --- Curves ---

const LEFT = 70, WIDE = 600, HIGH = 220;

function curve({ axis, points }: Sweep, quantity: string, about: string, { measured }: ExperimentResult): string {
  const of = quantityOf(quantity)!.of, phasesOf = (name: string): number[] => measured.find(({ variant }) => variant === name)!.phases.map(of);
  const rows = points.map(({ variant, at }) => ({ at, values: phasesOf(variant).sort((a, b) => a - b) })).filter(({ values }) => values.every((value) => value > 0 && Number.isFinite(value)));
  if (rows.length < points.length) return '';
  const all = rows.flatMap(({ values }) => values), least = Math.min(...all) * 0.8, most = Math.max(...all) * 1.25;
  const x = logScale(points[0]!.at, points.at(-1)!.at, LEFT + 20, LEFT + WIDE - 20), y = logScale(least, most, HIGH, 8), middle = (values: readonly number[]): number => values[values.length >> 1]!;
  const grid = marksOf(least, most).map((mark) => `${line(LEFT, y(mark), LEFT + WIDE, y(mark), 'grid')}${label(LEFT - 8, y(mark) + 4, shortText(mark), 'end')}`);
  const marks = [...new Set(rows.map(({ at }) => at))].map((at) => label(x(at), HIGH + 18, shortText(at), 'middle'));
  const path = `<polyline points="${rows.map(({ at, values }) => `${x(at).toFixed(1)},${y(middle(values)).toFixed(1)}`).join(' ')}"/>`;
  const dots = rows.map(({ at, values }) => `${line(x(at), y(values[0]!), x(at), y(values.at(-1)!), 'good')}${dot(x(at), y(middle(values)), 'good')}`);
  return figure(`${about} over ${axis}`, LEFT + WIDE + 10, HIGH + 26, [...grid, ...marks, path, ...dots].join(''));
}

/** A curve for each sweep and each quantity that the figures are of. */
export function curves(result: ExperimentResult): string[] {
  const { variants, figures } = result.experiment;
  return sweepsOf(variants).flatMap((sweep) => {
    const names = new Set(sweep.points.map(({ variant }) => variant));
    const quantities = [...new Set(figures.filter(({ variant, over }) => names.has(variant) && over === undefined).map(({ quantity }) => quantity))];
    return quantities.map((quantity) => curve(sweep, quantity, quantityOf(quantity)!.about, result)).filter((drawn) => drawn !== '');
  });
}

/**
 * Experiments as data: host/measure/experiments/*.json, and files of users. docs/measuring.md has the schema; what is wrong with a file is told
 * with the path in it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { didYouMean } from '../words/near.js';
import { parseSpeed } from '../net/lab.js';
import { MeasureError } from './errors.js';
import { WAYS, WRONGS, type Attack } from './isolation/attack.js';
import { IOMMU_QUANTITIES, ISOLATION, quantityOf, QUANTITIES } from './quantities.js';
import { check, isBoolean, isCount, isNumber, isOneOf, isText, listOf, object, recordOf, type Check, type Fields, type Problem } from './schema.js';
import { ROOT } from './root.js';
import { CARD_MODELS, CHARGED_IN_TIME, DEFAULTS, DIRECTIONS, IOMMU_MODES, LEAST_COUNT, PKTLAB_SETTINGS, type Variant } from './variant.js';

/** What a figure's passing says; failing says "not reproduced". */
export const VERDICTS = ['reproduced', 'order only', 'calibrated', 'by construction', 'no published figure'] as const;
export type Verdict = (typeof VERDICTS)[number] | 'not reproduced';
/** How a published figure is known: S seen in the source, S2 in one that quotes it, D worked out from seen ones, M from memory (never a gate). */
export const TAGS = ['S', 'S2', 'D', 'M'] as const;

export interface FigureRow {
  what: string;
  variant: string;
  quantity: string;
  /** The figure is the ratio to this variant's. */
  over?: string;
  paper?: { value: number; tag: (typeof TAGS)[number]; where: string };
  /** What counts as reproduced. Without, nothing is gated. */
  least?: number;
  most?: number;
  verdict: (typeof VERDICTS)[number];
  note?: string;
}

export interface Experiment {
  schema: 1;
  id: string;
  title: string;
  source: string;
  phases: number;
  variants: Variant[];
  /** Of isolation: what a card tries that it may not. A figure names one as it names a variant. */
  attacks: Attack[];
  figures: FigureRow[];
  /** What of the paper's is not measured here, and why. */
  absent: { what: string; why: string }[];
}

const needed = (is: Check): Fields[string] => ({ needed: true, is });
const may = (is: Check): Fields[string] => ({ needed: false, is });

const isSpeed: Check = (value, path) => (typeof value === 'string' && parseSpeed(value) ? [] : [{ path, expected: 'bits a second, such as "100M"' }]);
const isQuantity: Check = (value, path) => (typeof value === 'string' && (value === ISOLATION || quantityOf(value) !== undefined) ? [] : [{ path, expected: `a quantity: ${[...Object.keys(QUANTITIES), ...Object.keys(IOMMU_QUANTITIES), ISOLATION].join(', ')}, or "register NAME r".${didYouMean(String(value), Object.keys(QUANTITIES))}` }]);

const isCharge: Check = (value, path) => (typeof value === 'object' && value !== null ? object(value, path, Object.fromEntries(CHARGED_IN_TIME.map((name) => [name, may(isNumber)]))) : isText(value, path));

const isSettings: Check = (value, path) => object(value, path, Object.fromEntries(PKTLAB_SETTINGS.map((name) => [name, may(isText)])));
/** Of a variant, what only a prepared guest can do. */
const OF_LINUX = ['steady', 'driver', 'iommu', 'windows'] as const;

const VARIANT: Fields = {
  name: needed(isText), card: needed(isOneOf(CARD_MODELS)), direction: needed(isOneOf(DIRECTIONS)), size: may(isCount(60, 1514)),
  count: may(isCount(LEAST_COUNT, 1_000_000)), warmUp: may(isCount(0, 1_000_000)), burst: may(isCount(1, 4096)), rate: may(isCount(10, 10_000_000)),
  speed: may(isSpeed), fifo: may(isCount(0, 2 ** 20)), steady: may(isBoolean), driver: may(recordOf(isText)), features: may(recordOf(isBoolean)), iommu: may(isOneOf(Object.keys(IOMMU_MODES))), charge: may(isCharge), iotlbEntries: may(isCount(1, 1024)), iotlbWays: may(isCount(1, 16)), windows: may(isBoolean), pktlab: may(isSettings), placement: may(isText),
};
const ATTACK: Fields = { name: needed(isText), way: needed(isOneOf(WAYS)), wrong: needed(isOneOf(Object.keys(WRONGS))), reason: may(isCount(1, 0x26)), behind: may(isBoolean) };
const PAPER: Fields = { value: needed(isNumber), tag: needed(isOneOf(TAGS)), where: needed(isText) };
const FIGURE: Fields = {
  what: needed(isText), variant: needed(isText), quantity: needed(isQuantity), over: may(isText), paper: may((value, path) => object(value, path, PAPER)),
  least: may(isNumber), most: may(isNumber), verdict: needed(isOneOf(VERDICTS)), note: may(isText),
};
const ABSENT: Fields = { what: needed(isText), why: needed(isText) };
const EXPERIMENT: Fields = {
  schema: needed((value, path) => (value === 1 ? [] : [{ path, expected: '1' }])), id: needed(isText), title: needed(isText), source: needed(isText), phases: may(isCount(1, 50)),
  variants: may(listOf((value, path) => object(value, path, VARIANT))), attacks: may(listOf((value, path) => object(value, path, ATTACK))), figures: needed(listOf((value, path) => object(value, path, FIGURE))),
  absent: may(listOf((value, path) => object(value, path, ABSENT))),
};

type Raw = Omit<Experiment, 'variants' | 'attacks' | 'absent' | 'phases'> & { variants?: (Partial<Variant> & Pick<Variant, 'name' | 'card' | 'direction'>)[]; attacks?: Attack[]; absent?: Experiment['absent']; phases?: number };

/** What the shape alone does not say: names that lead somewhere, gates that may be. */
function meaningProblems({ variants = [], attacks = [], figures }: Raw): Problem[] {
  const names = [...variants, ...attacks].map(({ name }) => name), attacked = new Set(attacks.map(({ name }) => name));
  if (names.length === 0) return [{ path: 'variants', expected: 'a list of at least 1, or attacks' }];
  const place = (i: number): string => (i < variants.length ? `variants[${i}]` : `attacks[${i - variants.length}]`);
  const twice = names.flatMap((name, i) => (names.indexOf(name) < i ? [{ path: `${place(i)}.name`, expected: `a name of its own: "${name}" is there before` }] : []));
  const mixed = figures.flatMap(({ variant, quantity, over }, i) => (attacked.has(variant) !== (quantity === ISOLATION) || (over !== undefined && attacked.has(over)) ? [{ path: `figures[${i}].quantity`, expected: `"${ISOLATION}" of an attack, another of a variant` }] : []));
  const received = variants.flatMap(({ steady, direction }, i) => (steady === true && direction !== 'tx' ? [{ path: `variants[${i}].steady`, expected: 'a variant that sends ("tx")' }] : []));
  const foreign = variants.flatMap((variant, i) => (variant.pktlab === undefined ? [] : OF_LINUX.filter((name) => variant[name] !== undefined).map((name) => ({ path: `variants[${i}].${name}`, expected: 'no such field with "pktlab", which is no Linux' }))));
  const wrong = figures.flatMap((row, i) => [
    ...(['variant', 'over'] as const).flatMap((key) => (row[key] === undefined || names.includes(row[key]) ? [] : [{ path: `figures[${i}].${key}`, expected: `the name of a variant.${didYouMean(row[key], names)}` }])),
    ...(row.verdict === 'reproduced' && row.paper === undefined ? [{ path: `figures[${i}].paper`, expected: 'the figure that is reproduced' }] : []),
    ...(row.verdict === 'reproduced' && row.paper?.tag === 'M' ? [{ path: `figures[${i}].paper.tag`, expected: 'S, S2 or D: a figure known from memory alone is no gate' }] : []),
  ]);
  return [...twice, ...mixed, ...received, ...foreign, ...wrong];
}

function problemsOf(value: unknown): Problem[] {
  const shape = object(value, '', EXPERIMENT);
  return shape.length > 0 ? shape : meaningProblems(value as Raw);
}

/** An experiment from its text. Throws SchemaError. */
export function readExperiment(file: string, text: string): Experiment {
  const raw = check(file, text, problemsOf) as Raw;
  return { ...raw, phases: raw.phases ?? 5, absent: raw.absent ?? [], attacks: raw.attacks ?? [], variants: (raw.variants ?? []).map((variant) => ({ ...DEFAULTS, ...variant })) };
}

// --- Those that come with the project ---

const FOLDER = join(ROOT, 'host/measure/experiments');

/** In the order of their numbers. */
export function experimentIds(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json')).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** By its id, or a file of the user's. Throws MeasureError and SchemaError. */
export function findExperiment(name: string): Experiment {
  if (name.endsWith('.json')) return readExperiment(name, readFileSync(name, 'utf8'));
  const ids = experimentIds();
  if (!ids.includes(name)) throw new MeasureError(name, `there is no such experiment.${didYouMean(name, ids)} There are ${ids.join(', ')}, and files that end in .json.`);
  return readExperiment(`${name}.json`, readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

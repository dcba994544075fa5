/**
 * The highest rate of received frames at which none is lost, after RFC 2544, 26.1 (throughput), in virtual time: trials at a set of rates between one that
 * is taken and one that is not, a machine a round, until they are within 1 %. A frame is lost when the card's port has no room for it, or when it has not been received
 * by the end of its trial, beyond what a driver's turn may leave: a queue that grows would only be lost later.
 */

import { figureText } from './packet.js';
import { MeasureError } from './errors.js';
import type { Offered } from './figures.js';
import { measureVariants, type MeasureOptions, type Origin } from './run.js';
import { MOST_CARDS } from './script.js';
import { DEFAULTS, type CardModel, type Variant } from './variant.js';

export interface RateQuestion {
  card: CardModel;
  size: number;
  count: number;
  driver: Readonly<Record<string, string>>;
  charge?: string;
}

/** Lost of the frames of a trial, 0 to 1. */
export interface Trial { rate: number; lost: number }

export interface RateAnswer extends RateQuestion {
  /** Frames a second, all received; undefined where even the lowest rate is too much. */
  rate?: number;
  /** In the order of rates. */
  trials: Trial[];
}

const LEAST_RATE = 1000, MOST_RATE = 4_000_000;
const CLOSE = 1.01;
/** Frames that a trial's end may find on their way. */
const UNDER_WAY = 64;

/** So many rates between two, evenly by ratio. */
export function ratesBetween(low: number, high: number, many: number): number[] {
  const step = (high / low) ** (1 / (many + 1));
  return [...new Set(Array.from({ length: many }, (_, i) => Math.round(low * step ** (i + 1))))].filter((rate) => rate > low && rate < high);
}

/** What the trials say: the highest rate below which nothing was lost, and the lowest at which something was. */
export function boundsOf(trials: readonly Trial[]): { low: number; high: number } {
  const high = Math.min(MOST_RATE, ...trials.filter(({ lost }) => lost > 0).map(({ rate }) => rate));
  return { high, low: Math.max(LEAST_RATE, ...trials.filter(({ rate, lost }) => lost === 0 && rate < high).map(({ rate }) => rate)) };
}

/** All, where the source never began. */
export function lostOf({ frames, missed, behind }: Offered): number {
  return frames === 0 ? 1 : Math.max(missed, behind - UNDER_WAY, 0) / frames;
}

/** `attempt` makes trials at rates. */
export async function searchRate(attempt: (rates: readonly number[]) => Promise<Trial[]>): Promise<Trial[]> {
  const trials = await attempt([LEAST_RATE, ...ratesBetween(LEAST_RATE, MOST_RATE, MOST_CARDS - 1)]);
  for (;;) {
    const { low, high } = boundsOf(trials), between = ratesBetween(low, high, MOST_CARDS);
    if (high / low <= CLOSE || high === LEAST_RATE || between.length === 0) return trials.sort((a, b) => a.rate - b.rate);
    trials.push(...(await attempt(between)));
  }
}

export async function measureRate(question: RateQuestion, options: Omit<MeasureOptions, 'phases'>): Promise<{ answer: RateAnswer; origin: Origin }> {
  const { card, size, count, driver, charge } = question;
  let origin: Origin | undefined;
  const trials = await searchRate(async (rates) => {
    const variants: Variant[] = rates.map((rate) => ({ ...DEFAULTS, name: `${rate} frames a second`, card, size, direction: 'rx', rate, count, warmUp: 0,
      // A guest that gives in must not be flooded until it comes to an end of its trial.
      atMost: count, driver, ...(charge === undefined ? {} : { charge }) }));
    const { measured, origin: now } = await measureVariants(variants, { ...options, phases: 1 });
    origin = now;
    return measured.map(({ variant: { rate, name }, offered }) => {
      const [first] = offered ?? [];
      if (first === undefined) throw new MeasureError(name, 'nothing was offered.');
      return { rate, lost: lostOf(first) };
    });
  });
  const taken = trials.filter(({ lost, rate }) => lost === 0 && rate < boundsOf(trials).high).at(-1)?.rate;
  return { answer: { ...question, ...(taken === undefined ? {} : { rate: taken }), trials }, origin: origin! };
}

export function rateText(answers: readonly RateAnswer[], head: string): string {
  const row = ({ card, size, rate, trials }: RateAnswer): string => {
    const over = trials.find(({ lost }) => lost > 0), found = rate === undefined ? `none: at ${trials[0]!.rate} frames are lost` : rate.toString();
    return `${card.padEnd(12)}${String(size).padStart(5)}  ${found.padStart(14)}${over === undefined ? '  nothing was lost at any rate tried' : `  at ${over.rate} ${figureText(over.lost * 100)} % are lost`}  (${trials.length} trials)`;
  };
  return [`The highest rate without loss, received: ${head}.`, '', `${'card'.padEnd(12)}${'size'.padStart(5)}  ${'frames a second'.padStart(14)}`, ...answers.map(row), ''].join('\n');
}

export const RATE_SCHEMA = 'pintail-rate/1';

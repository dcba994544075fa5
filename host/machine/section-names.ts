/**
 * What the module numbers in the order of attaching, by name: bus handlers, counters and histograms. Another build may have more of them, or another order; so a
 * snapshot has the names, and what it holds by number is put where the name is now. The first of a name is the first again, the second the second.
 */

import { CounterId } from '../../assembly/surface/counters.js';
import { Address } from '../../assembly/surface/run.js';
import { addressOf, readString, type ModuleInstance } from '../rings/instance.js';
import type { StateRange } from './state.js';

export const NAMES = 'names';
export const NAMES_VERSION = 1;
export const PLACES = 'bus places';
export const COUNTERS = 'counters';

const PLACE_BYTES = 32, COUNTER_BYTES = 8, HISTOGRAM_BYTES = 128;

/** By number; '' is no one's. */
export interface Names {
  counters: string[];
  histograms: string[];
}

function namesFrom(instance: ModuleInstance, count: number, nameAt: (id: number) => number): string[] {
  const names: string[] = [];
  for (let id = 0; id < count; id++) {
    const at = nameAt(id) >>> 0;
    if (at !== 0) names[id] = readString(instance, at);
  }
  return Array.from(names, (name) => name ?? '');
}

/** After attach. */
export function readNames(instance: ModuleInstance): Names {
  const { exports } = instance;
  return { counters: namesFrom(instance, exports.counterIds(), (id) => exports.counterName(id)), histograms: namesFrom(instance, exports.histogramIds(), (id) => exports.histogramName(id)) };
}

export const writeNames = (names: Names): Uint8Array => new TextEncoder().encode(JSON.stringify(names));

/** Undefined for what says no such thing. */
export function parseNames(content: Uint8Array): Names | undefined {
  const isList = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');
  try {
    const value = JSON.parse(new TextDecoder().decode(content)) as Partial<Names> | null;
    return isList(value?.counters) && isList(value?.histograms) ? (value as Names) : undefined;
  } catch {
    return undefined;
  }
}

export const areSame = (a: Names, b: Names): boolean => a.counters.join('\n') === b.counters.join('\n') && a.histograms.join('\n') === b.histograms.join('\n');

/** The number that each name has now, by the number it had; undefined where there is no such thing any more. */
export function renumbered(had: readonly string[], now: readonly string[]): (number | undefined)[] {
  const places = new Map<string, number[]>();
  now.forEach((name, id) => void (name !== '' && places.set(name, [...(places.get(name) ?? []), id])));
  return had.map((name) => (name === '' ? undefined : places.get(name)?.shift()));
}

/** Rows of a table, each to its new number. */
function moveRows(memory: Uint8Array, base: number, bytes: number, rowBytes: number, numbers: readonly (number | undefined)[], first: number): void {
  const old = memory.slice(base, base + bytes);
  for (let id = first; id < numbers.length; id++) memory.fill(0, rowAt(id, rowBytes, base, bytes), rowAt(id + 1, rowBytes, base, bytes));
  numbers.forEach((to, id) => {
    if (to === undefined || id < first || to < first) return;
    const from = rowAt(id, rowBytes, 0, bytes);
    memory.set(old.subarray(from, Math.min(from + rowBytes, bytes)), rowAt(to, rowBytes, base, bytes));
  });
}

const rowAt = (id: number, rowBytes: number, base: number, bytes: number): number => base + Math.min(id * rowBytes, bytes);

/** Of bus handlers: two counters each. */
function handlersOf(had: readonly string[], counters: readonly (number | undefined)[]): (number | undefined)[] {
  const count = Math.max(0, Math.floor((had.length - CounterId.FIRST_DEVICE) / 2));
  return Array.from({ length: count }, (_, handler) => {
    const to = counters[CounterId.FIRST_DEVICE + 2 * handler];
    return to === undefined ? undefined : (to - CounterId.FIRST_DEVICE) / 2;
  });
}

/** Puts what was restored by number where this build has it. */
export function renumber(instance: ModuleInstance, had: Names, now: Names, ranges: readonly StateRange[]): void {
  const { bytes: memory, exports } = instance, base = addressOf(instance, Address.Counters);
  const [places, counters] = [PLACES, COUNTERS].map((wanted) => ranges.find(({ name }) => name === wanted)!) as [StateRange, StateRange];
  const ids = renumbered(had.counters, now.counters);
  // Ids before the section are the emulator's own, and no state.
  moveRows(memory, base, exports.counterIds() * COUNTER_BYTES, COUNTER_BYTES, ids, (counters.base - base) / COUNTER_BYTES);
  moveRows(memory, exports.histogramAddress(0) >>> 0, exports.histogramIds() * HISTOGRAM_BYTES, HISTOGRAM_BYTES, renumbered(had.histograms, now.histograms), 0);
  // Place 0 is no handler's.
  moveRows(memory, places.base, places.bytes, PLACE_BYTES, handlersOf(had.counters, ids).slice(0, places.bytes / PLACE_BYTES), 1);
}
